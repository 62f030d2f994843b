"""From paired figures to verdicts: p by seeds, Holm over the ledger, what could be resolved.

A test asks whether an effect lies above a bound, below it, or within it of 0. Its p is that of a
paired t-test, two-sided about the bound. A claim of several tests or data sets holds where all of
them hold, and fails where one fails: the largest p speaks for it, the smallest, corrected by
Bonferroni, against it.
Method: Student 1908; Berger 1982, intersection-union tests; Schuirmann 1987, two one-sided tests.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special, stats

from hardball.report import statistics
from hardball.report.statistics import Estimate, Floats

Side = Literal["above", "below", "within"]
Verdict = Literal["supported", "refuted", "undecided", "not run"]
VERDICTS: tuple[Verdict, ...] = ("supported", "refuted", "undecided", "not run")
ALPHA = 0.05
POWER = 0.8
LEAST_SEEDS = 3
MOST_SEEDS = 1000
NONE = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Region:
    """Where an effect has to lie: above or below `bound`, or at most `bound` from 0."""

    side: Side
    bound: float

    def __str__(self) -> str:
        sign = {"above": ">", "below": "<", "within": "within ±"}[self.side]
        return f"{sign} {self.bound:g}" if self.side != "within" else f"{sign}{self.bound:g}"

    def holds(self, value: float) -> bool:
        """Whether a value lies in the region."""
        size = abs(value) if self.side == "within" else value
        return size > self.bound if self.side == "above" else size < self.bound

    def gap(self, value: float) -> float:
        """How far a value lies from the nearest edge of the region."""
        size = abs(value) if self.side == "within" else value
        return abs(size - self.bound)

    def contains(self, interval: Estimate) -> bool:
        """Whether the whole interval lies in the region."""
        return self.holds(interval.low) and self.holds(interval.high)

    def misses(self, interval: Estimate) -> bool:
        """Whether no part of the interval lies in the region."""
        if self.side == "above":
            return interval.high <= self.bound
        if self.side == "below":
            return interval.low >= self.bound
        return interval.low >= self.bound or interval.high <= -self.bound


@dataclass(frozen=True)
class Evidence:
    """What one test found on one data set.

    effect: interquartile mean over seeds with its bootstrap interval. inside, outside: one-sided p
    that the mean effect lies in the region, and that it lies outside; NaN where there is none.
    """

    effect: Estimate
    region: Region
    mean: float
    deviation: float
    inside: float
    outside: float


def evidence(values: Sequence[float], region: Region) -> Evidence:
    """The evidence of one figure a seed; a seed whose run diverged may be infinite.

    Fewer than three seeds, or an infinite one, have no p.
    """
    found = np.asarray(values, dtype=np.float64)
    effect = statistics.estimate(found) if len(found) else NONE
    if len(found) < LEAST_SEEDS or not np.isfinite(found).all():
        return Evidence(effect, region, effect.value, math.nan, math.nan, math.nan)
    mean, deviation = float(found.mean()), float(found.std(ddof=1))
    inside, outside = one_sided(found, region)
    return Evidence(effect, region, mean, deviation, inside, outside)


def one_sided(values: Sequence[float] | Floats, region: Region) -> tuple[float, float]:
    """One-sided p that the mean of the values lies in the region, and that it lies outside."""
    bound = region.bound
    if region.side == "above":
        return _above(values, bound), _below(values, bound)
    if region.side == "below":
        return _below(values, bound), _above(values, bound)
    inside = max(_above(values, -bound), _below(values, bound))
    outside = min(_above(values, bound), _below(values, -bound))
    return inside, min(1.0, 2 * outside)


def _above(values: Sequence[float] | Floats, bound: float) -> float:
    """p of a one-sided t-test that the mean lies above the bound; 0 or 1 where none differs."""
    found = np.asarray(values, dtype=np.float64) - bound
    mean, error = float(found.mean()), float(found.std(ddof=1)) / math.sqrt(len(found))
    if error == 0:
        return 0.5 if mean == 0 else float(mean < 0)
    return float(special.stdtr(len(found) - 1, -mean / error))


def _below(values: Sequence[float] | Floats, bound: float) -> float:
    return 1.0 - _above(values, bound)


def two_sided(found: Sequence[Evidence], complete: bool = True) -> float:
    """p of a claim: that all its parts lie inside, or that one lies outside, whichever is clearer.

    complete: whether every part of the claim ran; if not, nothing speaks for it. NaN where no part
    has a p.
    """
    inside = [one.inside for one in found if not math.isnan(one.inside)]
    outside = [one.outside for one in found if not math.isnan(one.outside)]
    if not outside:
        return math.nan
    whole = complete and len(inside) == len(found)
    against = min(1.0, len(outside) * min(outside))
    return min(1.0, 2 * min(max(inside) if whole else 1.0, against))


def over_ledger(p: Sequence[float]) -> list[float]:
    """Holm's correction over every claim of the ledger: one that has no p counts as p = 1."""
    corrected = statistics.holm([1.0 if math.isnan(one) else one for one in p])
    return [math.nan if math.isnan(one) else k for one, k in zip(p, corrected, strict=True)]


def verdict(found: Sequence[Evidence], p_holm: float, complete: bool = True) -> Verdict:
    """What the parts of a claim say together at a corrected p.

    Supported: every part's interval lies in its region; refuted: one part's misses it; either only
    where the corrected p is at most .05.
    """
    if not found:
        return "not run"
    if math.isnan(p_holm) or p_holm > ALPHA:
        return "undecided"
    if complete and all(one.region.contains(one.effect) for one in found):
        return "supported"
    if any(one.region.misses(one.effect) and one.outside <= ALPHA for one in found):
        return "refuted"
    return "undecided"


def deciding(found: Sequence[Evidence]) -> int:
    """Which part decides: the one farthest outside where one is out, else the least certain."""
    clear = [one.outside if not math.isnan(one.outside) else 1.0 for one in found]
    if min(clear) < ALPHA / 2:
        return int(np.argmin(clear))
    return int(np.argmax([one.inside if not math.isnan(one.inside) else 2.0 for one in found]))


def resolvable(deviation: float, seeds: int, family: int) -> float:
    """The smallest distance from the bound that so many seeds tell four times in five.

    At the level of the strictest step of Holm's correction over `family` claims:
    (t(1 - .05 / 2m) + t(.8)) s / sqrt(n). NaN below three seeds.
    """
    if seeds < LEAST_SEEDS or math.isnan(deviation):
        return math.nan
    free = seeds - 1
    quantiles = stats.t.ppf(1 - ALPHA / (2 * family), free) + stats.t.ppf(POWER, free)
    return float(quantiles * deviation / math.sqrt(seeds))


def seeds_needed(gap: float, deviation: float, family: int) -> int | None:
    """The fewest seeds that resolve a distance from the bound; None where 1,000 do not."""
    if math.isnan(deviation) or gap <= 0 or resolvable(deviation, MOST_SEEDS, family) > gap:
        return None
    low, high = LEAST_SEEDS, MOST_SEEDS
    while low < high:
        middle = (low + high) // 2
        if resolvable(deviation, middle, family) <= gap:
            high = middle
        else:
            low = middle + 1
    return low
