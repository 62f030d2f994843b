"""Does the radius follow the depth, and how are radii spread."""

import numpy as np
from scipy import stats

from hardball.metrics.declare import INF, Metric, measures
from hardball.metrics.polar import Polar


@measures(
    Metric("depth_spearman", "max", -1, 1, "rank correlation of radius with depth",
           "Spearman's rho of radius and depth"),
    Metric("depth_pearson", "max", -1, 1, "linear correlation of radius with depth",
           "Pearson's r of radius and depth"),
    Metric("depth_spearman_start", "none", -1, 1, "rank correlation before training",
           "depth_spearman of the points before training"),
    Metric("depth_spearman_gain", "max", -2, 2, "rank correlation, end minus start",
           "depth_spearman - depth_spearman_start"),
)  # fmt: skip
def correlations(polar: Polar, depth: np.ndarray, start: Polar | None = None) -> dict[str, float]:
    """Spearman and Pearson correlation of radius (1/sqrt(c)) with depth, at the end and the start.

    gain = end - start. Left out where one side is constant.
    Source: Nickel & Kiela 2018, section 4 (norm-rank correlation).
    """
    out: dict[str, float] = {}
    spearman = _correlation(stats.spearmanr, polar.radius, depth)
    pearson = _correlation(stats.pearsonr, polar.radius, depth)
    if spearman is not None and pearson is not None:
        out |= {"depth_spearman": spearman, "depth_pearson": pearson}
    if start is not None:
        before = _correlation(stats.spearmanr, start.radius, depth)
        if before is not None:
            out["depth_spearman_start"] = before
            if spearman is not None:
                out["depth_spearman_gain"] = spearman - before
    return out


def _correlation(function, radius: np.ndarray, depth: np.ndarray) -> float | None:
    if len(radius) < 2 or np.ptp(radius) == 0 or np.ptp(depth) == 0:
        return None
    return float(np.clip(function(radius, depth).statistic, -1, 1))


# Radii nearer than this share of the largest are one: the rounding of float32.
_ONE = 1e-6


@measures(
    Metric("depth_ties", "none", 0, 1, "share of pairs of unequal depth that have one radius",
           "pairs of one r (to 1e-6 of the largest) and unequal depth / pairs of unequal depth"),
)  # fmt: skip
def ties(polar: Polar, depth: np.ndarray) -> dict[str, float]:
    """How much a rank correlation of radius and depth leaves undecided, 0 to 1.

    Points that were brought back to the largest radius have no order among themselves. Left out
    where all depths are equal. Source: hardball.
    """
    largest = float(polar.radius.max(initial=0))
    bucket = np.round(polar.radius / (_ONE * largest)) if largest > 0 else np.zeros(len(depth))
    apart = _pairs(len(depth)) - _pairs_within(depth)
    if not apart:
        return {}
    alike = _pairs_within(bucket) - _pairs_within(np.stack([bucket, depth]))
    return {"depth_ties": alike / apart}


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _pairs_within(labels: np.ndarray) -> int:
    """Pairs of equal labels, (N,) or columns (L, N)."""
    counts = np.unique(labels, axis=-1, return_counts=True)[1].astype(np.int64)
    return int(np.sum(counts * (counts - 1) // 2))


@measures(
    Metric("radius_mean", "none", 0, INF, "mean radius in units of 1/sqrt(c)", "mean of r"),
    Metric("radius_max", "none", 0, INF, "largest radius", "max of r"),
    Metric("radius_q10", "none", 0, INF, "10 % quantile of the radius", "10 % quantile of r"),
    Metric("radius_q50", "none", 0, INF, "median radius", "50 % quantile of r"),
    Metric("radius_q90", "none", 0, INF, "90 % quantile of the radius", "90 % quantile of r"),
)  # fmt: skip
def radii(polar: Polar) -> dict[str, float]:
    """Mean, largest and quantiles of the radius, in units of 1/sqrt(c) (|x| in R^d)."""
    radius = polar.radius
    q10, q50, q90 = np.quantile(radius, [0.1, 0.5, 0.9])
    return {
        "radius_mean": float(radius.mean()),
        "radius_max": float(radius.max()),
        "radius_q10": float(q10),
        "radius_q50": float(q50),
        "radius_q90": float(q90),
    }
