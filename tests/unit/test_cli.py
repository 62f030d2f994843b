"""The command line: what it prints, what mistakes say, and that they end with exit code 2."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from hardball import __version__
from hardball.cli.main import app
from hardball.methods import registry
from hardball.runs import plan, suites


def call(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_version():
    assert call("--version").stdout == f"hardball {__version__}\n"


COMMANDS = [
    *("fetch", "build", "check", "list", "plan", "train", "floors", "score", "collect"),
    *("table", "plot", "gallery", "reference", "compare", "freeze", "rerun", "readme", "peers"),
    *("roofline", "draws", "site", "claims", "verify"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    shown = call(command, "--help")
    assert shown.exit_code == 0
    assert command in call("--help").stdout


def test_list_shows_every_entry_with_its_parameters_and_source():
    shown = call("list").stdout
    for entry in registry.entries():
        assert entry.name in shown
        assert f"source: {entry.source}\n" in shown
    assert "memory: O(N log depth)\n      a draw: O(log depth)\n" in shown
    assert "cousins(k=1, relative_to=anchor, replace=True)" in shown
    assert "ncbi_primates" in shown
    assert "quick" in shown


def test_list_of_one_kind():
    shown = call("list", "loss").stdout
    assert "triplet(margin=0.5)" in shown
    assert "siblings" not in shown


def test_plan_lists_jobs_and_runs():
    lines = call("plan", "quick").stdout.splitlines()
    jobs = plan.jobs(suites.load("quick"))
    assert len(lines) == len(jobs)
    assert lines[0].split("\t")[:3] == [jobs[0].config_id, "jax", "0,1,2"]
    runs = call("plan", "quick", "--runs").stdout.splitlines()
    assert len(runs) == sum(len(job.runs) for job in jobs)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "quik"], "unknown suite 'quik', did you mean 'quick'? Allowed are"),
        (["list", "colours"], "unknown kind 'colours': allowed are task"),
        (["train"], "name a --dataset"),
        (["train", "--suite", "quick"], "--suite goes with --config"),
        (["train", "--suite", "quick", "--config", "x"], "has no jax job 'x'"),
        (["train", "-d", "no_such_set"], "no hierarchy 'no_such_set'"),
        (["train", "-d", "d", "-f", "numpy"], "unknown framework 'numpy': allowed are jax, torch"),
        (
            ["train", "-d", "d", "--sampler", "sibling"],
            "'sibling', did you mean 'siblings'?",
        ),
        (["train", "-d", "d", "--set", "epoch=3"], "'epoch', did you mean 'epochs'?"),
        (["train", "-d", "d", "--set", "epochs"], "write key=value"),
        (["train", "-d", "d", "--set", "lr=-1"], "lr: Input should be greater than 0"),
        (["train", "-d", "d", "--set", "lr=inf"], "lr: Input should be a finite number"),
        (["train", "-d", "d", "--set", "clip=nan"], "clip: Input should be a finite number"),
        (["train", "-d", "d", "--seeds", "0-3"], "write whole numbers such as 0,1,2"),
        (["score", "gone.npz", "-d", "ncbi_primates"], "gone.npz"),
        (["table", "nowhere"], "nowhere"),
        (["fetch", "no_such_set"], "no dataset 'no_such_set'"),
        (["build"], "name data sets, or give --edges FILE"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments, said):
    ended = call(*arguments)
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("hardball: ")
    assert ended.stderr.count("\n") == 1
    assert said in ended.stderr


def test_own_runs_from_the_command_line_to_a_score(tmp_path):
    out = tmp_path / "mine"
    common = ["-d", "ncbi_primates", "--set", "epochs=1", "--set", "negatives=5", "--out", str(out)]
    for seeds in ("0,1", "2"):
        assert call("train", *common, "--seeds", seeds).exit_code == 0
    runs = pd.read_csv(out / "runs.csv")
    assert sorted(runs["seed"]) == [0, 1, 2]
    assert set(runs["status"]) == {"ok"}

    first = runs.sort_values("seed").iloc[0]
    points = out / "points" / f"{first['run_id']}.npz"
    scored = call("score", str(points), "-d", "ncbi_primates")
    metrics = dict(line.split("\t") for line in scored.stdout.splitlines())
    assert float(metrics["map"]) == pytest.approx(first["map"], rel=1e-5)  # printed to 6 digits

    other = call("score", str(points), "-d", "wordnet_mammals")
    assert other.exit_code == 2
    assert "belongs to other nodes" in other.stderr


def test_rows_that_this_version_cannot_read_are_left_out_and_named(tmp_path):
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "old.jsonl").write_text('{"run_id": "old"}\n')
    common = ["--set", "epochs=1", "--set", "negatives=5", "--out", str(tmp_path)]
    ended = call("train", "-d", "ncbi_primates", *common)
    assert ended.exit_code == 0
    assert "left out of runs.csv" in ended.stderr
    assert len(pd.read_csv(tmp_path / "runs.csv")) == 1


def test_the_commands_start_fast_and_import_neither_framework():
    code = (
        "import sys; from hardball.cli.main import app; "
        "sys.exit(bool({'jax', 'torch', 'numba', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_installed_command_ends_with_2_and_no_traceback():
    command = shutil.which("hardball", path=str(Path(sys.executable).parent))
    assert command is not None
    ended = subprocess.run([command, "plan", "quik"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


def test_list_of_settings_says_default_range_and_what_each_does():
    shown = call("list", "settings").stdout
    assert (
        "  lr [0.4]\n      learning rate of the first step after the burn-in: numbers > 0\n"
        in shown
    )
    assert "  dataset [must be given]\n" in shown
    assert "see `hardball list sampler`" in shown
