"""Rings: the nodes a sampler may draw, as one range of ids minus another.

The nodes of depth d below an ancestor are one range of ids, so a ring is a block below an outer
ancestor minus the block below an inner one. Ancestors here are those of the spanning tree.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.graph import Bool, Int32, Int64


class Ring(NamedTuple):
    """For each node the ids lo..hi-1 without xlo..xhi-1, (N,) each; lo <= xlo <= xhi <= hi.

    widened: the ring that was asked for does not exist or is smaller than the minimum.
    """

    lo: Int32
    hi: Int32
    xlo: Int32
    xhi: Int32
    widened: Bool


def size(ring: Ring) -> Int32:
    """Number of nodes in each ring, (N,): (hi - lo) - (xhi - xlo)."""
    return (ring.hi - ring.lo) - (ring.xhi - ring.xlo)


def siblings(h: Hierarchy, minimum: int = 1) -> Ring:
    """The other children of the parent, for a root the other roots; `minimum` as in `cousins`.

    Raises HardballError unless minimum >= 1. Source: hardball, the ring of k = 0.
    """
    return _ring(h, h.depth - 1, h.depth, 0, minimum)


def cousins(h: Hierarchy, k: int = 1, minimum: int = 1) -> Ring:
    """Nodes of the same depth whose nearest common ancestor lies k + 1 levels up.

    A ring of fewer than `minimum` nodes grows outward, level of the common ancestor by level, to
    the first that has as many, then to its whole depth, then to every node but itself, which may
    still be too few. Where no ancestor is k + 1 levels up the ring is the other trees, or wider.
    Raises HardballError unless k >= 1 and minimum >= 1. Source: hardball.
    """
    if k < 1:
        raise HardballError(f"cousins: k={k}, allowed are whole numbers from 1 (0 is siblings)")
    return _ring(h, h.depth - k - 1, h.depth - k, 0, minimum)


def depth_matched(h: Hierarchy, where: str = "branch", minimum: int = 1) -> Ring:
    """Nodes of the same depth in another branch of the root, or in another tree of the forest.

    branch: the nearest common ancestor is the root. tree: there is none. `minimum` as in `cousins`.
    Raises HardballError on another `where`, or unless minimum >= 1. Source: hardball.
    """
    lowest = {"branch": 0, "tree": -1}.get(where)
    if lowest is None:
        raise HardballError(f"depth_matched: where={where!r}, allowed are branch, tree")
    outer = np.minimum(h.depth - 1, lowest)
    return _ring(h, outer, outer + 1, lowest, minimum)


def _ring(h: Hierarchy, outer: Int32, inner: Int32, lowest: int, minimum: int) -> Ring:
    """The block below the ancestor of depth `outer` minus that below the one of depth `inner`.

    outer -1 stands for the whole level; an outer below `lowest` means that there is no such ring,
    and the other trees take its place.
    """
    if minimum < 1:
        raise HardballError(f"ring: minimum={minimum}, allowed are whole numbers from 1")
    n = h.n_nodes
    own = np.arange(n, dtype=np.int32)
    keys = h.depth.astype(np.int64) * n + h.first
    xlo, xhi = _block(h, keys, own, np.maximum(inner, np.int32(0)))
    lo, hi = _block(h, keys, own, np.maximum(outer, np.int32(-1)))
    level_lo, level_hi = _block(h, keys, own, np.full(n, -1, np.int32))
    widened = outer < lowest
    excluded = xhi - xlo

    short = (hi - lo) - excluded < minimum
    widened |= short
    nodes = np.flatnonzero(short & (level_hi - level_lo - excluded >= minimum))
    good = np.full(nodes.size, -1, np.int32)
    bad = np.maximum(outer[nodes], np.int32(-1))
    # A block only grows as its ancestor rises, so the lowest that is large enough is bisected.
    while np.any(bad - good > 1):
        middle = (good + bad) // 2
        left, right = _block(h, keys, nodes, middle)
        enough = right - left - excluded[nodes] >= minimum
        good, bad = np.where(enough, middle, good), np.where(enough, bad, middle)
    lo[nodes], hi[nodes] = _block(h, keys, nodes, good)
    short[nodes] = False

    xlo[short], xhi[short] = own[short], own[short] + 1
    lo[short], hi[short] = level_lo[short], level_hi[short]
    alone = short & (level_hi - level_lo - 1 < minimum)
    lo[alone], hi[alone] = 0, n
    return Ring(lo, hi, xlo, xhi, widened)


def _block(
    h: Hierarchy, keys: Int64, nodes: NDArray[Any], above: NDArray[Any]
) -> tuple[Int32, Int32]:
    """Ids of the nodes' own depth below their ancestors of depth `above`; -1 is the whole level.

    keys: depth * N + first, which ascends with the node number.
    """
    n = h.n_nodes
    depth = h.depth[nodes].astype(np.int64)
    start = np.searchsorted(keys, above.astype(np.int64) * n + h.first[nodes], side="right") - 1
    whole = above < 0
    low = np.where(whole, 0, h.first[start])
    high = np.where(whole, n, h.last[start])
    lo = np.searchsorted(keys, depth * n + low)
    hi = np.searchsorted(keys, depth * n + high)
    return lo.astype(np.int32), hi.astype(np.int32)
