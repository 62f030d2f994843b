"""Precision and recall over all pairs of nodes ranked together by distance."""

import numpy as np

from hardball.hierarchy.closure import Csr, from_pairs, pairs
from hardball.metrics import kernels
from hardball.metrics.declare import CUTS, INF, cuts, measures
from hardball.metrics.polar import Polar

BLOCKS = 128


@measures(
    *cuts("global_precision", 0, 1, "share of positives among the {k} nearest of all pairs",
          "expected hits among the {k} nearest pairs / {k}"),
    *cuts("global_recall", 0, 1, "share of all positives among the {k} nearest of all pairs",
          "the same hits / positive pairs"),
    *cuts("vs_random", 0, INF, "global precision at {k} over the share of positives in all pairs",
          "global_precision_at_{k} / (positive pairs / all pairs)"),
    exact=True,
)  # fmt: skip
def global_figures(polar: Polar, test: np.ndarray, exclude: Csr) -> dict[str, float]:
    """Precision, recall and gain over chance of the K nearest of all pairs {u, w}.

    A pair is positive if either node is a test ancestor of the other; pairs that `exclude` knows
    and the test does not hold are left out. precision = expected hits among the K nearest / K
    under random order of ties at the cut; recall = those hits / positives; vs_random = precision /
    (positives / pairs). test: (T, 2). Exact over all N (N - 1) / 2 pairs.
    """
    n = polar.n_nodes
    asked = _unordered(test, n)
    hidden = np.setdiff1d(_unordered(pairs(exclude), n), asked, assume_unique=True)
    positive = np.stack(np.divmod(asked, n), axis=1)
    masked = from_pairs(np.stack(np.divmod(hidden, n), axis=1).astype(np.int32), n)
    total = n * (n - 1) // 2 - len(hidden)
    if not len(positive):
        return {}
    top = max(CUTS)
    heaps, offered = kernels.nearest_pairs(*polar.table, *masked, top, BLOCKS)
    nearest = np.sort(heaps, axis=None)[:top]
    cuts = np.array([min(cut, total) for cut in CUTS])
    limits = nearest[cuts - 1]
    nodes = np.flatnonzero(offered <= limits[-1])
    less, equal = (
        counts.sum(axis=0) for counts in kernels.count_pairs(*polar.table, nodes, *masked, limits)
    )
    keys = kernels.keys_of(*polar.table, positive[:, 0], positive[:, 1])
    out = {}
    for k, cut in enumerate(CUTS):
        tied = np.count_nonzero(keys == limits[k])
        hits = np.count_nonzero(keys < limits[k]) + (cuts[k] - less[k]) * tied / equal[k]
        out[f"global_precision_at_{cut}"] = float(hits / cut)
        out[f"global_recall_at_{cut}"] = float(hits / len(positive))
        out[f"vs_random_at_{cut}"] = float(hits / cut * total / len(positive))
    return out


def _unordered(pairs: np.ndarray, n: int) -> np.ndarray:
    """Distinct pairs as larger id * n + smaller id, ascending: int64 (P,)."""
    pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
    return np.unique(pairs.max(axis=1) * n + pairs.min(axis=1))
