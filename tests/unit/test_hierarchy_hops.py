"""Hop distances: the shortest way up to every ancestor, against networkx."""

from collections.abc import Callable

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hardball.hierarchy.closure import Csr, closure, from_pairs, nodes_of, pairs
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.hierarchy.hops import hops


def named(h: Hierarchy, rows: Csr) -> dict[str, int]:
    found = zip(nodes_of(rows), rows.indices, hops(h, rows), strict=True)
    return {f"{h.ids[u]}{h.ids[a]}": int(apart) for u, a, apart in found}


def test_the_shortest_way_counts_whichever_parent_it_goes_through(dag: Hierarchy) -> None:
    found = named(dag, closure(dag))
    # a > b > d > f and a > c > e > f; g has the parents e and a; h has g and c.
    assert {k: v for k, v in found.items() if k[0] == "f"} == {
        "fd": 1, "fe": 1, "fb": 2, "fc": 2, "fa": 3,
    }  # fmt: skip
    assert {k: v for k, v in found.items() if k[0] == "g"} == {"ge": 1, "ga": 1, "gc": 2}
    assert {k: v for k, v in found.items() if k[0] == "h"} == {"hg": 1, "hc": 1, "he": 2, "ha": 2}


def test_the_primary_parent_is_not_always_on_the_shortest_way() -> None:
    # z lies below p (depth 1) and q (depth 1): r is one up through q, three up through p's chain.
    h = from_edges("x", list("psrqzz"), ["top", "p", "s", "top", "r", "q"])
    assert named(h, closure(h))["ztop"] == 2
    assert named(h, closure(h))["zp"] == 3


@given(n=st.integers(1, 40), seed=st.integers(0, 10_000), extra=st.floats(0, 0.7))
@settings(max_examples=40, deadline=None)
def test_agrees_with_networkx(
    random_dag: Callable[..., Hierarchy], n: int, seed: int, extra: float
) -> None:
    h = random_dag(n, seed, extra=extra)
    graph = nx.DiGraph(pairs(Csr(h.parents_indptr, h.parents_indices)).tolist())
    rows = closure(h)
    expected = [nx.shortest_path_length(graph, u, a) for u, a in pairs(rows).tolist()]
    found = hops(h, rows)
    assert found.tolist() == expected
    assert found.dtype == np.int32
    # A part of the closure has the distances of the whole, not those within the part.
    part = np.arange(rows.indices.size) % 3 == 1
    assert hops(h, from_pairs(pairs(rows)[part], n)).tolist() == found[part].tolist()


def test_in_a_tree_hops_are_levels(random_dag: Callable[..., Hierarchy]) -> None:
    h = random_dag(300, 5, extra=0.0)
    rows = closure(h)
    levels = h.depth[nodes_of(rows)] - h.depth[rows.indices]
    np.testing.assert_array_equal(hops(h, rows), levels)


def test_what_is_no_ancestor_is_no_number_of_hops_away(dag: Hierarchy) -> None:
    b, c = dag.rows(["b", "c"])
    assert hops(dag, from_pairs(np.array([[b, c]], np.int32), dag.n_nodes)).tolist() == [-1]
