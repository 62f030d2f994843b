"""Every metric that a row can hold: which way is better, its range, and what it says."""

import functools
import importlib
import pkgutil
from collections.abc import Iterable

from hardball.core import plugins
from hardball.core.errors import HardballError
from hardball.metrics import declare
from hardball.metrics.declare import CUTS, Measure, Metric

_OF_CUTS = ("precision", "recall", "hits", "global_precision", "global_recall", "vs_random")
ORDER = (
    "mean_rank", "median_rank", "map", "ties",
    *(f"{name}_at_{k}" for name in _OF_CUTS for k in CUTS),
    "auc", "auc_depth_matched", "auc_siblings", "auc_near",
    "link_f1", "link_f1_validation", "link_f1_local", "link_f1_head",
    "link_accuracy", "link_threshold", "link_alpha",
    "depth_spearman", "depth_pearson", "depth_spearman_start", "depth_spearman_gain",
    "depth_spearman_at_10", "depth_spearman_at_50", "depth_ties",
    "separation_<group>", "purity10_<group>", "modularity_<group>",
    "label_accuracy", "label_macro_f1", "label_majority", "joint_accuracy",
    "graph_accuracy", "graph_macro_f1", "graph_majority",
    "link_head_accuracy", "link_head_auc",
    "distortion_mean", "distortion_worst", "edge_map", "neighbor_recall", "neighbor_closure",
    "distance_q10", "distance_q50", "distance_q90",
    "radius_mean", "radius_max", "radius_q10", "radius_q50", "radius_q90", "share_at_limit",
    "curvature",
    *(f"{name}_auc_{group}{when}" for name in ("break", "kind", "node")
      for group in ("unseen", "unbroken") for when in ("", "_start")),
    "discriminator_accuracy", "discriminator_accuracy_start",
    "validation_map", "validation_mean_rank", "validation_global_precision_at_1000",
    "training_map", "training_mean_rank",
    "label_accuracy_features", "label_accuracy_start",
    "negative_distance", "negative_depth_gap", "negative_violations", "negative_violations_uniform",
    "negative_similarity", "negative_similarity_uniform", "negative_effective", "negative_entropy",
    "stalled_at_10", "stalled_at_50", "stalled_at_100",
    "projected_at_10", "projected_at_50", "projected_at_100",
    "map_before", "mean_rank_before",
    "old_map", "old_mean_rank", "new_map", "new_mean_rank", "forgetting", "seconds_a_node",
    *(f"query_{name}_{k}" for name in ("map", "mean_rank") for k in (1, 5, 20)),
    "query_nodes", "inner_rate", "meta_seconds",
    "sources", "separation_sources",
)  # fmt: skip
"""The order of columns; a metric that does not stand here comes after those that do."""

GROUP = "<group>"


def _read() -> None:
    """Reads every declaration of a metric, those of plug-ins after the package's own."""
    _read_package()
    plugins.read()


@functools.cache
def _read_package() -> None:
    package = importlib.import_module("hardball.metrics")
    for found in pkgutil.iter_modules(package.__path__, "hardball.metrics."):
        importlib.import_module(found.name)


def metrics() -> list[Metric]:
    """Every metric in the order of columns."""
    _read()
    place = {name: position for position, name in enumerate(ORDER)}
    return sorted(declare.METRICS.values(), key=lambda one: place.get(one.name, len(place)))


def measures() -> list[Measure]:
    """The functions that `evaluate` calls."""
    _read()
    return list(declare.MEASURES.values())


def metric(name: str) -> Metric:
    """The entry of a column, `<group>` ones by their prefix; raises HardballError on others."""
    _read()
    known = declare.METRICS
    if name in known:
        return known[name]
    for stem in (one.removesuffix(GROUP) for one in known if one.endswith(GROUP)):
        if name.startswith(stem) and len(name) > len(stem):
            return known[stem + GROUP]
    allowed = ", ".join(one.name for one in metrics())
    raise HardballError(f"unknown metric {name!r}: allowed are {allowed}")


def ordered(names: Iterable[str]) -> list[str]:
    """Columns of metrics in their order, those of a grouping by name."""
    place = {one.name: position for position, one in enumerate(metrics())}
    return sorted(names, key=lambda name: (place[metric(name).name], name))


def columns(groups: list[str]) -> list[str]:
    """All columns in order, `<group>` ones once for each of `groups`."""
    out: list[str] = []
    for entry in metrics():
        stem = entry.name.removesuffix(GROUP)
        out += [stem + group for group in groups] if GROUP in entry.name else [entry.name]
    return out
