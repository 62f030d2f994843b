"""The comparison as CSV, Markdown and a figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from hardball.core.files import replacing
from hardball.report.plots import style
from hardball.report.tables import render
from hardball.report.tables.render import Column, Line, Table
from hardball.runs.tables import write_table
from hardball.studies.peers import systems
from hardball.studies.peers.row import Row
from hardball.studies.peers.systems import System
from hardball.studies.peers.task import Task

COLUMNS = (
    Column("system", "system", text=True),
    Column("version", "version", text=True),
    Column("negatives", "K"),
    Column("batch_size", "B"),
    Column("rate", "scorings/s", "max"),
    Column("seconds", "s"),
    Column("compile_seconds", "compile s"),
    Column("passes", "passes"),
    Column("own_epochs", "own epochs"),
    Column("coverage", "coverage"),
    Column("map", "MAP", "max"),
    Column("mean_rank", "mean rank", "min"),
    Column("median_rank", "median", "min"),
    Column("own_map", "own MAP"),
    Column("own_mean_rank", "own mean rank"),
    Column("seconds_to_map_50", "s to MAP .5", "min"),
    Column("seconds_to_map_90", "s to MAP .9", "min"),
    Column("peak_memory_mb", "peak MB", "min"),
    Column("threads", "threads"),
    Column("recipe", "recipe", text=True),
    Column("note", "note", text=True),
)
NOTES = (
    "scorings/s: positives x (1 + negatives), after the first tenth of the time; s: training "
    "alone, without set-up, compiling, evaluation or writing; passes: over all pairs.",
    "MAP, mean and median rank: this project's evaluator on the points that each system leaves. "
    "own: what the system's own protocol says of the same points, and passes as it counts them.",
    "coverage: different negatives that a batch's place met in three epochs, over what "
    "fresh draws give (1).",
    "s to MAP: the first of up to 24 checkpoints that had reached it. peak MB: of the system's "
    "process. K of a pool: nodes that the whole batch shares.",
)
ALIKE = (
    "All systems draw descendants of a node as its negatives, as Eq. 6 of Nickel & Kiela 2017 "
    "allows: {:.2f} % of uniform draws here."
)


def key_of(row: Row) -> str:
    """The name of a row's files."""
    named = (row.system, row.dataset, row.dim, row.negatives)
    return Task(*named, batch_size=0, lr=0.0, seconds=0.0).key


def wrong(which: System) -> str:
    """A system's flaws with their evidence, on one line."""
    return "; ".join(f"{flaw.text} ({flaw.where})" for flaw in which.flaws)


def write(
    rows: Sequence[Row], curves: Mapping[str, pd.DataFrame], descendants: float, out: Path
) -> list[Path]:
    """peers-<data set>-d<dim>.csv, .md and, where there are curves, .svg; whole or not at all."""
    first = rows[0]
    stem = f"peers-{Path(first.dataset).name}-d{first.dim}"
    written = [out / f"{stem}.csv", out / f"{stem}.md"]
    write_table(written[0], pd.DataFrame([row.model_dump() for row in rows]))
    with replacing(written[1]) as aside:
        aside.write_text(markdown(rows, descendants), encoding="utf-8")
    if any(len(curve) for curve in curves.values()):
        written += style.save(figure(rows, curves), out / stem, ["svg"])
    return written


def markdown(rows: Sequence[Row], descendants: float) -> str:
    """The table, its notes, and what each system gets wrong.

    descendants: share of uniform negatives that are descendants of their anchor.
    """
    first = rows[0]
    machine = next((row for row in rows if row.cpu), first)
    table = Table(
        name="peers",
        title=f"Systems side by side: {first.dataset}, d = {first.dim}",
        columns=list(COLUMNS),
        lines=[Line({column.key: getattr(row, column.key) for column in COLUMNS}) for row in rows],
        notes=[
            *NOTES,
            ALIKE.format(100 * descendants),
            f"{machine.cpu}, {machine.platform}, {machine.started[:10]}.",
        ],
        ranked=False,
    )
    lines = [render.to_markdown(table), "## What to know of each", ""]
    for name in dict.fromkeys(row.system for row in rows):
        for flaw in systems.system(name).flaws:
            seen = systems.system(name).seen
            where = f"{flaw.where}, {seen}" if flaw.line else flaw.where
            lines.append(f"- **{name}**: {flaw.text} (`{where}`)")
    return "\n".join(lines) + "\n"


@style.styled
def figure(rows: Sequence[Row], curves: Mapping[str, pd.DataFrame]) -> Figure:
    """MAP over seconds of training, a panel a number of negatives; pools stand in all of them."""
    first = rows[0]
    drawn = [row for row in rows if len(curves.get(key_of(row), ()))]
    pools = [row for row in drawn if systems.system(row.system).form == "pool"]
    others = [row for row in drawn if row not in pools]
    counts = sorted({row.negatives for row in others}) or [0]
    color = style.colors([name for name in systems.names() if name != systems.REFERENCE])
    color[systems.REFERENCE] = style.INK
    fig, grid = style.figure(
        4.2 * len(counts) + 1.8, 3.6, ncols=len(counts), squeeze=False, sharey=True
    )
    handles = {}
    for axes, count in zip(grid[0], counts, strict=True):
        for row in [*(row for row in others if row.negatives == count), *pools]:
            curve = curves[key_of(row)]
            (handles[row.system],) = axes.plot(
                curve["seconds"],
                curve["map"],
                color=color[row.system],
                linestyle="--" if row in pools else "-",
                label=row.system,
            )
        axes.set_xscale("log")
        style.logarithmic(axes.xaxis)
        axes.set_ylim(0, 1)
        axes.set_title(f"K = {count}" if count else "pool")
        axes.set_xlabel("seconds of training")
        style.quiet(axes, "y")
    grid[0][0].set_ylabel("MAP")
    fig.legend(handles=list(handles.values()), loc="outside right upper")
    subtitle = "Dashed: one pool a batch instead of K negatives a pair. Clocks stop for evaluation."
    style.titles(fig, f"{first.dataset}, d = {first.dim}", subtitle)
    return fig
