"""Linear-time walks over a directed acyclic graph held as index arrays."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


def plain(values: NDArray[Any]) -> Int32:
    """The same numbers as a writable contiguous int32 array: one compiled version a kernel."""
    return np.require(values, np.int32, ["C", "W"])


def group(keys: NDArray[Any], values: NDArray[Any], n: int) -> tuple[Int64, Int32]:
    """Rows of values by key 0..n-1: (indptr (n+1,), indices); a row keeps their order."""
    return _group(plain(keys), plain(values), n)


@njit(cache=True)
def _group(keys: Any, values: Any, n: int) -> tuple[Int64, Int32]:
    indptr = np.zeros(n + 1, np.int64)
    for key in keys:
        indptr[key + 1] += 1
    for row in range(n):
        indptr[row + 1] += indptr[row]
    cursor = indptr[:-1].copy()
    indices = np.empty(keys.size, np.int32)
    for i in range(keys.size):
        indices[cursor[keys[i]]] = values[i]
        cursor[keys[i]] += 1
    return indptr, indices


def order_by(keys: NDArray[Any], n: int) -> Int32:
    """Positions in ascending order of keys 0..n-1, equal keys as they stand: a counting sort."""
    return group(keys, np.arange(keys.size, dtype=np.int32), n)[1]


def group_ascending(keys: NDArray[Any], values: NDArray[Any], n: int) -> tuple[Int64, Int32]:
    """`group` with every row ascending; values are 0..n-1 too."""
    by_value = order_by(values, n)
    return group(keys[by_value], values[by_value], n)


@njit(cache=True)
def topological(
    parents_indptr: Any, children_indptr: Any, children: Any
) -> tuple[Int32, Int32, Int32]:
    """Parents before children: (order, shortest, longest path length from a root).

    `order` is shorter than the number of nodes when the graph has a cycle (Kahn 1962).
    """
    n = parents_indptr.size - 1
    waiting = np.diff(parents_indptr)
    order = np.empty(n, np.int32)
    shortest = np.full(n, n, np.int32)
    longest = np.zeros(n, np.int32)
    filled = 0
    for node in range(n):
        if waiting[node] == 0:
            shortest[node] = 0
            order[filled] = node
            filled += 1
    done = 0
    while done < filled:
        node = order[done]
        done += 1
        for i in range(children_indptr[node], children_indptr[node + 1]):
            child = children[i]
            shortest[child] = min(shortest[child], shortest[node] + 1)
            longest[child] = max(longest[child], longest[node] + 1)
            waiting[child] -= 1
            if waiting[child] == 0:
                order[filled] = child
                filled += 1
    return order[:filled], shortest, longest


def cycle(parents_indptr: Int64, parents: Int32, order: Int32) -> list[int]:
    """One cycle [a, b, ..., a], each followed by a parent, given an unfinished `topological`."""
    stuck = np.ones(parents_indptr.size - 1, bool)
    stuck[order] = False
    node = int(np.flatnonzero(stuck)[0])
    seen: dict[int, int] = {}
    path: list[int] = []
    while node not in seen:
        seen[node] = len(path)
        path.append(node)
        row = parents[parents_indptr[node] : parents_indptr[node + 1]]
        node = int(row[stuck[row]][0])
    return [*path[seen[node] :], node]


@njit(cache=True)
def spanning_parents(parents_indptr: Any, parents: Any, depth: Any) -> Int32:
    """The first parent one level up of each node, -1 for a root."""
    n = depth.size
    primary = np.full(n, -1, np.int32)
    for node in range(n):
        for i in range(parents_indptr[node], parents_indptr[node + 1]):
            if depth[parents[i]] == depth[node] - 1:
                primary[node] = parents[i]
                break
    return primary


@njit(cache=True)
def preorder(primary: Any, by_depth: Any) -> tuple[Int32, Int32]:
    """Preorder interval [first, last) of each subtree of a spanning forest.

    by_depth: all nodes, parents before children; roots and children keep its order.
    """
    n = primary.size
    size = np.ones(n, np.int32)
    for i in range(n - 1, -1, -1):
        node = by_depth[i]
        if primary[node] >= 0:
            size[primary[node]] += size[node]
    first = np.empty(n, np.int32)
    cursor = np.empty(n, np.int32)
    top = 0
    for node in by_depth:
        above = primary[node]
        if above < 0:
            first[node] = top
            top += size[node]
        else:
            first[node] = cursor[above]
            cursor[above] += size[node]
        cursor[node] = first[node] + 1
    return first, first + size


def implied(indptr: Int64, indices: Int32, nodes: Int32, targets: Int32) -> Bool:
    """Whether nodes[i] reaches targets[i] along two or more edges of the graph."""
    return _implied(indptr, indices, plain(nodes), plain(targets))


@njit(cache=True)
def _implied(indptr: Any, indices: Any, nodes: Any, targets: Any) -> Bool:
    n = indptr.size - 1
    result = np.zeros(nodes.size, np.bool_)
    seen = np.full(n, -1, np.int64)
    stack = np.empty(n, np.int32)
    for i in range(nodes.size):
        target = targets[i]
        top = 0
        for j in range(indptr[nodes[i]], indptr[nodes[i] + 1]):
            above = indices[j]
            if above != target and seen[above] != i:
                seen[above] = i
                stack[top] = above
                top += 1
        while top > 0 and not result[i]:
            top -= 1
            node = stack[top]
            for j in range(indptr[node], indptr[node + 1]):
                above = indices[j]
                if above == target:
                    result[i] = True
                    break
                if seen[above] != i:
                    seen[above] = i
                    stack[top] = above
                    top += 1
    return result
