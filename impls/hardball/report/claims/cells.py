"""One test on one data set: which rows are compared, a figure a seed, and what is wrong there."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from hardball.core.errors import HardballError
from hardball.metrics import listing
from hardball.report import rows
from hardball.report.claims import select
from hardball.report.claims.judge import Evidence, evidence
from hardball.report.claims.ledger import BASELINE, Claim, Filter, Test
from hardball.report.claims.select import Results, Source
from hardball.report.summary import FINISHED, by_seed

# A budget counts as equal within this factor.
ALIKE = 1.25
BUDGETS = {"evaluations": "scorings", "seconds": "train_seconds", "passes": "epochs_done"}
# What a method may set for itself without being named, beside its rate: how long it takes to reach
# an equal budget, and how it is computed.
FREE = {"evaluations": ("epochs",), "seconds": ("epochs",), "passes": (), "none": ()}
TUNED = ("lr", "lr_final")
# What names a method where many are set side by side.
METHOD = ("sampler", "hard", "loss", "regularizers", "manifold", "pairs")
LEAST_METHODS = 5
Figures = dict[int, float]


@dataclass(frozen=True)
class Cell:
    """A test on one data set: its evidence, None where rows are missing.

    missing: the suites that would run it. wrong: why its figures decide nothing, "" where they may.
    older: whether its rows are older than the claim. values: a figure a seed.
    """

    test: Test
    asked: dict[str, Any]
    evidence: Evidence | None = None
    values: tuple[float, ...] = ()
    source: str = ""
    framework: str = ""
    wrong: str = ""
    older: bool = False
    evaluations: float = 0.0
    seconds: float = 0.0

    @property
    def named(self) -> str:
        """What the cell is asked for: `wordnet_mammals, dim 5`."""
        more = [f"{k} {v or 'none'}" for k, v in self.asked.items() if k != "dataset"]
        return ", ".join([str(self.asked["dataset"]), *more])


def cells(claim: Claim, results: Results) -> list[Cell]:
    """Every cell of a claim's tests, in order.

    Raises HardballError naming the claim where several configurations fit one side of a test.
    """
    found = []
    for test in claim.tests:
        for asked in test.cells():
            try:
                found.append(_cell(claim, test, asked, results))
            except HardballError as error:
                raise HardballError(f"claim {claim.id}: {error}") from None
    return found


def _cell(claim: Claim, test: Test, asked: dict[str, Any], results: Results) -> Cell:
    if test.kind == "agreement":
        return _agreement(claim, test, asked, results)
    for name in test.suites:
        source = results.suite(name)
        found = None if source is None else _sides(test, asked, source)
        if found is not None and source is not None:
            framework, sides = found
            return _of_sides(claim, test, asked, source, framework, sides)
    return Cell(test, asked)


Side = pd.DataFrame | float


def _sides(test: Test, asked: Filter, source: Source) -> tuple[str, list[Side]] | None:
    """The rows, or the baseline's figure, of each side, in the first framework that has them all.

    None where a side has none.
    """
    if not set(_metrics(test)) <= set(source.runs):
        return None
    shared = {**test.where, **asked}
    for framework, runs in select.by_framework(source.runs):
        sides: list[Side] = []
        for side, metric in zip(test.sides, _metrics(test), strict=True):
            filter_ = getattr(test, side)
            if BASELINE in filter_:
                figure = select.baseline(source, filter_, shared, metric)
                sides += [] if figure is None else [figure]
                continue
            kept = _either(source.runs, runs, filter_)
            kept = select.fitting(kept, shared, filter_)
            kept = kept[kept[metric].notna() | (kept["status"] != FINISHED)]
            if len(kept):
                sides.append(_one_configuration(kept, side, source))
        if len(sides) == len(test.sides):
            return framework, sides
    return None


def _either(runs: pd.DataFrame, of_framework: pd.DataFrame, side: Filter) -> pd.DataFrame:
    """A framework's rows; all of them where a side names its framework itself."""
    return runs if "framework" in side else of_framework


def _one_configuration(kept: pd.DataFrame, side: str, source: Source) -> pd.DataFrame:
    if kept["config_id"].nunique() > 1:
        differ = rows.varying(kept, ("dataset", "task", *rows.settings_of(kept)))
        values = [f"{key} ({', '.join(sorted(kept[key].astype(str).unique()))})" for key in differ]
        raise HardballError(
            f"{kept['config_id'].nunique()} configurations of {source.name} fit {side}: name "
            f"one of {'; '.join(values)}"
        )
    return kept


def _of_sides(
    claim: Claim, test: Test, asked: Filter, source: Source, framework: str, sides: Sequence[Side]
) -> Cell:
    figures = _by_seed(test, sides)
    values = tuple(figures[seed] for seed in sorted(figures))
    frames = [side for side in sides if isinstance(side, pd.DataFrame)]
    used = pd.concat(frames).drop_duplicates("run_id")
    wrong = _wrong(test, source, frames, figures)
    return Cell(
        test, dict(asked), evidence(values, test.region), values, source.name, framework, wrong,
        _older(claim, used), _sum(used, "scorings"), _sum(used, "train_seconds"),
    )  # fmt: skip


