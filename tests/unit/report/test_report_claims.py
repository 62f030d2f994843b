"""Claims: a ledger is checked whole, verdicts follow from rows alone, and noise seldom decides."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.report.claims import command, judge, ledger, select, show, verdicts
from hardball.report.claims.judge import Evidence, Region
from hardball.report.statistics import Estimate
from hardball.report.tables import latex

LEDGER = """\
fixed: 2026-01-01
planned: {later: what is not run yet}
claims:
  - id: siblings
    sentence: Siblings lose.
    source: made up
    refuted: they do not
    tests:
      - suites: [quick]
        metric: map
        tuned: false
        where: {task: reconstruction}
        over: {dataset: [wordnet_mammals, ncbi_primates]}
        a: {sampler: siblings(relative_to=anchor)}
        b: {sampler: uniform}
        below: 0
"""


def written(tmp_path, text=LEDGER):
    path = tmp_path / "claims.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def frozen(tmp_path, runs, floors=None, suite="quick"):
    folder = tmp_path / "results" / "v0.1" / suite
    folder.mkdir(parents=True)
    runs.to_csv(folder / "runs.csv", index=False)
    if floors is not None:
        floors.to_csv(folder / "floors.csv", index=False)
    return tmp_path / "results"


def judged(tmp_path, text, runs, floors=None):
    """The verdicts of a ledger's text on the runs of one suite."""
    results = frozen(tmp_path, runs, floors)
    return verdicts.verdicts(ledger.read(written(tmp_path, text)), results, "v0.1")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("metric: map", "metric: mapp", "siblings: unknown metric 'mapp', did you mean 'map'?"),
        ("where: {task", "where: {taks", "siblings: unknown column 'taks', did you mean 'task'?"),
        ("sampler: uniform", "sampler: unifrom", "did you mean 'uniform'?"),
        ("relative_to=anchor", "relativ=anchor", "siblings"),
        ("suites: [quick]", "suites: [quik]", "unknown suite 'quik', did you mean 'quick'?"),
        ("    refuted:", "    refutes:", "unknown key 'refutes', did you mean 'refuted'?"),
        ("        below: 0", "        bellow: 0", "unknown key 'bellow', did you mean 'below'?"),
        (
            "        below: 0",
            "        below: 0\n        above: 1",
            "one of above, below and within",
        ),
        ("        below: 0\n", "", "one of above, below and within"),
        ("        b: {sampler: uniform}\n", "", "kind difference compares a, b"),
        ("b: {sampler: uniform}", "b: {baseline: tree}", "unknown baseline 'tree'"),
        ("dataset: [wordnet_mammals, ncbi_primates]", "dim: [5]", "name the data sets"),
    ],
)
def test_what_is_wrong_in_a_ledger_is_one_line_with_what_was_meant(tmp_path, old, new, said):
    assert old in LEDGER
    path = written(tmp_path, LEDGER.replace(old, new))
    with pytest.raises(HardballError) as error:
        ledger.read(path)
    assert said in str(error.value)
    done = CliRunner().invoke(app, ["claims", "v0.2", "--file", str(path)])
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_claim_that_stands_twice_is_refused(tmp_path):
    twice = LEDGER + LEDGER.partition("claims:\n")[2]
    with pytest.raises(HardballError, match="claim 'siblings' stands twice"):
        ledger.read(written(tmp_path, twice))


def test_a_filter_takes_methods_by_name_and_by_the_parameters_it_names():
    cell = "siblings(relative_to=positive,replace=True)"
    assert select.fits("sampler", cell, "siblings")
    assert select.fits("sampler", cell, "siblings(relative_to=positive)")
    assert not select.fits("sampler", cell, "siblings(relative_to=anchor)")
    shared = "256 in_batch;256 shared(of=siblings(relative_to=positive))"
    assert select.fits("hard", shared, "256 in_batch;256 shared")
    assert not select.fits("hard", shared, "256 in_batch")
    assert not select.fits("hard", "64 in_batch", "256 in_batch")
    assert select.fits("hard", math.nan, "")
    assert select.fits("lr", 0.4, 0.4)
    assert not select.fits("lr", 0.4, 1.2)


