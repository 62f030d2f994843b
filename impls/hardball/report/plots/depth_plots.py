"""Radius against depth: is depth told by the radius?"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hardball.report.plots import style


@style.styled
def radius_by_depth(
    radii: Mapping[str, NDArray[np.float64]],
    depth: NDArray[np.int_],
    correlations: Mapping[str, tuple[float, float]],
    title: str,
) -> Figure:
    """One panel a method: the spread of hyperbolic radius at each depth.

    radii: method -> (N,). correlations: method -> Spearman of radius with depth before and after.
    """
    columns = min(4, len(radii))
    lines = -(-len(radii) // columns)
    fig, panels = style.figure(
        2.6 * columns + 0.6, 2.5 * lines + 1.0, nrows=lines, ncols=columns,
        sharex=True, sharey=True, squeeze=False,
    )  # fmt: skip
    levels = np.unique(depth)
    for axes in panels.ravel()[len(radii) :]:
        axes.set_visible(False)
    for position, (axes, (method, radius)) in enumerate(
        zip(panels.ravel(), radii.items(), strict=False)
    ):
        _boxes(axes, [radius[depth == level] for level in levels], levels)
        start, end = correlations.get(method, (math.nan, math.nan))
        said = f"ρ {end:.2f}" if math.isnan(start) else f"ρ {start:.2f} → {end:.2f}"
        axes.set_title(method, fontsize=9)
        axes.text(
            0.97, 0.04, said, transform=axes.transAxes, ha="right", fontsize=9, color=style.INK
        )
        if position % columns == 0:
            axes.set_ylabel("hyperbolic radius")
        if position >= len(radii) - columns:
            axes.set_xlabel("depth")
            axes.tick_params(labelbottom=True)
    style.titles(
        fig,
        title,
        "Box: middle half of the nodes of one depth; line: median; whiskers: 5 to 95 %. "
        "ρ: Spearman correlation of radius with depth, before → after training.",
    )
    return fig


def _boxes(axes: Axes, groups: Sequence[NDArray[np.float64]], levels: NDArray[np.int_]) -> None:
    boxes = axes.boxplot(
        list(groups),
        positions=list(map(float, levels)),
        widths=0.62,
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        medianprops={"color": style.INK, "linewidth": 1.2},
        whiskerprops={"color": "#777777", "linewidth": 0.8},
        capprops={"linewidth": 0},
    )
    for box, level in zip(boxes["boxes"], levels, strict=True):
        share = float(level) / max(float(levels.max()), 1.0)
        box.set(facecolor=style.PALETTE[0], alpha=0.25 + 0.5 * share, edgecolor="none")
    step = 1 if len(levels) <= 12 else 5
    axes.set_xticks(levels[::step])
    style.quiet(axes, "y")
