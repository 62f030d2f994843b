"""Trees drawn in a disk: tangent vectors at the origin, one a node."""

import numpy as np

from hardball.hierarchy import closure as closures
from hardball.hierarchy import graph
from hardball.hierarchy.dag import Hierarchy


def sectors(hierarchy: Hierarchy, noise: np.ndarray, stretch: float = 2.0) -> np.ndarray:
    """The spanning tree drawn in the plane of the first two coordinates: float64 (N, dim).

    A subtree of s of all N nodes gets s / N of the circle, inside its parent's part. Its root lies
    in the middle of that, at radius stretch ln(N / s): at stretch 1 the arcs of all subtrees are
    about equally long at their roots; more pulls siblings apart. Several roots share the circle.
    The other coordinates are those of the noise.
    Source: after Sarkar 2011, with sectors by size and one pass instead of edges of one length.
    """
    return _drawn(hierarchy.first, hierarchy.last, noise, stretch)


def narrow_sectors(hierarchy: Hierarchy, noise: np.ndarray, stretch: float = 2.0) -> np.ndarray:
    """`sectors` of the tree in which each node is below its narrowest parent: float64 (N, dim).

    Of several parents the narrowest has the fewest descendants, of equals the first. It lies far
    out, where a node elsewhere is far from it; a broad one lies near the centre and so near all.
    Source: hardball.
    """
    if hierarchy.is_forest:
        return sectors(hierarchy, noise, stretch)
    indptr, parents, n = hierarchy.parents_indptr, hierarchy.parents_indices, hierarchy.n_nodes
    below = closures.descendants_count(closures.closure(hierarchy), n)
    order = np.lexsort((below[parents], np.repeat(np.arange(n), np.diff(indptr))))
    parent, has = np.full(n, -1, np.int32), np.diff(indptr) > 0
    parent[has] = parents[order[indptr[:-1][has]]]
    downwards = graph.order_by(closures.longest_depth(hierarchy), n)
    return _drawn(*graph.preorder(parent, downwards), noise, stretch)


def _drawn(first: np.ndarray, last: np.ndarray, noise: np.ndarray, stretch: float) -> np.ndarray:
    """The drawing of the tree with preorder intervals [first, last), each (N,)."""
    n = len(first)
    first, last = first.astype(np.float64), last.astype(np.float64)
    angle = np.pi * (first + last) / n
    radius = stretch * np.log(n / (last - first))
    out = noise.copy()
    out[:, 0], out[:, 1] = radius * np.cos(angle), radius * np.sin(angle)
    return out
