"""Interquartile means, bootstrap intervals, paired contrasts: deterministic, small samples too.

A diverged run stays in the sample as the worst possible value (-inf where more is better, +inf
where less is). The interquartile mean then stays finite while at most a quarter diverged.
Method: Agarwal et al. 2021, Deep Reinforcement Learning at the Edge of the Statistical Precipice.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Direction = Literal["max", "min", "none"]
Floats = NDArray[np.float64]

RESAMPLES = 10_000
LEVEL = 0.95
BOOTSTRAP_SEED = 20_170_522


class Estimate(NamedTuple):
    """A value with its interval; low and high are NaN where one run allows no interval."""

    value: float
    low: float
    high: float
    runs: int
    diverged: int = 0

    @property
    def has_interval(self) -> bool:
        return not np.isnan(self.low)


class Contrast(NamedTuple):
    """Method a against method b over the seeds that both ran.

    difference: interquartile mean of a - b by seed, with its interval.
    improvement: probability that a run of a beats a run of b, ties half, with its interval.
    p: two-sided Wilcoxon signed-rank; NaN without a pair. p_holm: corrected within the family.
    """

    difference: Estimate
    improvement: Estimate
    p: float
    p_holm: float = float("nan")


def worst(direction: Direction) -> float:
    """What a diverged run counts as: -inf for "max", +inf for "min", NaN (left out) for "none"."""
    return {"max": -np.inf, "min": np.inf, "none": np.nan}[direction]


def interquartile_mean(values: ArrayLike) -> float:
    """Mean of the middle half, with fractional weights at its two edges.

    The lowest and the highest n/4 observations count nothing; where n/4 is no whole number, the
    observation that it cuts counts in part. Equals scipy's 25 % trimmed mean when 4 divides n.
    NaN for an empty sample; infinite where more than a quarter of it is.
    Source: Agarwal et al. 2021, section 4.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64).ravel())
    return float(_middle_mean(ordered[None, :])[0])


def _middle_weights(n: int) -> Floats:
    """Length of the overlap of [i, i + 1) with [n/4, 3n/4), over n/2."""
    start = np.arange(n, dtype=np.float64)
    overlap = np.minimum(start + 1, 0.75 * n) - np.maximum(start, 0.25 * n)
    return np.clip(overlap, 0.0, None) / (0.5 * n)


def _middle_mean(ordered: Floats) -> Floats:
    """Interquartile mean of each sorted row; infinities outside the middle half do not matter."""
    n = ordered.shape[1]
    if n == 0:
        return np.full(len(ordered), np.nan)
    weights = _middle_weights(n)
    middle = weights > 0
    with np.errstate(invalid="ignore"):
        return ordered[:, middle] @ weights[middle]


def _resample(groups: Sequence[NDArray[np.intp]], resamples: int, seed: int) -> NDArray[np.intp]:
    """(resamples, n) positions: each group drawn with replacement from itself, to its own size."""
    rng = np.random.Generator(np.random.Philox(seed))
    drawn = [group[rng.integers(0, len(group), (resamples, len(group)))] for group in groups]
    return np.concatenate(drawn, axis=1)


@functools.lru_cache(maxsize=8)
def _whole(n: int, resamples: int, seed: int) -> NDArray[np.intp]:
    """The resamples of one stratum: the same for every metric of n runs."""
    return _resample([np.arange(n)], resamples, seed)


def _groups(strata: Sequence[object] | None, n: int) -> list[NDArray[np.intp]]:
    if strata is None:
        return [np.arange(n)]
    if len(strata) != n:
        raise ValueError(f"{len(strata)} strata for {n} values")
    order: dict[object, list[int]] = {}
    for position, stratum in enumerate(strata):
        order.setdefault(stratum, []).append(position)
    return [np.asarray(positions) for positions in order.values()]


