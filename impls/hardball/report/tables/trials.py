"""The trials of a search, one line each: what was tried, and the figures it was chosen by."""

from collections.abc import Hashable

import pandas as pd

from hardball.core.text import slug
from hardball.report import rows
from hardball.report.tables.render import Cell, Column, Line, Table
from hardball.runs.settings import SEPARATOR

FIGURES = (
    "validation_global_precision_at_1000", "validation_map", "validation_mean_rank",
    "link_f1_validation", "training_map", "training_mean_rank", "share_at_limit",
)  # fmt: skip
NOTE = (
    "Figures of the pairs that the search chose by, never of test pairs; means over seeds. They do "
    "not compare with those of other tables."
)


def trial_tables(trials: pd.DataFrame) -> list[Table]:
    """A table for each data set of the trials of `rows.apart`, the best of each method first."""
    return [_table(str(name), part) for name, part in trials.groupby("dataset", sort=False)]


def _table(dataset: str, trials: pd.DataFrame) -> Table:
    short = rows.shortened(trials)
    varied = rows.varying(short, rows.settings_of(short))
    figures = [name for name in FIGURES if name in trials and trials[name].notna().any()]
    named = trials["label"].str.split(SEPARATOR).explode()
    found = [
        _line(label, trials.loc[part.index], short.loc[part.index[0]], varied, figures)
        for label, part in named.groupby(named, sort=False)
    ]
    primary = figures[0] if figures else ""
    fewest = primary.endswith("mean_rank")

    def place(line: Line) -> tuple[str, float]:
        value = line.cells.get(primary)
        known = float(value) if isinstance(value, int | float) and value == value else None
        worst = float("inf")
        return str(line.cells["method"]), worst if known is None else known if fewest else -known

    columns = [
        Column("method", "method", text=True),
        Column("trial", "trial"),
        *(Column(key, key.replace("_", " "), text=True) for key in varied),
        *(Column(metric.name, metric.name.replace("_", " "), metric.direction)
          for metric in rows.metrics_of(trials) if metric.name in figures),
        Column("status", "status", text=True),
        Column("epochs_done", "epochs"),
        Column("train_seconds", "seconds"),
        Column("seeds", "seeds"),
    ]  # fmt: skip
    return Table(
        f"trials-{slug(dataset)}", f"Trials on {dataset}", columns, sorted(found, key=place),
        [NOTE], ranked=False,
    )  # fmt: skip


def _line(
    label: Hashable, runs: pd.DataFrame, first: pd.Series, varied: list[str], figures: list[str]
) -> Line:
    method, _, number = str(label).rpartition(" trial ")
    stopped = [text for text in runs.get("stopped", pd.Series(dtype=str)).fillna("") if text]
    diverged = int((runs["status"] != "ok").sum())
    cells: dict[str, Cell] = {
        "method": method,
        "trial": int(number),
        **{key: str(first[key]) for key in varied},
        **{name: float(runs[name].mean()) for name in figures},
        "status": stopped[0] if stopped else "diverged" if diverged else "whole",
        "epochs_done": float(runs["epochs_done"].mean()),
        "train_seconds": float(runs["train_seconds"].sum()),
        "seeds": ", ".join(str(seed) for seed in runs["seed"]),
    }
    return Line(cells)
