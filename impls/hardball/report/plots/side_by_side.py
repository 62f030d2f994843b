"""Disks of several samplers side by side: one scale, one set of colours, turned alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from matplotlib.transforms import Transform, blended_transform_factory
from numpy.typing import NDArray

from hardball.hierarchy.dag import Hierarchy
from hardball.metrics.polar import Polar
from hardball.report import marks, rows
from hardball.report.plots import disk_plots, projection, style
from hardball.report.plots.projection import Plane
from hardball.report.tables.contrasts import REFERENCE

Floats = NDArray[np.float64]
BESIDE = "siblings"
# Figures below a disk: column, words, whether more is better.
FIGURES = (("map", "MAP", True), ("mean_rank", "mean rank", False))
# Nodes of one picture, so that each disk stays light.
MOST_NODES = 1200
BRANCH_WORDS = 4


@dataclass(frozen=True, eq=False)
class Disk:
    """One run: its name, figures by column, points, and whether many lie at the largest radius."""

    name: str
    figures: dict[str, float]
    polar: Polar
    at_limit: bool


def chosen(runs: pd.DataFrame) -> pd.DataFrame:
    """One run each of the reference, of siblings and of the sampler with the highest mean MAP.

    runs: those of one data set, loss, budget and framework that have points. Empty where the
    reference is missing or alone. Of each sampler the lowest seed is shown.
    """
    named = runs.assign(shown=rows.short_column(runs["sampler"]))
    means = named.groupby("shown", sort=False)["map"].mean().dropna()
    siblings = [name for name in means.index if rows.method_name(name) == BESIDE]
    if REFERENCE not in means.index or len(means) < 2:
        return runs.iloc[:0]
    wanted = dict.fromkeys([REFERENCE, *siblings[:1], str(means.idxmax())])
    ordered = named.sort_values("seed", kind="stable")
    return pd.concat([ordered[ordered["shown"] == name].iloc[:1] for name in wanted])


def disk_of(run: "pd.Series[str]", polar: Polar) -> Disk:
    figures = {key: float(run[key]) for key, _, _ in FIGURES if key in run}
    return Disk(str(run["shown"]), figures, polar, marks.at_limit(run.to_frame().T))


def planes(disks: Sequence[Disk], shown: NDArray[np.int_]) -> list[Plane]:
    """The points of each in the plane, lengths on one scale, each turned as near the first."""
    radii = [disk.polar.radius[shown] for disk in disks]
    reach = max(map(projection.reach_of, radii))
    found = [
        projection.project(radius, disk.polar.direction[shown], reach=reach)
        for disk, radius in zip(disks, radii, strict=True)
    ]
    return [found[0], *(p._replace(disk=turned(p.disk, found[0].disk)) for p in found[1:])]


def turned(disk: Floats, like: Floats) -> Floats:
    """A disk turned, and mirrored where that is nearer, so that its points lie near those `like`.

    The orthogonal matrix of least squares (Procrustes), which keeps all distances.
    """
    left, _, right = np.linalg.svd(disk.T @ like)
    return disk @ (left @ right)


@style.styled
def draw(disks: Sequence[Disk], tree: Hierarchy, title: str, dim: int) -> Figure:
    """The picture: a disk a sampler, its figures below, the best of each in bold."""
    shown = disk_plots.prominent(tree, MOST_NODES)
    drawn = planes(disks, shown)
    heads = disk_plots.branches(tree)
    branch = disk_plots.branch_of(tree, heads)[shown]
    size = disk_plots.below(tree)[shown]
    fig, grid = style.figure(
        3.2 * len(disks), 5.1, nrows=2, ncols=len(disks), squeeze=False, height_ratios=[7, 1]
    )
    for axes, disk, plane in zip(grid[0], disks, drawn, strict=True):
        axes.set_aspect("equal")
        axes.set_axis_off()
        axes.set_xlim(-1.03, 1.03)
        axes.set_ylim(-1.03, 1.03)
        axes.add_patch(Circle((0, 0), 1, facecolor="#FBFBFA", edgecolor="#BBBBBB", linewidth=0.6))
        disk_plots.edges(axes, plane.disk, tree, shown, branch, 0.75, thin=False)
        disk_plots.nodes(axes, plane.disk, branch, size, 0.5)
        mark = f" {marks.LIMIT}" if disk.at_limit else ""
        axes.set_title(f"{disk.name}{mark}", loc="center", fontsize=10.5)
        _figures(axes, disk, disks)
    names = [str(tree.names[head]) for head in heads]
    keys = [
        Line2D(
            [], [], linestyle="", marker="o", markersize=5, color=disk_plots.color(k), label=name
        )
        for k, name in enumerate(names)
    ]
    for axes in grid[1]:
        axes.set_axis_off()
    # The key is wider than its axes, which must not grow with it.
    key = fig.legend(
        handles=keys, loc="center", ncols=BRANCH_WORDS, fontsize=8.5, handletextpad=0.1,
        columnspacing=1.4, bbox_to_anchor=(0.5, 0.5), bbox_transform=_middle(fig, grid[1]),
    )  # fmt: skip
    key.set_in_layout(False)
    style.titles(fig, title, _said(disks, drawn, dim, tree.n_nodes, len(shown)))
    return fig


def _middle(fig: Figure, row: Sequence[Axes]) -> Transform:
    """Across the figure, and up along the axes of a row, wherever the layout puts them."""
    return blended_transform_factory(fig.transFigure, row[0].transAxes)


def _figures(axes: Axes, disk: Disk, disks: Sequence[Disk]) -> None:
    """One line a figure below a disk; the best of all disks is bold, in a box of its own."""
    for place, (key, words, more) in enumerate(FIGURES):
        known = [d.figures[key] for d in disks if np.isfinite(d.figures.get(key, np.nan))]
        if key not in disk.figures or not known:
            continue
        value = disk.figures[key]
        best = value == (max if more else min)(known)
        end = ("highest" if more else "lowest") if best and len(known) > 1 else ""
        text = f"{words} {value:.3f}" if more else f"{words} {value:.2f}"
        axes.text(
            0.5, -0.02 - 0.085 * place, f"{text}, {end}" if end else text,
            transform=axes.transAxes, ha="center", va="top", fontsize=9.5,
            fontweight="bold" if best else "normal", color=style.INK if best else "#555555",
            bbox={"facecolor": "#FFE9A8", "edgecolor": "none", "pad": 1.0} if end else None,
        )  # fmt: skip


def _said(disks: Sequence[Disk], drawn: Sequence[Plane], dim: int, total: int, shown: int) -> str:
    count = f"all {total:,} nodes" if shown == total else f"{shown:,} of {total:,} nodes"
    said = f"One run each, {count}, edges between those with children; colours: largest branches."
    if drawn[0].exact:
        said += " The disks as trained, turned alike."
    else:
        costs = ", ".join(f"{plane.relative_error:.0%}" for plane in drawn)
        said += (
            f" Trained in {dim} dimensions, drawn by hydra+ on one scale, lengths × "
            f"{drawn[0].scale:.2f}, turned alike; mean error of a distance: {costs}."
        )
    if any(disk.at_limit for disk in disks):
        said += f" {marks.LIMIT}: {marks.SAID[marks.LIMIT]}."
    return said