def _quantiles(samples: Floats, level: float) -> tuple[float, float]:
    """Order statistics, never interpolated: an infinite resample stays infinite."""
    tail = (1 - level) / 2
    low, high = np.quantile(samples, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)


def estimate(
    values: ArrayLike,
    *,
    strata: Sequence[object] | None = None,
    diverged: int = 0,
    direction: Direction = "none",
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = BOOTSTRAP_SEED,
) -> Estimate:
    """Interquartile mean with a percentile-bootstrap interval over runs.

    values: one per finished run; strata: the data set of each, resampled apart (stratified).
    diverged: runs without a value; they join as `worst(direction)`. One run has no interval.
    Raises ValueError on NaN, and on `diverged` beside `strata` (whose data set would be unknown).
    Source: Agarwal et al. 2021, section 4.
    """
    finished = np.asarray(values, dtype=np.float64).ravel()
    if np.isnan(finished).any():
        raise ValueError("a NaN is no value: pass the run as diverged")
    if diverged and strata is not None:
        raise ValueError("with strata, pass each diverged run as a value of its data set")
    lost = [] if direction == "none" else [worst(direction)] * diverged
    sample = np.concatenate([finished, lost])
    value = interquartile_mean(sample)
    runs = len(finished) + diverged
    if len(sample) < 2:
        return Estimate(value, np.nan, np.nan, runs, diverged)
    if strata is None:
        picks = _whole(len(sample), resamples, seed)
    else:
        picks = _resample(_groups(strata, len(sample)), resamples, seed)
    low, high = _quantiles(_middle_mean(np.sort(sample[picks], axis=1)), level)
    return Estimate(value, low, high, runs, diverged)


def improvement(
    a: ArrayLike,
    b: ArrayLike,
    direction: Direction,
    *,
    strata: Sequence[object] | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = BOOTSTRAP_SEED,
) -> Estimate:
    """P(a run of a beats a run of b), ties counting half, over all pairs of runs.

    P = mean over i, j of [a_i better than b_j] + [a_i = b_j] / 2 (Mann-Whitney U / n^2), averaged
    over strata. a and b are paired by seed: a resample draws seeds, both methods together.
    Source: Agarwal et al. 2021, section 4.3.
    """
    left, right = _oriented(a, b, direction)
    groups = _groups(strata, len(left))
    if len(left) == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    score = (left[:, None] > right) + 0.5 * (left[:, None] == right)
    value = float(np.mean([score[np.ix_(g, g)].mean() for g in groups]))
    if len(left) < 2:
        return Estimate(value, np.nan, np.nan, len(left))
    rng = np.random.Generator(np.random.Philox(seed))
    total = np.zeros(resamples)
    for group in groups:
        n = len(group)
        counts = rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)
        total += ((counts @ score[np.ix_(group, group)]) * counts).sum(axis=1) / n**2
    low, high = _quantiles(total / len(groups), level)
    return Estimate(value, low, high, len(left))


def wilcoxon(a: ArrayLike, b: ArrayLike, direction: Direction) -> float:
    """Two-sided p of the Wilcoxon signed-rank test of a against b, paired by position.

    Equal pairs are ranked and split (Pratt); up to 13 pairs every sign pattern is counted, so ties
    keep p exact. NaN without pairs, 1 where all are equal. An infinite difference has top rank.
    """
    left, right = _oriented(a, b, direction)
    if len(left) == 0:
        return float("nan")
    gap = _gaps(left, right)
    finite = np.abs(gap[np.isfinite(gap)])
    top = 2 * finite.max() + 1 if len(finite) else 1.0
    gap = np.where(np.isfinite(gap), gap, np.sign(gap) * top)
    if not gap.any():
        return 1.0
    ranks = stats.rankdata(np.abs(gap))
    if len(gap) <= 13:
        return _exact_signed_rank(gap, ranks)
    return float(stats.wilcoxon(gap, zero_method="pratt").pvalue)


