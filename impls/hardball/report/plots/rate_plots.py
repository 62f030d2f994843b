"""Scorings a second against the batch size: a line a pool or number of negatives."""

import pandas as pd
from matplotlib.figure import Figure

from hardball.report import rows
from hardball.report.plots import style
from hardball.report.summary import FINISHED

# What may differ along a line and between lines: a rate is no figure of quality.
FREE = ("batch_size", "negatives", "lr", "epochs", "eval_every")


@style.styled
def rate_by_batch(runs: pd.DataFrame) -> Figure | None:
    """One panel a set of settings that ran with two batch sizes or more; None without.

    Points: medians over the runs that finished, training alone, compiling and scoring apart.
    """
    if not {"batch_size", "negatives", "train_seconds", "scorings"}.issubset(runs.columns):
        return None
    done = runs[(runs["status"] == FINISHED) & (runs["train_seconds"] > 0)]
    done = done.assign(rate=done["scorings"] / done["train_seconds"])
    shared = ["dataset", "task", *(c for c in rows.settings_of(runs) if c not in FREE)]
    panels = [
        (dict(zip(shared, values, strict=True)), part)
        for values, part in done.groupby(shared, sort=False, dropna=False)
        if (part.groupby(["framework", "negatives"])["batch_size"].nunique() > 1).any()
    ]
    if not panels:
        return None
    color = style.colors(sorted({int(n) for _, part in panels for n in part["negatives"]}))
    fig, grid = style.figure(6.2, 3.2 * len(panels) + 0.6, nrows=len(panels), squeeze=False)
    for axes, (settings, part) in zip(grid[:, 0], panels, strict=True):
        for (framework, negatives), line in part.groupby(["framework", "negatives"]):
            points = line.groupby("batch_size")["rate"].median()
            axes.plot(
                points.index,
                points,
                "-" if framework == "jax" else ":",
                marker=style.FRAMEWORK_MARK.get(str(framework), "o"),
                color=color[int(str(negatives))],
                markersize=4,
                label=f"{negatives}, {style.FRAMEWORK_NAME.get(str(framework), framework)}",
            )
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        style.logarithmic(axes.yaxis)
        axes.yaxis.set_major_formatter(lambda value, _: style.short(value))
        axes.set_xlabel("positive pairs a batch")
        axes.set_title(
            f"{settings['dataset']}, {rows.method_name(str(settings.get('sampler', '')))}, "
            f"d = {settings.get('dim', '')}, {settings.get('device', '')}: scorings a second"
        )
        axes.legend(title="negatives", fontsize=8)
        style.quiet(axes, "y")
    style.titles(fig, "Rate against batch", "Training alone; compiling and scoring are left out.")
    return fig
