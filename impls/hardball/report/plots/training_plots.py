"""Training: loss and MAP over evaluations, and what became of the negatives; seeds as a band."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hardball.metrics import listing
from hardball.report import rows
from hardball.report.plots import groups, lines, style
from hardball.report.plots.groups import Group
from hardball.report.summary import Summary
from hardball.report.tables.contrasts import REFERENCE
from hardball.report.tables.result_tables import metric_header

MAP = listing.metric("map")
# (x, y, its name) of a panel.
Panel = tuple[str, str, str]
NEGATIVES: tuple[Panel, ...] = (
    ("epoch", "masked_share", "share of draws masked"),
    ("epoch", "negative_gradient", "mean gradient norm of a negative"),
    ("epoch", "negative_gradient_stalled", "share of negatives without gradient"),
    ("seconds", "loss", "loss over time"),
)
X_NAMES = {"epoch": "epochs", "seconds": "seconds of training", "scorings": "evaluations"}
LOGARITHMIC = ("loss", "negative_gradient")
# Characters of a line that names a series, and of one that heads a panel.
NAME_WIDTH, HEAD_WIDTH = 30, 22
# An axis of costs is logarithmic where some line takes so many times as much as another.
FAR_APART = 3
KEY = 2.6


@dataclass(frozen=True, eq=False)
class Drawn:
    """What every panel of a figure shares: curves and end results by line, groups and colours."""

    curves: Mapping[str, pd.DataFrame]
    ends: Mapping[str, Summary]
    groups: Sequence[Group]
    color: Mapping[str, str]


@style.styled
def training(curves: pd.DataFrame, runs: pd.DataFrame, title: str, task: str) -> Figure | None:
    """Loss beside MAP over evaluations, a line a configuration: median over seeds, and a band.

    The MAP of a line is that of its validations, where it has some; the dot is the end result with
    its interval. More lines than there are colours are drawn in several rows, see `groups.grouped`,
    each before all others in grey. runs: those to draw, of one data set, task and framework. None
    without curves.
    """
    drawn = _drawn(curves, runs)
    if drawn is None:
        return None
    header = metric_header("map", task)
    panels: list[Panel] = [("scorings", "loss", "loss")]
    if any(MAP.name in end.estimates for end in drawn.ends.values()):
        panels.append(("scorings", "map", f"{header} ↑"))
    fig = _figure(drawn, panels)
    said = "Line: median over seeds; band: from the lowest to the highest seed."
    if len(panels) > 1:
        said += " Dot: the result, interquartile mean with its 95 % interval."
        if any(_validated(part) for part in drawn.curves.values()):
            said += " Line of MAP: validations on the way."
    _entitle(fig, title, said, drawn)
    return fig


@style.styled
def negatives(curves: pd.DataFrame, runs: pd.DataFrame, title: str) -> Figure | None:
    """What became of the negatives, and the loss over time; lines and rows as in `training`.

    None where the curves say nothing of negatives.
    """
    drawn = _drawn(curves, runs)
    if drawn is None:
        return None
    known = pd.concat(drawn.curves.values())
    panels = [p for p in NEGATIVES if p[1] in known and known[p[1]].notna().any()]
    if all(panel[1] == "loss" for panel in panels):
        return None
    fig = _figure(drawn, panels)
    said = "Line: median over seeds; band: from the lowest to the highest seed."
    _entitle(fig, title, said, drawn)
    return fig


def _drawn(curves: pd.DataFrame, runs: pd.DataFrame) -> Drawn | None:
    if curves.empty:
        return None
    ends: dict[str, Summary] = {}
    named = []
    for label, summaries in lines.summaries(runs, [MAP]).items():
        ends[label] = summaries[0]
        named += [summary.runs.assign(line=label) for summary in summaries]
    shown = pd.concat(named)
    joined = curves.merge(shown[["run_id", "line"]], on="run_id")
    if joined.empty:
        return None
    kinds = {label: groups.kind(end.settings["sampler"]) for label, end in ends.items()}
    alike = [n for n, e in ends.items() if rows.method_name(e.settings["sampler"]) == REFERENCE]
    reference = alike[0] if len(alike) == 1 else ""
    found = groups.grouped(kinds, reference)
    by_line = {str(line): part for line, part in joined.groupby("line")}
    return Drawn(by_line, ends, found, groups.colors(found, reference))


def _figure(drawn: Drawn, panels: Sequence[Panel]) -> Figure:
    fig, grid, keys = _layout(len(drawn.groups), len(panels))
    for group, its, key in zip(drawn.groups, grid, keys, strict=True):
        for axes, (x, y, name) in zip(its, panels, strict=True):
            _panel(axes, drawn, group, x, y)
            if its is grid[0]:
                axes.set_title(textwrap.fill(name, HEAD_WIDTH), fontsize=9.5)
            if its is grid[-1]:
                axes.set_xlabel(X_NAMES[x])
        _key(key, group, drawn.color)
    return fig


def _entitle(fig: Figure, title: str, said: str, drawn: Drawn) -> None:
    style.titles(
        fig, title, f"{said} Grey: the lines of the other rows." if len(drawn.groups) > 1 else said
    )


def _layout(count: int, panels: int) -> tuple[Figure, list[list[Axes]], list[Axes]]:
    """A figure, the panels of each of `count` groups, and where each group's key stands."""
    if count == 1 and panels > 2:
        columns = 3
        deep = -(-(panels + 1) // columns)
        fig, grid = style.figure(9.6, 2.6 * deep + 0.8, nrows=deep, ncols=columns, squeeze=False)
        every = list(grid.ravel())
        for axes in every[panels + 1 :]:
            axes.set_visible(False)
        return fig, [every[:panels]], [every[panels]]
    each = 3.4 if panels <= 2 else 1.9
    fig, grid = style.figure(
        each * panels + KEY, (3.0 if count == 1 else 2.1) * count + 0.9,
        nrows=count, ncols=panels + 1, squeeze=False, sharex="col" if count > 1 else False,
        sharey="col" if count > 1 else False, width_ratios=[*[each] * panels, KEY],
    )  # fmt: skip
    return fig, [list(row[:-1]) for row in grid], [row[-1] for row in grid]


def _panel(axes: Axes, drawn: Drawn, group: Group, x: str, y: str) -> None:
    """The lines of a group in colour, before the others in grey."""
    for line, part in drawn.curves.items():
        if line not in group.names:
            _line(axes, drawn, line, part, x, y, style.FAINT, behind=True)
    for line in group.names:
        if line in drawn.curves:
            _line(axes, drawn, line, drawn.curves[line], x, y, drawn.color[line])
    values = pd.concat([part[y] for part in drawn.curves.values() if y in part] or [pd.Series()])
    values = values.dropna()
    if y in LOGARITHMIC and len(values) and (values > 0).all():
        axes.set_yscale("log")
        style.logarithmic(axes.yaxis)
    else:
        style.few_ticks(axes.yaxis)
    _costs(axes, drawn, x)
    style.quiet(axes, "y")
    axes.tick_params(which="minor", length=0)


def _costs(axes: Axes, drawn: Drawn, x: str) -> None:
    """The x axis: the same in every panel of one quantity, and plain numbers on it."""
    ends = [part[x].max() for part in drawn.curves.values()]
    starts = [part[x][part[x] > 0].min() for part in drawn.curves.values()]
    if x == "epoch":
        style.few_ticks(axes.xaxis, 4)
        return
    if max(ends) > FAR_APART * min(ends) > 0:
        axes.set_xscale("log")
        axes.set_xlim(0.9 * min(starts), 1.25 * max(ends))
        style.logarithmic(axes.xaxis)
    else:
        axes.set_xlim(0, 1.05 * max(ends))
        style.few_ticks(axes.xaxis, 4)
    axes.xaxis.set_major_formatter(lambda value, _: style.short(value))


def _key(axes: Axes, group: Group, color: Mapping[str, str]) -> None:
    axes.set_axis_off()
    axes.legend(
        handles=style.handles({name: color[name] for name in group.names}, NAME_WIDTH),
        title=group.title, loc="upper left", alignment="left", borderaxespad=0, fontsize=8.5,
        title_fontproperties={"weight": "bold", "size": 9},
    )  # fmt: skip


def _validated(curves: pd.DataFrame) -> bool:
    return MAP.name in curves and bool(curves[MAP.name].notna().any())


def _line(
    axes: Axes,
    drawn: Drawn,
    line: str,
    curves: pd.DataFrame,
    x: str,
    y: str,
    color: str,
    behind: bool = False,
) -> None:
    if y in curves and (y != MAP.name or _validated(curves)):
        _band(axes, curves, x, y, color, behind)
    end = drawn.ends[line].estimates.get(MAP.name)
    if y != MAP.name or end is None or not math.isfinite(end.value):
        return
    at = drawn.ends[line].costs.get(x, curves[x].max())
    if math.isfinite(end.low) and math.isfinite(end.high):
        axes.plot([at, at], [end.low, end.high], color=color, linewidth=1.4, alpha=0.6)
    axes.plot([at], [end.value], "o", color=color, markersize=3.5 if behind else 5)


def _band(axes: Axes, curves: pd.DataFrame, x: str, y: str, color: str, behind: bool) -> None:
    """Median and range over the runs that reached an epoch, at their median x."""
    finite = curves[np.isfinite(curves[y])]
    if finite.empty:
        return
    epochs = finite.groupby("epoch")
    at = finite["epoch"].drop_duplicates().sort_values() if x == "epoch" else epochs[x].median()
    if finite["run_id"].nunique() > 1 and not behind:
        low, high = epochs[y].min(), epochs[y].max()
        axes.fill_between(at, low, high, color=color, alpha=0.18, linewidth=0)
    axes.plot(at, epochs[y].median(), color=color, linewidth=0.9 if behind else 1.4)
