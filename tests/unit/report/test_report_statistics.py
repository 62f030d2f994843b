"""What a number in a table means, with the arithmetic written out."""

import math

import numpy as np
import pytest
from scipy import stats

from hardball.report import statistics
from hardball.report.statistics import contrast, estimate, family, holm, improvement, wilcoxon


def test_interquartile_mean_is_the_middle_half():
    assert statistics.interquartile_mean([1, 2, 3, 100]) == (2 + 3) / 2
    assert statistics.interquartile_mean([8, 7, 1, 2, 3, 4, 5, 600]) == (3 + 4 + 5 + 7) / 4


def test_interquartile_mean_counts_the_observations_at_the_edges_in_part():
    # n = 3: each quarter is 3/4 of an observation, so the outer two keep 1/4 each, of 3/2 in all.
    assert statistics.interquartile_mean([1, 2, 9]) == pytest.approx((1 / 4 + 2 + 9 / 4) / 1.5)
    # n = 10: 2 1/2 drop out on either side, the third and the eighth count half, of 5 in all.
    values = [0, 0, 1, 2, 3, 4, 5, 6, 99, 99]
    assert statistics.interquartile_mean(values) == pytest.approx((0.5 + 2 + 3 + 4 + 5 + 3) / 5)


def test_interquartile_mean_of_one_and_two_runs_is_their_mean():
    assert statistics.interquartile_mean([4.5]) == 4.5
    assert statistics.interquartile_mean([1, 4]) == 2.5
    assert math.isnan(statistics.interquartile_mean([]))


def test_interquartile_mean_equals_the_trimmed_mean_when_four_divides_n():
    values = np.random.default_rng(0).normal(size=12)
    # measured 9e-19; the bound leaves room for the order of summation
    assert abs(statistics.interquartile_mean(values) - stats.trim_mean(values, 0.25)) < 1e-14


def test_one_run_has_no_interval():
    only = estimate([0.9], direction="max")
    assert (only.value, only.runs, only.has_interval) == (0.9, 1, False)


def test_the_interval_is_deterministic_and_holds_the_value():
    values = [0.91, 0.93, 0.94, 0.95, 0.97]
    first, second = estimate(values), estimate(values)
    assert first == second
    assert 0.91 <= first.low < first.value < first.high <= 0.97


def test_the_interval_of_two_runs_spans_both():
    # Resamples are {1,1}, {1,3} twice, {3,3}: a quarter of them on each end, more than 2.5 %.
    assert estimate([1, 3])[:3] == (2, 1, 3)


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(300, 10))
    inside = [e.low <= 0 <= e.high for e in (estimate(s, resamples=1000) for s in samples)]
    # Measured 0.927 here, and over 4,000 samples 0.938 for 10 runs, 0.90 for 5, 0.75 for 3.
    assert 0.90 < np.mean(inside) < 0.97


def test_strata_are_resampled_apart():
    # Two data sets, each without spread: every resample is the sample itself.
    values, strata = [1, 1, 1, 1, 9, 9, 9, 9], ["a"] * 4 + ["b"] * 4
    assert estimate(values, strata=strata)[:3] == (5, 5, 5)
    assert estimate(values).low < 5 < estimate(values).high


def test_a_diverged_run_is_the_worst_run_and_stays_in_the_sample():
    # 1 of 8 diverged: sorted as -inf 1 2 3 4 5 6 7, the middle four are 2 3 4 5.
    some = estimate([1, 2, 3, 4, 5, 6, 7], diverged=1, direction="max")
    assert (some.value, some.runs, some.diverged) == (3.5, 8, 1)
    assert some.low == -math.inf
    # where less is better it is +inf at the other end: the middle four are 3 4 5 6
    assert estimate([1, 2, 3, 4, 5, 6, 7], diverged=1, direction="min").value == 4.5


def test_more_than_a_quarter_diverged_leaves_no_finite_mean():
    assert estimate([1, 2], diverged=2, direction="min").value == math.inf
    assert estimate([], diverged=3, direction="max").value == -math.inf


def test_a_missing_value_is_refused():
    with pytest.raises(ValueError, match="diverged"):
        estimate([1.0, math.nan])


def test_improvement_counts_pairs_of_runs_and_halves_ties():
    # a beats b in (3,2), (3,1), (2,1) and ties in (2,2): (3 + 1/2) / 4
    assert improvement([3, 2], [2, 1], "max").value == 3.5 / 4
    assert improvement([3, 2], [2, 1], "min").value == 0.5 / 4


def test_improvement_is_certain_when_every_run_is_better():
    assert improvement([5, 6, 7], [1, 2, 3], "max")[:3] == (1, 1, 1)
    assert improvement([5, 6, 7], [5, 6, 7], "max").value == 0.5


def test_improvement_averages_over_data_sets():
    # better in every pair of x, worse in every pair of y; across data sets nothing is compared
    value = improvement([9, 9, 0, 0], [1, 1, 5, 5], "max", strata=["x", "x", "y", "y"]).value
    assert value == 0.5


