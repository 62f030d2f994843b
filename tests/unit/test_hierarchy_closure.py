"""The closure and its reduction, against networkx."""

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardball.hierarchy.closure import (
    Csr,
    closure,
    contains,
    descendants_count,
    from_pairs,
    longest_depth,
    pairs,
    positions,
    reduction,
)
from hardball.hierarchy.dag import Hierarchy, from_edges

shapes = given(n=st.integers(1, 40), seed=st.integers(0, 10_000), extra=st.floats(0, 0.7))


def graph_of(h: Hierarchy) -> nx.DiGraph:
    """Every direct edge as child -> parent."""
    result = nx.DiGraph()
    result.add_nodes_from(range(h.n_nodes))
    for node in range(h.n_nodes):
        for at in range(h.parents_indptr[node], h.parents_indptr[node + 1]):
            result.add_edge(node, int(h.parents_indices[at]))
    return result


def named(h: Hierarchy, found: np.ndarray) -> str:
    return " ".join(sorted(f"{h.ids[u]}{h.ids[a]}" for u, a in found))


def test_ancestors_through_every_parent(dag: Hierarchy) -> None:
    found = named(dag, pairs(closure(dag)))
    assert found == "ba ca da db ea ec fa fb fc fd fe ga gc ge ha hc he hg"


def test_the_reduction_drops_what_a_longer_path_implies(dag: Hierarchy) -> None:
    # g > e > c > a implies g > a, and h > g > e > c implies h > c.
    assert named(dag, reduction(dag)) == "ba ca db ec fd fe ge hg"


def test_longest_depth_is_not_the_shortest(dag: Hierarchy) -> None:
    longest = dict(zip(dag.ids, longest_depth(dag).tolist(), strict=True))
    # a > c > e > g > h.
    assert longest == {"a": 0, "b": 1, "c": 1, "d": 2, "e": 2, "f": 3, "g": 3, "h": 4}


@shapes
@settings(max_examples=60, deadline=None)
def test_agrees_with_networkx(
    random_dag: Callable[..., Hierarchy], n: int, seed: int, extra: float
) -> None:
    h = random_dag(n, seed, extra=extra)
    graph = graph_of(h)
    found = closure(h)
    for node in range(n):
        row = found.indices[found.indptr[node] : found.indptr[node + 1]]
        assert row.tolist() == sorted(nx.descendants(graph, node))
    assert (found.indptr.dtype, found.indices.dtype) == (np.int64, np.int32)
    assert descendants_count(found, n).tolist() == [len(nx.ancestors(graph, v)) for v in range(n)]
    reduced = sorted(nx.transitive_reduction(graph).edges)
    assert [tuple(pair) for pair in reduction(h).tolist()] == reduced
    generations = nx.topological_generations(graph.reverse())
    expected = {node: level for level, nodes in enumerate(generations) for node in nodes}
    assert longest_depth(h).tolist() == [expected[node] for node in range(n)]


def test_a_row_may_be_much_longer_than_the_depth() -> None:
    # 300 nodes in a chain, each also right below the root: depth 1, i ancestors for the i-th.
    chain = np.arange(2, 300)
    children = np.concatenate([chain, np.arange(1, 300)])
    h = from_edges("t", children, np.concatenate([chain - 1, np.zeros(299, int)]))
    assert h.max_depth == 1
    assert sorted(np.diff(closure(h).indptr).tolist()) == list(range(300))


def test_a_node_may_have_a_thousand_parents() -> None:
    h = from_edges("t", ["x"] * 1000, np.arange(1000).astype(str))
    assert h.max_depth == 1
    assert pairs(closure(h)).tolist() == [[1000, root] for root in range(1000)]


def test_a_chain_has_all_pairs() -> None:
    n = 3_000
    h = from_edges("chain", np.arange(1, n), np.arange(n - 1))
    found = closure(h)
    assert found.indices.size == n * (n - 1) // 2
    assert found.indices[-(n - 1) :].tolist() == list(range(n - 1))


def test_a_lone_node_has_no_ancestors(forest: Hierarchy) -> None:
    lone = int(forest.rows(["z"])[0])
    found = closure(forest)
    assert found.indptr[lone] == found.indptr[lone + 1]
    assert pairs(closure(from_edges("one", [], [], nodes=["x"]))).shape == (0, 2)


def test_contains_asks_for_many_at_once(random_dag: Callable[..., Hierarchy]) -> None:
    h = random_dag(50, 7)
    found = closure(h)
    dense = np.zeros((50, 50), bool)
    dense[tuple(pairs(found).T)] = True
    every = np.arange(50)
    assert np.array_equal(contains(found, every[:, None], every[None, :]), dense)
    assert contains(found, 3, every).shape == (50,)
    assert contains(found, [], []).shape == (0,)


def test_positions_point_into_the_indices() -> None:
    csr = Csr(np.array([0, 0, 2, 3]), np.array([0, 2, 1], np.int32))
    assert positions(csr, [1, 1, 2, 1, 0], [0, 2, 1, 1, 0]).tolist() == [0, 1, 2, -1, -1]


@pytest.mark.parametrize("seed", range(3))
def test_rows_from_shuffled_pairs_are_ascending(
    random_dag: Callable[..., Hierarchy], seed: int
) -> None:
    found = closure(random_dag(60, seed))
    shuffled = np.random.default_rng(seed).permutation(pairs(found))
    back = from_pairs(shuffled, 60)
    assert np.array_equal(back.indptr, found.indptr)
    assert np.array_equal(back.indices, found.indices)
