"""The graph of neighbours and the spread of distances, against networkx and arithmetic by hand."""

import networkx as nx
import numpy as np
import pytest

from hardball.metrics import neighbours
from hardball.metrics.polar import between, to_polar


def points(n, seed=0, manifold="tangent"):
    rng = np.random.default_rng(seed)
    return to_polar(rng.normal(size=(n, 3)) * rng.uniform(0.5, 3, (n, 1)), manifold)


@pytest.mark.parametrize("manifold", ["tangent", "euclidean"])
def test_closure_and_modularity_are_networkxs(manifold):
    polar = points(300, manifold=manifold)
    labels = np.random.default_rng(1).integers(-1, 4, 300)
    # Nodes that lie together share a label, or the modularity would be near 0.
    labels[polar.direction[:, 0] > 0.3] = 2
    found = neighbours.graph_figures(polar, {"kind": labels}, 0)
    graph = nx.Graph()
    graph.add_nodes_from(range(300))
    for node in range(300):
        others = np.delete(np.arange(300), node)
        away = between(polar, np.full(299, node), others)
        graph.add_edges_from((node, int(other)) for other in others[np.argsort(away)[:10]])
    part = graph.subgraph(np.flatnonzero(labels >= 0).tolist())
    kinds = [set(np.flatnonzero(labels == kind).tolist()) for kind in range(4)]
    assert found["neighbor_closure"] == pytest.approx(nx.transitivity(graph), rel=1e-12)
    assert found["modularity_kind"] == pytest.approx(
        nx.community.modularity(part, kinds), rel=1e-12
    )
    assert found["modularity_kind"] > 0.05


def test_a_triangle_with_a_tail():
    # One triangle counts three closed of 3 + 2 paths: at the joint there are 3 x 2 / 2.
    graph = neighbours.sparse.csr_array(
        np.array([[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 1], [0, 0, 1, 0]], float)
    )
    assert neighbours.closure(graph) == pytest.approx(3 / 5)
    # Labels split it at the tail: edges within 3 of 4, degrees 7 and 1 of 8.
    assert neighbours.modularity(graph, np.array([0, 0, 0, 1])) == pytest.approx(
        3 / 4 - (7 / 8) ** 2 - (1 / 8) ** 2
    )


def test_of_many_nodes_a_seeded_part_is_taken(monkeypatch):
    polar = points(200)
    monkeypatch.setattr(neighbours, "MOST", 50)
    one, again, other = (neighbours.graph_figures(polar, {}, seed) for seed in (0, 0, 1))
    assert one == again
    assert one != other


def test_quantiles_of_distances_are_those_of_pairs_of_two_nodes():
    polar = points(400)
    found = neighbours.distance_quantiles(polar, 3)
    first, second = np.triu_indices(400, 1)
    every = np.quantile(between(polar, first, second), [0.1, 0.5, 0.9])
    # A hundred thousand pairs: measured within 0.6 %.
    np.testing.assert_allclose(list(found.values()), every, rtol=0.02)
    assert list(found) == ["distance_q10", "distance_q50", "distance_q90"]


def test_no_pair_is_of_one_node_alone():
    polar = to_polar(np.array([[1.0, 0.0], [0.0, 2.0]]), "euclidean")
    found = neighbours.distance_quantiles(polar, 0)
    assert list(found.values()) == pytest.approx(3 * [5**0.5])
    assert neighbours.graph_figures(polar, {}, 0) == {}