def _exact_signed_rank(gap: Floats, ranks: Floats) -> float:
    """Share of sign patterns whose |sum of signed ranks| reaches the one seen; zeros stay zero."""
    scored = ranks[gap != 0]
    signs = 1 - 2 * ((np.arange(2 ** len(scored))[:, None] >> np.arange(len(scored))) & 1)
    seen = abs(float(np.sign(gap[gap != 0]) @ scored))
    return float(np.mean(np.abs(signs @ scored) >= seen - 1e-9))


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the k-th smallest of m times (m - k + 1), kept ascending, <= 1.

    NaN entries stay NaN and do not count in m. Source: Holm 1979.
    """
    values = np.asarray(p, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(values))
    ascending = known[np.argsort(values[known], kind="stable")]
    factors = len(known) - np.arange(len(known))
    corrected = np.full(len(values), np.nan)
    corrected[ascending] = np.minimum(np.maximum.accumulate(values[ascending] * factors), 1.0)
    return [float(v) for v in corrected]


def contrast(a: Mapping[int, float], b: Mapping[int, float], direction: Direction) -> Contrast:
    """a against b over the seeds in both: {seed: value}, a diverged run as `worst(direction)`.

    Seeds that only one of them ran are left out of the pairing: `difference.runs` says how many
    are left. `difference.diverged` counts the pairs in which either diverged.
    """
    seeds = sorted(set(a) & set(b))
    left = np.array([a[s] for s in seeds], dtype=np.float64)
    right = np.array([b[s] for s in seeds], dtype=np.float64)
    lost = int((~np.isfinite(left) | ~np.isfinite(right)).sum())
    difference = estimate(_gaps(left, right))._replace(diverged=lost)
    return Contrast(
        difference, improvement(left, right, direction), wilcoxon(left, right, direction)
    )


def interference(
    both: Mapping[int, float],
    first: Mapping[int, float],
    second: Mapping[int, float],
    neither: Mapping[int, float],
) -> Estimate:
    """What two changes give together beyond the sum of each alone, with its interval over seeds.

    By seed (both - neither) - (first - neither) - (second - neither), over the seeds that all four
    ran: {seed: value}. 0: they add up; of a metric where more is better, above 0 they help each
    other and below 0 they are in each other's way. Seeds of which a run diverged are left out and
    counted in `diverged`. Source: the interaction of a 2 x 2 design, Fisher 1935.
    """
    parts = (both, first, second, neither)
    seeds = sorted(set.intersection(*(set(part) for part in parts)))
    table = np.array([[part[s] for s in seeds] for part in parts], dtype=np.float64).reshape(4, -1)
    kept = table[:, np.isfinite(table).all(axis=0)]
    gaps = kept[0] - kept[1] - kept[2] + kept[3]
    return estimate(gaps)._replace(diverged=table.shape[1] - kept.shape[1])


def ratio(a: Mapping[int, float], b: Mapping[int, float]) -> Estimate:
    """Interquartile mean of a / b by seed with its interval, over the seeds in both."""
    seeds = sorted(set(a) & set(b))
    return estimate([a[s] / b[s] for s in seeds])


def family(contrasts: Sequence[Contrast]) -> list[Contrast]:
    """The same contrasts with Holm's correction over all of them."""
    corrected = holm([c.p for c in contrasts])
    return [c._replace(p_holm=p) for c, p in zip(contrasts, corrected, strict=True)]


def _oriented(a: ArrayLike, b: ArrayLike, direction: Direction) -> tuple[Floats, Floats]:
    """Both as float arrays of one length, turned so that more is better."""
    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if left.shape != right.shape:
        raise ValueError(f"{left.size} values against {right.size}: pairs need equal numbers")
    sign = -1.0 if direction == "min" else 1.0
    return sign * left, sign * right


def _gaps(a: Floats, b: Floats) -> Floats:
    """a - b, 0 where both are the same infinity (both diverged)."""
    same = a == b
    return np.where(same, 0.0, a) - np.where(same, 0.0, b)
