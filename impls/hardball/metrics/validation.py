"""Figures of other pairs than the tested ones, and of where a run went on from."""

from collections.abc import Mapping

import numpy as np

from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split
from hardball.metrics.classify import Energy, link_figures
from hardball.metrics.declare import INF, Metric, declares
from hardball.metrics.evaluate import validate
from hardball.metrics.links import global_figures
from hardball.metrics.polar import to_polar

TOGETHER = "global_precision_at_1000"


@declares(
    Metric("validation_map", "max", 0, 1, "MAP of the validation pairs, of a trial",
           "map with the validation pairs in the place of the test pairs"),
    Metric("validation_mean_rank", "min", 1, INF, "mean rank of the validation pairs, of a trial",
           "mean_rank with the validation pairs in the place of the test pairs"),
    Metric("validation_global_precision_at_1000", "max", 0, 1,
           "global precision at 1000 of the validation pairs, of a trial that is chosen by it",
           "global_precision_at_1000 with the validation pairs in the place of the test pairs"),
)  # fmt: skip
def validation_figures(
    points: np.ndarray,
    manifold: str,
    c: float,
    hierarchy: Hierarchy,
    split: Split,
    *,
    sources: int | None = None,
    seed: int = 0,
    energy: Energy | None = None,
    together: bool = False,
) -> dict[str, float]:
    """MAP and mean rank of the validation pairs; with held-out links `link_f1_validation` too.

    points (N, D) of a manifold of curvature -c. The split's test pairs must be its validation
    pairs, see `training.trial.blind`. sources, energy: see `evaluate`. together: all pairs of nodes
    are ranked together too, for `validation_global_precision_at_1000`. Raises HardballError as
    `validate` does.
    """
    asked = split.validation
    assert asked is not None
    assert split.test is asked
    found = validate(
        points, manifold, c, hierarchy, asked, split.exclude, sources=sources, seed=seed
    )
    out = _named("validation", found)
    if not (together or split.links):
        return out
    polar = to_polar(points, manifold, c)
    if together:
        of_all = global_figures(polar, asked, split.exclude)
        out[f"validation_{TOGETHER}"] = of_all[TOGETHER]
    if split.links:
        out["link_f1_validation"] = link_figures(polar, split, seed, energy)["link_f1_validation"]
    return out


@declares(
    Metric("training_map", "max", 0, 1, "MAP of the pairs trained on, of a trial",
           "map with the training pairs in the place of the test pairs"),
    Metric("training_mean_rank", "min", 1, INF, "mean rank of the pairs trained on, of a trial",
           "mean_rank with the training pairs in the place of the test pairs"),
)  # fmt: skip
def training_figures(
    points: np.ndarray,
    manifold: str,
    c: float,
    hierarchy: Hierarchy,
    split: Split,
    *,
    sources: int | None = None,
    seed: int = 0,
    energy: Energy | None = None,
) -> dict[str, float]:
    """MAP and mean rank of the training pairs, for tasks that hold nothing out.

    Arguments as in `validation_figures`; `energy` plays no part.
    """
    found = validate(
        points, manifold, c, hierarchy, split.train, split.exclude, sources=sources, seed=seed
    )
    return _named("training", found)


@declares(
    Metric("map_before", "max", 0, 1, "MAP of the points that a run goes on from",
           "map of the points at the end of the training that `before` says"),
    Metric("mean_rank_before", "min", 1, INF, "mean rank of the points that a run goes on from",
           "mean_rank of the points at the end of the training that `before` says"),
)  # fmt: skip
def figures_before(
    points: np.ndarray,
    manifold: str,
    c: float,
    hierarchy: Hierarchy,
    test: np.ndarray,
    exclude: Csr,
    *,
    sources: int | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """MAP and mean rank of the test pairs (T, 2) where a run began; arguments as in `validate`."""
    found = validate(points, manifold, c, hierarchy, test, exclude, sources=sources, seed=seed)
    return {f"{name}_before": found[name] for name in ("map", "mean_rank")}


def _named(which: str, figures: Mapping[str, float]) -> dict[str, float]:
    return {f"{which}_{name}": figures[name] for name in ("map", "mean_rank")}
