"""Lines of a result table that are no runs of ours: made elsewhere, floors, published figures."""

import json
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from hardball.metrics.declare import Metric
from hardball.report import rows, statistics
from hardball.report.tables.render import Cell, Line

# What one line of a method is about; its seeds are taken together.
_ONE = ("label", "space", "dim", "task", "settings", "framework")


def external_lines(
    external: pd.DataFrame, dataset: str, task: str, metrics: Sequence[Metric]
) -> list[Line]:
    """What was made elsewhere, of a data set and task: a line a label and settings.

    Several seeds are an interquartile mean with its interval, as runs of ours are.
    """
    named = external["task"].map(rows.method_name)
    here = external[(external["dataset"] == dataset) & (named == task)]
    here = here.assign(**{name: "" for name in _ONE if name not in here})
    grouped = here.groupby(list(_ONE), sort=False, dropna=False)
    variants = here["task"].nunique() > 1
    return [Line(_external(part, metrics, variants), "external") for _, part in grouped]


def external_credits(external: pd.DataFrame, dataset: str, task: str) -> list[str]:
    """Who made what was made elsewhere: a note a label whose rows say it."""
    named = external["task"].map(rows.method_name)
    here = external[(external["dataset"] == dataset) & (named == task)]
    if "author" not in here:
        return []
    said = here.drop_duplicates(["label", "author"]).to_dict("records")
    return [
        f"{row['label']}: {row['author']}, {row['licence']}, {row['link']}."
        for row in said
        if row["author"]
    ]


def _external(part: pd.DataFrame, metrics: Sequence[Metric], variants: bool) -> dict[str, Cell]:
    """The cells of one method's seeds; variants: whether the table has tasks to tell apart."""
    row = part.iloc[0]
    said = [f"{key.replace('_', ' ')} {value}" for key, value in _settings(row["settings"])]
    said += [str(row["task"])] if variants else []
    if len(part) == 1 and row["seed"]:
        said.append(f"seed {row['seed']}")
    cells: dict[str, Cell] = {
        "method": f"{row['label']} · {row['space']} d={row['dim']}",
        "dataset": row["dataset"],
        "task": row["task"],
        "differs": ", ".join(said),
        "framework": str(row["framework"] or ""),
        "runs": len(part),
    }
    for metric in metrics:
        values = _numbers(part, metric.name)
        if len(part) == 1 and len(values):
            cells[metric.name] = float(values[0])
        elif len(values):
            cells[metric.name] = statistics.estimate(values, direction=metric.direction)
    seconds = _numbers(part, "train_seconds")
    if len(seconds):
        cells["train_seconds"] = float(np.median(seconds))
    return cells


def _numbers(part: pd.DataFrame, column: str) -> np.ndarray:
    """The values that a column has; none where there is no such column."""
    return part[column].dropna().to_numpy(np.float64) if column in part else np.zeros(0)


def _settings(text: object) -> list[tuple[str, object]]:
    """The settings that a row has as JSON; none where it is no JSON object."""
    try:
        found = json.loads(str(text or "{}"))
    except ValueError:
        return []
    return list(found.items()) if isinstance(found, dict) else []


def floor_lines(
    floors: pd.DataFrame, dataset: str, task: str, metrics: Sequence[Metric]
) -> list[Line]:
    """The floors of a data set and task; `task` is a name, and each of its variants has its own."""
    if floors.empty:
        return []
    here = floors[(floors["dataset"] == dataset) & (floors["task"].map(rows.method_name) == task)]
    here = here.drop_duplicates(["task", "floor"])
    several = here["task"].nunique() > 1
    shortened = rows.short_column(here["task"])
    lines = []
    for (_, floor), variant in zip(here.iterrows(), shortened, strict=True):
        cells: dict[str, object] = {
            "method": str(floor["floor"]).replace("_", " "),
            "dataset": dataset,
            "task": floor["task"],
            "differs": variant if several else "",
        }
        for metric in metrics:
            value = floor.get(metric.name)
            if value is not None and pd.notna(value):
                cells[metric.name] = float(value)
        lines.append(Line(cells, "floor"))  # type: ignore[arg-type]
    return lines


def published_lines(
    published: pd.DataFrame | None,
    dims: Collection[int],
    dataset: str,
    task: str,
    metrics: Sequence[Metric],
) -> list[Line]:
    """Published figures of the same data set, task and dimensions, in metrics that we have."""
    if published is None or published.empty:
        return []
    ours = {metric.name for metric in metrics}
    here = published[
        (published["dataset"] == dataset)
        & (published["task"].map(rows.method_name) == task)
        & published["metric"].isin(ours)
        & published["dim"].isin(list(dims))
    ]
    lines = []
    keys = ["source", "manifold", "dim", "task"]
    for (source, manifold, dim, asked), part in here.groupby(keys, sort=False):
        doubt = part["protocol"].str.contains(rows.UNCONFIRMED).any()
        name = f"{source} · {manifold} d={dim}"
        name += f" · {asked}" if "(" in str(asked) else ""
        cells: dict[str, object] = {
            "method": name + (", unconfirmed" if doubt else ""),
            "dataset": dataset,
            "task": str(asked),
            "manifold": str(manifold),
            "dim": int(str(dim)),
            **{str(m): float(v) for m, v in zip(part["metric"], part["value"], strict=True)},
        }
        lines.append(Line(cells, "published"))  # type: ignore[arg-type]
    return lines
