"""The same seeds in JAX and in PyTorch, a dot a run."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hardball.metrics.declare import Metric
from hardball.report.plots import style
from hardball.report.tables.parity import LEFT, RIGHT, pairs
from hardball.report.tables.render import number
from hardball.report.tables.result_tables import metric_header

SHOWN = ("map", "mean_rank", "depth_spearman")


@style.styled
def parity_scatter(runs: pd.DataFrame, metrics: Sequence[Metric], task: str) -> Figure | None:
    """Each dot a configuration and seed of one task: its JAX figure against its PyTorch figure."""
    both = pairs(runs)
    shown = [m for name in SHOWN for m in metrics if m.name == name]
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
        # The lowest numbers of both axes meet at the corner.
        axes.tick_params(pad=8)
    fig.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower right", ncols=4)
    style.titles(fig, f"The same seed in JAX and in PyTorch: {task.replace('_', ' ')}")
    return fig
