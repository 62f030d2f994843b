"""Trends of the kernels: what is read from asv's results, and what is drawn."""

import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core.errors import HardballError

trends = pytest.importorskip("hardball.report.trends")

COLUMNS = [
    *("result", "params", "version", "started_at", "duration"),
    *("stats_ci_99_a", "stats_ci_99_b"),
]
PARAMS = [["'infonce'", "'margin'"], ["'256x50'"], ["'jax'", "'torch'"]]


@pytest.fixture
def results(tmp_path):
    """(commit, values of PARAMS, ...) writes a commit's results; `.folder` holds them."""
    folder = tmp_path / "results"

    def write(
        commit, values, *, date=0, version="1", name="timings.Losses.time_call", machine="local"
    ):
        lows = [None if v is None or math.isnan(v) else 0.9 * v for v in values]
        highs = [None if v is None or math.isnan(v) else 1.2 * v for v in values]
        found = {
            "commit_hash": commit,
            "date": date,
            "params": {"machine": machine},
            "result_columns": COLUMNS,
            "results": {name: [values, PARAMS, version, 0, 1.0, lows, highs]},
        }
        path = folder / machine / f"{commit[:8]}-env.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "machine.json").write_text("{}")
        path.write_text(json.dumps(found))

    write.folder = folder
    return write


def test_a_row_a_kernel_and_commit_in_the_order_of_commits(results):
    results("b" * 40, [1e-3, 2e-3, 3e-3, 4e-3], date=20)
    results("a" * 40, [5e-3, 6e-3, 7e-3, 8e-3], date=30)
    found = trends.read(results.folder)
    assert list(found["commit"]) == ["b" * 40] * 4 + ["a" * 40] * 4
    first = found.iloc[0]
    assert (first["family"], first["kernel"], first["size"]) == ("losses", "infonce", "256x50")
    # Parameters run fastest at the right: infonce jax, infonce torch, margin jax, margin torch.
    assert list(found["framework"][:4]) == ["jax", "torch", "jax", "torch"]
    assert list(found["kernel"][:4]) == ["infonce", "infonce", "margin", "margin"]
    assert list(found["value"][:4]) == [1e-3, 2e-3, 3e-3, 4e-3]
    assert first["low"] == pytest.approx(0.9e-3, rel=1e-12)
    assert first["high"] == pytest.approx(1.2e-3, rel=1e-12)


def test_what_failed_or_was_skipped_is_left_out(results):
    results("a" * 40, [1e-3, None, float("nan"), 4e-3])
    assert list(trends.read(results.folder)["value"]) == [1e-3, 4e-3]


def test_figures_of_an_older_definition_are_left_out(results):
    results("a" * 40, [1e-3] * 4, date=1, version="old")
    results("b" * 40, [2e-3] * 4, date=2, version="new")
    assert set(trends.read(results.folder)["commit"]) == {"b" * 40}


def test_one_picture_a_family_and_quantity_with_a_panel_a_kernel(results):
    results("a" * 40, [1e-3, 2e-3, 3e-3, 4e-3])
    results("b" * 40, [3e8] * 4, name="memory.Engines.peakmem_call")
    found = dict(trends.figures(trends.read(results.folder)))
    assert set(found) == {"losses-timings", "engines-memory"}
    titles = [axes.get_title(loc="left") for axes in found["losses-timings"].axes]
    assert titles == ["infonce  256x50", "margin  256x50"]


def test_a_line_a_framework_over_commits_with_intervals(results):
    results("a" * 40, [1e-3, 2e-3, 3e-3, 4e-3], date=1)
    results("b" * 40, [5e-3, 6e-3, 7e-3, 8e-3], date=2)
    (axes, _) = dict(trends.figures(trends.read(results.folder)))["losses-timings"].axes
    lines = {line.get_label(): line for line in axes.lines if len(line.get_xdata())}
    assert list(lines) == ["JAX", "PyTorch"]
    assert list(lines["JAX"].get_xdata()) == [0, 1]
    assert list(lines["JAX"].get_ydata()) == [1e-3, 5e-3]
    bars = [segment for bar in axes.collections for segment in bar.get_segments()]
    assert bars[0][:, 1] == pytest.approx([0.9e-3, 1.2e-3])
    assert len(bars) == 4


def test_machines_are_not_mixed(results):
    results("a" * 40, [1e-3] * 4, machine="one")
    results("a" * 40, [1e-3] * 4, machine="two")
    names = [name for name, _ in trends.figures(trends.read(results.folder))]
    assert names == ["losses-timings-one", "losses-timings-two"]


def test_the_same_results_give_the_same_bytes(results, tmp_path):
    results("a" * 40, [1e-3, 2e-3, 3e-3, 4e-3])
    (one,) = trends.write(results.folder, tmp_path / "one")
    (other,) = trends.write(results.folder, tmp_path / "other")
    assert one.name == "losses-timings.svg"
    assert one.read_bytes() == other.read_bytes()


def test_no_results_are_named_with_the_way_out(tmp_path):
    with pytest.raises(HardballError, match=r"no asv results in .*make bench"):
        trends.read(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"commit_hash": "a"}'])
def test_a_file_that_is_no_result_is_named(results, text):
    results("a" * 40, [1e-3] * 4)
    path = results.folder / "local" / "deadbeef-env.json"
    path.write_text(text)
    with pytest.raises(HardballError, match=r"deadbeef-env\.json: not a result of asv"):
        trends.read(results.folder)


def test_the_command_writes_beside_the_results(results):
    results("a" * 40, [1e-3, 2e-3, 3e-3, 4e-3])
    called = CliRunner().invoke(app, ["trends", str(results.folder)])
    assert called.exit_code == 0, called.output
    assert Path(called.stdout.strip()) == results.folder.parent / "trends" / "losses-timings.svg"

    wrong = CliRunner().invoke(app, ["trends", str(results.folder), "--format", "gif"])
    assert wrong.exit_code == 2
    assert "unknown picture format 'gif': allowed are svg, png" in wrong.stderr
