"""Samplers at equal seconds, by hand."""

import math

import pandas as pd
import pytest

from hardball.metrics.listing import metric
from hardball.report import quality
from hardball.report.tables.equal_time import at_seconds, budget, equal_time

# sampler -> epochs -> (seconds, MAP) of seed 0; seed s has s hundredths more MAP.
ENDS = {
    "uniform": {10: (2.0, 0.80), 20: (4.0, 0.90)},
    "siblings(k=1)": {10: (4.0, 0.70), 20: (8.0, 0.75)},
    "degree(alpha=0.75)": {10: (2.0, 0.82), 20: (8.0, 0.98)},
    "matrix": {10: (16.0, 0.99), 20: (32.0, 0.99)},
}


def run(sampler, epochs, seed=0, **changes):
    seconds, score = ENDS[sampler][epochs]
    return {
        "run_id": f"{sampler}-{epochs}-s{seed}",
        "config_id": f"{sampler}-{epochs}",
        "dataset": "wordnet_mammals",
        "task": "reconstruction",
        "framework": "torch",
        "seed": seed,
        "status": "ok",
        "manifold": "tangent(c=1.0)",
        "dim": 5,
        "sampler": sampler,
        "loss": "margin(margin=0.5)",
        "optimizer": "adam",
        "epochs": epochs,
        "train_seconds": seconds,
        "scorings": 100.0 * epochs,
        "map": score + 0.01 * seed,
        "mean_rank": 2.0,
        **changes,
    }


@pytest.fixture
def runs():
    return pd.DataFrame(
        [run(sampler, epochs, seed) for sampler in ENDS for epochs in (10, 20) for seed in range(3)]
    )


def of(runs, sampler):
    (found,) = [f for f in quality.families(runs) if f.settings["sampler"] == sampler]
    return found


def test_the_budget_is_that_of_the_quickest(runs):
    assert budget(quality.families(runs)) == 4.0


def test_a_sampler_is_read_between_its_budgets(runs):
    """4 s lie half-way from 2 to 8 in logarithms: 0.82 + (0.98 - 0.82) / 2 = 0.90."""
    found = at_seconds(of(runs, "degree(alpha=0.75)"), "map", 4.0)
    assert found == {seed: pytest.approx(0.90 + 0.01 * seed) for seed in range(3)}


def test_the_ends_themselves_are_read_as_they_are(runs):
    assert at_seconds(of(runs, "uniform"), "map", 4.0)[0] == pytest.approx(0.90)
    assert at_seconds(of(runs, "siblings(k=1)"), "map", 4.0)[0] == pytest.approx(0.70)


def test_one_whose_smallest_budget_takes_longer_has_no_figure(runs):
    assert at_seconds(of(runs, "matrix"), "map", 4.0) == {}


def test_the_table_ranks_and_compares_with_uniform(runs):
    table = equal_time(runs, metric("map"))
    samplers = [line.cells["sampler"] for line in table.lines]
    # Uniform and degree are at 0.90, siblings at 0.70; matrix has nothing to show.
    assert samplers[:3] == ["uniform", "degree", "siblings"]
    assert math.isnan(table.lines[3].cells["value"].value)
    siblings = table.lines[2].cells
    assert siblings["difference"].value == pytest.approx(-0.20)
    assert siblings["improvement"].value == 0
    # 20 passes took 8 s.
    assert siblings["epochs"] == pytest.approx(10)
    assert table.lines[0].cells.get("difference") is None


def test_one_budget_alone_is_no_race(runs):
    assert equal_time(runs[runs["epochs"] == 10], metric("map")) is None


def test_without_uniform_there_is_nothing_to_compare(runs):
    assert equal_time(runs[runs["sampler"] != "uniform"], metric("map")) is None
