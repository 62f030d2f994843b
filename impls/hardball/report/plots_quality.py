"""MAP and mean rank over wall-clock and over scorings: a line a family, a point a budget."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from hardball.report import quality, statistics, style
from hardball.report.quality import Family, Target

PANELS = (("map", "closure MAP ↑"), ("mean_rank", "closure mean rank ↓"))
X_NAMES = {"seconds": "seconds of training", "scorings": "scorings"}
WIDTH, HEIGHT = 3.9, 2.5


@style.styled
def over(
    cost: str,
    found: Sequence[Family],
    published: pd.DataFrame | None = None,
    floors: pd.DataFrame | None = None,
) -> Figure | None:
    """Quality over `cost`, "seconds" or "scorings": a row a data set and dimension.

    Points: interquartile means over seeds of the runs of one budget, at their median cost, bars
    their intervals; faint: validations on a run's way. None without families.
    """
    if not found:
        return None
    named = list(zip(found, quality.labels(found), strict=True))
    color = style.colors(list(dict.fromkeys(label for _, label in named)))
    places = sorted({_place(family) for family in found})
    fig, grid = style.figure(
        2 * WIDTH + 1.8, HEIGHT * len(places) + 0.9,
        nrows=len(places), ncols=2, squeeze=False,
    )  # fmt: skip
    for (dataset, dim), pair in zip(places, grid, strict=True):
        here = [(f, label) for f, label in named if _place(f) == (dataset, dim)]
        marks = [
            ("published", quality.published_target(published, dataset, dim), "-"),
            ("popularity", quality.popularity(floors, dataset), "--"),
        ]
        for axes, (metric, header) in zip(pair, PANELS, strict=True):
            for name, target, line in marks:
                _level(axes, name, target, metric, line)
            for family, label in here:
                _draw(axes, family, cost, metric, color[label])
            _finish(axes, metric)
            axes.set_title(f"{dataset}, d = {dim}: {header}", fontsize=9)
            axes.set_xlabel(X_NAMES[cost])
    fig.legend(handles=_legend(color, found), loc="outside right upper")
    style.titles(
        fig,
        "Time to quality" if cost == "seconds" else "Scorings to quality",
        "Point: one budget, interquartile mean over seeds, bar 95 % interval; faint: validations "
        "during a run; cross: more than a quarter of the seeds diverged.",
    )
    return fig


def _place(family: Family) -> tuple[str, int]:
    return str(family.settings["dataset"]), int(str(family.settings["dim"]))


def _draw(axes: Axes, family: Family, cost: str, metric: str, color: str) -> None:
    framework = str(family.settings["framework"])
    dashed = "-" if framework == "jax" else ":"
    mark = style.FRAMEWORK_MARK.get(framework, "o")
    for _, run in family.readings.groupby("run_id", sort=False):
        if len(run) > 1:
            axes.plot(
                run[cost], run[metric], dashed, color=color, alpha=0.3, linewidth=0.7, zorder=2
            )
    points = budget_points(family, cost, metric)
    finite = points[np.isfinite(points["value"])]
    axes.plot(
        finite["at"], finite["value"], dashed, marker=mark, color=color, markersize=4, zorder=4
    )
    for at, low, high in zip(finite["at"], finite["low"], finite["high"], strict=True):
        if np.isfinite(low) and np.isfinite(high):
            axes.plot([at, at], [low, high], color=color, linewidth=1.2, alpha=0.5, zorder=3)
    lost = points[~np.isfinite(points["value"])]
    axes.plot(
        lost["at"], [0.03] * len(lost), "x", color=color, transform=axes.get_xaxis_transform()
    )


def budget_points(family: Family, cost: str, metric: str) -> pd.DataFrame:
    """One row a budget, by epochs: at (median cost), value, low, high, over seeds.

    A diverged run counts as the metric's worst value; a budget that only diverged is at the median
    cost of those runs.
    """
    direction: statistics.Direction = "max" if metric == "map" else "min"
    column = {"seconds": "train_seconds", "scorings": "scorings"}[cost]
    lines = []
    for _, part in family.runs.groupby("epochs"):
        done = part[(part["status"] == "ok") & part[metric].notna()]
        lost = int((part["status"] != "ok").sum())
        value = statistics.estimate(done[metric], diverged=lost, direction=direction)
        at = float((done if len(done) else part)[column].median())
        lines.append({"at": at, "value": value.value, "low": value.low, "high": value.high})
    return pd.DataFrame(lines, columns=["at", "value", "low", "high"])


def _level(axes: Axes, name: str, target: Target | None, metric: str, line: str) -> None:
    if target is None:
        return
    level = target.map if metric == "map" else target.mean_rank
    if level is None or not np.isfinite(level):
        return
    axes.axhline(level, color=style.OTHER, linestyle=line, linewidth=0.9, zorder=1)
    axes.text(
        0.995, level, f"{name} {level:g}" if name == "published" else name,
        transform=axes.get_yaxis_transform(), ha="right", va="bottom", fontsize=7, color="#555555",
        zorder=5, path_effects=[withStroke(linewidth=2, foreground="white")],
    )  # fmt: skip


def _finish(axes: Axes, metric: str) -> None:
    axes.set_xscale("log")
    style.logarithmic(axes.xaxis)
    axes.xaxis.set_major_formatter(lambda value, _: style.short(value))
    if metric == "mean_rank":
        axes.set_yscale("log")
        style.logarithmic(axes.yaxis)
    style.quiet(axes, "y")


def _legend(color: dict[str, str], found: Sequence[Family]) -> list[Line2D]:
    handles = [Line2D([], [], color=c, label=name, linewidth=2) for name, c in color.items()]
    frameworks = sorted({str(family.settings["framework"]) for family in found})
    for framework in frameworks:
        handles.append(
            Line2D(
                [], [],
                color=style.INK,
                linestyle="-" if framework == "jax" else ":",
                marker=style.FRAMEWORK_MARK.get(framework, "o"),
                markersize=4,
                label=style.FRAMEWORK_NAME.get(framework, framework),
            )
        )  # fmt: skip
    return handles
