"""From a build to a table of a data set called NA, and what damaged results are told as."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from typer.testing import CliRunner

from hardball.cli import main
from hardball.core.errors import HardballError
from hardball.report import rows
from hardball.runs import collect, plan, suites

EDGES = "child\tparent\nfrom $5 to $9\tprice\nnull\tprice\n1e5\tprice\n007\tnull\n"
TRAIN = ("negatives=2", "epochs=2", "batch_size=2", "dim=2", "sampler=siblings")


class Trained(NamedTuple):
    """A folder with rows, curves and points of seeds 0 and 1 on the data set NA."""

    folder: Path
    run_ids: list[str]


def call(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main.app, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Aborted" not in result.output
    return result.exit_code, result.output


def one_line(*arguments: object) -> str:
    code, output = call(*arguments)
    assert (code, output.count("\n")) == (2, 1), output
    return output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    root = tmp_path_factory.mktemp("reported")
    kept = os.environ.get("HARDBALL_CACHE")
    os.environ["HARDBALL_CACHE"] = str(root / "cache")
    (root / "NA.tsv").write_text(EDGES)
    assert call("build", "--edges", root / "NA.tsv")[0] == 0
    given = [part for each in TRAIN for part in ("--set", each)]
    code, output = call(
        "train", "-d", "NA", "-f", "torch", "--seeds", "0,1", "--out", root / "out", *given
    )
    assert code == 0, output
    yield Trained(root / "out", sorted(path.stem for path in (root / "out" / "rows").iterdir()))
    os.environ.pop("HARDBALL_CACHE")
    if kept is not None:
        os.environ["HARDBALL_CACHE"] = kept


@pytest.fixture
def trained(made: Trained, tmp_path: Path) -> Trained:
    """A copy that a test may damage."""
    shutil.copytree(made.folder, tmp_path / "out")
    return Trained(tmp_path / "out", made.run_ids)


def test_a_data_set_called_na_has_a_table(trained: Trained) -> None:
    code, output = call("table", trained.folder)
    assert code == 0, output
    tables = [path.read_text() for path in (trained.folder / "tables").rglob("*.csv")]
    assert any("NA" in text.replace('"', "").split("\n")[1].split(",") for text in tables)


def test_names_are_answered_as_they_are_written(trained: Trained) -> None:
    points = trained.folder / "points" / f"{trained.run_ids[0]}.npz"
    code, output = call("ancestors", points, "from $5 to $9")
    assert code == 0, output
    assert "price" in output
    assert call("ancestors", points, "007")[0] == 0


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\0" * 100, None])
@pytest.mark.parametrize("command", ["nearest", "check"])
def test_points_that_are_cut_off_are_one_line(
    command: str, data: bytes | None, trained: Trained
) -> None:
    points = trained.folder / "points" / f"{trained.run_ids[0]}.npz"
    points.write_bytes(points.read_bytes()[:100] if data is None else data)
    more = ["price"] if command == "nearest" else []
    said = one_line(command, points, *more)
    assert points.name in said


@pytest.mark.full
def test_curves_that_are_cut_off_are_one_line(trained: Trained) -> None:
    curves = next((trained.folder / "curves").glob("*.parquet"))
    curves.write_bytes(curves.read_bytes()[:100])
    said = one_line("plot", trained.folder)
    assert f"{curves}: not readable curves" in said


def test_halves_of_rows_that_a_killed_run_left_are_never_read(trained: Trained) -> None:
    for half in ('{"run_id": "', "", "[]", '{"run_id": 1}'):
        (trained.folder / "rows" / ".123.run.jsonl").write_text(half)
        (trained.folder / "curves" / ".123.run.parquet").write_text(half)
        assert collect.collect_folder(trained.folder) == (2, [])
        assert rows.read_curves(trained.folder / "curves", trained.run_ids)["run_id"].nunique() == 2


def suite_of(trained: Trained) -> tuple[plan.Job, Path]:
    """A suite file that plans both runs, its one job, and where that job's rows belong."""
    path = trained.folder.parent / "mine.yaml"
    base = ", ".join(["dataset: NA", *(each.replace("=", ": ") for each in TRAIN)])
    path.write_text(
        "name: mine\nsummary: s\nminutes: 1\nframeworks: [torch]\nseeds: [0, 1]\n"
        f"base: {{{base}}}\n"
    )
    (job,) = plan.jobs(suites.load(str(path)))
    assert sorted(run.spec.run_id for run in job.runs) == trained.run_ids
    return job, path


