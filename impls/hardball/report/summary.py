"""Runs of one configuration in one framework, seeds taken together: an estimate a metric."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from hardball.metrics.declare import Metric
from hardball.report import rows, statistics
from hardball.report.statistics import Estimate

FINISHED = "ok"


@dataclass(frozen=True)
class Summary:
    """One configuration x framework.

    settings: columns that all its runs share. estimates: metric -> interquartile mean with its
    interval. costs: column -> median over the runs that have it. seeds: runs, of which `diverged`.
    """

    config_id: str
    framework: str
    settings: dict[str, str]
    estimates: dict[str, Estimate]
    costs: dict[str, float]
    seeds: int
    diverged: int
    runs: pd.DataFrame = field(repr=False)


def summarise(
    runs: pd.DataFrame, metrics: Sequence[Metric], costs: Sequence[str] = rows.COSTS
) -> list[Summary]:
    """One Summary per configuration and framework, in the order of the rows."""
    grouped = runs.groupby(["config_id", "framework"], sort=False)
    return [_summary(str(c), str(f), part, metrics, costs) for (c, f), part in grouped]


def _summary(
    config_id: str,
    framework: str,
    runs: pd.DataFrame,
    metrics: Sequence[Metric],
    costs: Sequence[str],
) -> Summary:
    kept = [c for c in ("dataset", "task", *rows.SETTINGS, "factor", "label") if c in runs]
    finished = runs[runs["status"] == FINISHED]
    lost = len(runs) - len(finished)
    estimates = {}
    for metric in metrics:
        values = _known(finished, metric.name)
        if len(values) or lost:
            estimates[metric.name] = statistics.estimate(
                values, diverged=lost, direction=metric.direction
            )
    return Summary(
        config_id,
        framework,
        {column: str(runs[column].iloc[0]) for column in kept},
        estimates,
        {c: float(runs[c].median()) for c in costs if c in runs and runs[c].notna().any()},
        len(runs),
        lost,
        runs,
    )


def differing(a: Summary, b: Summary) -> list[str]:
    """The settings in which two configurations differ."""
    kept = [key for key in rows.SETTINGS if key in a.settings]
    return [key for key in kept if a.settings[key] != b.settings.get(key)]


def finished_values(runs: pd.DataFrame, metric: str) -> np.ndarray:
    """The metric over the runs that finished and have it."""
    return _known(runs[runs["status"] == FINISHED], metric)


def _known(runs: pd.DataFrame, column: str) -> np.ndarray:
    """The values of a column, without those that are missing."""
    if column not in runs:
        return np.empty(0)
    values = runs[column].to_numpy(np.float64)
    return values[~np.isnan(values)]


def by_seed(runs: pd.DataFrame, metric: Metric) -> dict[int, float]:
    """{seed: value}; a diverged run is the worst value of the metric's direction."""
    lost = statistics.worst(metric.direction)
    found = {}
    for seed, status, value in zip(runs["seed"], runs["status"], runs[metric.name], strict=True):
        if status != FINISHED:
            found[int(seed)] = lost
        elif not np.isnan(value):
            found[int(seed)] = float(value)
    return found
