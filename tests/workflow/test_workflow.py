"""The workflow on a tiny suite: rows, tables, plots, report; what runs again and what does not.

Everything runs in a temporary folder, on a copy of the package, so that its code may change.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.report import reproduce
from hardball.runs import code, collect, plan, suites

SUITE = """
name: tiny
summary: one configuration, and one that diverges
minutes: 1
seeds: [0]
base: {dataset: ncbi_primates, dim: 2, negatives: 5, epochs: 1, kernels: plain}
groups:
  - factor: broken
    set: {lr: 1.0e+30}
    over: {manifold: [lorentz], optimizer: [rsgd]}
"""


class Workflow:
    """Snakemake in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "impls" / "hardball"
        self.out = folder / "out" / "tiny"
        # With its compiled kernels, which stay valid as long as times of change are kept.
        shutil.copytree(code.PACKAGE, self.package)
        (folder / "tiny.yaml").write_text(SUITE)

    def snakemake(self, *arguments: str, **config: str) -> subprocess.CompletedProcess:
        settings = {"suite": "tiny.yaml", "results": "out", **config}
        command = [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(paths.root() / "Snakefile")),
            *("--directory", str(self.folder), "--cores", "2", "--show-failed-logs", *arguments),
            *("--config", *(f"{key}={value}" for key, value in settings.items())),
        ]
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.package.parent),
            "HARDBALL_ROOT": str(paths.root()),
        }
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, cwd=self.folder
        )

    def planned(self, **config: str) -> set[str]:
        """The rules that a dry run would run, training by its frameworks."""
        shown = self.snakemake("--dry-run", **config).stdout
        _, _, table = shown.partition("\njob ")
        listed = [line.split() for line in table.partition("\n\n")[0].splitlines()]
        rules = {words[0] for words in listed if len(words) == 2 and words[1].isdigit()}
        if "train" in rules:
            rules |= {f"train:{f}" for f in ("jax", "torch") if f"framework={f}" in shown}
        return rules - {"train", "total"}

    def append(self, file: str, text: str) -> None:
        path = self.package / file
        path.write_text(path.read_text() + text)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Workflow:
    workflow = Workflow(tmp_path_factory.mktemp("workflow"))
    ended = workflow.snakemake("--keep-going")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return workflow


def test_every_run_leaves_a_row_a_diverged_one_too(finished):
    runs = pd.read_csv(finished.out / "runs.csv")
    assert len(runs) == 4  # 2 configurations x 2 frameworks x 1 seed
    by_factor = runs.groupby("factor")["status"].agg(list)
    assert by_factor["base"] == ["ok", "ok"]
    assert by_factor["broken"] == ["diverged", "diverged"]
    assert set(runs["suite"]) == {"tiny"}
    assert runs.loc[runs["status"] == "diverged", ["map", "mean_rank"]].isna().all(axis=None)
    assert runs.loc[runs["status"] == "ok", ["map", "mean_rank"]].notna().all(axis=None)
    assert (runs["threads"] == 1).all()


def test_jobs_of_a_framework_share_a_worker_that_ends_with_the_workflow(finished, monkeypatch):
    """Two jobs a framework on two cores: at most two workers each, and none that stays."""
    folder = finished.out / "workers"
    used = {path.stem for path in folder.glob("*.lock")}
    assert {"jax-0", "torch-0"} <= used <= {"jax-0", "jax-1", "torch-0", "torch-1"}
    monkeypatch.chdir(folder)  # the path of a socket must be short
    for name in used:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with socket.socket(socket.AF_UNIX) as connection:
                if connection.connect_ex(f"{name}.sock"):
                    break
            time.sleep(0.2)
        else:
            pytest.fail(f"{name} is still at work")


def test_both_frameworks_reach_the_same_figures(finished):
    runs = pd.read_csv(finished.out / "runs.csv")
    jax, torch = runs[runs["status"] == "ok"]["map"]
    assert jax == pytest.approx(torch, rel=1e-3)  # one epoch in float32, measured: 0 to 1e-6


def test_points_are_kept_for_runs_that_did_not_diverge(finished):
    kept = {path.stem for path in (finished.out / "points").glob("*.npz")}
    runs = pd.read_csv(finished.out / "runs.csv")
    assert kept == set(runs[runs["status"] == "ok"]["run_id"])


def test_floors_tables_and_plots_are_written(finished):
    floors = pd.read_csv(finished.out / "floors.csv")
    assert {
        "popularity", "closure_rule", "tree_distance", "drawing", "sarkar", "h_mds", "untrained",
    } == set(floors["floor"])  # fmt: skip
    suffixes = {path.suffix for path in (finished.out / "tables").glob("*-reconstruction.*")}
    assert suffixes == {".csv", ".md"}
    assert list((finished.out / "plots").glob("*.svg"))
    assert list((finished.out / "plots").glob("*.png"))


def test_nothing_changed_nothing_runs(finished):
    ended = finished.snakemake()
    assert ended.returncode == 0
    assert "Nothing to be done" in ended.stdout + ended.stderr
    assert finished.planned() == set()


@pytest.mark.full
def test_a_version_is_planned_as_a_whole(finished):
    planned = finished.snakemake("--dry-run", version="v0.2")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", planned.stdout, re.M))
    named = [suites.load(given) for given in reproduce.references("v0.2").values()]
    assert int(jobs["collect"]) == int(jobs["tables"]) == len(named)
    assert int(jobs["train"]) == sum(len(plan.jobs(suite)) for suite in named)


