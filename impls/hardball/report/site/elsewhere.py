"""What was made elsewhere: files that were scored here, and systems that ran beside this one."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from hardball.report import rows
from hardball.report.site.suites import Shown
from hardball.report.site.tasks import metrics_of
from hardball.report.site.titles import title_of
from hardball.report.tables.other_lines import external_credits, external_lines
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
    asked: dict[str, list[tuple[Shown, pd.DataFrame]]] = {}
    for suite in shown:
        found = suite.source.external
        if found is not None and len(found):
            for task, part in rows.by_task(found):
                asked.setdefault(task, []).append((suite, part))
    return [_table(task, parts) for task, parts in asked.items()]


def _table(task: str, parts: Sequence[tuple[Shown, pd.DataFrame]]) -> Table:
    metrics = {m.name: m for _, part in parts for m in metrics_of(task, part)}
    lines, notes = [], []
    for suite, part in parts:
        for dataset in part["dataset"].unique():
            told = part, str(dataset), task
            notes += external_credits(*told)
            for line in external_lines(*told, list(metrics.values())):
                lines.append(Line({**line.cells, "suite": suite.title}, line.kind))
    columns = [
        Column("method", "method", text=True),
        Column("dataset", "data set", text=True),
        *[Column(m.name, metric_header(m.name, task), m.direction) for m in metrics.values()],
        Column("runs", "seeds"),
        Column("differs", "settings", text=True),
        Column("framework", "framework", text=True),
        Column("train_seconds", "seconds"),
        Column("suite", "suite", text=True),
    ]
    name = f"external-{rows.slug(task)}"
    return Table(name, title_of(task), columns, lines, list(dict.fromkeys(notes)))


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
