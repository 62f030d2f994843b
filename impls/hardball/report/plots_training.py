"""Training curves: what the loss, the negatives and their gradients did, seeds as a band."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hardball.report import rows, style

PANELS = (
    ("epoch", "loss", "loss"),
    ("seconds", "loss", "loss"),
    ("epoch", "masked_share", "share of draws masked"),
    ("epoch", "negative_gradient", "mean gradient norm of a negative"),
    ("epoch", "negative_gradient_stalled", "share of negatives without gradient"),
)
X_NAMES = {"epoch": "epochs", "seconds": "seconds of training"}
LOGARITHMIC = ("loss", "negative_gradient")


@style.styled
def training(curves: pd.DataFrame, runs: pd.DataFrame, title: str) -> Figure | None:
    """One panel a quantity, one line a sampler and loss: median over seeds, band from low to high.

    runs: those to draw, of one data set, task and framework. None without curves.
    """
    if curves.empty:
        return None
    named = runs.assign(line=_lines(runs))
    joined = curves.merge(named[["run_id", "line"]], on="run_id")
    panels = [p for p in PANELS if p[1] in joined and joined[p[1]].notna().any()]
    if joined.empty or not panels:
        return None
    lines = list(dict.fromkeys(named["line"]))
    color = style.colors(lines)
    columns = min(3, len(panels))
    fig, grid = style.figure(
        3.7 * columns + 1.2, 2.9 * -(-len(panels) // columns) + 0.8,
        nrows=-(-len(panels) // columns), ncols=columns, squeeze=False,
    )  # fmt: skip
    for axes in grid.ravel()[len(panels) :]:
        axes.set_visible(False)
    for axes, (x, y, name) in zip(grid.ravel(), panels, strict=False):
        for line in lines:
            _band(axes, joined[joined["line"] == line], x, y, color[line])
        if y in LOGARITHMIC and (joined[y].dropna() > 0).all():
            axes.set_yscale("log")
            style.logarithmic(axes.yaxis)
        axes.set_title(name)
        axes.set_xlabel(X_NAMES[x])
        style.quiet(axes, "y")
    handles = [_handle(line, color[line]) for line in lines]
    if len(panels) < grid.size:
        free = grid.ravel()[-1]
        free.set_visible(True)
        free.set_axis_off()
        free.legend(handles=handles, loc="upper left", fontsize=10)
    else:
        fig.legend(handles=handles, loc="outside right upper")
    style.titles(fig, title, "Line: median over seeds; band: from the lowest to the highest seed.")
    return fig


def _lines(runs: pd.DataFrame) -> "pd.Series[str]":
    sampler, loss = rows.short_column(runs["sampler"]), rows.short_column(runs["loss"])
    several = loss.nunique() > 1
    return sampler + " · " + loss if several else sampler


def _handle(line: str, color: str) -> object:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=color, label=line, linewidth=2)


def _band(axes: Axes, curves: pd.DataFrame, x: str, y: str, color: str) -> None:
    """Median and range over the runs that reached an epoch, at their median x."""
    finite = curves[np.isfinite(curves[y])]
    if finite.empty:
        return
    epochs = finite.groupby("epoch")
    at = finite["epoch"].drop_duplicates().sort_values() if x == "epoch" else epochs[x].median()
    if finite["run_id"].nunique() > 1:
        low, high = epochs[y].min(), epochs[y].max()
        axes.fill_between(at, low, high, color=color, alpha=0.18, linewidth=0)
    axes.plot(at, epochs[y].median(), color=color, linewidth=1.4)
