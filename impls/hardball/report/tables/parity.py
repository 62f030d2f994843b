"""JAX against PyTorch: the same configuration and seed, so the same words, side by side."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from hardball.metrics.declare import Metric
from hardball.report import rows
from hardball.report.tables.render import Cell, Column, Line, Table
from hardball.report.tables.result_tables import HEADLINE, method_label, metric_header

LEFT, RIGHT = "jax", "torch"


def pairs(runs: pd.DataFrame) -> pd.DataFrame:
    """One line a configuration and seed that both frameworks ran: columns with _jax and _torch."""
    sides = [runs[runs["framework"] == framework] for framework in (LEFT, RIGHT)]
    return sides[0].merge(
        sides[1], on=["config_id", "seed"], suffixes=(f"_{LEFT}", f"_{RIGHT}"), how="inner"
    )


def parity_table(
    runs: pd.DataFrame, metrics: Sequence[Metric], task: str, points: Path | None = None
) -> Table | None:
    """Largest |JAX - PyTorch| of each metric over the seeds; None where no run has its twin.

    runs: those of one task, whose name is `task`.

    points: folder of <run_id>.npz; where both twins' points lie there, the largest difference of a
    coordinate is a column too.
    """
    both = pairs(runs)
    if both.empty:
        return None
    shortened = _shortened(runs)
    lines = []
    for config_id, part in both.groupby("config_id", sort=False):
        first = shortened[shortened["config_id"] == config_id].iloc[0]
        lost = int(((part[f"status_{LEFT}"] == "ok") != (part[f"status_{RIGHT}"] == "ok")).sum())
        cells: dict[str, Cell] = {
            "dataset": str(first["dataset"]),
            "task": rows.method_name(first["task"]),
            "method": method_label(first),
            "dtype": str(first.get("dtype", "")),
            "pairs": len(part),
            "one_diverged": lost,
            "config_id": str(config_id),
            "coordinates": _coordinates(part, points) if points is not None else None,
        }
        for metric in metrics:
            gap = (part[f"{metric.name}_{LEFT}"] - part[f"{metric.name}_{RIGHT}"]).abs().max()
            if not np.isnan(gap):
                cells[metric.name] = float(gap)
        lines.append(Line(cells))
    columns = [
        Column("dataset", "data set", text=True),
        Column("task", "task", text=True),
        Column("method", "method", text=True),
        Column("dtype", "dtype", text=True),
        Column("pairs", "seeds"),
        Column("one_diverged", "one side diverged"),
        Column("coordinates", "a coordinate"),
        *[
            Column(m.name, metric_header(m.name, task), only_csv=m.name not in HEADLINE)
            for m in metrics
        ],
        Column("config_id", "config_id", only_csv=True, text=True),
    ]
    notes = [
        "Each cell: the largest absolute difference between the JAX and the PyTorch run of one "
        "seed, over the seeds. Both start from the same points and see the same batches and "
        "negatives; what differs is the order in which float sums are taken.",
    ]
    title = f"JAX against PyTorch, run by run, {task.replace('_', ' ')}"
    return Table(f"parity-{rows.slug(task)}", title, columns, lines, notes)


def _shortened(runs: pd.DataFrame) -> pd.DataFrame:
    shortened = runs.copy()
    for column in ("sampler", "loss", "manifold"):
        if column in runs:
            shortened[column] = rows.short_column(runs[column])
    return shortened


def _coordinates(part: pd.DataFrame, folder: Path) -> float | None:
    """Largest difference of a coordinate over the pairs whose points both lie in the folder."""
    largest: list[float] = []
    for left, right in zip(part[f"run_id_{LEFT}"], part[f"run_id_{RIGHT}"], strict=True):
        files = [folder / f"{run}.npz" for run in (left, right)]
        if all(file.is_file() for file in files):
            a, b = (load_points(file) for file in files)
            largest.append(float(np.max(np.abs(a - b))))
    return max(largest, default=None)


def load_points(file: Path) -> np.ndarray:
    """The points of a run, float64 (N, D)."""
    with np.load(file, allow_pickle=False) as stored:
        return np.asarray(stored["points"], np.float64)
