"""What has no points but a score of each node for each other: how it ranks, and pairs by it."""

from collections.abc import Callable
from functools import partial

import numpy as np

from hardball.metrics import kernels, ranking

CELLS = 4_000_000
Scorer = Callable[[np.ndarray], np.ndarray]
"""Finite scores of some nodes (S,) for all: (S, N), or (1, N) where all are alike; low is near."""


def by_scores(scorer: Scorer) -> ranking.Counter:
    """A counter of nearer candidates by scores, see `ranking.rank`."""
    return partial(_count, scorer)


def of_pairs(scorer: Scorer, asked: np.ndarray) -> np.ndarray:
    """The score of each pair (node, other), (L, 2): float64 (L,)."""
    nodes, row = np.unique(asked[:, 0], return_inverse=True)
    out = np.empty(len(asked))
    order = np.argsort(row, kind="stable")
    ends = np.searchsorted(row[order], np.arange(len(nodes) + 1))
    n = len(scorer(nodes[:1])[0])
    step = max(1, CELLS // n)
    for begin in range(0, len(nodes), step):
        some = nodes[begin : begin + step]
        rows = np.broadcast_to(scorer(some), (len(some), n))
        mine = order[ends[begin] : ends[begin + len(some)]]
        out[mine] = rows[row[mine] - begin, asked[mine, 1]]
    return out


def _count(
    scorer: Scorer,
    sources: np.ndarray,
    indptr: np.ndarray,
    probes: np.ndarray,
    ranges: np.ndarray,
    *mask: np.ndarray,
) -> ranking.Counts:
    """`count_scores` over chunks of sources, so that no N x N array ever stands in memory."""
    step = max(1, CELLS // max(1, len(mask[0]) - 1))
    parts = []
    for begin in range(0, len(sources), step):
        some = sources[begin : begin + step]
        rows = scorer(some)
        row_of = np.arange(len(some)) % len(rows)
        bounds = indptr[begin : begin + len(some) + 1]
        mine = slice(bounds[0], bounds[-1])
        parts.append(
            kernels.count_scores(
                rows, row_of, some, bounds - bounds[0], probes[mine], ranges[mine], *mask
            )
        )
    keys, less, equal = (np.concatenate(column) for column in zip(*parts, strict=True))
    return keys, less, equal