def test_wilcoxon_counts_sign_patterns():
    # Three seeds, all better: 2 of the 8 patterns reach |1 + 2 + 3| = 6. It cannot get lower.
    assert wilcoxon([2, 3, 4], [1, 1, 1], "max") == 2 / 8
    # Signed ranks -1 +2 +3 sum to 4: the patterns +++ --- -++ +-- reach |4|.
    assert wilcoxon([0, 3, 4], [1, 1, 1], "max") == 4 / 8


def test_wilcoxon_agrees_with_scipy():
    rng = np.random.default_rng(2)
    for n in (6, 10, 13, 20):
        a, b = rng.normal(size=n), rng.normal(0.5, size=n)
        assert wilcoxon(a, b, "max") == pytest.approx(stats.wilcoxon(a, b).pvalue, rel=1e-12)


def test_wilcoxon_keeps_exact_with_ties_and_equal_pairs():
    # Differences 0 1 1 1: ranks 1 3 3 3, the zero is dropped after ranking. 2 of 8 reach 9.
    assert wilcoxon([1, 2, 2, 2], [1, 1, 1, 1], "max") == 2 / 8
    assert wilcoxon([1, 1], [1, 1], "max") == 1.0
    assert math.isnan(wilcoxon([], [], "max"))


def test_holm_steps_down():
    # ascending .01 .02 .03 .04 times 4 3 2 1 = .04 .06 .06 .04, kept ascending: .04 .06 .06 .06
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.5]) == [1.0, 1.0]


def test_holm_leaves_contrasts_without_pairs_out_of_the_count():
    corrected = holm([0.02, math.nan, 0.03])
    assert corrected[0] == pytest.approx(0.04)
    assert math.isnan(corrected[1])


def test_a_contrast_pairs_by_seed():
    a, b = {0: 0.9, 1: 0.8, 2: 0.7, 7: 0.1}, {2: 0.6, 1: 0.7, 0: 0.8, 9: 0.0}
    found = contrast(a, b, "max")
    assert found.difference.runs == 3  # seeds 7 and 9 have no partner
    assert found.difference.value == pytest.approx(0.1)
    assert found.p == 2 / 8


def test_a_diverged_run_loses_its_pair():
    a, b = {0: -math.inf, 1: 0.9, 2: 0.9}, {0: 0.1, 1: 0.2, 2: 0.3}
    found = contrast(a, b, "max")
    assert found.difference.diverged == 1
    # a wins 2 x 3 of the 9 pairs of runs; its diverged run wins none
    assert found.improvement.value == pytest.approx(6 / 9)
    # signed ranks -3 +2 +1 sum to 0: every pattern reaches that
    assert found.p == 1.0


def test_two_diverged_runs_tie():
    both = contrast({0: math.inf, 1: 1.0}, {0: math.inf, 1: 1.0}, "min")
    assert both.difference.value == 0
    assert both.improvement.value == 0.5


def test_a_family_is_corrected_together():
    one = contrast({s: 1.0 + s for s in range(8)}, dict.fromkeys(range(8), 0.0), "max")
    first, second = family([one, one])
    assert one.p == 2 / 256
    assert first.p_holm == second.p_holm == 4 / 256


def test_two_changes_that_add_up_do_not_interfere():
    neither = {0: 0.2, 1: 0.3, 2: 0.25}
    first = {s: value + 0.1 for s, value in neither.items()}
    second = {s: value + 0.2 for s, value in neither.items()}
    both = {s: value + 0.3 for s, value in neither.items()}
    found = statistics.interference(both, first, second, neither)
    assert found.value == pytest.approx(0)
    assert found.low == pytest.approx(0)
    assert found.runs == 3


def test_interference_is_what_both_give_beyond_the_sum_by_seed():
    # Seed 0: .9 - .6 - .5 + .4 = .2; seed 1: .8 - .6 - .6 + .5 = .1; 2 lacks a run, 3 diverged.
    both = {0: 0.9, 1: 0.8, 2: 0.7, 3: -math.inf}
    first, second = {0: 0.6, 1: 0.6, 2: 0.5, 3: 0.5}, {0: 0.5, 1: 0.6, 3: 0.5}
    neither = {0: 0.4, 1: 0.5, 2: 0.5, 3: 0.4}
    found = statistics.interference(both, first, second, neither)
    assert found.value == pytest.approx(0.15)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.2))
    assert (found.runs, found.diverged) == (2, 1)
    assert math.isnan(statistics.interference({}, first, second, neither).value)


def test_a_ratio_is_taken_seed_by_seed():
    found = statistics.ratio({0: 3.0, 1: 8.0, 5: 1.0}, {0: 2.0, 1: 4.0, 6: 1.0})
    assert found.value == pytest.approx((1.5 + 2) / 2)
    assert found.runs == 2
