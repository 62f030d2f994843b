"""Checkpoints: a killed run goes on and ends in the bytes of one that was never interrupted."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from covering import crossed

from hardball.core import array_files
from hardball.core.errors import HardballError
from hardball.data.points import load_points, save_points
from hardball.hierarchy.dag import from_edges
from hardball.runs.spec import RunSpec
from hardball.training.train import train

SETTINGS = {
    "dataset": "chain", "seed": 1, "dim": 3, "batch_size": 16, "negatives": 8, "epochs": 40,
    "checkpoint_every": 1, "lr": 0.1, "manifold": "poincare", "optimizer": "radam",
}  # fmt: skip

PROGRAM = """
import sys, time
from pathlib import Path
import numpy as np
from hardball.hierarchy.dag import from_edges
from hardball.runs.spec import RunSpec
from hardball.core import array_files
from hardball.training.train import train

names = [f"n{i}" for i in range(60)]
graph = from_edges("chain", names[1:], [names[i // 2] for i in range(59)])
write = array_files.write_arrays

def write_slowly(path, arrays):
    write(path, arrays)
    time.sleep(0.2)

array_files.write_arrays = write_slowly
spec = RunSpec.model_validate_json(sys.argv[1])
train(spec, hierarchy=graph, work=Path(sys.argv[2]), progress=False)
"""


def finished(spec, folder):
    """Points, scorings, curves and what terms own of a run that goes on from what lies there."""
    names = [f"n{i}" for i in range(60)]
    graph = from_edges("chain", names[1:], [names[i // 2] for i in range(59)])
    result = train(spec, hierarchy=graph, work=folder, progress=False)
    curves = result.curves.drop(columns="seconds").to_numpy()
    scorings = np.array(result.row.outcome.scorings)
    return {"points": result.points, "scorings": scorings, "curves": curves, **result.heads}


# Lists that are made anew every so many steps are seldom due where a run goes on. What terms own
# has moments too.
CASES = {
    "uniform": {"sampler": "uniform"},
    "neighbors": {"sampler": {"name": "neighbors", "top": 8, "every": 7}},
    "heads": {"regularizers": [{"name": "feature_reconstruction", "columns": 16, "hidden": 4}]},
}


QUICK = [("torch", "neighbors")]


@pytest.mark.parametrize(("framework", "case"), crossed(["jax", "torch"], [*CASES], quick=QUICK))
def test_a_killed_run_ends_like_an_uninterrupted_one(framework, case, tmp_path):
    settings = CASES[case]
    spec = RunSpec(framework=framework, **SETTINGS, **settings)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    ours = finished(spec, whole)
    command = [sys.executable, "-c", PROGRAM, spec.model_dump_json(), str(killed)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    saved = killed / f"{spec.run_id}.checkpoint.npz"
    deadline = time.monotonic() + 120
    while not saved.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    with np.load(saved, allow_pickle=False) as file:
        assert 0 < file["step"] < 40 * 250 / 16
    theirs = finished(spec, killed)
    assert not saved.exists()
    assert set(ours) == set(theirs)
    assert len(ours) == 3 + 4 * ("regularizers" in settings)
    for name in set(ours) - {"curves"}:
        assert ours[name].tobytes() == theirs[name].tobytes()
    np.testing.assert_array_equal(ours["curves"], theirs["curves"])


def test_a_checkpoint_of_another_run_is_passed_over(tmp_path, random_dag):
    spec = RunSpec(framework="torch", **{**SETTINGS, "epochs": 2})
    saved = tmp_path / f"{spec.run_id}.checkpoint.npz"
    alone = train(spec, hierarchy=random_dag(30, 1), progress=False)
    array_files.write_arrays(saved, {"identity": np.array("another"), "step": np.array(1)})
    after = train(spec, hierarchy=random_dag(30, 1), work=tmp_path, progress=False)
    assert after.points.tobytes() == alone.points.tobytes()


def test_a_broken_checkpoint_is_passed_over(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(b"PK\x03\x04 cut short")
    assert array_files.read_arrays(path, "x") is None
    assert array_files.read_arrays(tmp_path / "none.npz", "x") is None


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.npz"
    array_files.write_arrays(path, {"identity": np.array("x"), "a": np.arange(3)})

    class Bad:
        def __array__(self, *_, **__):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        array_files.write_arrays(path, {"a": Bad()})
    assert array_files.read_arrays(path, "x")["a"].tolist() == [0, 1, 2]
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_points_come_back_with_their_geometry(tmp_path):
    points, path = np.array([[0.1, 0.2], [0.3, 0.4]], np.float32), tmp_path / "points.npz"
    save_points(path, points, "poincare", 1.0, ["a", "b"])
    found = load_points(path, ["a", "b"])
    np.testing.assert_array_equal(found.points, points)
    assert (found.manifold, found.c, found.points.dtype) == ("poincare", 1.0, np.float32)
    with pytest.raises(HardballError, match="other nodes"):
        load_points(path, ["b", "a"])


def test_points_outside_the_ball_or_not_finite_are_refused(tmp_path):
    path = tmp_path / "points.npz"
    with pytest.raises(HardballError, match="not finite"):
        save_points(path, np.array([[np.nan]]), "poincare", 1.0, ["a"])
    assert not path.exists()
    save_points(path, np.array([[0.6, 0.0]]), "poincare", 4.0, ["a"])
    with pytest.raises(HardballError, match="allowed is below"):
        load_points(path)
    path.write_text("no archive")
    with pytest.raises(HardballError, match="not an embedding"):
        load_points(path)
