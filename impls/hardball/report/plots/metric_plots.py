"""Metrics as dots with intervals: a line a configuration, a panel a metric."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hardball.metrics.declare import Metric
from hardball.report import marks, rows
from hardball.report.plots import lines as line_names
from hardball.report.plots import style
from hardball.report.statistics import Estimate
from hardball.report.summary import Summary
from hardball.report.tables.render import ARROWS
from hardball.report.tables.result_tables import metric_header

SHOWN = (
    "map", "new_map", "query_map_1", "query_map_5", "query_map_20", "old_map", "mean_rank",
    "auc_siblings", "depth_spearman", "distortion_mean", "label_accuracy", "graph_accuracy",
)  # fmt: skip
GROUPED = ("separation_", "purity10_")
NOT_SHOWN = "separation_sources"
# Lines of one picture, panels side by side, and inches of a panel, so that a page shows the words
# at a size that can be read.
MOST_LINES, MOST_PANELS, PANEL = 24, 5, 1.5
ROW, LINE = {1: 0.29, 2: 0.37}, 0.15
# Characters of a line's name, and of a panel's, before they go on in a second line.
NAME_WIDTH, HEAD_WIDTH = 34, 15
BAND = "#ECEFF1"
Lines = Mapping[str, Sequence[Summary]]


@dataclass(frozen=True, eq=False)
class Sheet:
    """What all pages of a picture share: lines by label, metrics, floors, the task ranked."""

    lines: Lines
    shown: Sequence[Metric]
    task: str
    floors: Mapping[str, float]
    frameworks: Sequence[str]


def metric_dots(
    runs: pd.DataFrame,
    metrics: Sequence[Metric],
    dataset: str,
    task: str,
    floors: pd.DataFrame | None = None,
    said: str = "",
) -> list[Figure]:
    """One line a configuration, one panel a metric; dots are interquartile means.

    runs: those of one data set and task; said: what they share. Sorted by the first metric, in
    pages of at most MOST_LINES lines with the same axes. None where no metric has a value.
    """
    shown = [m for name in SHOWN for m in metrics if m.name == name and runs[name].notna().any()]
    if not shown:
        return []
    title = f"{dataset}, {task.replace('_', ' ')}" + (f": {said}" if said else "")
    notes = [
        "Dot: interquartile mean over seeds; bar: 95 % bootstrap interval; arrow: which way is "
        "better. Sorted by the first panel.",
    ]
    return _pages(runs, shown, task, _popularity(floors, dataset, task), title, notes)


def group_dots(
    runs: pd.DataFrame, metrics: Sequence[Metric], dataset: str, task: str, said: str = ""
) -> list[Figure]:
    """Separation and purity of each grouping; none where the data set has no groups."""
    shown = [
        m
        for m in metrics
        if m.name.startswith(GROUPED) and m.name != NOT_SHOWN and runs[m.name].notna().any()
    ]
    if not shown:
        return []
    title = f"{dataset}: do the groups part?" + (f" {said}" if said else "")
    notes = [
        "Separation: mean distance between groups over that within. Purity: share of the 10 "
        "nearest nodes of the same group. Bar: 95 % bootstrap interval over seeds.",
    ]
    return _pages(runs, shown, task, {}, title, notes)


def _pages(
    runs: pd.DataFrame,
    shown: Sequence[Metric],
    task: str,
    floors: Mapping[str, float],
    title: str,
    notes: Sequence[str],
) -> list[Figure]:
    lines = line_names.summaries(runs, shown)
    names = line_names.in_order(lines, shown[0])
    sheet = Sheet(lines, shown, task, floors, sorted(runs["framework"].unique()))
    count = -(-len(names) // MOST_LINES)
    pages = np.array_split(np.array(names, dtype=object), count)
    return [
        _page(sheet, list(page), title + (f", {k} of {count}" if count > 1 else ""), notes)
        for k, page in enumerate(pages, start=1)
    ]


@style.styled
def _page(sheet: Sheet, names: Sequence[str], title: str, notes: Sequence[str]) -> Figure:
    broken = [style.broken(name, NAME_WIDTH) for name in names]
    longest = max(len(part) for name in broken for part in name.split("\n"))
    columns = min(MOST_PANELS, len(sheet.shown))
    deep = -(-len(sheet.shown) // columns)
    tallest = max(name.count("\n") + 1 for name in broken)
    row = max(ROW[min(len(sheet.frameworks), 2)], 0.06 + LINE * tallest)
    fig, grid = style.figure(
        max(0.5 + 0.072 * longest + PANEL * columns, 5.5),
        1.25 + (0.75 + row * (len(names) + 1)) * deep,
        nrows=deep, ncols=columns, sharey=True, squeeze=False,
    )  # fmt: skip
    for axes in grid.ravel()[len(sheet.shown) :]:
        axes.set_visible(False)
    banded = hollow = False
    for axes, metric in zip(grid.ravel(), sheet.shown, strict=False):
        banded |= _best_band(axes, sheet, metric)
        hollow |= _dots(axes, sheet, names, metric)
    for axes in grid[:, 0]:
        axes.set_yticks(range(len(names)), broken, fontsize=8.5)
        axes.set_ylim(len(names), -0.6)
    wide = _framework_legend(fig, sheet.frameworks)
    said = list(notes)
    if sheet.floors:
        said.append("Dashed: what popularity alone reaches.")
    if banded:
        said.append(
            "Shaded: the interval of the best; a bar that reaches into it is level with it."
        )
    if any(marks.LIMIT in name for name in names):
        said.append(f"{marks.LIMIT}: {marks.SAID[marks.LIMIT]}.")
    if hollow:
        said.append(f"Hollow: {marks.SAID[marks.TIES]}.")
    style.titles(fig, title, " ".join(said), beside=wide)
    return fig


def _best_band(axes: Axes, sheet: Sheet, metric: Metric) -> bool:
    """Shades the interval of the best value over all pages; False where it has none."""
    if metric.direction == "none":
        return False
    known = [s.estimates.get(metric.name) for line in sheet.lines.values() for s in line]
    finite = [e for e in known if e is not None and math.isfinite(e.value)]
    if not finite:
        return False
    best = (max if metric.direction == "max" else min)(finite, key=lambda e: e.value)
    if not (math.isfinite(best.low) and math.isfinite(best.high)):
        return False
    axes.axvspan(best.low, best.high, color=BAND, linewidth=0, zorder=0)
    return True


def _dots(axes: Axes, sheet: Sheet, names: Sequence[str], metric: Metric) -> bool:
    """The dots of a page, on axes that hold those of all pages; True where some are hollow."""
    ties = False
    for place, name in enumerate(names):
        for summary in sheet.lines[name]:
            found = summary.estimates.get(metric.name)
            offset = _offset(summary.framework, sheet.frameworks)
            if found is not None:
                hollow = metric.name in marks.RESTS_ON_TIES and marks.tied(summary.runs)
                ties |= hollow
                _dot(axes, place + offset, found, summary.framework, hollow)
    floor = sheet.floors.get(metric.name)
    every = [end for line in sheet.lines.values() for s in line for end in _ends(s, metric)]
    every += [floor] if floor is not None else []
    if every:
        axes.update_datalim([(end, 0.0) for end in every], updatey=False)
    axes.margins(x=0.12)
    axes.autoscale_view(scaley=False)
    if metric.direction == "min" and every and max(every) > 20 * min(every) > 0:
        axes.set_xscale("log")
        style.logarithmic(axes.xaxis, PANEL)
    else:
        style.few_ticks(axes.xaxis, 4, PANEL)
    head = textwrap.fill(metric_header(metric.name, sheet.task), HEAD_WIDTH)
    axes.set_title(f"{head} {ARROWS[metric.direction]}".rstrip(), fontsize=9)
    style.quiet(axes, "x")
    axes.spines["left"].set_visible(False)
    _floor_line(axes, floor)
    for place, name in enumerate(names):
        for summary in sheet.lines[name]:
            _diverged(axes, place, summary, metric, sheet.frameworks)
    return ties


def _offset(framework: str, frameworks: Sequence[str]) -> float:
    """How far below its line's middle a framework's dot stands; that of one alone is on it."""
    return 0.19 * (2 * frameworks.index(framework) + 1 - len(frameworks))


def _ends(summary: Summary, metric: Metric) -> list[float]:
    found = summary.estimates.get(metric.name)
    if found is None or not math.isfinite(found.value):
        return []
    return [end for end in (found.value, found.low, found.high) if math.isfinite(end)]


def _dot(axes: Axes, place: float, found: Estimate, framework: str, hollow: bool) -> None:
    color = style.FRAMEWORK.get(framework, style.INK)
    mark = style.FRAMEWORK_MARK.get(framework, "o")
    if not math.isfinite(found.value):
        return
    if math.isfinite(found.low) and math.isfinite(found.high):
        ends = [found.low, found.high]
        axes.plot(ends, [place, place], color=color, linewidth=1.6, alpha=0.6)
    axes.plot(
        [found.value], [place], mark, color=color, markersize=4.2,
        markeredgewidth=1.0 if hollow else 0, markerfacecolor="white" if hollow else color,
    )  # fmt: skip


def _diverged(
    axes: Axes, place: float, summary: Summary, metric: Metric, frameworks: Sequence[str]
) -> None:
    """Says how many seeds diverged: beside the dot, or at the left where there is none."""
    found = summary.estimates.get(metric.name)
    if found is None or not found.diverged:
        return
    color = style.FRAMEWORK.get(summary.framework, style.INK)
    place += _offset(summary.framework, frameworks)
    if not math.isfinite(found.value):
        across = axes.get_yaxis_transform()
        axes.plot([0.02], [place], "x", color=color, transform=across, markersize=4)
        axes.text(
            0.07, place, f"{found.diverged} of {found.runs} diverged", transform=across,
            va="center", fontsize=6, color=color,
        )  # fmt: skip
        return
    at = axes.transAxes.inverted().transform(axes.transData.transform((found.value, 0)))[0]
    axes.annotate(
        f"{found.diverged} diverged", (found.value, place), xytext=(5 if at < 0.5 else -5, 0),
        textcoords="offset points", va="center", ha="left" if at < 0.5 else "right", fontsize=6,
        color=color,
    )  # fmt: skip


def _popularity(floors: pd.DataFrame | None, dataset: str, task: str) -> dict[str, float]:
    """{metric: what ranking by popularity reaches}, of those shown."""
    if floors is None or floors.empty:
        return {}
    here = floors[
        (floors["dataset"] == dataset)
        & (floors["task"].map(rows.method_name) == task)
        & (floors["floor"] == "popularity")
    ]
    known = {name: here[name].dropna() for name in SHOWN if name in here}
    return {name: float(values.iloc[0]) for name, values in known.items() if len(values)}


def _floor_line(axes: Axes, floor: float | None) -> None:
    """A dashed line; its name stands below the last row, on the side that has more room."""
    if floor is None:
        return
    axes.axvline(floor, color="#777777", linestyle=(0, (4, 3)), linewidth=0.9, zorder=1)
    low, high = axes.get_xlim()
    middle = (low * high) ** 0.5 if axes.get_xscale() == "log" else (low + high) / 2
    right = floor > middle
    axes.annotate(
        "popularity", (floor, 0.01), xycoords=axes.get_xaxis_transform(),
        xytext=(-3 if right else 3, 0), textcoords="offset points",
        ha="right" if right else "left", va="bottom", fontsize=6.5, color="#777777",
    )  # fmt: skip


def _framework_legend(fig: Figure, frameworks: Sequence[str]) -> float:
    """At the upper right; returns the inches that it takes."""
    handles = [
        Line2D(
            [], [], linestyle="",
            marker=style.FRAMEWORK_MARK.get(name, "o"),
            color=style.FRAMEWORK.get(name, style.INK),
            label=style.FRAMEWORK_NAME.get(name, name),
        )
        for name in frameworks
    ]  # fmt: skip
    fig.legend(
        handles=handles, loc="outside upper right", ncols=len(handles), columnspacing=1.0,
        handletextpad=0.2, borderaxespad=0.2,
    )  # fmt: skip
    return 0.95 * len(handles)
