"""Training curves: what the loss, the negatives and their gradients did, seeds as a band."""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hardball.report import rows
from hardball.report.plots import groups, style
from hardball.report.plots.groups import Group
from hardball.report.tables.contrasts import REFERENCE

PANELS = (
    ("epoch", "loss", "loss"),
    ("seconds", "loss", "loss over time"),
    ("epoch", "masked_share", "share of draws masked"),
    ("epoch", "negative_gradient", "mean gradient norm of a negative"),
    ("epoch", "negative_gradient_stalled", "share of negatives without gradient"),
)
X_NAMES = {"epoch": "epochs", "seconds": "seconds of training"}
LOGARITHMIC = ("loss", "negative_gradient")
# Characters of a line that names a series, and of one that heads a panel.
NAME_WIDTH, HEAD_WIDTH = 34, 24
# Seconds are logarithmic where some line takes so many times as long as another.
FAR_APART = 3


@style.styled
def training(curves: pd.DataFrame, runs: pd.DataFrame, title: str) -> Figure | None:
    """One panel a quantity, one line a sampler and loss: median over seeds, band from low to high.

    More lines than there are colours are drawn in several rows, see `groups.grouped`, each before
    all others in grey. runs: those to draw, of one data set, task and framework. None without
    curves.
    """
    if curves.empty:
        return None
    named = runs.assign(line=_lines(runs))
    joined = curves.merge(named[["run_id", "line"]], on="run_id")
    panels = [p for p in PANELS if p[1] in joined and joined[p[1]].notna().any()]
    if joined.empty or not panels:
        return None
    kinds = dict(zip(named["line"], named["sampler"].map(groups.kind), strict=True))
    found = groups.grouped(kinds, REFERENCE)
    color = groups.colors(found, REFERENCE)
    fig, grid, keys = _layout(len(found), len(panels))
    lines = {str(line): part for line, part in joined.groupby("line")}
    for group, its, key in zip(found, grid, keys, strict=True):
        for axes, (x, y, name) in zip(its, panels, strict=True):
            _panel(axes, lines, group, color, x, y)
            if its is grid[0]:
                axes.set_title(textwrap.fill(name, HEAD_WIDTH) if group.title else name)
            if its is grid[-1]:
                axes.set_xlabel(X_NAMES[x])
        _key(key, group, color)
    said = "Line: median over seeds; band: from the lowest to the highest seed."
    style.titles(fig, title, f"{said} Grey: the lines of the other rows." if grid[1:] else said)
    return fig


def _lines(runs: pd.DataFrame) -> "pd.Series[str]":
    sampler, loss = rows.short_column(runs["sampler"]), rows.short_column(runs["loss"])
    several = loss.nunique() > 1
    return sampler + " · " + loss if several else sampler


def _layout(count: int, panels: int) -> tuple[Figure, list[list[Axes]], list[Axes]]:
    """A figure, the panels of each of `count` groups, and where each group's key stands."""
    if count == 1:
        columns = min(3, panels + 1)
        deep = -(-(panels + 1) // columns)
        fig, grid = style.figure(
            3.7 * columns + 1.2, 2.9 * deep + 0.8, nrows=deep, ncols=columns, squeeze=False
        )
        every = list(grid.ravel())
        for axes in every[panels + 1 :]:
            axes.set_visible(False)
        return fig, [every[:panels]], [every[panels]]
    fig, grid = style.figure(
        2.7 * panels + 2.7, 2.1 * count + 0.9, nrows=count, ncols=panels + 1, squeeze=False,
        sharex="col", sharey="col",
    )  # fmt: skip
    return fig, [list(row[1:]) for row in grid], list(grid[:, 0])


def _panel(
    axes: Axes,
    lines: Mapping[str, pd.DataFrame],
    group: Group,
    color: Mapping[str, str],
    x: str,
    y: str,
) -> None:
    """The lines of a group in colour, before the others in grey."""
    for line, part in lines.items():
        if line not in group.names:
            _band(axes, part, x, y, style.FAINT, behind=True)
    for line in group.names:
        if line in lines:
            _band(axes, lines[line], x, y, color[line])
    values = pd.concat([part[y] for part in lines.values()]).dropna()
    if y in LOGARITHMIC and (values > 0).all():
        axes.set_yscale("log")
        style.logarithmic(axes.yaxis)
    else:
        style.few_ticks(axes.yaxis)
    ends = [part[x].max() for part in lines.values()]
    if x == "seconds" and max(ends) > FAR_APART * min(ends) > 0:
        axes.set_xscale("log")
        style.logarithmic(axes.xaxis)
    style.quiet(axes, "y")
    axes.tick_params(which="minor", length=0)


def _key(axes: Axes, group: Group, color: Mapping[str, str]) -> None:
    axes.set_axis_off()
    axes.legend(
        handles=style.handles({name: color[name] for name in group.names}, NAME_WIDTH),
        title=group.title, loc="upper left", alignment="left", borderaxespad=0,
        title_fontproperties={"weight": "bold", "size": 10},
    )  # fmt: skip


def _band(
    axes: Axes, curves: pd.DataFrame, x: str, y: str, color: str, behind: bool = False
) -> None:
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
