"""What a line of a picture is called, and which lines stand in one picture."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from hardball.metrics.declare import Metric
from hardball.report import marks, rows
from hardball.report.summary import Summary, summarise

# What a picture is of, and the word behind it in a title.
COMPARED = ("sampler", "loss")
BUDGET = "epochs"
OTHERS = "others"


@dataclass(frozen=True, eq=False)
class Part:
    """Runs that one picture compares: of one loss at one budget, where there are several.

    slug: for a file's name; said: for a title; both empty where all runs are one part.
    """

    slug: str
    said: str
    runs: pd.DataFrame


def parts(runs: pd.DataFrame) -> list[Part]:
    """Runs of a data set and task, apart by epochs and by loss.

    Where more losses than samplers are compared, a part holds one sampler and all losses. Parts of
    one configuration come together in a last one, `others`.
    """
    short = pd.DataFrame({column: rows.short_column(runs[column]) for column in COMPARED})
    keys = []
    counts = {column: short[column].nunique() for column in COMPARED}
    if min(counts.values()) > 1:
        keys.append("loss" if counts["loss"] <= counts["sampler"] else "sampler")
    if runs[BUDGET].nunique() > 1:
        short[BUDGET] = runs[BUDGET]
        keys.append(BUDGET)
    if not keys:
        return [Part("", "", runs)]
    found, alone = [], []
    for values, chosen in short.groupby(keys, sort=False):
        part = runs.loc[chosen.index]
        if part["config_id"].nunique() == 1:
            alone.append(part)
        else:
            said = dict(zip(keys, values, strict=True))
            found.append(Part(_slug(said), _said(said), part))
    if not found:
        return [Part("", "", runs)]
    if alone:
        found.append(Part(OTHERS, OTHERS, runs.loc[pd.concat(alone).index.sort_values()]))
    return found


def _slug(said: Mapping[str, object]) -> str:
    return rows.slug("-".join(f"{v}-{k}" if k == BUDGET else str(v) for k, v in said.items()))


def _said(said: Mapping[str, object]) -> str:
    words = {"sampler": " negatives", BUDGET: " epochs"}
    return ", ".join(f"{value}{words.get(key, '')}" for key, value in said.items())


def labels(runs: pd.DataFrame) -> "pd.Series[str]":
    """A name for each run: its sampler, loss or both, whichever vary, and what else is unusual."""
    short = rows.shortened(runs)
    varying = rows.varying(short, ["task", *rows.settings_of(short)])
    named = [column for column in COMPARED if column in varying] or ["sampler"]
    others = [column for column in varying if column not in named]
    usual = {column: str(short[column].astype(str).mode().iloc[0]) for column in others}

    def label(run: "pd.Series[str]") -> str:
        said = [_setting(c, run[c]) for c in others if str(run[c]) != usual[c]]
        return ", ".join([" · ".join(str(run[column]) for column in named), *said])

    return short.apply(label, axis=1)


def _setting(column: str, value: object) -> str:
    if isinstance(value, float):
        value = f"{value:g}"
    if column in ("manifold", "optimizer", "task"):
        return str(value).replace("_", " ")
    if column == "regularizers":
        return str(value) or "no regularizer"
    if column == "hard":
        return f"with {value}" if value else "no hard ones"
    return f"{ {'dim': 'd'}.get(column, column.replace('_', ' ')) } {value}"


def summaries(runs: pd.DataFrame, metrics: Sequence[Metric]) -> dict[str, list[Summary]]:
    """Summaries by label; that of points at the largest radius has a mark."""
    named = labels(runs)
    found: dict[str, list[Summary]] = {}
    for summary in summarise(runs, metrics):
        mark = f" {marks.LIMIT}" if marks.at_limit(summary.runs) else ""
        found.setdefault(named.loc[summary.runs.index[0]] + mark, []).append(summary)
    return found


def in_order(lines: Mapping[str, list[Summary]], metric: Metric) -> list[str]:
    """Labels, the best by a metric first; those without a value last."""

    def worth(label: str) -> float:
        found = [s.estimates[metric.name].value for s in lines[label] if metric.name in s.estimates]
        sign = -1 if metric.direction == "max" else 1
        return sign * found[0] if found and math.isfinite(found[0]) else math.inf

    return sorted(lines, key=worth)
