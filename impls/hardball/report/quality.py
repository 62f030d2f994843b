"""Time to quality: when a configuration, given several budgets, reached a figure.

The learning rate falls over the whole of a run, so one run's curve understates what a shorter run
reaches. A family holds the runs that differ in their budget alone; each is a reading at its end,
and at every validation on its way.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from hardball.report import rows, statistics
from hardball.report.statistics import Estimate
from hardball.report.summary import FINISHED

TASK = "reconstruction"
BUDGET = ("epochs", "eval_every")
ROUND_MAP = 0.90
# What a reading costs: training alone, with compiling, and in scored pairs.
COSTS = ("seconds", "seconds_compiled", "scorings")


@dataclass(frozen=True)
class Target:
    """Reached where MAP >= map and, unless None, mean rank <= mean_rank."""

    map: float
    mean_rank: float | None = None
    source: str = ""


@dataclass(frozen=True, eq=False)
class Family:
    """Runs of one framework that differ in budget and seed alone.

    settings: columns that all of them share. budgets: epochs, ascending. seeds: those that ran
    every budget; the others are left out, lest a seed without the long runs count as slow.
    readings: seed, epochs, seconds, seconds_compiled, scorings, map, mean_rank and sampled (ranked
    from a sample of nodes, as validations are), of the runs that finished.
    """

    settings: dict[str, object]
    budgets: tuple[int, ...]
    seeds: tuple[int, ...]
    runs: pd.DataFrame
    readings: pd.DataFrame


@dataclass(frozen=True)
class Reached:
    """What it took a family to reach a target, and the best reading where it did not.

    costs: name of COSTS -> interquartile mean over seeds, inf where too few reached it.
    count: seeds that did, sampled: those of them whose first reading was a validation.
    best_map, best_mean_rank: interquartile means over seeds of the reading with the highest MAP;
    best_seconds: when, the median.
    """

    costs: dict[str, Estimate]
    count: int
    sampled: int
    best_map: float
    best_mean_rank: float
    best_seconds: float


def families(runs: pd.DataFrame, curves: pd.DataFrame | None = None) -> list[Family]:
    """The families of at least two budgets, in the order of the rows; reconstruction alone.

    curves: as `rows.read_curves` gives them; None where no run was validated on its way.
    """
    if not {"epochs", "map", "mean_rank", "train_seconds", "scorings"}.issubset(runs.columns):
        return []
    runs = runs[runs["task"].map(rows.method_name) == TASK]
    shared = [column for column in rows.settings_of(runs) if column not in BUDGET]
    keys = ["dataset", "task", "framework", *shared]
    found = []
    for values, part in runs.groupby(keys, sort=False, dropna=False):
        budgets = tuple(sorted(int(epochs) for epochs in part["epochs"].unique()))
        if len(budgets) > 1:
            settings = dict(zip(keys, values, strict=True))
            seeds = _complete(part, len(budgets))
            kept = part[part["seed"].isin(seeds)]
            found.append(Family(settings, budgets, seeds, kept, readings(kept, curves)))
    return found


def _complete(runs: pd.DataFrame, budgets: int) -> tuple[int, ...]:
    ran = runs.groupby("seed")["epochs"].nunique()
    return tuple(int(str(seed)) for seed in ran.index[ran == budgets])


def readings(runs: pd.DataFrame, curves: pd.DataFrame | None = None) -> pd.DataFrame:
    """The readings of runs: their validations, then their final figures, by seconds.

    A validation that costs as much as the run is its end, whose own figures stand for it.
    seconds_compiled adds the longest compilation of the runs' job, which only its first seed paid.
    """
    done = runs[(runs["status"] == FINISHED) & runs["map"].notna()]
    compiled = runs["compile_seconds"] if "compile_seconds" in runs else runs["train_seconds"] * 0
    longest = compiled.groupby(runs["epochs"]).max()
    final = pd.DataFrame(
        {
            "run_id": done["run_id"],
            "seed": done["seed"],
            "epochs": done["epochs"],
            "compile": done["epochs"].map(longest),
            "seconds": done["train_seconds"].astype(float),
            "scorings": done["scorings"].astype(float),
            "map": done["map"],
            "mean_rank": done["mean_rank"],
            "sampled": done["sources"].notna() if "sources" in done else False,
        }
    )
    every = [_validations(final, curves), final] if curves is not None else [final]
    found = pd.concat([part for part in every if len(part)] or [final], ignore_index=True)
    found["seconds_compiled"] = found["seconds"] + found["compile"]
    return found.sort_values(["seconds", "run_id"], ignore_index=True).drop(columns="compile")


def _validations(final: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    if not {"map", "mean_rank"}.issubset(curves.columns):
        return final.head(0)
    validated = curves.loc[
        curves["map"].notna(), ["run_id", "seconds", "scorings", "map", "mean_rank"]
    ]
    ends = final[["run_id", "seed", "epochs", "compile", "scorings"]]
    joined = validated.merge(ends, on="run_id", suffixes=("", "_end"))
    earlier = joined[joined["scorings"] < joined["scorings_end"]]
    return earlier.drop(columns="scorings_end").assign(sampled=True)


def reached(family: Family, target: Target) -> Reached:
    """When the family reached the target, over its seeds.

    A seed's cost is that of its cheapest reading at the target, over all budgets, and infinite
    without one: the interquartile mean stays finite while at most a quarter of the seeds have none.
    """
    hit = at_target(family.readings, target)
    costs = {}
    for cost in COSTS:
        first = family.readings[hit].groupby("seed")[cost].min()
        missing = len(family.seeds) - len(first)
        costs[cost] = statistics.estimate(first, diverged=missing, direction="min")
    earliest = family.readings[hit].drop_duplicates("seed")
    best = family.readings.sort_values("map", ascending=False, kind="stable")
    best = best.drop_duplicates("seed")
    return Reached(
        costs,
        len(earliest),
        int(earliest["sampled"].sum()),
        statistics.interquartile_mean(best["map"]),
        statistics.interquartile_mean(best["mean_rank"]),
        float(best["seconds"].median()),
    )


def at_target(found: pd.DataFrame, target: Target) -> "pd.Series[bool]":
    """Which readings are at the target: map >= its map, and mean_rank <= its mean_rank."""
    hit = found["map"] >= target.map
    return hit if target.mean_rank is None else hit & (found["mean_rank"] <= target.mean_rank)


def published_target(
    published: pd.DataFrame | None, dataset: str, dim: int, task: str = TASK
) -> Target | None:
    """The published pair of MAP and mean rank with the highest MAP, of any space; None without.

    Figures whose protocol says that they are unconfirmed are no target.
    """
    if published is None or published.empty:
        return None
    here = published[
        (published["dataset"] == dataset)
        & (published["dim"] == dim)
        & (published["task"].map(rows.method_name) == task)
        & ~published["protocol"].str.contains(rows.UNCONFIRMED)
    ]
    best: Target | None = None
    for (source, manifold), part in here.groupby(["source", "manifold"], sort=False):
        figures = dict(zip(part["metric"], part["value"], strict=True))
        if {"map", "mean_rank"} <= figures.keys() and (best is None or figures["map"] > best.map):
            best = Target(figures["map"], figures["mean_rank"], f"{source}, {manifold}")
    return best


def popularity(floors: pd.DataFrame | None, dataset: str) -> Target | None:
    """The popularity floor of a data set's reconstruction; None where it was not measured."""
    if floors is None or floors.empty or "map" not in floors:
        return None
    here = floors[
        (floors["dataset"] == dataset)
        & (floors["task"].map(rows.method_name) == TASK)
        & (floors["floor"] == "popularity")
    ]
    if here.empty:
        return None
    first = here.iloc[0]
    return Target(float(first["map"]), float(first.get("mean_rank", math.nan)), "popularity")


def labels(found: Sequence[Family]) -> list[str]:
    """What tells families apart: `tangent`, and of the other settings those that vary.

    Data set, dimensions and framework are left out: tables and panels hold them apart.
    """
    settings = rows.shortened(pd.DataFrame([family.settings for family in found]))
    apart = ("dataset", "task", "framework", "dim", "manifold")
    others = _telling(settings, [str(c) for c in settings if c not in apart])
    return [
        ", ".join([str(line.get("manifold", "")), *(_said(c, line[c]) for c in others)])
        for line in settings.to_dict("records")
    ]


def _said(column: str, value: object) -> str:
    return str(value) if column == "optimizer" else f"{column.replace('_', ' ')} {value or 'none'}"


def _telling(settings: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Columns with several values among families of one data set, dimension and manifold."""
    places = [c for c in ("dataset", "dim", "manifold", "framework") if c in settings]
    return [
        c
        for c in columns
        if (settings.groupby(places, dropna=False)[c].nunique(dropna=False) > 1).any()
    ]
