"""Host arrays of samplers whose nodes are a few ranges of ids, held as one row of ranges a node."""

from typing import Any

import numpy as np
from numba import njit

from hardball.hierarchy import balls
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy

Index = dict[str, np.ndarray]


def multi_hop_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    low: int = 2,
    high: int = 3,
    relative_to: str = "anchor",
) -> Index:
    """Segments of the nodes at graph distance low..high, over all parent-child edges.

    See `segments_index`. Where there are none, all nodes that are further, or out of reach, are
    drawn: widened. Raises HardballError unless 1 <= low <= high.
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
