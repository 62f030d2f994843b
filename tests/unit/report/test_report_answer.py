"""The answer in five lines: computed from rows, with its intervals, and honest about ties."""

import numpy as np
import pandas as pd
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.report import statistics
from hardball.report.answer import LINES, answer

MAMMALS, PRIMATES = "wordnet_mammals", "ncbi_primates"


def told(runs: pd.DataFrame, sampler: str) -> str:
    """`0.948 [0.942, 0.956]` of a sampler on mammals in JAX."""
    chosen = (runs["dataset"] == MAMMALS) & (runs["framework"] == "jax")
    found = statistics.estimate(runs.loc[chosen & runs["sampler"].str.startswith(sampler), "map"])
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def give(runs: pd.DataFrame, sampler: str, other: str) -> None:
    """A sampler gets the figures of another, a hair lower and of other seeds."""
    for _, part in runs.groupby(["dataset", "framework"]):
        given = part.loc[part["sampler"].str.startswith(other), "map"].to_numpy()
        runs.loc[part.index[part["sampler"].str.startswith(sampler)], "map"] = given[::-1] - 1e-5


def test_the_winner_and_its_lead_over_uniform(runs):
    """MAP is .95 for a pool, .80 for uniform, give or take .01; a pool scores ten times as many."""
    lines = answer(runs)
    assert len(lines) == LINES
    best = next(line for line in lines if line.startswith(f"{MAMMALS}: best"))
    pool, uniform = told(runs, "pool"), told(runs, "uniform")
    assert best.startswith(f"{MAMMALS}: best MAP {pool}, pool; uniform {uniform}: +0.1")
    assert best.endswith(" at 10 times the distance evaluations.")
    gap = float(best.split(": +")[1].split(" ")[0])
    one = runs[(runs["dataset"] == MAMMALS) & (runs["framework"] == "jax")]
    means = one.groupby("sampler")["map"].mean()
    assert abs(gap - (means["pool"] - means["uniform"])) < 0.01


def test_how_the_others_compare_with_uniform(runs):
    """Cousins are .05 below, siblings .10; a second pool .05 above."""
    more = runs[runs["sampler"] == "pool"].copy()
    more["sampler"] = "degree"
    more["config_id"] += "-degree"
    more["map"] -= 0.1
    lines = answer(pd.concat([runs, more]))
    others = lines[1]
    assert others.startswith(f"{MAMMALS}, the others against uniform: better: degree +0.0")
    assert ". worse: cousins -0.0" in others
    assert "; siblings -0." in others
    assert "pool" not in others
    data_sets = [line.split(":")[0].split(",")[0] for line in lines[:4]]
    assert data_sets == [MAMMALS, MAMMALS, PRIMATES, PRIMATES]


def test_seeds_and_frameworks_are_told(runs):
    last = answer(runs)[-1]
    assert last == (
        "Interquartile mean of 5 seeds [95 % bootstrap interval]; JAX and PyTorch differ by at "
        "most 1e-06 in a run's MAP; one learning rate for all: a first look."
    )


def test_overlapping_intervals_have_no_winner(runs):
    """Uniform negatives as good as a pool."""
    give(runs, "uniform", "pool")
    best = answer(runs)[0]
    assert "the intervals overlap, no winner" in best
    assert ": +" not in best


def test_overlaps_of_the_best_are_named(runs):
    """Cousins as good as a pool: the lead over uniform stands, and the other one is named."""
    give(runs, "cousins", "pool")
    best = answer(runs)[0]
    assert ", pool; uniform" in best
    assert best.endswith("Overlaps with: cousins.")


def test_nothing_beats_uniform(runs):
    best = answer(runs[runs["sampler"] != "pool"])[0]
    uniform = told(runs, "uniform")
    assert best == f"{MAMMALS}: best MAP {uniform}, uniform: nothing beats uniform negatives."


def test_hard_negatives_and_other_settings_are_in_the_name(runs):
    runs["hard"], runs["fade"] = "", 1.0
    runs.loc[runs["sampler"] == "pool", "hard"] = "8 siblings(relative_to=anchor,replace=True)"
    runs.loc[runs["sampler"] == "pool", "fade"] = 0.01
    assert ", pool + 8 siblings, fade 0.01; uniform" in answer(runs)[0]


def test_a_diverged_method_is_never_the_best(make_runs):
    lost = tuple(f"{MAMMALS}-pool-jax-s{seed}" for seed in range(5))
    lines = answer(make_runs(diverged=lost))
    assert ", uniform: nothing beats uniform" in lines[0]
    assert "pool diverged" in lines[1]


def test_one_seed_has_no_interval(make_runs):
    assert "(one seed: no interval)" in answer(make_runs(1))[0]


def test_rows_without_a_ranking_say_so(runs):
    runs["map"] = np.nan
    assert len(answer(runs)) == 1
    assert "closure MAP" in answer(runs)[0]


def test_the_command_prints_it(work):
    ended = CliRunner().invoke(app, ["answer", str(work)])
    assert ended.exit_code == 0
    assert ended.stdout.splitlines() == answer(pd.read_csv(work / "runs.csv"))
