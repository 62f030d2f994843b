"""How well labelled groups stand apart."""

import numpy as np

from hardball.core import random_bits
from hardball.metrics import kernels
from hardball.metrics.declare import INF, Metric, measures
from hardball.metrics.polar import Polar, part

EXACT_LIMIT = 20_000
SAMPLED = 2_000
NEIGHBOURS = 10


@measures(
    Metric("separation_<group>", "max", 0, INF, "mean distance between labels over that within",
           "mean d(u, v) of other labels / mean d(u, v) of the same label"),
    Metric("purity10_<group>", "max", 0, 1, "share of the 10 nearest with the same label",
           "mean over labelled nodes of same labels among the 10 nearest / 10"),
    Metric("separation_sources", "none", 1, INF, "source nodes of separation, where sampled"),
)  # fmt: skip
def group_figures(polar: Polar, groups: dict[str, np.ndarray], seed: int = 0) -> dict[str, float]:
    """Separation and purity of every group's labels, over the nodes that carry one.

    separation = mean distance between labels / mean distance within a label, over pairs of labelled
    nodes; purity10 = share of the 10 nearest labelled nodes that carry the node's own label, tied
    ones at their expected share. Up to EXACT_LIMIT labelled nodes all are sources, else SAMPLED
    seeded ones against all labelled candidates, and `separation_sources` says so.
    Left out where a label lacks a pair within or between, or where all within coincide.
    Source: hardball.
    """
    out: dict[str, float] = {}
    for name, codes in groups.items():
        labelled = np.flatnonzero(codes >= 0)
        if len(labelled) < 2:
            continue
        sources = np.arange(len(labelled))
        if len(labelled) > EXACT_LIMIT:
            sources = random_bits.subset(seed, f"metrics/separation/{name}", len(labelled), SAMPLED)
            out["separation_sources"] = float(SAMPLED)
        x, p, m, s = part(polar, labelled).table
        k = min(NEIGHBOURS, len(labelled) - 1)
        sums, counts, purity = kernels.separate(
            x, p, m, s, polar.hyperbolic, sources, codes[labelled], k
        )
        out[f"purity10_{name}"] = float(purity.mean())
        (within, between), (n_within, n_between) = sums.sum(axis=0), counts.sum(axis=0)
        if n_within and n_between and within > 0:
            out[f"separation_{name}"] = float((between / n_between) / (within / n_within))
    return out
