"""MAP and mean rank over wall-clock and over scorings: a line a family, a point a budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from hardball.report import quality, statistics
from hardball.report.plots import groups, style
from hardball.report.plots.groups import Group
from hardball.report.quality import Family, Target

PANELS = (("map", "closure MAP ↑"), ("mean_rank", "closure mean rank ↓"))
X_NAMES = {"seconds": "seconds of training", "scorings": "scorings"}
WIDTH, HEIGHT = 3.9, 2.5
# Characters of a line that names a family.
NAME_WIDTH = 46


@dataclass(frozen=True, eq=False)
class Row:
    """One data set and dimension: families with their names, and those that are grey behind."""

    dataset: str
    dim: int
    title: str
    families: list[tuple[str, Family]]
    others: list[Family]


@style.styled
def over(
    cost: str,
    found: Sequence[Family],
    published: pd.DataFrame | None = None,
    floors: pd.DataFrame | None = None,
) -> Figure | None:
    """Quality over `cost`, "seconds" or "scorings": a row a data set and dimension.

    More families than there are colours have a row each of their groups, see `groups.grouped`, the
    other families of the place in grey. Points: interquartile means over seeds of the runs of one
    budget, at their median cost, bars their intervals; faint: validations on a run's way. None
    without families.
    """
    if not found:
        return None
    named = list(zip(quality.labels(found), found, strict=True))
    kinds = {name: groups.kind(str(f.settings.get("sampler", ""))) for name, f in named}
    parts = groups.grouped(kinds)
    color = groups.colors(parts)
    shown = _rows(named, parts)
    apart = len(parts) > 1
    fig, grid = style.figure(
        2 * WIDTH + (3.2 if apart else 1.8), HEIGHT * len(shown) + 0.9,
        nrows=len(shown), ncols=2 + apart, squeeze=False,
    )  # fmt: skip
    for row, its in zip(shown, grid, strict=True):
        marks = [
            ("published", quality.published_target(published, row.dataset, row.dim), "-"),
            ("popularity", quality.popularity(floors, row.dataset), "--"),
        ]
        for axes, (metric, header) in zip(its, PANELS, strict=False):
            for name, target, line in marks:
                _level(axes, name, target, metric, line)
            for family in row.others:
                _behind(axes, family, cost, metric)
            for name, family in row.families:
                _draw(axes, family, cost, metric, color[name])
            _finish(axes, metric)
            axes.set_title(f"{row.dataset}, d = {row.dim}: {header}", fontsize=9)
            axes.set_xlabel(X_NAMES[cost])
    frameworks = _frameworks(found)
    if apart:
        for row, axes in zip(shown, grid[:, -1], strict=True):
            _key(axes, row, color, frameworks if row is shown[0] else [])
    else:
        fig.legend(
            handles=[*style.handles(color, NAME_WIDTH), *frameworks], loc="outside right upper"
        )
    style.titles(
        fig,
        "Time to quality" if cost == "seconds" else "Scorings to quality",
        "Point: one budget, interquartile mean over seeds, bar 95 % interval; faint: validations "
        "during a run; cross: more than a quarter of the seeds diverged."
        + (" Grey: the other rows." if apart else ""),
    )
    return fig


def _rows(named: Sequence[tuple[str, Family]], parts: Sequence[Group]) -> list[Row]:
    """A row for each place and each group that has a family there."""
    found = []
    for place in sorted({_place(family) for _, family in named}):
        here = [(name, family) for name, family in named if _place(family) == place]
        for part in parts:
            families = [(name, family) for name, family in here if name in part.names]
            others = [family for name, family in here if name not in part.names]
            if families:
                found.append(Row(*place, part.title, families, others))
    return found


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


def _behind(axes: Axes, family: Family, cost: str, metric: str) -> None:
    """The budgets of a family of another group."""
    points = budget_points(family, cost, metric)
    finite = points[np.isfinite(points["value"])]
    axes.plot(finite["at"], finite["value"], color=style.FAINT, linewidth=0.9, zorder=1.5)


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


def _key(axes: Axes, row: Row, color: Mapping[str, str], more: Sequence[Line2D]) -> None:
    axes.set_axis_off()
    axes.legend(
        handles=[*style.handles({n: color[n] for n, _ in row.families}, NAME_WIDTH), *more],
        title=row.title, loc="upper left", alignment="left", borderaxespad=0,
        fontsize=8, title_fontproperties={"weight": "bold"},
    )  # fmt: skip


def _frameworks(found: Sequence[Family]) -> list[Line2D]:
    return [
        Line2D(
            [], [],
            color=style.INK,
            linestyle="-" if framework == "jax" else ":",
            marker=style.FRAMEWORK_MARK.get(framework, "o"),
            markersize=4,
            label=style.FRAMEWORK_NAME.get(framework, framework),
        )
        for framework in sorted({str(family.settings["framework"]) for family in found})
    ]  # fmt: skip
