"""Speed of kernels, commit by commit, as asv measured it: tables with a small line each."""

import math
from pathlib import Path

import pandas as pd

from hardball.report import trends
from hardball.report.tables import render
from hardball.report.tables.render import Column, Line, Table

WIDTH, HEIGHT, MARGIN = 96, 20, 3
LINE = "line"


def tables(results: Path) -> list[Table]:
    """A table of each family of kernels, time and memory apart; none where nothing was measured.

    Raises HardballError on a file that is not asv's.
    """
    if not trends.files(results):
        return []
    frame = trends.read(results)
    commits = list(dict.fromkeys(frame["commit"]))
    by = ["quantity", "family", "machine"]
    return [
        _table(str(quantity), str(family), str(machine), part, commits)
        for (quantity, family, machine), part in frame.groupby(by, sort=False)
    ]


def _table(
    quantity: str, family: str, machine: str, part: pd.DataFrame, commits: list[str]
) -> Table:
    unit = trends.UNIT[quantity]
    columns = [
        Column("kernel", "kernel", text=True),
        Column("size", "size"),
        Column("framework", "framework", text=True),
        Column("value", f"{unit}, newest", "min"),
        Column("change", "× the oldest"),
        Column("commits", "commits"),
        Column(LINE, "old to new", text=True),
    ]
    lines = []
    for (kernel, size, framework), rows in part.groupby(
        ["kernel", "size", "framework"], sort=False
    ):
        values = [float(value) for value in rows["value"]]
        places = [commits.index(commit) for commit in rows["commit"]]
        cells = {
            "kernel": str(kernel),
            "size": size if isinstance(size, int) else str(size),
            "framework": str(framework),
            "value": values[-1],
            "change": values[-1] / values[0] if values[0] else math.nan,
            "commits": len(values),
            LINE: spark(places, values, len(commits)),
        }
        lines.append(Line(cells))  # type: ignore[arg-type]
    title = f"{family.capitalize()}: {trends.TITLE[quantity]}, {machine}"
    note = f"{len(commits)} commits, {commits[0][:7]} to {commits[-1][:7]}."
    return Table(f"{family}-{quantity}-{machine}", title, columns, lines, [note])


def spark(places: list[int], values: list[float], count: int) -> str:
    """Values over commits as SVG, on a logarithmic scale that spans a factor of 2 at least."""
    logs = [math.log2(value) for value in values if value > 0]
    if not logs:
        return ""
    low, high = min(logs), max(logs)
    middle, half = (low + high) / 2, max((high - low) / 2, 0.5)
    points = [
        (
            MARGIN + (WIDTH - 2 * MARGIN) * place / max(1, count - 1),
            HEIGHT / 2 - (HEIGHT / 2 - MARGIN) * (value - middle) / half,
        )
        for place, value in zip(places, logs, strict=False)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    said = f"{render.number(values[0])} to {render.number(values[-1])}"
    return (
        f'<svg class="spark" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{said}"><polyline points="{path}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"/></svg>'
    )