def _by_seed(test: Test, sides: Sequence[Side]) -> Figures:
    """What the test measures, for each seed that all sides ran."""
    read = [
        by_seed(side, replace(listing.metric(metric), name=metric))
        if isinstance(side, pd.DataFrame)
        else side
        for metric, side in zip(_metrics(test), sides, strict=True)
    ]
    of_runs = [each for each in read if isinstance(each, dict)]
    seeds = sorted(set.intersection(*(set(each) for each in of_runs)))
    columns = [
        np.array([each[s] for s in seeds]) if isinstance(each, dict) else np.full(len(seeds), each)
        for each in read
    ]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = _measure(test.kind, columns)
    return dict(zip(seeds, values.tolist(), strict=True))


def _metrics(test: Test) -> list[str]:
    """The metric of each side: that of b and of d may be another."""
    of = {"b": test.metric_b, "d": test.metric_b}
    return [of.get(side) or test.metric for side in test.sides]


def _measure(kind: str, sides: Sequence[np.ndarray]) -> np.ndarray:
    if kind == "level":
        return sides[0]
    if kind == "ratio":
        return sides[0] / sides[1]
    if kind == "interaction":
        return (sides[0] - sides[1]) - (sides[2] - sides[3])
    return sides[0] - sides[1]


def _wrong(
    test: Test, source: Source, sides: Sequence[pd.DataFrame], figures: Mapping[int, float]
) -> str:
    """Why figures that are there decide nothing, "" where they may."""
    said = []
    if test.tuned and not source.tuned:
        said.append(f"{source.suite} did not choose each method's rate")
    if not figures:
        said.append("no seed ran on all sides")
    if any(not math.isfinite(value) for value in figures.values()):
        said.append("a run diverged")
    first = sides[0]
    for other in sides[1:]:
        said += filter(None, [_budgets(test, first, other), _unlike(test, first, other)])
    return "; ".join(dict.fromkeys(said))


def _budgets(test: Test, a: pd.DataFrame, b: pd.DataFrame) -> str:
    column = BUDGETS.get(test.budget)
    if column is None or column not in a or column not in b:
        return ""
    ours, theirs = float(a[column].median()), float(b[column].median())
    if not (ours > 0 and theirs > 0) or 1 / ALIKE <= ours / theirs <= ALIKE:
        return ""
    return f"budgets differ: {ours / theirs:.2g} times the {test.budget}"


def _unlike(test: Test, a: pd.DataFrame, b: pd.DataFrame) -> str:
    """Settings beside those that the sides name, and the rate, in which the two differ."""
    named = {key for side in test.sides for key in getattr(test, side)}
    free = {*named, *FREE[test.budget], *(TUNED if test.tuned else ())}
    differ = [
        key
        for key in rows.settings_of(a)
        if key in b and key not in free and str(a[key].iloc[0]) != str(b[key].iloc[0])
    ]
    return f"they also differ in {', '.join(differ)}" if differ else ""


def _older(claim: Claim, used: pd.DataFrame) -> bool:
    """Whether the first of the rows was trained on the day that the claim was fixed, or before."""
    if "started" not in used or claim.fixed is None:
        return False
    return str(used["started"].min())[:10] <= claim.fixed.isoformat()


def _sum(used: pd.DataFrame, column: str) -> float:
    return float(used[column].sum()) if column in used else 0.0


def _agreement(claim: Claim, test: Test, asked: dict[str, Any], results: Results) -> Cell:
    """Kendall's tau over methods between two figures, seed by seed, of all suites together."""
    found = [source for name in test.suites if (source := results.suite(name)) is not None]
    if not found:
        return Cell(test, asked)
    merged = pd.concat([source.runs for source in found], ignore_index=True)
    for framework, runs in select.by_framework(merged):
        kept = select.fitting(runs, test.where, asked)
        kept = kept[kept["status"] == FINISHED]
        a, b = select.fitting(kept, test.a), select.fitting(kept, test.b)
        taus = _tau(a, test.metric, b, test.metric_b or test.metric)
        if taus:
            used = pd.concat([a, b]).drop_duplicates("run_id")
            values = tuple(taus[seed] for seed in sorted(taus))
            untuned = [source.suite for source in found if test.tuned and not source.tuned]
            wrong = f"{' and '.join(untuned)} did not choose each method's rate" if untuned else ""
            return Cell(
                test, asked, evidence(values, test.region), values,
                " + ".join(source.name for source in found), framework, wrong,
                _older(claim, used), _sum(used, "scorings"), _sum(used, "train_seconds"),
            )  # fmt: skip
    return Cell(test, asked)


def _tau(a: pd.DataFrame, x: str, b: pd.DataFrame, y: str) -> Figures:
    """{seed: tau} over the methods that both have, at least five of them."""
    if x not in a or y not in b:
        return {}
    keys = [column for column in METHOD if column in a and column in b]
    left = a.groupby([*keys, "seed"], dropna=False)[x].mean()
    right = b.groupby([*keys, "seed"], dropna=False)[y].mean()
    both = pd.concat({"x": left, "y": right}, axis=1, join="inner").dropna()
    found = {}
    for seed, part in both.groupby(level="seed"):
        if len(part) >= LEAST_METHODS:
            found[int(str(seed))] = float(stats.kendalltau(part["x"], part["y"]).statistic)
    return {seed: tau for seed, tau in found.items() if not math.isnan(tau)}
