"""Time to quality and resources as tables."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from hardball.report import quality, rows, statistics
from hardball.report.quality import Family, Reached, Target
from hardball.report.tables import render
from hardball.report.tables.render import Cell, Column, Line, Table
from hardball.report.tables.result_tables import INTERVALS, method_label

SAMPLED = "†"
RUN_ON = ("threads", "cpu", "accelerator")
ROUND = f"MAP {quality.ROUND_MAP:.2f}"


def time_to_quality(
    runs: pd.DataFrame, curves: Path | None = None, published: pd.DataFrame | None = None
) -> Table | None:
    """One line a family and framework: what it took to MAP 0.90 and to the published figures.

    curves: folder of the runs' curves. None where no configuration ran with two budgets.
    """
    found = quality.families(runs, rows.read_curves(curves, runs["run_id"]) if curves else None)
    if not found:
        return None
    lines = [
        _line(family, label, published)
        for family, label in zip(found, quality.labels(found), strict=True)
    ]
    lines.sort(key=lambda line: (str(line.cells["dataset"]), int(str(line.cells["dim"]))))
    return Table("time_to_quality", "Time to quality", _columns(found), lines, _notes())


def _line(family: Family, label: str, published: pd.DataFrame | None) -> Line:
    dataset, dim = str(family.settings["dataset"]), int(str(family.settings["dim"]))
    figure = quality.published_target(published, dataset, dim)
    cells: dict[str, Cell] = {
        **{key: str(value) for key, value in family.settings.items()},
        "dataset": dataset,
        "dim": dim,
        "method": label,
        "recipe": recipe(family),
        "budgets": ", ".join(map(str, family.budgets)),
        "runs": len(family.seeds),
        "diverged": int((family.runs["status"] != "ok").sum()),
    }
    cells |= _reached("map_090", family, Target(quality.ROUND_MAP))
    if figure is None:
        return Line({**cells, "published": "none published"})
    named = {
        "published_map": figure.map,
        "published_mean_rank": figure.mean_rank,
        "published_source": figure.source,
    }
    return Line({**cells, **named, **_reached("published", family, figure)})


def recipe(family: Family) -> str:
    """`adam lr 0.36`; its parameters stand in the CSV."""
    optimizer = rows.method_name(str(family.settings.get("optimizer", "")))
    return f"{optimizer} lr {float(str(family.settings.get('lr', 'nan'))):g}"


def _reached(name: str, family: Family, target: Target) -> dict[str, Cell]:
    """The cells of one target: to read, under its name; as numbers, under name_..."""
    if not family.seeds:
        return {name: "no seed ran every budget"}
    found = quality.reached(family, target)
    cells: dict[str, Cell] = {
        f"{name}_count": found.count,
        f"{name}_sampled": found.sampled,
        "best_map": found.best_map,
        "best_mean_rank": found.best_mean_rank,
        "best_seconds": found.best_seconds,
    }
    if not np.isfinite(found.costs["seconds"].value):
        return {**cells, name: _missed(found, len(family.seeds), target)}
    mark = f" {SAMPLED}" if found.sampled else ""
    return {
        **cells,
        name: f"{render.text(found.costs['seconds'])} s{mark}",
        f"{name}_compiled": f"{render.text(found.costs['seconds_compiled'])} s",
        f"{name}_scored": render.text(found.costs["scorings"]),
        **{f"{name}_{cost}": estimate for cost, estimate in found.costs.items()},
    }


def _missed(found: Reached, seeds: int, target: Target) -> str:
    """`not reached (best MAP 0.871, mean rank 12.3 in 4.5 s)`."""
    if np.isnan(found.best_map):
        return "not reached (every run diverged)"
    best = f"MAP {render.number(found.best_map)}"
    if target.mean_rank is not None:
        best += f", mean rank {render.number(found.best_mean_rank)}"
    some = f" by {seeds - found.count} of {seeds} seeds" if found.count else ""
    return f"not reached{some} (best {best} in {render.number(found.best_seconds)} s)"


def _columns(found: Sequence[Family]) -> list[Column]:
    shown = ("dataset", "dim", "framework")
    settings = [c for c in found[0].settings if c not in shown]
    columns = [
        Column("dataset", "data set", text=True),
        Column("dim", "d"),
        Column("method", "space", text=True),
        Column("recipe", "optimiser", text=True),
        Column("framework", "framework", text=True),
        *[Column(c, c, only_csv=True, text=True) for c in settings],
        Column("budgets", "budgets (epochs)", text=True),
        Column("runs", "seeds"),
        Column("diverged", "runs diverged", only_csv=True),
    ]
    for name, goal in (("map_090", ROUND), ("published", "published")):
        if name == "published":
            columns += [
                Column("published_map", "published MAP"),
                Column("published_mean_rank", "published mean rank"),
                Column("published_source", "published_source", only_csv=True, text=True),
            ]
        columns += [
            Column(name, f"time to {goal}", text=True),
            Column(f"{name}_compiled", "with compiling", text=True),
            Column(f"{name}_scored", f"scorings to {goal}", text=True),
            *[Column(f"{name}_{c}", c, "min", only_csv=True) for c in quality.COSTS],
            Column(f"{name}_count", "seeds that reached it", only_csv=True),
            Column(f"{name}_sampled", "of which in a validation", only_csv=True),
        ]
    best = ("best_map", "best_mean_rank", "best_seconds")
    return columns + [Column(key, key, only_csv=True) for key in best]


def _notes() -> list[str]:
    return [
        INTERVALS,
        "A line's runs differ in epochs and seed alone. Each seed counts with its cheapest reading "
        "at the target, over all budgets; nothing is read between readings. The published target "
        "is the published pair of closure MAP and mean rank with the highest MAP for the data set "
        "and dimension, in any space, and both must be reached.",
        "Time is training's wall-clock on the machine and threads that `resources` names, without "
        "reading data and scoring; with compiling: the longest compilation of the job is added, "
        "which is shorter where a cache held it.",
        f"{SAMPLED} read from a validation during a longer run, over a sample of nodes; all else "
        "from final, full rankings. Not reached: by more than a quarter of the seeds.",
    ]


def resources(runs: pd.DataFrame) -> Table | None:
    """One line a configuration and framework: compiling, training, rate, memory, threads.

    None where the rows do not say what they cost.
    """
    if not {"compile_seconds", "train_seconds", "scorings", "peak_memory_mb"}.issubset(runs):
        return None
    short = rows.shortened(runs)
    lines = []
    for (config_id, framework), part in runs.groupby(["config_id", "framework"], sort=False):
        first = short.loc[part.index[0]]
        done = part[(part["status"] == "ok") & (part["train_seconds"] > 0)]
        cells: dict[str, Cell] = {
            "dataset": str(first["dataset"]),
            "task": str(first["task"]),
            "method": method_label(first),
            "framework": str(framework),
            "config_id": str(config_id),
            "runs": len(part),
            "compile_seconds": float(part["compile_seconds"].max()),
            "peak_memory_mb": float(part["peak_memory_mb"].max()),
        }
        for key in ("optimizer", "batch_size", "negatives", "epochs", "dtype", *RUN_ON):
            if key in first:
                cells[key] = str(first[key])
        if len(done):
            cells["train_seconds"] = statistics.estimate(done["train_seconds"])
            cells["scorings_per_second"] = statistics.estimate(
                done["scorings"] / done["train_seconds"]
            )
        lines.append(Line(cells))
    columns = [
        Column("dataset", "data set", text=True),
        Column("task", "task", only_csv=runs["task"].nunique() == 1, text=True),
        Column("method", "method", text=True),
        Column("optimizer", "optimiser", text=True),
        Column("batch_size", "batch"),
        Column("negatives", "negatives"),
        Column("epochs", "epochs"),
        Column("dtype", "dtype", only_csv=True, text=True),
        Column("framework", "framework", text=True),
        Column("runs", "seeds"),
        Column("threads", "threads"),
        Column("compile_seconds", "compiling, s"),
        Column("train_seconds", "training, s"),
        Column("scorings_per_second", "scorings a second"),
        Column("peak_memory_mb", "peak memory, MB"),
        Column("accelerator", "accelerator", text=True),
        Column("cpu", "cpu", only_csv=True, text=True),
        Column("config_id", "config_id", only_csv=True, text=True),
    ]
    notes = [
        INTERVALS + " Diverged runs are left out of times and rates.",
        "Compiling: the longest of the job's seeds, which share what is compiled; short where a "
        "cache held it. Memory: the largest peak of the process, data, compiling and scoring "
        "included; seeds of a job share a process.",
        *_machines(runs),
    ]
    return Table("resources", "Resources", columns, lines, notes, ranked=False)


def _machines(runs: pd.DataFrame) -> list[str]:
    """A note each for the processors and the accelerators that the rows name."""
    notes = []
    for column, title in {"cpu": "Processor", "accelerator": "Accelerator"}.items():
        names = sorted(set(map(str, runs[column].dropna())) - {""}) if column in runs else []
        notes += [f"{title}: {', '.join(names)}."] if names else []
    return notes