def test_report_is_one_file_with_captions(finished):
    report = finished.out / "report.html"
    ended = finished.snakemake("--report", str(report))
    assert ended.returncode == 0, ended.stderr
    text = report.read_text()
    assert "Computed from runs.csv" in text
    assert '<script src="http' not in text


@pytest.mark.full
def test_trends_are_shown_where_speed_was_measured(finished):
    """A result of asv appears: the trends are drawn, and nothing else runs again."""
    columns = ["result", "params", "version"]
    measured = [[1e-3], [["'infonce'"], ["'256x50'"], ["'jax'"]], "1"]
    found = {
        "commit_hash": "a" * 40,
        "date": 0,
        "params": {"machine": "local"},
        "result_columns": columns,
        "results": {"timings.Losses.time_call": measured},
    }
    path = finished.folder / "measured" / "local" / "aaaaaaaa-env.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(found))
    ended = finished.snakemake(speed="measured")
    assert ended.returncode == 0, ended.stderr
    assert re.findall(r"^(?:local)?rule (\w+):", ended.stderr, re.MULTILINE) == ["trends", "all"]
    drawn = finished.out / "trends"
    assert [path.name for path in drawn.glob("*.svg")] == ["losses-timings.svg"]


@pytest.mark.parametrize(
    ("file", "again"),
    [
        (
            "arrays/on_torch/elementwise.py",
            {"train:torch", "collect", "tables", "plots", "all"},
        ),
        ("methods/samplers/degree.py", set()),
        ("report/plots/disk_plots.py", {"plots", "all"}),
    ],
)
def test_changed_code_runs_just_what_depends_on_it(finished, file, again):
    original = finished.package / file
    kept = original.read_bytes()
    finished.append(file, "\n# changed\n")
    try:
        assert finished.planned() == again
    finally:
        original.write_bytes(kept)


def test_a_mistake_in_a_suite_stops_before_anything_runs(finished):
    (finished.folder / "typo.yaml").write_text(
        SUITE.replace("epochs", "epoch").replace("tiny", "typo")
    )
    ended = finished.snakemake(suite="typo.yaml")
    assert ended.returncode == 1
    assert "typo.yaml: group 'base': unknown key 'epoch', did you mean 'epochs'?" in ended.stderr

    called = CliRunner().invoke(app, ["plan", str(finished.folder / "typo.yaml")])
    assert called.exit_code == 2
    assert called.stderr.count("\n") == 1


def test_an_unknown_configuration_key_is_refused(finished):
    ended = finished.snakemake("--dry-run", sweet="quick")
    assert ended.returncode == 1
    assert "sweet" in ended.stdout + ended.stderr


@pytest.mark.full
def test_a_failed_job_sinks_no_other_and_runs_again(finished):
    """PyTorch's half is broken, then whole again."""
    original = finished.package / "arrays" / "on_torch" / "elementwise.py"
    kept = original.read_bytes()
    name = finished.folder / "half.yaml"
    name.write_text(SUITE.partition("groups:")[0].replace("tiny", "half"))
    out = finished.folder / "out" / "half"
    finished.append("arrays/on_torch/elementwise.py", "\nraise RuntimeError\n")
    try:
        ended = finished.snakemake("--keep-going", suite="half.yaml")
    finally:
        original.write_bytes(kept)
    assert ended.returncode == 1
    assert list(pd.read_csv(out / "partial" / "runs.csv")["framework"]) == ["jax"]
    assert list((out / "partial" / "tables").glob("*.md"))
    assert finished.planned(suite="half.yaml") == {
        *("train:torch", "collect", "tables", "plots", "all")
    }


def test_a_job_without_rows_is_named_and_the_others_are_collected(finished, tmp_path):
    shutil.copytree(finished.out / "rows", tmp_path / "rows")
    suite = suites.load(finished.folder / "tiny.yaml")
    lost = plan.jobs(suite)[-1].stem
    (tmp_path / "rows" / f"{lost}.jsonl").unlink()
    with pytest.raises(HardballError, match=r"no rows of [12] runs of 1 jobs"):
        collect.collect(suite, tmp_path)
    path = tmp_path / "partial" / "runs.csv"
    assert collect.collect(suite, tmp_path, partial=True) == (path, 3, [lost])
    assert len(pd.read_csv(path)) == 3
    assert not (tmp_path / "runs.csv").exists()


def test_a_hierarchy_of_ones_own_from_a_file_to_a_table(tmp_path, monkeypatch):
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path / "cache"))
    edges = tmp_path / "mine.tsv"
    pairs = [("child", "parent"), *((f"n{i}", f"n{(i - 1) // 2}") for i in range(1, 63))]
    edges.write_text("\n".join("\t".join(pair) for pair in pairs) + "\n")
    out = str(tmp_path / "runs")

    def call(*arguments: str) -> str:
        ended = CliRunner().invoke(app, list(arguments))
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    assert "mine: 63 nodes, 62 edges, 1 roots, depth 5" in call("build", "--edges", str(edges))
    call("train", "-d", "mine", "--sampler", "siblings", "--set", "epochs=2", "--out", out)
    call("table", out)
    table = pd.read_csv(tmp_path / "runs" / "tables" / "mine-reconstruction.csv")
    assert "siblings" in table.loc[0, "method"]
