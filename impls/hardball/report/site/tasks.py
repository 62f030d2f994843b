"""One table a task: every kind of negatives of every suite that asked it, the best setting each."""

import math
from collections.abc import Sequence

import pandas as pd

from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.metrics import listing
from hardball.metrics.declare import Metric
from hardball.report import rows, statistics
from hardball.report.site import evidence
from hardball.report.site.suites import TUNED, Shown, sweeps
from hardball.report.site.titles import TITLES, TREES, title_of
from hardball.report.summary import FINISHED, Summary, summarise
from hardball.report.tables.other_lines import external_lines, floor_lines, published_lines
from hardball.report.tables.render import Cell, Column, Line, Table
from hardball.report.tables.result_tables import metric_header

# What a task is read by, the first that it has deciding the order; links are told, not ranked.
READ_BY = ("map", "mean_rank", "hits_at_1")
EDGES = ("edge_map", "distortion_mean", "map")
OTHERWISE = {
    "ganea2018": ("link_f1", "link_f1_local", "link_f1_head", "auc"),
    "link_prediction": ("auc", "map", "mean_rank"),
    "node_classification": ("label_accuracy", "label_macro_f1", "label_majority"),
    "joint_classification": ("joint_accuracy", "label_accuracy"),
    "graph_classification": ("graph_accuracy", "graph_majority"),
}
# A line a setting of these; the rest of the settings compete, and the best of them is shown.
APART = ("dataset", "task", "dim", "manifold", "loss", "pretext", "encoder")
COSTS = ("scorings", "train_seconds")
USED = (
    "config_id", "framework", "seed", "status", "negatives", "hard", "factor", "label",
    *rows.SETTINGS, *APART, *COSTS,
)  # fmt: skip
# Columns that a table leaves out where all lines have one value.
ALIKE = ("rates", "loss", "space", "variant", "tried", "suite")


def tables(shown: Sequence[Shown]) -> list[Table]:
    """The tables in the order of TITLES; suites that only tried rates are left out.

    Suites whose rows rank direct neighbours of whole trees have a table of their own.
    """
    tried = sweeps(shown)
    asked: dict[str, list[Shown]] = {}
    for suite in sorted(
        (s for s in shown if s.name not in tried), key=lambda s: (not s.tuned, s.rates)
    ):
        for task, part in rows.by_task(suite.runs):
            asked.setdefault(TREES if _of_edges(task, part) else task, []).append(suite)
    known = list(TITLES)
    order = sorted(asked, key=lambda task: (known.index(task) if task in known else 99, task))
    return [table for task in order if (table := _table(task, asked[task])) is not None]


def metrics_of(task: str, runs: pd.DataFrame) -> list[Metric]:
    """The metrics that a task is read by and that the rows have."""
    wanted = EDGES if task == TREES else OTHERWISE.get(task, READ_BY)
    return [listing.metric(name) for name in wanted if name in runs and runs[name].notna().any()]


def group(line: Line) -> str:
    """Lines that a best one may be named of: one suite, data set, task and dimension."""
    if line.kind != "ours":
        return ""
    return "|".join(str(line.cells[key]) for key in ("suite", "dataset", "asked", "dim"))


def _of_edges(task: str, runs: pd.DataFrame) -> bool:
    """Whether rows rank direct neighbours; encoders' rows do so by the way."""
    if task != "reconstruction" or "edge_map" not in runs or runs["edge_map"].isna().all():
        return False
    return "encoder" not in runs or not runs["encoder"].fillna("").astype(str).any()


def _table(task: str, suites: Sequence[Shown]) -> Table | None:
    metrics: dict[str, Metric] = {}
    lines: list[Line] = []
    beside: dict[str, Line] = {}
    asked = "reconstruction" if task == TREES else task
    for suite in suites:
        part = suite.runs[suite.runs["task"].map(rows.method_name) == asked]
        read_by = metrics_of(task, part)
        metrics |= {metric.name: metric for metric in read_by}
        if read_by:
            lines += _lines(suite, part, read_by)
            for line in _beside(suite, part, asked, read_by):
                beside.setdefault(" ".join(map(str, (line.kind, *_name(line)))), line)
    if not lines:
        return None
    first = next(iter(metrics.values()))
    lines.sort(key=lambda line: _order(line, first))
    every = [*lines, *sorted(beside.values(), key=lambda line: (line.kind, *_name(line)))]
    columns, alike = _apart(_columns(list(metrics.values()), asked), lines)
    notes = [*_notes(task, asked, lines), alike]
    name = f"task-{rows.slug(task)}"
    return Table(name, title_of(task), columns, every, [note for note in notes if note])


def _apart(columns: list[Column], lines: Sequence[Line]) -> tuple[list[Column], str]:
    """The columns in which lines of ours differ, and a sentence on those in which none does."""
    same, kept = [], []
    for column in columns:
        values = {str(line.cells.get(column.key, "")) for line in lines}
        if column.key not in ALIKE or len(values) > 1:
            kept.append(column)
        elif values != {""}:
            same.append(f"{column.header} {values.pop()}")
    return kept, f"All runs: {', '.join(same)}." if same else ""


def _columns(metrics: Sequence[Metric], task: str) -> list[Column]:
    return [
        Column("kind", "negatives", text=True),
        Column("dataset", "data set", text=True),
        *[Column(m.name, metric_header(m.name, task), m.direction) for m in metrics],
        Column("runs", "seeds"),
        Column("rates", "rates", text=True),
        Column("loss", "loss", text=True),
        Column("space", "space", text=True),
        Column("variant", "task", text=True),
        Column("tried", "best of"),
        Column("scorings", "scorings"),
        Column("train_seconds", "seconds"),
        Column("suite", "suite", text=True),
    ]


