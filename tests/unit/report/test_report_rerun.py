"""rerun: one row's run trained again, its figures beside the frozen ones."""

import io
import shutil

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core.errors import HardballError
from hardball.core.provenance import cpu_name
from hardball.hierarchy import dag, stored
from hardball.report import rerun
from hardball.runs import settings


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with one run on a tree of six nodes: its row, curve and points."""
    folder = tmp_path_factory.mktemp("rerun")
    toy = dag.from_edges("toy", list("bcdef"), list("aabbc"), groups=None)
    stored.save(toy, folder / "toy")
    values = {
        "dataset": str(folder / "toy"), "sampler": {"name": "siblings"}, "negatives": 4, "dim": 2,
        "epochs": 3, "batch_size": 4, "regularizers": [{"name": "radius_penalty"}],
    }  # fmt: skip
    spec = settings.make_spec(values, "torch", 1)
    rerun.train(spec, folder / "runs", 1)
    return folder / "runs", spec


def again(trained, tmp_path):
    """Exit code and what is printed of a rerun."""
    folder, spec = trained
    said = io.StringIO()
    code = rerun.rerun(
        spec.run_id, folder / "runs.csv", tmp_path / "out", Console(file=said, width=200)
    )
    return code, said.getvalue()


@pytest.fixture
def kept(trained, tmp_path, monkeypatch):
    """The run's folder to change, and a training that comes to the old figures at once."""
    folder, spec = trained
    monkeypatch.setattr(rerun, "train", lambda spec, out, threads: shutil.copytree(folder, out))
    shutil.copytree(folder, tmp_path / "kept")
    return tmp_path / "kept", spec


def changed(folder, **values):
    path = folder / "runs.csv"
    runs = pd.read_csv(path)
    for column, value in values.items():
        runs[column] = value
    runs.to_csv(path, index=False)


@pytest.mark.full
def test_the_same_machine_comes_to_the_same_figures(trained, tmp_path):
    code, said = again(trained, tmp_path)
    assert code == 0
    assert "all equal" in said
    assert f"frozen on {cpu_name()} and here on {cpu_name()}" in said
    folder, spec = trained
    points = f"points/{spec.run_id}.npz"
    assert (tmp_path / "out" / points).read_bytes() == (folder / points).read_bytes()
    assert (tmp_path / "out" / "curves" / f"{spec.run_id}.parquet").is_file()


def test_each_figure_that_differs_is_said_with_both_processors(kept, tmp_path):
    value = float(pd.read_csv(kept[0] / "runs.csv")["map"].iloc[0])
    changed(kept[0], map=value - 0.25, cpu="another processor", train_seconds=99.0)
    code, said = again(kept, tmp_path)
    assert code == 1
    (line,) = [line.split() for line in said.splitlines() if line.startswith("map ")]
    assert line == ["map", f"{value - 0.25:.9g}", f"{value:.9g}", "0.25"]
    assert "1 differ" in said
    assert f"frozen on another processor and here on {cpu_name()}" in said


def test_a_row_whose_settings_are_another_runs_is_refused(kept, tmp_path):
    changed(kept[0], lr=0.125)
    with pytest.raises(HardballError, match="another version of hardball wrote it"):
        again(kept, tmp_path)


def test_a_training_that_fails_is_one_line(trained, tmp_path):
    spec = trained[1].model_copy(update={"dataset": str(tmp_path / "nowhere")})
    with pytest.raises(HardballError, match="nowhere") as said:
        rerun.train(spec, tmp_path / "out", 1)
    assert "\n" not in str(said.value)


def test_a_row_is_found_in_the_frozen_version_that_has_it(kept, tmp_path):
    folder, spec = kept
    results = tmp_path / "results"
    for place in ("v0.1/first", "work/second"):
        shutil.copytree(folder, results / place)
    assert rerun.find(spec.run_id, results) == results / "v0.1" / "first" / "runs.csv"
    shutil.copytree(folder, results / "v0.2" / "first")
    with pytest.raises(HardballError, match=r"v0\.1/first, .*v0\.2/first: name one of them"):
        rerun.find(spec.run_id, results)
    with pytest.raises(HardballError, match="no frozen suite has run 'nothing'"):
        rerun.find("nothing", results)


def test_an_unknown_run_is_one_line_and_exit_code_2(trained):
    said = CliRunner().invoke(app, ["rerun", "nothing", str(trained[0])])
    assert said.exit_code == 2
    assert said.stderr.count("\n") == 1
    assert "has no run 'nothing'" in said.stderr
