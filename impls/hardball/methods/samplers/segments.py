"""Nodes that are a few ranges of ids: draws from them, and which nodes lie in them.

A node's ranges are one row, so that a place in a row is found by a search without branches.
"""

from typing import Any

import numpy as np
from numba import njit

from hardball.arrays.namespace import Array, Namespace
from hardball.hierarchy import balls
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import declare
from hardball.methods.parameter import whole
from hardball.methods.samplers.common import RELATIVE_TO, Index
from hardball.methods.sources import HARDBALL


def multi_hop_index(
    h: Hierarchy, known: Csr, *, negatives: int, low: int, high: int, relative_to: str
) -> Index:
    """Segments of the nodes at graph distance low..high, over all parent-child edges.

    See `segments_index`. Where there are none, all nodes that are further, or out of reach, are
    drawn: widened. Raises HardballError unless low <= high.
    Source: hardball, level order and rings.
    """
    shell, widened = balls.shell(h, low, high)
    return {**segments_index(shell), "widened": widened}


def segments_index(ranges: balls.Ranges) -> Index:
    """indptr int32 (N+1,), start and before int32 (R,), size int32 (N,), strides int32 (S,).

    before: ids in the earlier ranges of the row; size: ids in the whole row; strides: see
    `strides`. `stop` of the ranges is written over. Source: hardball, level order and rings.
    """
    size = np.empty(len(ranges.indptr) - 1, np.int32)
    _count(ranges.indptr, ranges.start, ranges.stop, size)
    return {
        "indptr": ranges.indptr,
        "start": ranges.start,
        "before": ranges.stop,
        "size": size,
        "strides": strides(ranges.indptr),
    }


def within(h: Hierarchy, hops: int) -> Index:
    """The nodes at graph distance 0..hops of each node, itself included, for `is_within`.

    indptr int32 (N+1,), start and stop int32 (R,), both ascending in a row, strides int32 (S,).
    Raises HardballError unless hops >= 0. Source: hardball, level order and rings.
    """
    ball = balls.ball(h, hops)
    return {**ball._asdict(), "strides": strides(ball.indptr)}


def strides(indptr: np.ndarray) -> np.ndarray:
    """2^(S-1), ..., 2, 1 with 2^S above the last place of the longest row: steps of a search."""
    longest = int(np.diff(indptr).max(initial=0))
    return 2 ** np.arange(max(longest - 1, 0).bit_length(), dtype=np.int32)[::-1]


@njit(cache=True)
def _count(indptr: Any, start: Any, stop: Any, size: Any) -> None:
    """Replaces each range's stop by the number of ids in the ranges before it, in its row."""
    for node in range(size.size):
        before = 0
        for place in range(indptr[node], indptr[node + 1]):
            count = stop[place] - start[place]
            stop[place] = before
            before += count
        size[node] = before


def segments(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array
) -> tuple[Array, Array]:
    """Nodes of each anchor's ranges, uniformly: ids (B,K), valid (B,K).

    id = start + (r - before) of the range in which the r-th id of the row lies, r uniform on
    0..size-1. Where there is none valid=False and the id is the anchor. anchors (B,), words (B,K).
    Source: hardball, level order and rings.
    """
    size = index["size"][anchors][:, None]
    valid = xp.broadcast_to(size > 0, words.shape)
    if not index["start"].shape[0]:
        return xp.broadcast_to(anchors[:, None], words.shape), valid
    wanted = xp.mulhi(words, size)
    place = _last_reached(xp, index, index["before"], anchors, wanted)
    ids = xp.lookup(index["start"], place) + (wanted - xp.lookup(index["before"], place))
    return xp.where(valid, ids, anchors[:, None]), valid


def is_within(xp: Namespace, index: dict[str, Array], nodes: Array, candidates: Array) -> Array:
    """candidates[b,k] in the ranges of nodes[b]: bool (B,K), by binary search without branches.

    index: see `within`; nodes (B,), candidates (B,K).
    Source: Knuth, TAOCP 3, section 6.2.1, algorithm U.
    """
    place = _last_reached(xp, index, index["start"], nodes, candidates)
    reached = xp.lookup(index["start"], place) <= candidates
    return reached & (candidates < xp.lookup(index["stop"], place))


def _last_reached(
    xp: Namespace, index: dict[str, Array], keys: Array, nodes: Array, values: Array
) -> Array:
    """Place of the last key <= value in the node's row, (B,K); the row's first where none is."""
    last = xp.maximum(index["indptr"][nodes + 1][:, None] - 1, 0)
    place = xp.broadcast_to(xp.minimum(index["indptr"][nodes][:, None], last), values.shape)
    # Converted here once, not by every comparison.
    values = xp.astype(values, keys)
    for step in range(index["strides"].shape[0]):
        further = xp.minimum(place + index["strides"][step], last)
        place = xp.where(xp.lookup(keys, further) <= values, further, place)
    return place


declare(
    "sampler",
    segments,
    name="multi_hop",
    summary="nodes at graph distance low..high over all parent-child edges",
    source=HARDBALL,
    parameters={
        "low": whole(2, "the fewest edges away", at_least=1),
        "high": whole(3, "the most edges away", at_least=1),
        "relative_to": RELATIVE_TO,
    },
    build=multi_hop_index,
    form="pairs",
    cost="O(ranges); O(log ranges), 6 ranges a node in a tree",
    formula="uniform over low <= hops(u, n) <= high",
)
