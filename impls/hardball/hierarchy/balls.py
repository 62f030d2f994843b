"""Balls of the undirected graph, over all parent-child edges, as few ranges of ids a node.

The spanning tree's `parent` ascends with the node number, so the tree children of a range of ids
are one range. A ball is then grown hop by hop: ranges go down as ranges, single nodes go up, and
the edges outside the tree lead from any node of a range to single nodes. The tree parents of nodes
reached by going down are in the ball already.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.graph import Bool, Int32, group_ascending, plain

INT32_MAX = 2**31 - 1


class Ranges(NamedTuple):
    """Of each node the ids start..stop-1 of its ranges, which ascend and do not touch.

    indptr int32 (N+1,); start, stop int32 (R,): rows indptr[v]..indptr[v+1]-1 are those of node v.
    """

    indptr: Int32
    start: Int32
    stop: Int32


def ball(h: Hierarchy, radius: int) -> Ranges:
    """Nodes at graph distance 0..radius of each node, itself included.

    Raises HardballError unless radius >= 0, or where 2^31 ranges or more came out.
    Source: hardball, level order and rings.
    """
    if radius < 0:
        raise HardballError(f"ball: radius={radius}, allowed are whole numbers from 0")
    return _ranges(h, 0, radius, False)[0]


def shell(h: Hierarchy, low: int, high: int) -> tuple[Ranges, Bool]:
    """Nodes at graph distance low..high of each node, and widened bool (N,).

    Where there are none the row holds all nodes that are further than low - 1, or in no reach at
    all, and is widened; it is empty where that leaves none either.
    Raises HardballError unless 1 <= low <= high, or where 2^31 ranges or more came out.
    Source: hardball, level order and rings.
    """
    if not 1 <= low <= high:
        raise HardballError(
            f"shell: low={low}, high={high}; allowed are whole numbers with 1 <= low <= high"
        )
    return _ranges(h, low, high, True)


def _ranges(h: Hierarchy, low: int, high: int, widen: bool) -> tuple[Ranges, Bool]:
    """ball(high) without ball(low - 1): counted, then written, so that nothing is kept twice."""
    n = h.n_nodes
    below = np.searchsorted(h.parent, np.arange(n + 1)).astype(np.int32)
    ends, others = _off_tree(h)
    given = plain(h.parent), below, ends, others, low, high, widen
    counts, widened = np.zeros(n + 1, np.int64), np.zeros(n, np.bool_)
    none = np.zeros(0, np.int32)
    _grow(*given, counts, widened, none, none)
    indptr = np.cumsum(counts)
    if indptr[-1] > INT32_MAX:
        raise HardballError(
            f"{h.name}: nodes within {high} hops are {indptr[-1]:,} ranges of ids, at most "
            f"{INT32_MAX:,} fit: ask for fewer hops"
        )
    start, stop = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.int32)
    _grow(*given, indptr, widened, start, stop)
    return Ranges(indptr.astype(np.int32), start, stop), widened


def _off_tree(h: Hierarchy) -> tuple[Int32, Int32]:
    """The edges outside the spanning tree from either end: ends ascending, and the other ends."""
    children = np.repeat(np.arange(h.n_nodes, dtype=np.int32), np.diff(h.parents_indptr))
    off = h.parents_indices != h.parent[children]
    child, parent = children[off], h.parents_indices[off]
    one, other = np.concatenate([child, parent]), np.concatenate([parent, child])
    indptr, others = group_ascending(one, other, h.n_nodes)
    return np.repeat(np.arange(h.n_nodes, dtype=np.int32), np.diff(indptr)), others


@njit(cache=True)
def _grow(
    parent: Any,
    below: Any,
    ends: Any,
    others: Any,
    low: int,
    high: int,
    widen: bool,
    indptr: Any,
    widened: Any,
    start: Any,
    stop: Any,
) -> None:
    """Writes each node's ranges; into empty `start` nothing, but their number to indptr[node + 1].

    below[v]: the first id whose tree parent is v or after; ends, others: see `_off_tree`.
    """
    n = parent.size
    # At most one range or single node for each node or end; pages never touched cost nothing.
    room = n + ends.size + 2
    held, grown, inner = np.empty((3, room, 2), np.int32)
    edge, down, single = np.empty((3, room, 2), np.int32)
    lone, found = np.empty((2, room), np.int32)
    everything = np.array([[0, n]], np.int32)
    for node in range(n):
        held[0, 0], held[0, 1] = node, node + 1
        edge[0, 0], edge[0, 1] = node, node + 1
        lone[0] = node
        n_held, n_inner, n_edge, n_lone = 1, 0, 1, 1
        for hop in range(1, high + 1):
            if hop == low:
                inner[:n_held], n_inner = held[:n_held], n_held
            n_down = _children(below, edge, n_edge, down)
            n_found = _across(ends, others, edge, n_edge, found)
            for i in range(n_lone):
                if parent[lone[i]] >= 0:
                    found[n_found] = parent[lone[i]]
                    n_found += 1
            n_lone = _ascending(found, n_found, lone)
            for i in range(n_lone):
                single[i, 0], single[i, 1] = lone[i], lone[i] + 1
            n_edge = _union(held, n_held, down, n_down, edge)
            n_grown = _union(edge, n_edge, single, n_lone, grown)
            n_edge = _minus(grown, n_grown, held, n_held, edge)
            held, grown, n_held = grown, held, n_grown
        count = _minus(held, n_held, inner, n_inner, grown)
        if widen and count == 0:
            count = _minus(everything, 1, inner, n_inner, grown)
            widened[node] = True
        if start.size == 0:
            indptr[node + 1] = count
            continue
        for i in range(count):
            start[indptr[node] + i] = grown[i, 0]
            stop[indptr[node] + i] = grown[i, 1]


@njit(cache=True)
def _children(below: Any, ranges: Any, count: int, out: Any) -> int:
    """The tree children of each range, as a range; ascending as the ranges do."""
    written = 0
    for i in range(count):
        first, last = below[ranges[i, 0]], below[ranges[i, 1]]
        if first < last:
            out[written, 0], out[written, 1] = first, last
            written += 1
    return written


@njit(cache=True)
def _across(ends: Any, others: Any, ranges: Any, count: int, out: Any) -> int:
    """Where the edges outside the tree lead from the nodes of the ranges."""
    written = 0
    if ends.size == 0:
        return 0
    for i in range(count):
        place = np.searchsorted(ends, ranges[i, 0])
        while place < ends.size and ends[place] < ranges[i, 1]:
            out[written] = others[place]
            written += 1
            place += 1
    return written


@njit(cache=True)
def _ascending(values: Any, count: int, out: Any) -> int:
    """The different ones of `count` values, ascending."""
    if count > 1:
        values[:count].sort()
    written = 0
    for i in range(count):
        if written == 0 or values[i] != out[written - 1]:
            out[written] = values[i]
            written += 1
    return written


@njit(cache=True)
def _union(one: Any, n_one: int, other: Any, n_other: int, out: Any) -> int:
    """Ids in either of two ascending lists of ranges; ranges that touch become one."""
    i = j = written = 0
    while i < n_one or j < n_other:
        if j == n_other or (i < n_one and one[i, 0] <= other[j, 0]):
            low, high = one[i, 0], one[i, 1]
            i += 1
        else:
            low, high = other[j, 0], other[j, 1]
            j += 1
        if written and low <= out[written - 1, 1]:
            out[written - 1, 1] = max(out[written - 1, 1], high)
        else:
            out[written, 0], out[written, 1] = low, high
            written += 1
    return written


@njit(cache=True)
def _minus(one: Any, n_one: int, other: Any, n_other: int, out: Any) -> int:
    """Ids in the first of two ascending lists of ranges, but not in the second."""
    j = written = 0
    for i in range(n_one):
        low, high = one[i, 0], one[i, 1]
        while j < n_other and other[j, 1] <= low:
            j += 1
        k = j
        while k < n_other and other[k, 0] < high:
            if low < other[k, 0]:
                out[written, 0], out[written, 1] = low, other[k, 0]
                written += 1
            low = other[k, 1]
            k += 1
        if low < high:
            out[written, 0], out[written, 1] = low, high
            written += 1
    return written
