"""Rings against sets spelled out from nearest common ancestors."""

import time
from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.hierarchy.rings import Ring, cousins, depth_matched, siblings, size

FOREST = np.inf


def members(ring: Ring, node: int) -> set[int]:
    low, high = int(ring.lo[node]), int(ring.hi[node])
    xlow, xhigh = int(ring.xlo[node]), int(ring.xhi[node])
    assert low <= xlow <= node < xhigh <= high
    return set(range(low, high)) - set(range(xlow, xhigh))


def named(h: Hierarchy, ring: Ring, node: str) -> str:
    return "".join(sorted(h.ids[list(members(ring, int(h.rows([node])[0])))]))


def was_widened(h: Hierarchy, ring: Ring) -> str:
    return "".join(sorted(h.ids[ring.widened]))


def levels_up(h: Hierarchy) -> dict[tuple[int, int], float]:
    """How far above two nodes of one depth their nearest common ancestor is; FOREST if nowhere."""
    spanning = nx.DiGraph()
    spanning.add_edges_from(("top", v) for v in h.roots.tolist())
    spanning.add_edges_from((int(p), v) for v, p in enumerate(h.parent) if p >= 0)
    depth = {"top": -FOREST} | dict(enumerate(h.depth.tolist()))
    found = nx.tree_all_pairs_lowest_common_ancestor(spanning, "top")
    both = {}
    for (u, v), above in found:
        if depth[u] == depth[v] and u != "top":
            both[u, v] = both[v, u] = depth[u] - depth[above]
    return both


def expected(h: Hierarchy, asked: list[float], minimum: int) -> tuple[list[set[int]], list[bool]]:
    """The rings by definition: asked[v] levels up, then further up, then wider still."""
    up = levels_up(h)
    rings, widened = [], []
    for v in range(h.n_nodes):
        of_level = [u for u in range(h.n_nodes) if u != v and h.depth[u] == h.depth[v]]
        exists = asked[v] <= h.depth[v] or asked[v] == FOREST
        start = asked[v] if exists else FOREST
        outward = [k for k in [*range(h.max_depth + 1), FOREST] if k >= start]
        choices = [{u for u in of_level if start <= up[u, v] <= k} for k in outward]
        choices += [set(of_level), set(range(h.n_nodes)) - {v}]
        enough = [c for c in choices if len(c) >= minimum]
        rings.append(enough[0] if enough else choices[-1])
        widened.append(not exists or len(choices[0]) < minimum)
    return rings, widened


def check(h: Hierarchy, ring: Ring, asked: list[float], minimum: int) -> None:
    rings, widened = expected(h, asked, minimum)
    assert [members(ring, v) for v in range(h.n_nodes)] == rings
    assert ring.widened.tolist() == widened
    assert size(ring).tolist() == [len(r) for r in rings]


def test_siblings_of_a_tree(tree: Hierarchy) -> None:
    # a(b(d(h) e f) c(g(i)))
    ring = siblings(tree)
    assert named(tree, ring, "b") == "c"
    assert named(tree, ring, "e") == "df"
    # g is an only child: its cousins; h and i likewise, over two levels; a: everybody else.
    assert named(tree, ring, "g") == "def"
    assert named(tree, ring, "h") == "i"
    assert named(tree, ring, "a") == "bcdefghi"
    assert was_widened(tree, ring) == "aghi"


def test_cousins_leave_the_siblings_out(tree: Hierarchy) -> None:
    ring = cousins(tree, 1)
    assert named(tree, ring, "e") == "g"
    assert named(tree, ring, "g") == "def"
    # Nobody is two levels below the grandmother b but h itself: a is three levels up.
    assert named(tree, ring, "h") == "i"
    # b has no grandmother and no other tree: its level, its sister.
    assert named(tree, ring, "b") == "c"
    assert was_widened(tree, ring) == "abchi"


def test_a_minimum_widens_and_keeps_the_near_ones(tree: Hierarchy) -> None:
    ring = siblings(tree, minimum=3)
    # d and f are too few, d, f and the cousin g are enough.
    assert named(tree, ring, "e") == "dfg"
    # All of the level but itself is too few for h: everybody.
    assert named(tree, ring, "h") == "abcdefgi"