def _order(line: Line, metric: Metric) -> tuple[bool, str, float]:
    """Tuned lines first, by data set, the best first."""
    cell = line.cells.get(metric.name)
    value = cell.value if isinstance(cell, statistics.Estimate) else math.nan
    sign = 1.0 if metric.direction == "min" else -1.0
    worth = math.inf if math.isnan(value) else sign * value
    return line.cells["rates"] != TUNED, str(line.cells["dataset"]), worth


def _notes(task: str, asked: str, lines: Sequence[Line]) -> list[str]:
    notes = []
    try:
        summary = registry.entry("task", asked).summary
        notes.append(f"{summary[:1].upper()}{summary[1:]}.")
    except HardballError:  # a task from outside the package that is not here
        pass
    if task == TREES:
        notes.append("Read by the MAP of direct neighbours and by how distances are distorted.")
    if any(line.cells["rates"] != TUNED for line in lines):
        notes.append(
            "Only where rates are tuned was each kind given its own learning rate. The other lines "
            "share rates, so a kind that needs another one looks worse than it is."
        )
    if any(int(str(line.cells["tried"])) > 1 for line in lines):
        notes.append(
            "Best of: how many settings of that kind the suite ran. The line is the best of them "
            "by the first metric, which flatters it."
        )
    return notes


def _lines(suite: Shown, runs: pd.DataFrame, metrics: Sequence[Metric]) -> list[Line]:
    """A line a kind of negatives and what stands in APART, in the first framework that ran it."""
    wanted = dict.fromkeys([*USED, *(metric.name for metric in metrics)])
    runs = runs[[column for column in wanted if column in runs]]
    named = evidence.kinds(runs)
    apart = [named.rename("kind"), *(runs[c].fillna("").astype(str) for c in APART if c in runs)]
    lines = []
    for values, part in runs.groupby(apart, sort=False):
        one = rows.of_first_framework(part)
        best = _best(one, metrics[0])
        (summary,) = summarise(best, metrics, COSTS)
        lines.append(_line(suite, str(values[0]), summary, one["config_id"].nunique()))
    for key in ("loss", "variant"):
        short = rows.short_column(pd.Series([str(line.cells[key]) for line in lines]))
        for line, said in zip(lines, short, strict=True):
            line.cells[key] = said if "(" in said or key == "loss" else ""
    return lines


def _best(runs: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """The rows of the configuration with the best interquartile mean."""
    sign = 1.0 if metric.direction == "min" else -1.0

    def worth(part: pd.DataFrame) -> float:
        finished = part.loc[part["status"] == FINISHED, metric.name].dropna()
        lost = [statistics.worst(metric.direction)] * int((part["status"] != FINISHED).sum())
        value = statistics.interquartile_mean([*finished, *lost])
        return math.inf if math.isnan(value) else sign * value

    parts = [part for _, part in runs.groupby("config_id", sort=False)]
    return min(parts, key=worth) if len(parts) > 1 else parts[0]


def _line(suite: Shown, kind: str, summary: Summary, tried: int) -> Line:
    told = summary.settings
    encoder = f"{told.get('encoder', '')}".partition("(")[0]
    lost = f" ({summary.diverged} diverged)" if summary.diverged else ""
    return Line(
        {
            "kind": f"{rows.method_name(told['pretext'])}, {encoder}" if encoder else kind,
            "dataset": told["dataset"],
            "loss": "" if encoder else told["loss"],
            "space": f"{rows.method_name(told['manifold'])} d={told['dim']}",
            "dim": told["dim"],
            "variant": told["task"],
            "asked": told["task"],
            "rates": suite.rates,
            "suite": suite.title,
            "runs": f"{summary.seeds}{lost}",
            "tried": tried,
            "config_id": summary.config_id,
            "framework": summary.framework,
            "suite_key": suite.key,
            **summary.estimates,
            **summary.costs,
        }
    )


def _beside(suite: Shown, runs: pd.DataFrame, task: str, metrics: Sequence[Metric]) -> list[Line]:
    """What needs no embedding, was made elsewhere, or was published, on the suite's data sets."""
    source, found = suite.source, []
    for dataset, part in runs.groupby("dataset", sort=False):
        told = str(dataset), task, metrics
        found += floor_lines(source.floors, *told)
        if source.external is not None:
            found += external_lines(source.external, *told)
        found += published_lines(source.published, set(part["dim"]), *told)
    return [_foreign(line, set(runs["task"])) for line in found if _has(line, metrics)]


def _has(line: Line, metrics: Sequence[Metric]) -> bool:
    return any(metric.name in line.cells for metric in metrics)


def _foreign(line: Line, asked: set[str]) -> Line:
    """The line with the names of our columns; its task where it is not the only one that we ran."""
    task = str(line.cells.get("task", ""))
    cells: dict[str, Cell] = {k: v for k, v in line.cells.items() if k != "task"}
    cells |= {"kind": line.cells["method"], "variant": task if len(asked) > 1 else ""}
    return Line(cells, line.kind)


def _name(line: Line) -> tuple[str, str, str]:
    return tuple(str(line.cells[key]) for key in ("dataset", "kind", "variant"))  # type: ignore[return-value]
