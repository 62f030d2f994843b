"""Two processes that build one data set at once: whoever reads finds one of the two, whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hardball.data import store


@pytest.mark.parametrize("rounds", [10, pytest.param(150, marks=pytest.mark.full)])
def test_two_builds_of_one_name(
    rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path / "cache"))
    contents, workers = set(), []
    for name, count in (("a", 20), ("b", 300)):
        edges = tmp_path / f"{name}.tsv"
        edges.write_text("".join(f"{name}{i}\t{name}0\n" for i in range(1, count)))
        contents.add(store.build_own(edges, name="pets")[0].content_sha256)
        command = [sys.executable, str(Path(__file__).with_name("racing.py")), edges, str(rounds)]
        workers.append(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ}, text=True,
            )
        )  # fmt: skip
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    seen = []
    while any(worker.poll() is None for worker in workers):
        h = store.open_hierarchy("pets")
        seen.append(h.content_sha256)
        # Its ids are those of one file, and as many as its arrays.
        assert len({raw[0] for raw in h.ids}) == 1
        assert len(h.ids) == h.n_nodes in (20, 300)
    for worker in workers:
        assert worker.communicate()[1] == ""
        assert worker.returncode == 0
    assert set(seen) <= contents
    assert store.open_hierarchy("pets").content_sha256 in contents
    left = {path.name for path in (tmp_path / "cache" / "built").iterdir()}
    assert left == {"pets", ".pets.lock"}
    assert len(list((tmp_path / "cache" / "built" / "pets").iterdir())) == 2