def test_more_than_there_are_gives_all_there_are(tree: Hierarchy) -> None:
    ring = siblings(tree, minimum=100)
    assert size(ring).tolist() == [8] * 9
    assert ring.widened.all()


def test_depth_matched_in_another_branch_and_another_tree(forest: Hierarchy) -> None:
    # a(b(d) c), p(q(r)), z
    branch, tree = depth_matched(forest, "branch"), depth_matched(forest, "tree")
    assert named(forest, branch, "b") == "c"
    # d has no depth-mate in its own tree, a root has no branch: the other trees.
    assert named(forest, branch, "d") == "r"
    assert named(forest, branch, "z") == "ap"
    assert was_widened(forest, branch) == "adpqrz"
    assert named(forest, tree, "b") == named(forest, tree, "c") == "q"
    assert named(forest, tree, "q") == "bc"
    assert named(forest, tree, "a") == "pz"
    assert not tree.widened.any()


def test_one_tree_has_no_other_trees(tree: Hierarchy) -> None:
    ring = depth_matched(tree, "tree")
    assert ring.widened.all()
    # The same depth first, whatever the branch.
    assert named(tree, ring, "e") == "dfg"


@given(
    n=st.integers(1, 45),
    seed=st.integers(0, 10_000),
    roots=st.sampled_from([0.0, 0.15]),
    minimum=st.sampled_from([1, 2, 5]),
)
@settings(max_examples=40, deadline=None)
def test_every_ring_is_the_set_its_definition_gives(
    random_dag: Callable[..., Hierarchy], n: int, seed: int, roots: float, minimum: int
) -> None:
    h = random_dag(n, seed, roots=roots)
    check(h, siblings(h, minimum), [1] * n, minimum)
    for k in (1, 2, 3):
        check(h, cousins(h, k, minimum), [k + 1] * n, minimum)
    # A root's top branch is the tree itself, so it has no other branch: one level too many.
    check(h, depth_matched(h, "branch", minimum), [max(d, 1) for d in h.depth.tolist()], minimum)
    check(h, depth_matched(h, "tree", minimum), [FOREST] * n, minimum)


def test_a_chain_goes_straight_to_everybody() -> None:
    n = 10_000
    h = from_edges("chain", np.arange(1, n), np.arange(n - 1))
    for ring in (siblings(h), cousins(h, 2), depth_matched(h), depth_matched(h, "tree")):
        assert ring.widened.all()
        assert (size(ring) == n - 1).all()


def test_two_long_chains_are_not_quadratic() -> None:
    # Level-mates meet only at the root: climbing step by step would take 50,000 steps a node.
    n = 50_000
    left, right = np.arange(1, 2 * n, 2), np.arange(2, 2 * n + 1, 2)
    above = np.maximum(np.concatenate([left, right]) - 2, 0)
    h = from_edges("chains", np.concatenate([left, right]), above)
    started = time.perf_counter()
    ring = siblings(h)
    # Measured 0.3 s; a quadratic climb takes minutes.
    assert time.perf_counter() - started < 20
    assert (size(ring)[1:] == 1).all()
    assert (ring.lo + ring.hi - 2 * h.level_starts[h.depth] == 2)[1:].all()


def test_a_lone_node_has_nobody() -> None:
    h = from_edges("one", [], [], nodes=["x"])
    for ring in (siblings(h), cousins(h), depth_matched(h), depth_matched(h, "tree")):
        assert size(ring).tolist() == [0]
        assert ring.widened.tolist() == [True]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda h: cousins(h, 0), "k=0, allowed are whole numbers from 1"),
        (lambda h: siblings(h, 0), "minimum=0, allowed"),
        (lambda h: depth_matched(h, "level"), "where='level', allowed are branch, tree"),
    ],
)
def test_bad_parameters_are_named(tree: Hierarchy, call: Callable, message: str) -> None:
    with pytest.raises(HardballError, match=message):
        call(tree)
