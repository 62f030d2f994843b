"""Processes killed at a rename: the old or the new is there, whole, and no half is left."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

WRITERS = ("build", "embedding", "points", "checkpoint", "table", "text")


@pytest.fixture(scope="module")
def deaths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    """By writer, what was found after each death, see killed.py."""
    command = [
        sys.executable,
        str(Path(__file__).with_name("killed.py")),
        str(tmp_path_factory.mktemp("killed")),
        *WRITERS,
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, list[dict[str, object]]] = {}
    for line in ended.stdout.splitlines():
        if line in WRITERS:
            found[line] = []
        else:
            found[list(found)[-1]].append(json.loads(line))
    return found


@pytest.mark.parametrize("writer", WRITERS)
def test_killed_before_a_rename_the_old_stands_and_after_it_the_new(
    writer: str, deaths: dict[str, list[dict[str, object]]]
) -> None:
    # One file is switched, so there are two deaths: before that rename and after it.
    assert [(death["after"], death["found"]) for death in deaths[writer]] == [(False, 0), (True, 1)]


@pytest.mark.parametrize("writer", WRITERS)
def test_the_next_writer_succeeds_and_removes_what_is_left(
    writer: str, deaths: dict[str, list[dict[str, object]]]
) -> None:
    assert [(death["again"], death["halves"]) for death in deaths[writer]] == [(1, []), (1, [])]
