"""Metrics as dots with intervals, radius against depth, JAX against PyTorch."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hardball.metrics.declare import Metric
from hardball.report import rows
from hardball.report.plots import style
from hardball.report.statistics import Estimate
from hardball.report.summary import Summary, summarise
from hardball.report.tables.parity import LEFT, RIGHT, pairs
from hardball.report.tables.render import ARROWS, number
from hardball.report.tables.result_tables import metric_header

SHOWN = (
    "map", "mean_rank", "auc_siblings", "depth_spearman", "distortion_mean", "label_accuracy",
    "graph_accuracy",
)  # fmt: skip
PARITY_SHOWN = ("map", "mean_rank", "depth_spearman")
ROW = 0.34


def row_label(first: Mapping[str, object]) -> str:
    """`siblings · infonce`."""
    return f"{first['sampler']} · {first['loss']}"


def lines_of(runs: pd.DataFrame, metrics: Sequence[Metric]) -> dict[str, list[Summary]]:
    """Summaries by label; a label says sampler, loss and whatever else tells lines apart."""
    short = rows.shortened(runs)
    others = [
        c
        for c in rows.varying(short, ["task", *rows.settings_of(short)])
        if c not in ("sampler", "loss")
    ]
    usual = {c: str(short[c].astype(str).mode().iloc[0]) for c in others}
    found: dict[str, list[Summary]] = {}
    for summary in summarise(runs, metrics):
        first = short.loc[summary.runs.index[0]]
        said = [_said(c, first[c]) for c in others if str(first[c]) != usual[c]]
        label = ", ".join([row_label(first), *said])
        found.setdefault(label, []).append(summary)
    return found


def _said(column: str, value: object) -> str:
    if column in ("manifold", "optimizer", "task"):
        return str(value).replace("_", " ")
    if column == "regularizers":
        return str(value) or "no regularizer"
    if column == "hard":
        return f"with {value}" if value else "no hard ones"
    return f"{ {'dim': 'd'}.get(column, column.replace('_', ' ')) } {value}"


@style.styled
def metric_dots(
    runs: pd.DataFrame,
    metrics: Sequence[Metric],
    dataset: str,
    task: str,
    floors: pd.DataFrame | None = None,
) -> Figure | None:
    """One line a configuration, one panel a metric; dots are interquartile means.

    runs: those of one data set and task. None where no shown metric has a value.
    """
    shown = [m for name in SHOWN for m in metrics if m.name == name and runs[name].notna().any()]
    if not shown:
        return None
    lines = lines_of(runs, shown)
    labels = _sorted(lines, shown[0])
    longest = max(map(len, labels))
    fig, panels = style.figure(
        1.4 + 0.065 * longest + 2.1 * len(shown),
        1.5 + ROW * len(labels),
        ncols=len(shown),
        sharey=True,
        squeeze=False,
    )
    for axes, metric in zip(panels[0], shown, strict=True):
        _dots(axes, [lines[label] for label in labels], metric, task)
        _floor_lines(axes, floors, dataset, task, metric)
    first: Axes = panels[0, 0]
    first.set_yticks(range(len(labels)), labels)
    first.set_ylim(len(labels) - 0.4, -0.6)
    _framework_legend(fig, runs)
    style.titles(
        fig,
        f"{dataset}, {task.replace('_', ' ')}",
        "Dot: interquartile mean over seeds; bar: 95 % bootstrap interval; arrow: which way is "
        "better; dashed: what popularity alone reaches. Sorted by the first panel.",
    )
    return fig


def _sorted(lines: Mapping[str, list[Summary]], metric: Metric) -> list[str]:
    def worth(label: str) -> float:
        found = [s.estimates[metric.name].value for s in lines[label] if metric.name in s.estimates]
        sign = -1 if metric.direction == "max" else 1
        return sign * found[0] if found else math.inf

    return sorted(lines, key=worth)


def _dots(axes: Axes, lines: Sequence[Sequence[Summary]], metric: Metric, task: str) -> None:
    frameworks = sorted({s.framework for line in lines for s in line})
    values = []
    for place, line in enumerate(lines):
        for summary in line:
            found = summary.estimates.get(metric.name)
            offset = 0.16 * (2 * frameworks.index(summary.framework) - len(frameworks) + 1)
            if found is not None:
                values += _dot(axes, place + offset, found, summary.framework)
    axes.margins(x=0.12)
    if metric.direction == "min" and values and max(values) > 20 * min(values) > 0:
        axes.set_xscale("log")
        style.logarithmic(axes.xaxis)
    else:
        style.few_ticks(axes.xaxis, 4)
    axes.set_title(f"{metric_header(metric.name, task)} {ARROWS[metric.direction]}")
    style.quiet(axes, "x")
    axes.spines["left"].set_visible(False)


def _dot(axes: Axes, place: float, found: Estimate, framework: str) -> list[float]:
    """Draws one estimate, returns the values that span it; a cross if it diverged."""
    color = style.FRAMEWORK.get(framework, style.INK)
    mark = style.FRAMEWORK_MARK.get(framework, "o")
    if not math.isfinite(found.value):
        axes.plot(
            [0.02], [place], "x", color=color, transform=axes.get_yaxis_transform(), clip_on=False
        )
        axes.text(
            0.05,
            place,
            f"{found.diverged} of {found.runs} diverged",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=7,
            color=color,
        )
        return []
    ends = [end for end in (found.low, found.high) if math.isfinite(end)]
    if found.has_interval and len(ends) == 2:
        axes.plot(ends, [place, place], color=color, linewidth=1.6, alpha=0.6)
    axes.plot([found.value], [place], mark, color=color, markersize=4.5, markeredgewidth=0)
    if found.diverged:
        axes.annotate(
            f"{found.diverged} diverged",
            (found.value, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            color=color,
        )
    return [found.value, *ends]


def _floor_lines(
    axes: Axes, floors: pd.DataFrame | None, dataset: str, task: str, metric: Metric
) -> None:
    if floors is None or floors.empty or metric.name not in floors:
        return
    here = floors[
        (floors["dataset"] == dataset)
        & (floors["task"].map(rows.method_name) == task)
        & (floors["floor"] == "popularity")
    ]
    value = here[metric.name].dropna()
    if len(value):
        floor = float(value.iloc[0])
        axes.axvline(floor, color="#777777", linestyle=(0, (4, 3)), linewidth=0.9, zorder=1)
        low, high = axes.get_xlim()
        right = (
            floor > (low * high) ** 0.5
            if axes.get_xscale() == "log"
            else (floor > (low + high) / 2)
        )
        axes.annotate(
            "popularity",
            (floor, 0.01),
            xycoords=axes.get_xaxis_transform(),
            xytext=(-3 if right else 3, 0),
            textcoords="offset points",
            ha="right" if right else "left",
            va="bottom",
            fontsize=6.5,
            color="#777777",
        )


def _framework_legend(fig: Figure, runs: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            marker=style.FRAMEWORK_MARK.get(f, "o"),
            color=style.FRAMEWORK.get(f, style.INK),
            label=style.FRAMEWORK_NAME.get(f, f),
        )
        for f in sorted(runs["framework"].unique())
    ]
    fig.legend(handles=handles, loc="outside upper right", ncols=len(handles))


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


@style.styled
def parity_scatter(runs: pd.DataFrame, metrics: Sequence[Metric], task: str) -> Figure | None:
    """Each dot a configuration and seed of one task: its JAX figure against its PyTorch figure."""
    both = pairs(runs)
    shown = [m for name in PARITY_SHOWN for m in metrics if m.name == name]
    shown = [m for m in shown if not both.empty and both[f"{m.name}_{LEFT}"].notna().any()]
    if not shown:
        return None
    fig, panels = style.figure(3.3 * len(shown), 3.9, ncols=len(shown), squeeze=False)
    datasets = list(dict.fromkeys(both[f"dataset_{LEFT}"]))
    color = style.colors(datasets)
    for axes, metric in zip(panels[0], shown, strict=True):
        x, y = both[f"{metric.name}_{LEFT}"], both[f"{metric.name}_{RIGHT}"]
        for dataset in datasets:
            here = both[f"dataset_{LEFT}"] == dataset
            axes.scatter(
                x[here], y[here], s=16, color=color[dataset], alpha=0.6, linewidths=0, label=dataset
            )
        low, high = float(np.nanmin([x, y])), float(np.nanmax([x, y]))
        axes.axline((low, low), slope=1, color="#999999", linewidth=0.8, zorder=0)
        if metric.direction == "min" and high > 20 * low > 0:
            axes.set_xscale("log")
            axes.set_yscale("log")
            style.logarithmic(axes.xaxis)
            style.logarithmic(axes.yaxis)
        axes.set_title(metric_header(metric.name, task))
        axes.set_xlabel("JAX")
        axes.set_ylabel("PyTorch")
        worst = float((x - y).abs().max())
        axes.text(
            0.04,
            0.95,
            f"largest difference {number(worst)}\nruns compared: {int((x - y).notna().sum())}",
            transform=axes.transAxes,
            va="top",
            fontsize=8,
        )
        style.quiet(axes)
    fig.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower right", ncols=4)
    style.titles(fig, f"The same seed in JAX and in PyTorch: {task.replace('_', ' ')}")
    return fig


@style.styled
def group_dots(
    runs: pd.DataFrame, metrics: Sequence[Metric], dataset: str, task: str
) -> Figure | None:
    """Separation and purity of each grouping by sampler; None where the data set has no groups."""
    prefixes = ("separation_", "purity10_")
    shown = [
        m
        for m in metrics
        if m.name.startswith(prefixes)
        and m.name != "separation_sources"
        and runs[m.name].notna().any()
    ]
    if not shown:
        return None
    lines = lines_of(runs, shown)
    labels = _sorted(lines, shown[0])
    columns = min(4, len(shown))
    height = -(-len(shown) // columns)
    fig, panels = style.figure(
        1.4 + 0.065 * max(map(len, labels)) + 2.1 * columns,
        0.9 + (0.7 + ROW * len(labels)) * height,
        nrows=height,
        ncols=columns,
        sharey=True,
        squeeze=False,
    )
    for axes in panels.ravel()[len(shown) :]:
        axes.set_visible(False)
    for axes, metric in zip(panels.ravel(), shown, strict=False):
        _dots(axes, [lines[label] for label in labels], metric, task)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
    _framework_legend(fig, runs)
    style.titles(
        fig,
        f"{dataset}: do the groups part?",
        "Separation: mean distance between groups over that within. Purity: share of the 10 "
        "nearest nodes of the same group. Bar: 95 % bootstrap interval over seeds.",
    )
    return fig
