"""Embeddings that are built: edges and angles by the laws of the triangle, distances given back."""

import numpy as np
import pytest

from hardball.hierarchy import constructions
from hardball.metrics.polar import between, distances, to_polar


def of(h, **given):
    return to_polar(constructions.sarkar(h, **given), "tangent")


def test_every_edge_of_sarkars_tree_has_one_length(random_dag):
    h = random_dag(300, 4, roots=0, extra=0)
    polar = of(h, largest=24.0)
    nodes = np.flatnonzero(h.parent >= 0)
    edges = between(polar, nodes, h.parent[nodes])
    # Measured 1e-9: the angles' digits end e^36 apart.
    np.testing.assert_allclose(edges, 24.0 / h.depth.max(), rtol=1e-7)
    assert polar.radius.max() <= 24.0 + 1e-9


def test_edges_meet_at_equal_angles(random_dag):
    h = random_dag(300, 4, roots=0, extra=0)
    polar, edge = of(h, largest=24.0), 24.0 / h.depth.max()
    place, siblings = constructions._places(h.parent)
    nodes = np.flatnonzero((h.parent >= 0) & (h.parent[h.parent] >= 0))
    above = h.parent[h.parent[nodes]]
    turn = 2 * np.pi * (place[nodes] + 1) / (siblings[nodes] + 1)
    expected = np.arccosh(np.cosh(edge) ** 2 - np.sinh(edge) ** 2 * np.cos(turn))
    np.testing.assert_allclose(between(polar, nodes, above), expected, rtol=1e-6)


def test_a_small_tree_by_hand(tree):
    """Depth 3: edges of 2. b and c lie opposite each other; g alone below c, in line with it."""
    polar = of(tree, largest=6.0)
    at = {str(id_): node for node, id_ in enumerate(tree.ids)}
    pairs = np.array([[at["b"], at["c"]], [at["g"], at["a"]], [at["i"], at["a"]]])
    np.testing.assert_allclose(between(polar, *pairs.T), [4.0, 4.0, 6.0], rtol=1e-12)
    # Below b, with its parent, there are four directions: d and f lie a right angle from a.
    right = np.arccosh(np.cosh(2.0) ** 2)
    found = between(polar, np.array([at["d"], at["f"], at["e"]]), np.full(3, at["a"]))
    np.testing.assert_allclose(found, [right, right, 4.0], rtol=1e-12)


def test_several_roots_stand_around_the_origin(forest):
    polar = of(forest, largest=9.0)
    roots = np.flatnonzero(forest.parent < 0)
    np.testing.assert_allclose(polar.radius[roots], polar.radius[roots][0])
    assert polar.radius[roots][0] > 0
    apart = distances(polar, roots)[:, roots]
    assert apart[np.triu_indices(len(roots), 1)].min() > polar.radius[roots][0]


def test_multidimensional_scaling_gives_back_hyperbolic_distances():
    rng = np.random.default_rng(0)
    v = rng.normal(size=(60, 3)) * rng.uniform(0.2, 1.5, (60, 1))
    exact = distances(to_polar(v, "tangent"), np.arange(60))
    # The eigenvectors of the Lorentz products are the points, up to a movement of the space that
    # keeps them centred; of points with one more minus sign than dimensions all else is zero.
    found = constructions.h_mds(exact, 3, diameter=float(exact.max()))
    again = distances(to_polar(found, "tangent"), np.arange(60))
    off = ~np.eye(60, dtype=bool)
    assert np.abs(again - exact)[off].mean() < 0.1 * exact[off].mean()


def test_more_dimensions_keep_a_tree_better(random_dag):
    h = random_dag(120, 7, roots=0, extra=0)
    hops = np.zeros((120, 120))
    for a in range(120):
        for b in range(120):
            up, down, steps = a, b, 0
            while up != down:
                if h.depth[up] >= h.depth[down]:
                    up = h.parent[up]
                else:
                    down = h.parent[down]
                steps += 1
            hops[a, b] = steps
    off = ~np.eye(120, dtype=bool)

    def error(dim):
        found = constructions.h_mds(hops, dim)
        scaled = distances(to_polar(found, "tangent"), np.arange(120)) * hops.max() / 20
        return np.mean(np.abs(scaled[off] - hops[off]) / hops[off])

    # Measured .16, .48 and .77.
    # Measured .165, .029 and .006.
    assert error(2) > 0.1 > error(20) > 0.02 > error(100)
    np.testing.assert_array_equal(constructions.h_mds(hops, 5), constructions.h_mds(hops, 5))


@pytest.mark.parametrize("dim", [2, 5])
def test_two_nodes_are_no_special_case(dim):
    found = constructions.h_mds(np.array([[0.0, 1.0], [1.0, 0.0]]), dim)
    assert np.isfinite(found).all()
