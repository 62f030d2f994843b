"""A search: blind to the test pairs, of the same budget for all, and whole after it was killed."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.report import commands, rows
from hardball.runs import plan as planning
from hardball.runs import suites
from hardball.studies.tune import plan, search, trials, winners
from hardball.training import trial
from hardball.training.shared import opened

FILE = """\
name: tiny
summary: an example
minutes: 1
strategy: grid
trials: 3
base:
  dataset: ncbi_primates
  task: {name: leaf_parent, holdout: 0.3}
  epochs: 2
  eval_every: 1
  negatives: 2
  batch_size: 256
space:
  lr: {low: 0.1, high: 10, log: true}
methods:
  uniform: {set: {sampler: uniform}}
  siblings: {set: {sampler: siblings}}
"""


def written(folder: Path, text: str = FILE) -> str:
    path = folder / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def searched(file, folder, strategy="grid", number=3, **options):
    tuning = plan.load(file, {"strategy": strategy, "trials": number})
    return tuning, search.Search(tuning, folder, **options).run()


def figures(running):
    """What every trial tried and came to."""
    return {
        (each.study.method, number): (each.points[number], each.rows[number][0].metrics)
        for each in running
        for number in sorted(each.rows)
    }


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """A search by a grid: its settings, studies and folder."""
    folder = tmp_path_factory.mktemp("tune")
    tuning, running = searched(written(folder), folder / "grid")
    return tuning, running, folder / "grid"


def test_every_method_has_as_many_trials_and_the_best_by_validation_wins(grid):
    tuning, running, _ = grid
    assert [len(each.rows) for each in running] == [3, 3]
    for winner, each in zip(winners.winners(tuning, running), running, strict=True):
        values = {n: found[0].metrics["validation_map"] for n, found in each.rows.items()}
        assert winner.value == max(values.values())
        assert values[winner.number] == winner.value


def test_rows_say_that_they_are_trials_and_hold_no_figure_of_the_test_pairs(grid):
    _, _, folder = grid
    kept = rows.read_runs(folder / "runs.csv")
    assert set(kept["factor"]) == {"trial"}
    assert set(kept["suite"]) == {"tiny_grid"}
    assert list(kept["label"])[:2] == ["uniform trial 0", "uniform trial 1"]
    named = {metric.name for metric in rows.metrics_of(kept)}
    assert named == {"validation_map", "validation_mean_rank", "share_at_limit"}


def test_the_search_is_the_same_whatever_the_test_pairs_are(grid, tmp_path, monkeypatch):
    """The pairs that are tested are exchanged for any others: no figure and no choice changes."""
    real = registry.builder

    def builder(kind, name):
        return poisoned if kind == "task" else real(kind, name)

    def poisoned(h, closure, seed, *, holdout):
        split = real("task", "leaf_parent")(h, closure, seed, holdout=holdout)
        return replace(split, test=np.full_like(split.test, h.n_nodes - 1))

    monkeypatch.setattr(registry, "builder", builder)
    _, again = searched(written(tmp_path), tmp_path / "out")
    assert figures(again) == figures(grid[1])


def test_a_trial_knows_no_test_pairs_at_all():
    tuning = plan.load("mammals", {})
    study = plan.studies(tuning)[0]
    spec = study.spec({}, "torch", 100)
    task = trial.problem_of(spec, opened(study.dataset), "validation")
    assert task.split.test is task.split.validation


def test_what_holds_nothing_out_is_chosen_by_the_pairs_trained_on_where_the_file_says_so(tmp_path):
    text = FILE.replace("task: {name: leaf_parent, holdout: 0.3}", "task: reconstruction")
    with pytest.raises(HardballError, match="reconstruction holds no validation pairs out"):
        searched(written(tmp_path, text), tmp_path / "out")
    assert not (tmp_path / "out" / "rows").exists()
    text = text.replace("minutes: 1", "minutes: 1\njudged_by: training")
    tuning, running = searched(written(tmp_path, text), tmp_path / "out", number=2)
    assert "training_map" in running[0].rows[0][0].metrics
    assert tuning.column == "training_map"


def test_all_pairs_ranked_together_decide_where_the_file_says_so(tmp_path):
    text = FILE.replace("minutes: 1", "minutes: 1\nmetric: precision_at_1000")
    tuning, running = searched(written(tmp_path, text), tmp_path / "out", number=2)
    assert tuning.column == "validation_global_precision_at_1000"
    tried = [found[0].metrics for found in running[0].rows.values()]
    assert (
        max(figures[tuning.column] for figures in tried)
        == winners.winners(tuning, running)[0].value
    )
    with pytest.raises(HardballError, match="--prune watches map or mean_rank, not precision_at"):
        searched(written(tmp_path, text), tmp_path / "pruned", prune=True)
    trained = text.replace("minutes: 1", "minutes: 1\njudged_by: training")
    with pytest.raises(HardballError, match="precision_at_1000 is of validation pairs"):
        plan.load(written(tmp_path, trained), {})


def test_the_winners_are_a_suite_that_can_be_started(grid):
    tuning, running, folder = grid
    found = winners.winners(tuning, running)
    suite = suites.load(winners.write(tuning, found, folder))
    assert suite.name == "tiny_grid_best"
    specs = [job.spec for job in planning.jobs(suite)]
    assert [spec.framework for spec in specs] == ["jax", "torch"] * 2
    assert {spec.lr for spec in specs} == {winner.point["lr"] for winner in found}
    assert not {100} & set(suite.seeds)


def test_tables_show_trials_apart_and_compare_can_leave_them_out(grid, tmp_path):
    _, _, folder = grid
    names = [path.name for path in commands.table_command(folder, tmp_path)]
    assert names == ["trials-ncbi_primates.csv", "trials-ncbi_primates.md"]
    shown = (tmp_path / "trials-ncbi_primates.md").read_text(encoding="utf-8")
    assert len([line for line in shown.splitlines() if "whole" in line]) == 6
    assert commands.compare_command(folder, folder) == 0
    with pytest.raises(HardballError, match="no row fits --no-trials"):
        commands.compare_command(folder, folder, trials=False)
    assert "6 trials of a search" in commands.answer_command(folder)[0]


def test_a_search_goes_on_where_it_was_and_does_nothing_twice(grid, tmp_path, monkeypatch):
    """Two of six trials lack their rows: these two are trained, and all six are told."""
    file, folder = written(tmp_path), tmp_path / "out"
    searched(file, folder)
    for stem in ("ncbi_primates-uniform-0001", "ncbi_primates-siblings-0002"):
        (folder / "rows" / f"{stem}.jsonl").unlink()
    trained = []
    real = trials.carry_out
    monkeypatch.setattr(trials, "carry_out", lambda o: trained.append(o.stem) or real(o))
    _, again = searched(file, folder)
    assert sorted(trained) == ["ncbi_primates-siblings-0002", "ncbi_primates-uniform-0001"]
    assert figures(again) == figures(grid[1])


def test_a_folder_of_another_search_is_refused(grid, tmp_path):
    _, _, folder = grid
    file = written(tmp_path, FILE.replace("high: 10", "high: 20"))
    with pytest.raises(HardballError, match="has trials of another search: name another folder"):
        searched(file, folder)


def test_trials_worse_than_the_median_are_given_up_where_asked_and_say_so(tmp_path):
    """From the sixth trial on: a rate of 1e-6 learns nothing, and cannot reach the median."""
    text = FILE.replace("{low: 0.1, high: 10, log: true}", "[1, 2, 3, 4, 5, 0.000001]").replace(
        "  siblings: {set: {sampler: siblings}}\n", ""
    )
    tuning, (study,) = searched(written(tmp_path, text), tmp_path / "out", number=6, prune=True)
    stopped = [study.rows[number][0].outcome.stopped for number in range(6)]
    assert stopped == ["", "", "", "", "", "pruned"]
    assert study.rows[5][0].outcome.epochs_done == pytest.approx(1, abs=0.1)
    (winner,) = winners.winners(tuning, [study])
    assert (winner.trials, winner.pruned) == (6, 1)


def test_pruning_needs_evaluations(tmp_path):
    with pytest.raises(HardballError, match="--prune needs evaluations on the way: set eval_every"):
        searched(written(tmp_path, FILE.replace("eval_every: 1", "")), tmp_path / "o", prune=True)


def test_points_at_the_largest_radius_can_keep_a_trial_from_winning(grid):
    tuning, running, _ = grid
    shares = [found[0].metrics["share_at_limit"] for found in running[0].rows.values()]
    strict = tuning.model_copy(update={"most_at_limit": 0.0})
    left = [
        winner for winner in winners.winners(strict, running) if winner.study.method == "uniform"
    ]
    assert [winner.at_limit for winner in left] == [sum(s > 0 for s in shares)]


class TestOptuna:
    @pytest.fixture(autouse=True)
    def _there(self):
        pytest.importorskip("optuna")

    def test_tpe_does_not_depend_on_when_it_was_killed(self, tmp_path, monkeypatch):
        """Killed after a proposal, after a training and before its figure was told."""
        file = written(tmp_path)
        _, whole = searched(file, tmp_path / "whole", "tpe")
        deaths = iter([None, "before", "after"])
        real = trials.carry_out

        def dying(order):
            death = next(deaths, None)
            if death == "before":
                raise KeyboardInterrupt
            found = real(order)
            if death == "after":
                raise KeyboardInterrupt
            return found

        monkeypatch.setattr(trials, "carry_out", dying)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                searched(file, tmp_path / "killed", "tpe")
        _, again = searched(file, tmp_path / "killed", "tpe")
        assert figures(again) == figures(whole)
        for each in again:
            assert len({point["lr"] for point in each.points.values()}) == 3

    def test_a_finite_space_is_tried_once_and_then_ends(self, tmp_path):
        text = FILE.replace("{low: 0.1, high: 10, log: true}", "[1, 2, 3]")
        _, running = searched(written(tmp_path, text), tmp_path / "out", "tpe", 3)
        assert [sorted(p["lr"] for p in each.points.values()) for each in running] == [
            [1, 2, 3]
        ] * 2

    @pytest.mark.full
    def test_gaussian_processes_propose_too(self, tmp_path):
        _, running = searched(written(tmp_path), tmp_path / "out", "gp", 4)
        assert [len(each.rows) for each in running] == [4, 4]

    @pytest.mark.full
    def test_processes_change_no_row_and_a_killed_search_goes_on(self, tmp_path):
        """Killed outright with two processes at work: every trial has its rows once."""
        file = written(tmp_path)
        command = [
            sys.executable, "-m", "hardball", "tune", file, "--strategy", "tpe", "--trials", "3",
            "--jobs", "2", "--out", str(tmp_path / "out"),
        ]  # fmt: skip
        begun = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 300
        while not list((tmp_path / "out").glob("rows/[!.]*")) and time.monotonic() < until:
            time.sleep(0.1)
        os.kill(begun.pid, signal.SIGKILL)
        begun.wait()
        ended = subprocess.run(command, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        _, alone = searched(file, tmp_path / "alone", "tpe")
        _, both = searched(file, tmp_path / "out", "tpe")
        assert figures(both) == figures(alone)


def test_the_command_prints_the_winners_and_names_the_suite(tmp_path):
    file = written(tmp_path, FILE.replace("trials: 3", "trials: 2"))
    found = CliRunner().invoke(app, ["tune", file, "--out", str(tmp_path / "out")])
    assert found.exit_code == 0, found.output
    *best, last = found.stdout.splitlines()
    assert len(best) == 2
    assert last == f"suite  {tmp_path / 'out' / 'tiny_grid_best.yaml'}"
    assert "4 of 4, 0 s left: siblings on ncbi_primates, trial 1: lr=10" in found.stderr


def test_the_page_on_tuning_is_a_search_that_works(tmp_path, monkeypatch):
    page = (Path(__file__).resolve().parents[2] / "docs/use/tune.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL)
    (content,) = (text for kind, text in blocks if kind == "yaml")
    commands = [text for kind, text in blocks if kind == "sh"][1].splitlines()
    monkeypatch.chdir(tmp_path)
    Path(re.match(r"# (\S+)", content)[1]).write_text(content, encoding="utf-8")
    assert len(commands) == 4
    for command in commands:
        found = CliRunner().invoke(app, command.split()[1:])
        assert found.exit_code == 0, found.output
    # Two methods in two frameworks.
    assert len(found.stdout.splitlines()) == 4
    assert Path("tuned/tables/trials-ncbi_primates.md").is_file()