def test_planted_differences_are_found(tmp_path, make_runs):
    """Siblings have .70, cousins .75, uniform negatives .80, with a deviation of .01 a run."""
    (one,) = judged(tmp_path, LEDGER, make_runs(10))
    assert one.verdict == "supported"
    assert one.effect.value == pytest.approx(-0.1, abs=0.02)
    assert one.p_holm == one.p < 1e-4
    assert [len(cell.values) for cell in one.cells] == [10, 10]


def test_the_opposite_of_a_planted_difference_is_refuted(tmp_path, make_runs):
    (one,) = judged(tmp_path, LEDGER.replace("below: 0", "above: 0"), make_runs(10))
    assert (one.verdict, one.cell.named) in [
        ("refuted", "wordnet_mammals"), ("refuted", "ncbi_primates"),
    ]  # fmt: skip


def test_a_sentence_of_two_sets_fails_where_one_fails(tmp_path, make_runs):
    runs = make_runs(10)
    better = (runs["dataset"] == "ncbi_primates") & runs["sampler"].str.startswith("siblings")
    runs.loc[better, "map"] += 0.2
    (one,) = judged(tmp_path, LEDGER, runs)
    assert one.verdict == "refuted"
    assert one.cell.named == "ncbi_primates"


def test_two_seeds_decide_nothing_and_say_what_is_needed(tmp_path, make_runs):
    (one,) = judged(tmp_path, LEDGER, make_runs(2))
    assert one.verdict == "undecided"
    assert math.isnan(one.p)
    assert "at least 3 are needed" in one.why


def test_too_few_seeds_say_how_many_could_decide(tmp_path, make_runs):
    """At -.1 with a deviation of some .014, a bound at -.09 is one deviation away."""
    (one,) = judged(tmp_path, LEDGER.replace("below: 0", "below: -0.09"), make_runs(5))
    assert one.verdict == "undecided"
    assert one.needed > 5
    assert f"{one.needed} seeds could decide" in one.why


def test_what_did_not_run_names_the_suite_that_would_run_it(tmp_path, make_runs):
    (one,) = judged(tmp_path, LEDGER.replace("[quick]", "[later]"), make_runs())
    assert (one.verdict, one.why) == ("not run", "would be run by later")


def test_part_of_the_rows_is_not_enough_to_support(tmp_path, make_runs):
    runs = make_runs(10)
    (one,) = judged(tmp_path, LEDGER, runs[runs["dataset"] == "wordnet_mammals"])
    assert one.verdict == "undecided"
    assert "not run: ncbi_primates (quick)" in one.why


def test_methods_that_did_not_choose_their_rate_decide_nothing(tmp_path, make_runs):
    (one,) = judged(tmp_path, LEDGER.replace("        tuned: false\n", ""), make_runs(10))
    assert one.verdict == "undecided"
    assert one.why == "quick did not choose each method's rate"


def test_another_budget_and_another_setting_decide_nothing(tmp_path, make_runs):
    text = LEDGER.replace("siblings(relative_to=anchor)", "pool")
    runs = make_runs(10)
    runs.loc[runs["sampler"] == "pool", "dtype"] = "float64"
    (one,) = judged(tmp_path, text, runs)
    assert one.verdict == "undecided"
    assert "budgets differ: 10 times the evaluations" in one.why
    assert "they also differ in negatives, dtype" in one.why


def test_several_configurations_on_one_side_are_one_line(tmp_path, make_runs):
    text = LEDGER.replace("a: {sampler: siblings(relative_to=anchor)}", "a: {dim: 5}")
    with pytest.raises(HardballError, match=r"claim siblings: 4 configurations .* name one of"):
        judged(tmp_path, text, make_runs())


def test_a_diverged_run_is_said(tmp_path, make_runs):
    lost = ("wordnet_mammals-siblings-torch-s1",)
    (one,) = judged(tmp_path, LEDGER, make_runs(10, diverged=lost))
    assert one.verdict == "undecided"
    assert "a run diverged" in one.why


