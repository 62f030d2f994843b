"""Samplers at equal seconds: what each had reached when the quickest of them was done."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hardball.metrics.declare import Metric
from hardball.report import quality, rows, statistics
from hardball.report.quality import Family
from hardball.report.tables.contrasts import REFERENCE, loss_name
from hardball.report.tables.render import Cell, Column, Line, Table
from hardball.report.tables.result_tables import metric_header

# Families of one race: these are the same, the samplers differ.
RACE = (
    "dataset",
    "framework",
    "manifold",
    "dim",
    "loss",
    "loss_schedule",
    "losses",
    "regularizers",
    "optimizer",
    "dtype",
    "pretext",
    "encoder",
)


def at_seconds(family: Family, metric: str, seconds: float) -> dict[int, float]:
    """{seed: metric when a run of so many seconds ends}, for seeds with runs on both sides.

    Linear in the logarithm of the seconds, between the ends of the runs of neighbouring budgets.
    """
    found = {}
    for seed, ends in family.readings[~family.readings["sampled"]].groupby("seed"):
        ends = ends.sort_values("seconds")
        times, values = np.log(ends["seconds"].to_numpy()), ends[metric].to_numpy()
        # The quickest family's own last run: as far as that seed came, by a hair less or more.
        now = min(np.log(seconds), times[-1])
        if now >= times[0]:
            found[int(str(seed))] = float(np.interp(now, times, values))
    return found


def budget(families: Sequence[Family]) -> float:
    """Seconds of the longest runs of the family that took least: the median over its seeds."""
    longest = [
        family.runs[family.runs["epochs"] == family.budgets[-1]]["train_seconds"].median()
        for family in families
    ]
    return float(min(longest))


def equal_time(runs: pd.DataFrame, metric: Metric) -> Table | None:
    """Each sampler against uniform at the seconds of the quickest; None without two budgets."""
    if metric.name not in runs or not {"sampler", "loss"} <= set(runs.columns):
        return None
    races: dict[tuple[str, ...], list[Family]] = {}
    for family in quality.families(runs):
        key = tuple(str(family.settings.get(name, "")) for name in RACE)
        races.setdefault(key, []).append(family)
    lines: list[Line] = []
    for race in races.values():
        lines += _race(race, metric)
    if not lines:
        return None
    columns = [
        Column("dataset", "data set", text=True),
        Column("framework", "framework", text=True),
        Column("loss", "loss", text=True),
        Column("sampler", "sampler", text=True),
        Column("seconds", "seconds"),
        Column("value", metric_header(metric.name, quality.TASK), metric.direction),
        Column("difference", "− uniform's", metric.direction),
        Column("improvement", "P(better)", "max"),
        Column("pairs", "seeds"),
        Column("epochs", "passes by then"),
    ]
    notes = [
        "seconds: training alone, of the sampler that was first to end its longest run. The others "
        "are read at that time between the ends of runs with smaller and larger budgets (linear in "
        "log seconds), each of which has a schedule of its own.",
        "Interquartile means over seeds [95 % bootstrap interval], paired by seed. Runs of one "
        "thread each, two at a time.",
    ]
    title = f"Samplers at equal seconds: {metric_header(metric.name, quality.TASK)}"
    return Table(f"equal-seconds-{metric.name}", title, columns, lines, notes, ranked=False)


def _race(race: Sequence[Family], metric: Metric) -> list[Line]:
    """The samplers of one race, best first; none where uniform does not take part."""
    found = [f for f in race if f.seeds]
    reference = [f for f in found if rows.method_name(str(f.settings["sampler"])) == REFERENCE]
    if not reference or len(found) < 2:
        return []
    seconds = budget(found)
    theirs = at_seconds(reference[0], metric.name, seconds)
    names = rows.short_column(pd.Series([str(f.settings["sampler"]) for f in found]))
    sign = -1.0 if metric.direction == "min" else 1.0
    ranked = []
    for family, sampler in zip(found, names, strict=True):
        ours = at_seconds(family, metric.name, seconds)
        value = statistics.estimate(list(ours.values()), direction=metric.direction)
        cells: dict[str, Cell] = {
            "dataset": str(family.settings["dataset"]),
            "framework": str(family.settings["framework"]),
            "loss": loss_name(str(family.settings["loss"])),
            "sampler": sampler,
            "seconds": seconds,
            "value": value,
            "epochs": _passes(family, seconds),
        }
        if family is not reference[0]:
            pair = statistics.contrast(ours, theirs, metric.direction)
            cells |= {"difference": pair.difference, "improvement": pair.improvement}
            cells["pairs"] = pair.difference.runs
        ranked.append((-sign * value.value, Line(cells)))
    ranked.sort(key=lambda item: (np.isnan(item[0]), item[0]))
    return [line for _, line in ranked]


def _passes(family: Family, seconds: float) -> float:
    """Passes over the pairs in so many seconds, at the rate of the longest runs."""
    longest = family.runs[family.runs["epochs"] == family.budgets[-1]]
    return float(seconds / (longest["train_seconds"] / longest["epochs"]).median())
