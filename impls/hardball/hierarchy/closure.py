"""The transitive closure: every node's proper ancestors, through any parent."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from hardball.hierarchy import graph
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.graph import Bool, Int32, Int64


class Csr(NamedTuple):
    """Rows of node numbers: row u is indices[indptr[u]:indptr[u+1]], ascending, none twice."""

    indptr: Int64
    indices: Int32


def closure(h: Hierarchy) -> Csr:
    """Proper ancestors of every node: A(u) = union over parents p of A(p) and {p}.

    Time and memory grow with the number of pairs; 4 bytes a pair, twice that while building a DAG.
    Source: Nickel & Kiela 2017, section 4.1.
    """
    order, _ = _walk(h)
    rows, lengths, starts = _ancestors(
        h.parents_indptr, h.parents_indices, order, max(int(h.depth.sum(dtype=np.int64)), 1)
    )
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    if np.array_equal(starts, indptr[:-1]):
        return Csr(indptr, rows)
    return Csr(indptr, _gathered(rows, starts, indptr))


def longest_depth(h: Hierarchy) -> Int32:
    """Length of the longest path from a root to each node, (N,); `h.depth` is the shortest."""
    return _walk(h)[1]


def pairs(csr: Csr) -> Int32:
    """All pairs (node, ancestor), (P, 2), ascending."""
    return np.stack([nodes_of(csr), csr.indices], axis=1)


def nodes_of(csr: Csr) -> Int32:
    """The row of every entry, (P,)."""
    n = csr.indptr.size - 1
    return np.repeat(np.arange(n, dtype=np.int32), np.diff(csr.indptr))


def from_pairs(pairs: Int32, n: int) -> Csr:
    """The rows of pairs (node, other), (P, 2) in any order, over n nodes."""
    return Csr(*graph.group_ascending(pairs[:, 0], pairs[:, 1], n))


def positions(csr: Csr, nodes: ArrayLike, candidates: ArrayLike) -> Int64:
    """Where in `indices` each candidate stands in its node's row, -1 if it does not; broadcasts."""
    left, right = np.broadcast_arrays(np.asarray(nodes), np.asarray(candidates))
    found = _positions(
        csr.indptr, csr.indices, graph.plain(left).ravel(), graph.plain(right).ravel()
    )
    return found.reshape(left.shape)


def contains(csr: Csr, nodes: ArrayLike, candidates: ArrayLike) -> Bool:
    """Whether each candidate stands in its node's row; broadcasts, O(log row) each."""
    return positions(csr, nodes, candidates) >= 0


def descendants_count(csr: Csr, n: int) -> Int64:
    """Number of proper descendants of each node, (n,): how often it is an ancestor."""
    return np.bincount(csr.indices, minlength=n)


def reduction(h: Hierarchy) -> Int32:
    """Basic pairs (node, parent), (E', 2), ascending: the edges that no longer path implies.

    Source: Aho, Garey & Ullman 1972, The Transitive Reduction of a Directed Graph.
    """
    direct = pairs(Csr(h.parents_indptr, h.parents_indices))
    # Another path to a parent starts at another parent, so only multi-parent nodes can have one.
    several = np.flatnonzero(np.diff(h.parents_indptr)[direct[:, 0]] > 1)
    redundant = graph.implied(
        h.parents_indptr, h.parents_indices, direct[several, 0], direct[several, 1]
    )
    return np.delete(direct, several[redundant], axis=0)


def _walk(h: Hierarchy) -> tuple[Int32, Int32]:
    """Topological order, and longest path length of each node."""
    n = h.n_nodes
    direct = pairs(Csr(h.parents_indptr, h.parents_indices))
    children = graph.group(direct[:, 1], direct[:, 0], n)
    order, _, longest = graph.topological(h.parents_indptr, *children)
    return order, longest


@njit(cache=True)
def _merge(left: Any, right: Any, out: Any) -> int:
    """Union of two ascending runs into out; returns its length."""
    i = j = k = 0
    while i < left.size or j < right.size:
        if j == right.size or (i < left.size and left[i] < right[j]):
            out[k] = left[i]
            i += 1
        else:
            if i < left.size and left[i] == right[j]:
                i += 1
            out[k] = right[j]
            j += 1
        k += 1
    return k


@njit(cache=True)
def _ancestors(indptr: Any, parents: Any, order: Any, capacity: int) -> tuple[Int32, Int64, Int64]:
    """Rows in topological order: (entries, length and start of each node's row)."""
    n = order.size
    rows = np.empty(capacity, np.int32)
    lengths = np.zeros(n, np.int64)
    starts = np.zeros(n, np.int64)
    row = np.empty(n, np.int32)
    other = np.empty(n, np.int32)
    single = np.empty(1, np.int32)
    filled = 0
    for node in order:
        length = 0
        for i in range(indptr[node], indptr[node + 1]):
            above = parents[i]
            single[0] = above
            its_row = rows[starts[above] : starts[above] + lengths[above]]
            length = _merge(row[:length], its_row, other)
            length = _merge(other[:length], single, row)
        if filled + length > rows.size:
            larger = np.empty(max(2 * rows.size, filled + length), np.int32)
            larger[:filled] = rows[:filled]
            rows = larger
        rows[filled : filled + length] = row[:length]
        starts[node], lengths[node] = filled, length
        filled += length
    return rows[:filled], lengths, starts


@njit(cache=True)
def _gathered(rows: Any, starts: Any, indptr: Any) -> Int32:
    out = np.empty(indptr[-1], np.int32)
    for node in range(starts.size):
        length = indptr[node + 1] - indptr[node]
        out[indptr[node] : indptr[node + 1]] = rows[starts[node] : starts[node] + length]
    return out


@njit(cache=True)
def _positions(indptr: Any, indices: Any, nodes: Any, candidates: Any) -> Int64:
    out = np.full(nodes.size, -1, np.int64)
    for i in range(nodes.size):
        low, high = indptr[nodes[i]], indptr[nodes[i] + 1]
        end = high
        while low < high:
            middle = (low + high) // 2
            if indices[middle] < candidates[i]:
                low = middle + 1
            else:
                high = middle
        if low < end and indices[low] == candidates[i]:
            out[i] = low
    return out