def test_a_baseline_can_stand_on_one_side(tmp_path, make_runs, floors):
    text = LEDGER.replace("siblings(relative_to=anchor)", "uniform").replace(
        "b: {sampler: uniform}", "b: {baseline: popularity}"
    )
    (one,) = judged(tmp_path, text.replace("below: 0", "above: 0.1"), make_runs(10), floors)
    assert one.verdict == "supported"
    assert one.effect.value == pytest.approx(0.80 - 0.62, abs=0.02)


def test_ratio_level_interaction_and_agreement_measure_what_they_say(tmp_path, make_runs):
    runs = make_runs(3)
    runs["map"] = runs["sampler"].map(
        {name: value for name, value in zip(
            runs["sampler"].unique(), (0.8, 0.6, 0.5, 0.9), strict=True)}
    )  # fmt: skip
    runs["depth_spearman"] = -runs["map"]
    a, b = "a: {sampler: siblings(relative_to=anchor)}", "b: {sampler: uniform}"
    kinds = {
        "ratio": (LEDGER.replace("        where", "        kind: ratio\n        where"), 0.6 / 0.8),
        "level": (
            LEDGER.replace("        where", "        kind: level\n        where").replace(
                f"        {b}\n", ""),
            0.6,
        ),
        "interaction": (
            LEDGER.replace("        where", "        kind: interaction\n        where").replace(
                b, f"{b}\n        c: {{sampler: cousins}}\n        d: {{sampler: pool}}"),
            (0.6 - 0.8) - (0.5 - 0.9),
        ),
        "another metric": (
            LEDGER.replace("metric: map", "metric: map\n        metric_b: depth_spearman"),
            0.6 + 0.8,
        ),
    }  # fmt: skip
    assert a in LEDGER
    for name, (text, expected) in kinds.items():
        folder = tmp_path / name.replace(" ", "_")
        folder.mkdir()
        (one,) = judged(folder, text, runs)
        assert one.effect.value == pytest.approx(expected), name


def test_agreement_is_the_rank_correlation_over_methods_of_each_seed(tmp_path, make_runs):
    runs = make_runs(3)
    more = runs[runs["sampler"] == "uniform"].assign(sampler="degree(alpha=0.75)")
    runs = pd.concat([runs, more.assign(config_id="more", run_id="more-" + more["run_id"])])
    order = {name: place for place, name in enumerate(runs["sampler"].unique())}
    runs["map"] = runs["sampler"].map(order) / 10
    runs["depth_spearman"] = runs["map"].replace({0.4: 0.25})
    text = LEDGER.replace("metric: map", "metric: map\n        metric_b: depth_spearman").replace(
        "        where", "        kind: agreement\n        where"
    )
    text = text.replace("{sampler: siblings(relative_to=anchor)}", "{dim: 5}")
    text = text.replace("b: {sampler: uniform}", "b: {dim: 5}")
    (one,) = judged(tmp_path, text, runs)
    # Of ten pairs of five methods one, (.3, .4), stands the other way round: (9 - 1) / 10.
    assert one.effect.value == pytest.approx(0.8)


def evidence(values, region):
    """Evidence without a bootstrap: what decides is p, and an interval that is always clear."""
    mean = float(np.mean(values))
    inside, outside = judge.one_sided(values, region)
    return Evidence(Estimate(mean, mean, mean, len(values)), region, mean, 1.0, inside, outside)


def decided(found, corrected):
    """Whether any claim of a ledger is supported or refuted."""
    return any(
        judge.verdict([one], p) in ("supported", "refuted")
        for one, p in zip(found, corrected, strict=True)
    )


@pytest.mark.parametrize("side", ["above", "below", "within"])
def test_noise_alone_decides_in_at_most_one_ledger_of_twenty(side):
    """All effects lie on their bound, where a wrong verdict is likeliest; five seeds, 20 claims."""
    rng = np.random.Generator(np.random.Philox(20260112))
    region, ledgers = Region(side, 0.5), 250
    wrong = uncorrected = 0
    for each in 0.5 + rng.normal(size=(ledgers, 20, 5)):
        found = [evidence(values, region) for values in each]
        p = [judge.two_sided([one]) for one in found]
        wrong += decided(found, judge.over_ledger(p))
        uncorrected += decided(found, p)
    # Two standard deviations of a share of .05 over so many ledgers.
    assert wrong / ledgers <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / ledgers)
    # Without the correction most of the same ledgers are wrong: the test would notice.
    assert uncorrected / ledgers > 0.25


