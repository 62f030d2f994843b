"""How far a node's ancestors are: shortest directed paths, through any parent."""

from typing import Any

import numpy as np
from numba import njit

from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.graph import Int32


def hops(h: Hierarchy, rows: Csr) -> Int32:
    """Edges of the shortest path from each node to each entry of its row: (P,), -1 for none.

    rows: the closure, or a part of it. Breadth-first from every node upwards, over all its
    parents: time grows with the edges above each node, memory with N beside the result.
    Source: Moore 1959, The Shortest Path through a Maze.
    """
    return _hops(h.parents_indptr, h.parents_indices, rows.indptr, rows.indices)


@njit(cache=True)
def _hops(parents_indptr: Any, parents: Any, indptr: Any, indices: Any) -> Int32:
    n = parents_indptr.size - 1
    found = np.full(indices.size, -1, np.int32)
    distance = np.full(n, -1, np.int32)
    queue = np.empty(n, np.int32)
    for node in range(n):
        if indptr[node] == indptr[node + 1]:
            continue
        queue[0] = node
        distance[node] = 0
        done, filled = 0, 1
        while done < filled:
            below = queue[done]
            done += 1
            for i in range(parents_indptr[below], parents_indptr[below + 1]):
                above = parents[i]
                if distance[above] < 0:
                    distance[above] = distance[below] + 1
                    queue[filled] = above
                    filled += 1
        for i in range(indptr[node], indptr[node + 1]):
            found[i] = distance[indices[i]]
        for i in range(filled):
            distance[queue[i]] = -1
    return found
