"""Balls and shells as ranges of ids, against networkx on the undirected graph."""

from itertools import pairwise

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardball.core.errors import HardballError
from hardball.hierarchy import balls
from hardball.hierarchy.dag import from_edges


def distances(h):
    """Undirected graph distance by pair of nodes; none where no way leads."""
    children = np.repeat(np.arange(h.n_nodes), np.diff(h.parents_indptr))
    graph = networkx.Graph(list(zip(children, h.parents_indices, strict=True)))
    graph.add_nodes_from(range(h.n_nodes))
    return dict(networkx.all_pairs_shortest_path_length(graph))


def rows(ranges):
    """Each node's ids, spelled out; its ranges ascend, are not empty and do not touch."""
    found = []
    for first, last in pairwise(ranges.indptr):
        start, stop = ranges.start[first:last], ranges.stop[first:last]
        assert (start < stop).all()
        assert (stop[:-1] < start[1:]).all()
        found.append({i for a, b in zip(start, stop, strict=True) for i in range(a, b)})
    return found


@pytest.mark.parametrize("radius", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("extra", [0.0, 0.3, 0.8])
def test_a_ball_holds_all_nodes_within_its_radius(random_dag, radius, extra):
    for seed in range(8):
        h = random_dag(70, seed, extra=extra)
        near = distances(h)
        expected = [{v for v, d in near[u].items() if d <= radius} for u in range(h.n_nodes)]
        assert rows(balls.ball(h, radius)) == expected


@settings(max_examples=150, deadline=None)
@given(
    parents=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=40),
    low=st.integers(1, 4),
    more=st.integers(0, 3),
)
def test_a_shell_holds_what_networkx_finds_and_widens_to_all_beyond(parents, low, more):
    # Node i + 1 hangs below one or two of 0..i, or below none where 5 divides its numbers' sum.
    edges = {
        (i + 1, number % (i + 1)) for i, two in enumerate(parents) if sum(two) % 5 for number in two
    }
    nodes = list(range(len(parents) + 1))
    h = from_edges("drawn", [c for c, _ in edges], [p for _, p in edges], nodes=nodes)
    near, high = distances(h), low + more
    ranges, widened = balls.shell(h, low, high)
    for u, found in enumerate(rows(ranges)):
        asked = {v for v, d in near[u].items() if low <= d <= high}
        further = {v for v in range(h.n_nodes) if near[u].get(v, np.inf) >= low}
        assert found == (asked or further)
        assert widened[u] == (not asked)


def test_a_second_parent_is_as_near_as_the_first(dag):
    # f has the parents d and e; e, below c, is no parent of f in the spanning tree.
    row = dict(zip(dag.ids, range(dag.n_nodes), strict=True))
    ball = rows(balls.ball(dag, 1))
    assert {str(x) for x in dag.ids[list(ball[row["f"]])]} == {"f", "d", "e"}
    assert {str(x) for x in dag.ids[list(ball[row["e"]])]} == {"e", "c", "f", "g"}
    shell, _ = balls.shell(dag, 2, 2)
    # From f over d to b, over e to c and to g.
    assert {str(x) for x in dag.ids[list(rows(shell)[row["f"]])]} == {"b", "c", "g"}


def test_siblings_and_cousins_far_down_are_a_handful_of_ranges():
    """A ball of radius 3 in a tree: one range on each of the seven levels that it meets."""
    n = 3**8
    h = from_edges("three", np.arange(1, n), (np.arange(1, n) - 1) // 3)
    assert np.diff(balls.ball(h, 3).indptr).max() <= 7


@pytest.mark.parametrize(("low", "high"), [(0, 2), (3, 2), (-1, -1)])
def test_a_shell_that_cannot_be_is_refused(tree, low, high):
    with pytest.raises(HardballError, match=f"low={low}, high={high}; allowed"):
        balls.shell(tree, low, high)
