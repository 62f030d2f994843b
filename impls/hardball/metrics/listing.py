"""Every metric that a row can hold: which way is better, its range, and what it says."""

from dataclasses import dataclass
from typing import Literal

from hardball.core.errors import HardballError

Direction = Literal["max", "min", "none"]
INF = float("inf")


@dataclass(frozen=True)
class Metric:
    """One column of a row; `<group>` in a name stands for a grouping of the hierarchy."""

    name: str
    direction: Direction
    low: float
    high: float
    summary: str


def _at(name: str, low: float, high: float, summary: str) -> tuple[Metric, ...]:
    cuts = (1, 10, 100, 1000)
    return tuple(Metric(f"{name}_at_{k}", "max", low, high, summary.format(k=k)) for k in cuts)


METRICS: tuple[Metric, ...] = (
    Metric("mean_rank", "min", 1, INF, "mean rank of a positive among its node's non-positives"),
    Metric("median_rank", "min", 1, INF, "median of the same ranks"),
    Metric("map", "max", 0, 1, "mean over nodes of average precision"),
    Metric("ties", "none", 0, INF, "ranked pairs that tie with a non-positive"),
    *_at("precision", 0, 1, "share of positives among a node's {k} nearest candidates"),
    *_at("recall", 0, 1, "share of a node's positives among its {k} nearest candidates"),
    *_at("hits", 0, 1, "share of nodes with a positive among the {k} nearest candidates"),
    *_at("global_precision", 0, 1, "share of positives among the {k} nearest of all pairs"),
    *_at("global_recall", 0, 1, "share of all positives among the {k} nearest of all pairs"),
    *_at("vs_random", 0, INF, "global precision at {k} over the share of positives in all pairs"),
    Metric("auc", "max", 0, 1, "chance that a positive is nearer than a non-positive"),
    Metric("auc_depth_matched", "max", 0, 1, "the same against non-positives at its depth"),
    Metric("auc_siblings", "max", 0, 1, "the same against the positive's non-positive siblings"),
    Metric("auc_near", "max", 0, 1, "the same against the node's 50 nearest non-positives"),
    Metric("link_f1", "max", 0, 1, "F1 of held-out links against ten corrupted pairs each"),
    Metric("link_accuracy", "max", 0, 1, "share of these pairs that are told rightly"),
    Metric("link_threshold", "none", -INF, INF, "least score of a link, chosen on validation"),
    Metric("link_alpha", "none", 0, INF, "weight of the norms in that score, chosen with it"),
    Metric("depth_spearman", "max", -1, 1, "rank correlation of radius with depth"),
    Metric("depth_pearson", "max", -1, 1, "linear correlation of radius with depth"),
    Metric("depth_spearman_start", "none", -1, 1, "rank correlation before training"),
    Metric("depth_spearman_gain", "max", -2, 2, "rank correlation, end minus start"),
    Metric("separation_<group>", "max", 0, INF, "mean distance between labels over that within"),
    Metric("purity10_<group>", "max", 0, 1, "share of the 10 nearest with the same label"),
    Metric("label_accuracy", "max", 0, 1, "share of test nodes whose label a linear head tells"),
    Metric("label_macro_f1", "max", 0, 1, "mean over labels of that head's F1"),
    Metric("label_majority", "none", 0, 1, "accuracy of always telling the commonest label"),
    Metric("joint_accuracy", "max", 0, 1, "label accuracy of a head trained with the points"),
    Metric("graph_accuracy", "max", 0, 1, "share of test graphs whose label a linear head tells"),
    Metric("graph_macro_f1", "max", 0, 1, "mean over labels of that head's F1"),
    Metric("graph_majority", "none", 0, 1, "accuracy of always telling the commonest label"),
    Metric("link_head_accuracy", "max", 0, 1, "share of test pairs and non-pairs a head tells"),
    Metric("link_head_auc", "max", 0, 1, "chance that a test pair scores above a non-pair"),
    Metric("distortion_mean", "min", 0, INF, "mean |distance / (s x hops) - 1|, s fitted"),
    Metric("distortion_worst", "min", 1, INF, "largest distance / hops over the smallest"),
    Metric("neighbor_recall", "max", 0, 1, "direct neighbours among as many nearest nodes"),
    Metric("radius_mean", "none", 0, INF, "mean radius in units of 1/sqrt(c)"),
    Metric("radius_max", "none", 0, INF, "largest radius"),
    Metric("radius_q10", "none", 0, INF, "10 % quantile of the radius"),
    Metric("radius_q50", "none", 0, INF, "median radius"),
    Metric("radius_q90", "none", 0, INF, "90 % quantile of the radius"),
    Metric("curvature", "none", 0, INF, "c that a run has learned, of the curvature -c"),
    Metric("negative_distance", "none", 0, INF, "mean distance of a negative over a random node's"),
    Metric("negative_depth_gap", "none", 0, INF, "mean |depth - anchor's| over a random node's"),
    Metric("negative_violations", "none", 0, 1, "share of negatives nearer than the positive"),
    Metric("negative_violations_uniform", "none", 0, 1, "the same share of random nodes"),
    Metric("negative_similarity", "none", -1, 1, "mean cosine of features, negatives and anchors"),
    Metric("negative_similarity_uniform", "none", -1, 1, "the same of random nodes"),
    Metric("negative_effective", "none", 1, INF, "1 / chance that an anchor's draws are the same"),
    Metric("negative_entropy", "none", 0, 1, "its logarithm over that of the number of nodes"),
    Metric("sources", "none", 0, INF, "nodes ranked, where only a sample was"),
    Metric("separation_sources", "none", 1, INF, "source nodes of separation, where sampled"),
)

_BY_NAME = {metric.name: metric for metric in METRICS}
_GROUPED = tuple(metric.name.removesuffix("<group>") for metric in METRICS if "<" in metric.name)


def metric(name: str) -> Metric:
    """The entry of a column, `<group>` ones by their prefix; raises HardballError on others."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    for prefix in _GROUPED:
        if name.startswith(prefix) and len(name) > len(prefix):
            return _BY_NAME[f"{prefix}<group>"]
    raise HardballError(f"unknown metric {name!r}: allowed are {', '.join(_BY_NAME)}")


def columns(groups: list[str]) -> list[str]:
    """All columns in order, `<group>` ones once for each of `groups`."""
    out: list[str] = []
    for entry in METRICS:
        stem = entry.name.removesuffix("<group>")
        out += [stem + group for group in groups] if "<" in entry.name else [entry.name]
    return out
