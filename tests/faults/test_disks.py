"""Full disks, quotas and folders that cannot be written: one line, and what was there stands."""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hardball.cli import main
from hardball.core import files, paths
from hardball.core.errors import HardballError
from hardball.data import store
from hardball.data.points import load_points, save_points
from hardball.hierarchy import stored
from hardball.hierarchy.dag import from_edges
from hardball.library import saved
from hardball.training import train

WIDE = [f"n{i}" for i in range(1000)]


@contextmanager
def quota(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: the system says EFBIG, as it says ENOSPC elsewhere."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def embedding(count: int) -> saved.Saved:
    h = from_edges("t", WIDE[1:count], [WIDE[0]] * (count - 1))
    return saved.Saved(h, np.zeros((count, 2)), "tangent", 1.0, {}, {})


def points(folder: Path, count: int) -> None:
    with files.explained("points", folder):
        save_points(folder / "p.npz", np.zeros((count, 2)), "tangent", 1.0, WIDE[:count])


WRITERS: dict[str, tuple[Callable[[Path, int], object], Callable[[Path], int]]] = {
    "build": (
        lambda folder, count: stored.save(embedding(count).hierarchy, folder / "b"),
        lambda folder: stored.load(folder / "b").n_nodes,
    ),
    "embedding": (
        lambda folder, count: saved.write(folder / "x.npz", embedding(count)),
        lambda folder: saved.read(folder / "x.npz").hierarchy.n_nodes,
    ),
    "points": (points, lambda folder: len(load_points(folder / "p.npz").points)),
}


@pytest.mark.parametrize("size", [0, 1, 100, 1000, 3000])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_leaves_the_old_and_no_half(writer: str, size: int, tmp_path: Path) -> None:
    write, read = WRITERS[writer]
    write(tmp_path, 3)
    before = {path.relative_to(tmp_path) for path in tmp_path.rglob("*")}
    with pytest.raises(HardballError, match="space") as raised, quota(size):
        write(tmp_path, 1000)
    assert "\n" not in str(raised.value)
    assert read(tmp_path) == 3
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*")} == before
    write(tmp_path, 1000)
    assert read(tmp_path) == 1000


REFUSALS = [
    (errno.ENOSPC, "no disk space left in"),
    (errno.EFBIG, "no disk space left in"),
    (errno.EROFS, "may not write in"),
    (errno.EACCES, "may not write in"),
]


@pytest.mark.parametrize(("number", "said"), REFUSALS)
def test_a_results_folder_is_looked_at_before_training(
    number: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", refuse)
    monkeypatch.setattr(train, "_train", lambda *_: pytest.fail("it trained"))
    arguments = ["train", "-d", "wordnet_mammals", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main.app, arguments)
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert f"{said} {tmp_path / 'out'}" in result.output
    assert "--out" in result.output
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write in every folder")
@pytest.mark.parametrize("command", ["train", "fit", "build"])
def test_a_folder_that_may_not_be_written(command: str, tmp_path: Path) -> None:
    (tmp_path / "e.tsv").write_text("b\ta\n")
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o555)
    given = {
        "train": ["train", "-d", "wordnet_mammals", "--out", str(shut / "out")],
        "fit": ["fit", str(tmp_path / "e.tsv"), "--out", str(shut / "x.npz")],
        "build": ["build", "--edges", str(tmp_path / "e.tsv"), "--out", str(shut / "e")],
    }
    result = CliRunner().invoke(main.app, given[command])
    assert (result.exit_code, result.output.count("\n")) == (2, 1), result.output


@pytest.mark.parametrize("command", ["train", "fit", "build", "floors"])
def test_a_file_in_the_place_of_a_folder(command: str, tmp_path: Path) -> None:
    (tmp_path / "e.tsv").write_text("b\ta\n")
    given = {
        "train": ["train", "-d", "wordnet_mammals", "--out", str(tmp_path / "e.tsv")],
        "fit": ["fit", str(tmp_path / "e.tsv"), "--out", str(tmp_path / "e.tsv" / "x.npz")],
        "build": ["build", "--edges", str(tmp_path / "e.tsv"), "--out", str(tmp_path / "e.tsv/e")],
        "floors": ["floors", "-s", "quick", "-c", "none", "--out", str(tmp_path / "e.tsv/f.csv")],
    }
    result = CliRunner().invoke(main.app, given[command])
    lines = [line for line in result.output.splitlines() if not line.startswith("e: ")]
    assert (result.exit_code, len(lines)) == (2, 1), result.output
    assert (tmp_path / "e.tsv").read_text() == "b\ta\n"


def test_a_cache_that_cannot_be_made_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "e.tsv").write_text("b\ta\n")
    assert paths.cache() == tmp_path / "cache"
    with pytest.raises(HardballError, match="is no folder: set HARDBALL_CACHE to one") as raised:
        store.build_own(tmp_path / "e.tsv")
    assert "\n" not in str(raised.value)
