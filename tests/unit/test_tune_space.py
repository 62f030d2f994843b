"""What the file of a search may say: a slip is one line with the value and what is allowed."""

import math

import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core.errors import HardballError
from hardball.studies.tune import plan, space
from hardball.studies.tune.space import Dimension

COUSINS = {"dataset": "x", "sampler": {"name": "cousins", "k": 1}}
FILE = """\
name: tiny
summary: an example
minutes: 1
trials: 4
base: {dataset: ncbi_primates, task: leaf_parent, epochs: 1, negatives: 2, batch_size: 64}
space:
  lr: {low: 0.1, high: 10, log: true}
methods:
  uniform: {set: {sampler: uniform}}
  cousins: {set: {sampler: cousins}, space: {sampler.k: [1, 2]}}
"""


def said(path, given, values=COUSINS):
    with pytest.raises(HardballError) as refused:
        space.read(path, given, values)
    return str(refused.value)


@pytest.mark.parametrize(
    ("path", "given", "words"),
    [
        ("lrr", [1.0], "unknown setting 'lrr', did you mean 'lr'?"),
        ("sampler.kk", [1], "unknown parameter of sampler cousins 'kk', did you mean 'k'?"),
        ("hard.0.negatives", [1], "hard has 0 entries"),
        ("dim.x", [1], "dim has no parameters"),
        ("dataset", ["a"], "dataset is the same in all trials"),
        ("lr", [], "lr: an empty list"),
        ("lr", [1.0, 1], "lr: 1.0 stands twice"),
        ("lr", 0.4, "lr: 0.4: write a list of values, or a range"),
        ("lr", {"low": 0, "high": 1}, "lr: low=0, allowed are numbers 0 < x"),
        ("lr", {"low": 1, "high": 0.5}, "low must be below high"),
        ("lr", {"low": 1, "high": 1}, "low must be below high"),
        ("lr", {"low": 0.1, "high": 1, "logg": True}, "unknown key of lr 'logg', did you mean"),
        ("lr", {"low": 0.1, "high": 1, "log": 1}, "lr: log=1: allowed are true, false"),
        ("lr", {"low": 0.1, "high": math.inf}, "lr: high=inf, allowed are numbers 0 < x"),
        ("lr", {"low": 0.1}, "lr: write high: allowed are numbers 0 < x"),
        ("clip", {"low": 0, "high": 1, "log": True}, "low=0.0 has no logarithm"),
        ("batch_size", {"low": 1.5, "high": 8}, "batch_size: low=1.5, allowed are whole numbers 1"),
        ("sampler.k", [0], "sampler.k=0, allowed are whole numbers 1 <= x"),
        ("sampler.k", {"low": 1, "high": 3, "steps": 1}, "steps=1: allowed are whole numbers 2"),
        ("sampler", {}, "sampler has no range: write a list"),
        ("sampler.relative_to", {"low": 1, "high": 2}, "is no number: write a list"),
        ("dtype", ["float16"], "dtype='float16', allowed are float32, float64"),
    ],
)
def test_a_slip_is_named(path, given, words):
    assert words in said(path, given)


def test_a_range_without_bounds_takes_those_that_the_parameter_declares():
    # fade is declared as 0 < x <= 1: its lower bound itself is not allowed.
    assert space.read("fade", {"low": 0.01}, {}) == Dimension("fade", low=0.01, high=1.0)
    assert "fade: write low" in said("fade", {})
    assert space.read("sampler.relative_to", {}, COUSINS).values == ("anchor", "positive")


def test_paths_lead_into_methods_and_lists_and_leave_the_rest_as_it_is():
    values = {
        "optimizer": "adam",
        "hard": [{"sampler": "siblings", "negatives": 8}],
        "regularizers": [{"name": "sparsity"}],
    }
    found = space.put(
        values,
        {"optimizer.b2": 0.9, "hard.0.negatives": 4, "hard.0.sampler.relative_to": "positive",
         "regularizers.0.weight": 2.0, "lr": 1.0, "manifold.c": 0.5},
    )  # fmt: skip
    assert found == {
        "optimizer": {"name": "adam", "b2": 0.9},
        "hard": [{"sampler": {"name": "siblings", "relative_to": "positive"}, "negatives": 4}],
        "regularizers": [{"name": "sparsity", "weight": 2.0}],
        "lr": 1.0,
        "manifold": {"name": "tangent", "c": 0.5},
    }
    assert values["optimizer"] == "adam"


