"""How far distances are from hop distances, up to one scale."""

import numpy as np

from hardball.core import random_bits
from hardball.hierarchy.closure import Csr
from hardball.metrics import kernels
from hardball.metrics.declare import INF, Metric, measures
from hardball.metrics.polar import Polar

SOURCES = 1_000


@measures(
    Metric("distortion_mean", "min", 0, INF, "mean |distance / (s x hops) - 1|, s fitted",
           "mean of |d / (s t) - 1|, t hops, s the scale of least squares"),
    Metric("distortion_worst", "min", 1, INF, "largest distance / hops over the smallest",
           "max(d / t) / min(d / t)"),
)  # fmt: skip
def distortion(polar: Polar, neighbours: Csr, seed: int = 0) -> dict[str, float]:
    """Mean and worst distortion of hop distances t in the undirected graph.

    mean = mean |d / (s t) - 1| with the s that minimises the sum of squares of these terms,
    s = sum r^2 / sum r for r = d / t; worst = max r / min r, left out where two nodes coincide.
    All nodes, or SOURCES seeded ones, against every node they reach.
    Source: Sala et al. 2018, Representation Tradeoffs for Hyperbolic Embeddings, section 2.
    """
    sources = random_bits.subset(seed, "metrics/distortion", polar.n_nodes, SOURCES)

    def rows(scale: float) -> np.ndarray:
        return kernels.stretch(*polar.table, polar.hyperbolic, *neighbours, sources, scale)

    first = rows(1.0)
    total, linear, square = first[:, :3].sum(axis=0)
    if not linear > 0:
        return {}
    out = {"distortion_mean": float(rows(square / linear)[:, 3].sum() / total)}
    smallest, largest = first[:, 4].min(), first[:, 5].max()
    if smallest > 0:
        out["distortion_worst"] = float(largest / smallest)
    return out
