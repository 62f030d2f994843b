"""Several embeddings of the same nodes, asked as one: by mean distance, or by fused ranks."""

from collections.abc import Sequence
from functools import partial
from typing import Literal, NamedTuple, get_args

import numpy as np
from scipy import stats

from hardball.core.errors import unknown
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split
from hardball.metrics import kernels, ranking
from hardball.metrics.classify import graded_link_figures, is_a, scored_link_figures
from hardball.metrics.evaluate import measured, ranked
from hardball.metrics.polar import Polar, distances
from hardball.metrics.scores import Scorer, by_scores, of_pairs

Rule = Literal["mean_distance", "rank_fusion"]
RULES: tuple[Rule, ...] = get_args(Rule)
# The constant of reciprocal rank fusion, which keeps the first ranks from deciding alone.
FUSION = 60


class Member(NamedTuple):
    """One embedding of an ensemble, and its weight: how often it occurs there."""

    polar: Polar
    weight: int


def figures(
    embeddings: Sequence[Polar],
    by: Rule,
    hierarchy: Hierarchy,
    split: Split,
    closure: Csr,
    *,
    sources: int | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """What `evaluate` says of an ensemble: every metric of ranks, and of held-out links.

    Pairs, candidates, ties and thresholds are those of `evaluate`. Metrics of positions are left
    out, since an ensemble has none. One embedding, however often it is given, has its own figures.
    embeddings: one or more, rows in the order of the nodes; by: see `scorer`; the rest: `evaluate`.
    Raises HardballError on an unknown rule.
    """
    members = distinct(embeddings)
    score = scorer(members, by)
    alone = members[0].polar if len(members) == 1 else None
    count = by_scores(score) if alone is None else ranking.by_points(alone)
    out = measured(ranked(count, hierarchy, split, closure, sources, seed), sources)
    if by == "mean_distance" or alone is not None:
        return out | graded_link_figures(partial(_is_a, members), split, seed)
    return out | scored_link_figures(partial(of_pairs, score), split, seed)


def distinct(embeddings: Sequence[Polar]) -> list[Member]:
    """Each embedding once, in the order given, weighed by its share of them in lowest terms."""
    found: dict[tuple[object, ...], Member] = {}
    for polar in embeddings:
        key = (polar.c, polar.hyperbolic, *(array.tobytes() for array in polar.table))
        found[key] = Member(polar, found[key].weight + 1 if key in found else 1)
    common = np.gcd.reduce([member.weight for member in found.values()])
    return [Member(polar, weight // int(common)) for polar, weight in found.values()]


def scorer(members: Sequence[Member], by: Rule) -> Scorer:
    """Scores of nodes for all, (S,) -> (S, N), by a rule; low is near.

    mean_distance: the mean of the members' distances, each in its own units. rank_fusion: see
    `_fused`. Raises HardballError on an unknown rule.
    """
    if by not in RULES:
        raise unknown("rule", by, RULES)
    return partial(_mean if by == "mean_distance" else _fused, members)


def _mean(members: Sequence[Member], nodes: np.ndarray) -> np.ndarray:
    return _average([distances(polar, nodes) for polar, _ in members], members)


def _fused(members: Sequence[Member], nodes: np.ndarray) -> np.ndarray:
    """-sum over members of weight / (60 + rank), ranks among all other nodes, ties at their mean.

    Shares are added in ascending order, so that members may change places.
    Source: Cormack, Clarke & Büttcher 2009, Reciprocal Rank Fusion outperforms Condorcet, Eq. 1.
    """
    shares = []
    for polar, weight in members:
        keys = kernels.key_rows(*polar.table, nodes)
        keys[np.arange(len(nodes)), nodes] = np.inf
        shares.append(weight / (FUSION + stats.rankdata(keys, axis=1)))
    return -np.sort(shares, axis=0).sum(axis=0)


def _is_a(members: Sequence[Member], links: np.ndarray, alpha: float) -> np.ndarray:
    """The mean of the members' scores of links, `classify.is_a`: float64 (L,)."""
    return _average([is_a(polar, links, alpha) for polar, _ in members], members)


def _average(values: Sequence[np.ndarray], members: Sequence[Member]) -> np.ndarray:
    """The weighted mean of arrays, one a member; that of a single one is the array itself."""
    weights = [member.weight for member in members]
    mean = weights[0] / sum(weights) * values[0]
    for value, weight in zip(values[1:], weights[1:], strict=True):
        mean += weight / sum(weights) * value
    return mean
