"""MAP and mean rank over wall-clock and over scorings: a line a family, a point a budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from hardball.report import quality, rows, statistics
from hardball.report.plots import groups, style
from hardball.report.plots.groups import Group
from hardball.report.quality import Family, Target

PANELS = (("map", "closure MAP ↑"), ("mean_rank", "closure mean rank ↓"))
X_NAMES = {"seconds": "seconds of training", "scorings": "evaluations"}
# Inches of a panel and of a key beside it.
WIDTH, HEIGHT, KEY = 3.2, 2.3, 2.9
# Of a key: a line, and what is between two entries.
LINE, BETWEEN = 0.135, 0.06
# Characters of a line that names a family.
NAME_WIDTH = 32


@dataclass(frozen=True, eq=False)
class Row:
    """One data set and dimension: families with their names, and those that are grey behind."""

    dataset: str
    dim: int
    title: str
    families: list[tuple[str, Family]]
    others: list[Family]


def over(
    cost: str,
    found: Sequence[Family],
    published: pd.DataFrame | None = None,
    floors: pd.DataFrame | None = None,
) -> dict[str, Figure]:
    """{place: figure} of quality over `cost`, "seconds" or "scorings"; a place: data and dimension.

    More families than there are colours have a row each of their groups, see `groups.grouped`, the
    other families of the place in grey. Points: interquartile means over seeds of the runs of one
    budget, at their median cost, bars their intervals; faint: validations on a run's way. Empty
    without families.
    """
    named = list(zip(_short(quality.labels(found)), found, strict=True)) if found else []
    drawn = {}
    for place in sorted({_place(family) for _, family in named}):
        here = [(name, family) for name, family in named if _place(family) == place]
        dataset, dim = place
        drawn[f"{rows.file_name(dataset)}-d{dim}"] = _over(cost, here, published, floors)
    return drawn


def _short(names: Sequence[str]) -> list[str]:
    """Names without what all share: the manifold in front, and the word `sampler`."""
    if len({name.partition(", ")[0] for name in names}) == 1 and all(", " in n for n in names):
        names = [name.partition(", ")[2] for name in names]
    if all(name.startswith("sampler ") for name in names):
        names = [name.removeprefix("sampler ") for name in names]
    return list(names)


@style.styled
def _over(
    cost: str,
    named: Sequence[tuple[str, Family]],
    published: pd.DataFrame | None,
    floors: pd.DataFrame | None,
) -> Figure:
    kinds = {name: groups.kind(str(f.settings.get("sampler", ""))) for name, f in named}
    parts = groups.grouped(kinds)
    color = groups.colors(parts)
    shown = _rows(named, parts)
    frameworks = _frameworks([family for _, family in named])
    heights = [_height(row, len(frameworks) if row is shown[0] else 0) for row in shown]
    fig, grid = style.figure(
        2 * WIDTH + KEY, sum(heights) + 0.9, nrows=len(shown), ncols=3, squeeze=False,
        width_ratios=[WIDTH, WIDTH, KEY], height_ratios=heights,
    )  # fmt: skip
    dataset, dim = shown[0].dataset, shown[0].dim
    levels = [
        ("published", quality.published_target(published, dataset, dim), "-"),
        ("popularity", quality.popularity(floors, dataset), "--"),
    ]
    for row, its in zip(shown, grid, strict=True):
        for axes, (metric, header) in zip(its, PANELS, strict=False):
            for family in row.others:
                _behind(axes, family, cost, metric)
            for name, family in row.families:
                _draw(axes, family, cost, metric, color[name])
            _finish(axes, metric)
            _levels(axes, levels, metric)
            if row is shown[0]:
                axes.set_title(header, fontsize=9.5)
            if row is shown[-1]:
                axes.set_xlabel(X_NAMES[cost])
    for row, axes in zip(shown, grid[:, -1], strict=True):
        _key(axes, row, color, frameworks if row is shown[0] else [])
    name = "time to quality" if cost == "seconds" else "evaluations to quality"
    style.titles(
        fig,
        f"{dataset}, d = {dim}: {name}",
        "Point: one budget, interquartile mean over seeds, bar 95 % interval; faint: validations "
        "during a run; cross: more than a quarter of the seeds diverged."
        + (" Grey: the other rows." if len(shown) > 1 else ""),
    )
    return fig


def _rows(named: Sequence[tuple[str, Family]], parts: Sequence[Group]) -> list[Row]:
    """A row for each group of the families of one place."""
    found = []
    for part in parts:
        families = [(name, family) for name, family in named if name in part.names]
        others = [family for name, family in named if name not in part.names]
        if families:
            found.append(Row(*_place(families[0][1]), part.title, families, others))
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


def _levels(axes: Axes, levels: Sequence[tuple[str, Target | None, str]], metric: str) -> None:
    """Lines of what others reach; names at the right end, the second at the left if both are near.

    The axes have their final scale.
    """
    known = []
    for name, target, line in levels:
        level = None if target is None else target.map if metric == "map" else target.mean_rank
        if level is not None and np.isfinite(level):
            axes.axhline(level, color=style.OTHER, linestyle=line, linewidth=0.9, zorder=1)
            known.append((f"{name} {level:g}" if name == "published" else name, level))
    low, high = axes.transData.transform([(1, axes.get_ylim()[0]), (1, axes.get_ylim()[1])])[:, 1]
    at = [axes.transData.transform((1, level))[1] for _, level in known]
    near = len(at) == 2 and abs(at[0] - at[1]) < 0.14 * (high - low)
    for place, (name, level) in enumerate(known):
        left = near and place == 1
        above = at[place] < low + 0.88 * (high - low)
        axes.text(
            0.01 if left else 0.99, level, name, transform=axes.get_yaxis_transform(),
            ha="left" if left else "right", va="bottom" if above else "top", fontsize=7,
            color="#555555", zorder=5,
            path_effects=[withStroke(linewidth=2, foreground="white")],
        )  # fmt: skip


def _finish(axes: Axes, metric: str) -> None:
    axes.set_xscale("log")
    style.logarithmic(axes.xaxis)
    axes.xaxis.set_major_formatter(lambda value, _: style.short(value))
    if metric == "mean_rank":
        axes.set_yscale("log")
        style.logarithmic(axes.yaxis)
    style.quiet(axes, "y")


def _height(row: Row, more: int) -> float:
    """Inches of a row of panels: HEIGHT, or what its key takes with so many lines more."""
    lines = [style.broken(name, NAME_WIDTH).count("\n") + 1 for name, _ in row.families]
    entries = [*lines, *[1] * more]
    return max(HEIGHT, 0.5 + LINE * sum(entries) + BETWEEN * len(entries))


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