def test_a_grid_is_even_in_the_logarithm_and_has_as_many_points_as_trials():
    rate = Dimension("lr", low=0.1, high=10.0, log=True)
    assert [p["lr"] for p in space.grid([rate], 3, seed=0)] == [0.1, 1.0, 10.0]
    # Three values of k and the fewest rates, two, make six points: four of them are tried.
    crossed = space.grid([rate, Dimension("k", (1, 2, 3))], 4, seed=0)
    assert len(crossed) == 4
    assert {p["lr"] for p in crossed} <= {0.1, 10.0}


def test_a_winner_at_the_end_of_its_range_is_told_of():
    rate = Dimension("lr", low=0.1, high=10.0, log=True)
    # A fiftieth of two decades is 0.04 of one: up to 0.1 x 10^0.04 = 0.1096.
    assert [rate.at_end(value) for value in (0.1, 0.109, 0.111, 9.0, 9.2)] == [
        True, True, False, False, True,
    ]  # fmt: skip
    assert not Dimension("k", (1, 2)).at_end(1)


def test_a_grid_of_whole_numbers_ends_where_there_are_no_more():
    few = Dimension("k", low=1.0, high=3.0, whole=True)
    assert [p["k"] for p in space.grid([few], 3, seed=0)] == [1, 2, 3]
    with pytest.raises(HardballError, match="3 points for 4 trials: every method has the same"):
        space.grid([few], 4, seed=0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("trials: 4", "trial: 4", "unknown key 'trial', did you mean 'trials'?"),
        ("trials: 4", "trials: 0", "trials: Input should be greater than or equal to 1"),
        ("sampler: cousins}", "sampler: cousin}", "unknown sampler 'cousin', did you mean"),
        ("sampler.k: [1, 2]", "sampler.j: [1]", "method 'cousins': unknown parameter of sampler"),
        ("lr: {low: 0.1, high: 10, log: true}", "sampler.k: [1]", "sampler uniform 'k'"),
        ("  lr: {low: 0.1, high: 10, log: true}\n", "  batch_size: [8]\n", "1 points for 4 trials"),
        ("name: tiny", "name: other", "name 'other' must be the file's, 'tiny'"),
        ("minutes: 1", "minutes: 1\nseeds: [0]", "seed 0 is one of trials and of the suite"),
        ("minutes: 1", "minutes: 1\nmetric: f1", "metric: Input should be 'map'"),
        ("minutes: 1", "minutes: 1\nstrategy: random", "strategy: Input should be 'grid'"),
        ("  uniform: {set: {sampler: uniform}}\n", "  a: {set: {}, space: {lr: []}}\n", "empty"),
        ("[1, 2]}}", "[1, 2], sampler: [uniform, pool]}}", "sampler.k and sampler vary both"),
    ],
)
def test_a_wrong_file_is_one_line_and_exit_code_2(old, new, words, tmp_path):
    assert old in FILE
    (tmp_path / "tiny.yaml").write_text(FILE.replace(old, new))
    found = CliRunner().invoke(app, ["tune", str(tmp_path / "tiny.yaml"), "--dry-run"])
    assert found.exit_code == 2
    assert words in found.stderr
    assert found.stderr.startswith("hardball: ")
    assert len(found.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.yaml"]


def test_an_unknown_search_and_an_unknown_strategy_say_what_was_meant():
    found = CliRunner().invoke(app, ["tune", "mammal"])
    assert found.exit_code == 2
    assert "unknown search 'mammal', did you mean 'mammals'?" in found.stderr
    found = CliRunner().invoke(app, ["tune", "mammals", "--strategy", "tp"])
    assert "strategy 'tp': allowed are grid, tpe, gp" in found.stderr


@pytest.mark.parametrize("name", plan.names())
@pytest.mark.parametrize("strategy", ["grid", "tpe"])
def test_the_committed_searches_can_be_planned(name, strategy):
    tuning = plan.load(name, {"strategy": strategy})
    methods = {study.method for study in plan.studies(tuning)}
    assert len(methods) == len(tuning.methods)
