"""What was made elsewhere: files that were scored here, and systems that ran beside this one."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from hardball.report import rows
from hardball.report.site.suites import Shown
from hardball.report.site.tasks import metrics_of
from hardball.report.site.titles import title_of
from hardball.report.tables.render import Cell, Column, Line, Table
from hardball.report.tables.result_tables import metric_header
from hardball.runs.tables import read_table

PEERS = "peers"
PEER_TEXT = ("system", "version", "recipe", "note")
PEER_COLUMNS = (
    Column("system", "system", text=True),
    Column("version", "version", text=True),
    Column("negatives", "negatives"),
    Column("map", "closure MAP", "max"),
    Column("mean_rank", "closure mean rank", "min"),
    Column("rate", "scorings a second", "max"),
    Column("seconds", "seconds"),
    Column("passes", "passes"),
    Column("peak_memory_mb", "peak MB", "min"),
    Column("threads", "threads"),
    Column("recipe", "recipe", text=True),
    Column("note", "note", text=True),
)


def external(shown: Sequence[Shown]) -> list[Table]:
    """One table a task: rows of external.csv of all suites; none where there are none."""
    parts = []
    for suite in shown:
        found = suite.source.external
        if found is not None and len(found):
            parts.append(found.assign(suite=suite.title))
    if not parts:
        return []
    every = pd.concat(parts, ignore_index=True)
    return [_table(task, part) for task, part in rows.by_task(every)]


def _table(task: str, part: pd.DataFrame) -> Table:
    metrics = metrics_of(task, part)
    columns = [
        Column("label", "label", text=True),
        Column("dataset", "data set", text=True),
        *[Column(m.name, metric_header(m.name, task), m.direction) for m in metrics],
        Column("space", "space", text=True),
        Column("seed", "seed", text=True),
        Column("suite", "suite", text=True),
    ]
    lines = []
    for row in part.to_dict("records"):
        cells: dict[str, Cell] = {
            "label": str(row["label"]),
            "dataset": str(row["dataset"]),
            "space": f"{row['space']} d={row['dim']}",
            "seed": str(row["seed"] or ""),
            "suite": str(row["suite"]),
        }
        cells |= {m.name: float(row[m.name]) for m in metrics if pd.notna(row[m.name])}
        lines.append(Line(cells, "external"))
    return Table(f"external-{rows.slug(task)}", title_of(task), columns, lines)


def peers(versions: Sequence[Path]) -> list[Table]:
    """A table of each file of results/<version>/peers, systems that ran on one machine."""
    files = [path for version in versions for path in sorted((version / PEERS).glob("*.csv"))]
    return [_peers(path) for path in files]


def _peers(path: Path) -> Table:
    frame = read_table(path, PEER_TEXT)
    columns = [column for column in PEER_COLUMNS if column.key in frame]
    lines = []
    for row in frame.to_dict("records"):
        cells = {column.key: _cell(row[column.key], column) for column in columns}
        lines.append(Line(cells))  # type: ignore[arg-type]
    first = frame.iloc[0]
    version = path.parents[1].name
    title = f"{version}: systems on {first['dataset']}, d = {first['dim']}"
    machine = ", ".join(sorted({str(cpu) for cpu in frame["cpu"].dropna()} - {""}))
    notes = [f"Measured on one machine ({machine})." if machine else ""]
    return Table(path.stem, title, columns, lines, [note for note in notes if note])


def _cell(value: object, column: Column) -> Cell:
    if column.text:
        return "" if value is None or value != value else str(value)
    number = float(value) if isinstance(value, int | float) else math.nan
    if math.isnan(number):
        return None
    whole = number.is_integer() and column.key in ("negatives", "threads")
    return int(number) if whole else number