def test_planted_effects_are_found_as_often_as_promised():
    """With as many seeds as are said to be needed, four in five ledgers find the effect."""
    rng = np.random.Generator(np.random.Philox(7))
    gap, family = 1.5, 60
    seeds = judge.seeds_needed(gap, 1.0, family)
    region = Region("above", 0.0)
    samples = gap + rng.normal(size=(400, seeds))
    found = [judge.two_sided([evidence(values, region)]) * family <= judge.ALPHA
             for values in samples]  # fmt: skip
    assert np.mean(found) == pytest.approx(0.8, abs=0.1)


def test_one_sided_p_is_that_of_the_paired_t_test():
    values = [0.3, 0.1, 0.5, 0.2]
    inside, outside = judge.one_sided(values, Region("above", 0.1))
    oracle = stats.ttest_1samp(values, 0.1, alternative="greater").pvalue
    assert (inside, outside) == pytest.approx((oracle, 1 - oracle))
    inside, _ = judge.one_sided(values, Region("within", 1.0))
    low = stats.ttest_1samp(values, -1.0, alternative="greater").pvalue
    high = stats.ttest_1samp(values, 1.0, alternative="less").pvalue
    assert inside == pytest.approx(max(low, high))


def test_the_correction_is_the_closure_of_bonferroni_tests():
    """Holm 1979: the adjusted p of a claim is the largest |S| min p over all S that have it."""
    p = [0.04, 0.001, 0.2, 0.012, 0.03, 0.6]
    places = range(len(p))
    sets = [s for size in range(1, len(p) + 1) for s in itertools.combinations(places, size)]
    oracle = [
        max(min(1.0, len(s) * min(p[j] for j in s)) for s in sets if place in s) for place in places
    ]
    assert judge.over_ledger(p) == pytest.approx(oracle)


def test_claims_that_are_not_run_count_in_the_correction():
    assert judge.over_ledger([0.01, math.nan, math.nan])[0] == pytest.approx(0.03)
    assert math.isnan(judge.over_ledger([0.01, math.nan])[1])


def test_the_smallest_resolvable_difference_is_as_written():
    """Five seeds, one claim: (t(.975, 4) + t(.8, 4)) s / sqrt(5) = (2.776 + 0.941) s / 2.236."""
    assert judge.resolvable(1.0, 5, 1) == pytest.approx((2.776 + 0.941) / 2.236, abs=1e-3)
    assert math.isnan(judge.resolvable(1.0, 2, 1))
    needed = judge.seeds_needed(0.5, 1.0, 50)
    assert judge.resolvable(1.0, needed, 50) <= 0.5 < judge.resolvable(1.0, needed - 1, 50)
    assert judge.seeds_needed(1e-6, 1.0, 50) is None


@pytest.fixture(scope="module")
def committed():
    """The verdicts of the checkout's ledger on its newest rows."""
    version = select.newest(paths.results())
    return version, verdicts.verdicts(ledger.read(), paths.results(), version)


def test_committed_verdicts_follow_from_committed_rows(committed, tmp_path):
    version, found = committed
    for path in show.write_csv(found, tmp_path):
        kept = paths.results() / version / path.name
        ours, theirs = pd.read_csv(path), pd.read_csv(kept)
        why = f"run `hardball claims {version} --to csv --to page`"
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9, atol=1e-12, obj=why)


def test_the_page_of_claims_is_the_one_that_the_command_writes(committed):
    version, found = committed
    page = command.page_of(paths.root())
    assert page.read_text(encoding="utf-8") == show.page(found, version)


def test_every_sentence_is_shown_in_every_form(committed):
    version, found = committed
    table = show.table(found, version)
    made = latex.to_latex(table, longtable=True)
    page = show.page(found, version)
    for one in found:
        assert one.claim.sentence in page
        assert latex.escape(one.claim.sentence) in made
    assert r"\begin{longtable}" in made
