"""What runs are worth together: alone, the best of them, and the first 2, 3, ... as one."""

import numpy as np
import pandas as pd

from hardball.metrics.declare import Metric
from hardball.report import rows, statistics
from hardball.report.tables.render import Cell, Column, Line, Table
from hardball.report.tables.result_tables import metric_header
from hardball.runs.settings import SEPARATOR

SHOWN = ("mean_rank", "map", "hits_at_1", "auc", "edge_map", "link_f1")


def ensemble_tables(ensembles: pd.DataFrame | None) -> list[Table]:
    """One table a task, a line for each rule and number of members."""
    if ensembles is None or ensembles.empty:
        return []
    return [_table(part, task) for task, part in rows.by_task(ensembles)]


def _table(part: pd.DataFrame, task: str) -> Table:
    metrics = [metric for metric in rows.metrics_of(part) if metric.name in SHOWN]
    lines = []
    for (dataset, label), alike in part.groupby(["dataset", "label"], sort=False):
        named: dict[str, Cell] = {"dataset": str(dataset), "label": str(label)}
        alone = alike[alike["by"] == ""]
        lines.append(_line({**named, "of": "a member alone"}, alone, metrics))
        lines.append(_line({**named, "of": "its best member"}, _best(alone, metrics), metrics))
        together = alike[(alike["by"] != "") & (alike["members"] > 1)]
        for (rule, count), same in together.groupby(["by", "members"], sort=False):
            of = f"the first {count}"
            lines.append(_line({**named, "of": of, "by": str(rule)}, same, metrics))
    columns = [
        Column("dataset", "data set", text=True),
        Column("label", "members differ in", text=True),
        Column("of", "what is scored", text=True),
        Column("by", "by", text=True),
        Column("runs", "scored"),
        *(Column(m.name, metric_header(m.name, task), m.direction) for m in metrics),
    ]
    notes = [
        "Interquartile mean over ensembles, or over runs alone [95 % bootstrap interval]. The "
        "ensembles of one line have no run in common.",
        "The best member is the best of each ensemble by each metric, known only afterwards.",
        *_members(part),
    ]
    title = f"Runs scored together, {task.replace('_', ' ')}"
    return Table(f"ensembles-{rows.slug(task)}", title, columns, lines, notes, ranked=False)


def _line(named: dict[str, Cell], part: pd.DataFrame, metrics: list[Metric]) -> Line:
    cells: dict[str, Cell] = {**named, "runs": len(part)}
    for metric in metrics:
        values = part[metric.name].dropna().to_numpy(np.float64)
        if len(values):
            cells[metric.name] = statistics.estimate(values, direction=metric.direction)
    return Line(cells)


def _best(alone: pd.DataFrame, metrics: list[Metric]) -> pd.DataFrame:
    """A row an ensemble: the best of its members by each metric."""
    grouped = alone.groupby("set")
    best = {m.name: getattr(grouped[m.name], m.direction)() for m in metrics}
    return pd.DataFrame(best)


def _members(part: pd.DataFrame) -> list[str]:
    """A note for each label of each data set: the runs of one ensemble, in their order."""
    notes = []
    for (dataset, label), alike in part.groupby(["dataset", "label"], sort=False):
        largest = alike.sort_values("members", kind="stable")["runs"].iloc[-1]
        names = str(largest).split(SEPARATOR)
        notes.append(f"{dataset}, {label}, one ensemble: {', '.join(names)}.")
    return notes