ROWS = ("one seed", "none", "doubled", "foreign", "half a line", "all")


@pytest.mark.parametrize("what", ROWS)
def test_every_planned_run_is_there_once_or_named(what: str, trained: Trained) -> None:
    job, suite = suite_of(trained)
    lines = [
        (trained.folder / "rows" / f"{run_id}.jsonl").read_text() for run_id in trained.run_ids
    ]
    foreign = json.dumps(json.loads(lines[1]) | {"seed": 7, "run_id": None})
    texts = {
        "one seed": lines[0], "none": "", "doubled": "".join([*lines, lines[0]]),
        "foreign": lines[0] + foreign + "\n", "half a line": lines[0] + lines[1][:99],
        "all": "".join(lines),
    }  # fmt: skip
    (trained.folder / "rows" / f"{job.stem}.jsonl").write_text(texts[what])
    (trained.folder / "runs.csv").unlink()
    code, output = call("collect", "-s", suite, "--out", trained.folder)
    if what == "all":
        assert code == 0
        assert output.startswith("2 rows in")
        return
    assert output.count("\n") == 1
    assert code == (1 if what in ("one seed", "none") else 2), output
    assert trained.run_ids[1 if what == "one seed" else 0] in output or code == 2
    assert str(trained.folder / "rows" / f"{job.stem}.jsonl") in output
    assert not (trained.folder / "runs.csv").exists()


FOREIGN = {
    "x.npy": lambda path: np.save(path, np.zeros((5, 2))),
    "x.tsv": lambda path: path.write_text("id\tx\n"),
    "x.npz": lambda path: np.savez(path, a=np.zeros((5, 2)), b=np.zeros((5, 2))),
    "x.parquet": lambda path: path.write_bytes(b"PAR1"),
    "x.vec": lambda path: path.write_text("a 1 2\nb 1\n"),
    "x.bin": lambda path: path.write_bytes(b"?"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_points_that_do_not_fit_are_one_line(
    name: str, made: Trained, tmp_path: Path
) -> None:
    FOREIGN[name](tmp_path / name)
    one_line("score", tmp_path / name, "--dataset", "NA", "--space", "poincare")


@pytest.mark.parametrize("name", ["x" * 300, "a/b", "..", "CON", "x.", "\u0430", "x\n", ""])
def test_names_that_no_folder_can_have_are_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "e.tsv").write_text("b\ta\n")
    one_line("build", "--edges", tmp_path / "e.tsv", "--name", name)
    one_line("train", "-d", name or "none", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_dump_without_names_is_read(tmp_path: Path) -> None:
    from hardball.data import readers_files

    (tmp_path / "nodes.dmp").write_text("1\t|\t1\t|\tno rank\t|\r\n2\t|\t1\t|\tgenus\t|\r\n")
    table = readers_files.read(tmp_path / "nodes.dmp")
    assert table.notices == ["0 of 2 taxa have a name"]


def test_a_command_that_meets_a_failing_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hardball.cli import data

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(data, "fetch_command", fail)
    failures = [OSError(5, "Input/output error", "/x"), EOFError("cut off"), MemoryError()]
    for failure in failures:
        error: Exception = failure
        one_line("fetch", "wordnet_nouns")
    error = HardballError("two\nlines")
    assert one_line("fetch", "wordnet_nouns") == "hardball: two lines\n"
