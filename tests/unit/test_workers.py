"""Workers: a command in a worker is the command by itself, and ends with it.

`hardball.runs.client` runs a command in a worker. Most tests serve one from a thread here, with a
small function in the place of the command line; the last ones start real workers.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from hardball.cli import worker
from hardball.core import provenance
from hardball.runs import client

TRAIN = (
    "train", "--framework", "torch", "--dataset", "ncbi_primates", "--dim", "2",
    "--set", "kernels=plain",
)  # fmt: skip
SHORT = (*TRAIN, "--set", "epochs=1", "--set", "negatives=5")
TIMES = ("train_seconds", "compile_seconds", "peak_memory_mb", "started")


@pytest.fixture(autouse=True)
def _owned(monkeypatch):
    monkeypatch.setenv(client.OWNER, str(os.getpid()))
    monkeypatch.delenv(client.SWITCH, raising=False)


def answered(app, said=None) -> tuple[bool, list[dict | None]]:
    """What `_answer` returns, and the messages that its client reads."""
    mine, its = socket.socketpair()
    result = []

    def serve() -> None:
        with its:
            result.append(worker._answer(its, client.hello(), app))

    thread = threading.Thread(target=serve)
    thread.start()
    messages = []
    with mine, mine.makefile("rb") as lines:
        client.send(mine, client.hello() if said is None else said)
        messages.append(client.receive(lines))
        if "pid" in messages[0]:
            socket.send_fds(mine, [b"\n"], [1, 2])
            client.send(mine, {"arguments": ["list", "loss"]})
            messages.append(client.receive(lines))
        thread.join(60)
    return result[0], messages


def ending(code):
    def app(arguments, prog_name):
        print("says", *arguments, flush=True)
        raise SystemExit(code)

    return app


@pytest.mark.parametrize(("code", "told"), [(0, 0), (None, 0), (2, 2), ("no such set", 1)])
def test_a_command_ends_with_its_own_exit_code(code, told, capfd):
    goes_on, messages = answered(ending(code))
    assert goes_on
    assert messages == [{"pid": os.getpid()}, {"code": told}]
    said = capfd.readouterr()
    assert said.out == "says list loss\n"
    assert said.err == ("no such set\n" if told == 1 else "")


def test_an_error_leaves_its_traceback_and_code_1(capfd):
    def app(arguments, prog_name):
        raise ValueError("five is not a dimension")

    goes_on, messages = answered(app)
    assert goes_on
    assert messages[1] == {"code": 1}
    assert capfd.readouterr().err.endswith("ValueError: five is not a dimension\n")


@pytest.mark.parametrize("key", ["source", "environment", "folder"])
def test_a_worker_of_other_code_or_environment_is_stale_and_ends(key):
    goes_on, messages = answered(ending(0), {**client.hello(), key: "another"})
    assert not goes_on
    assert messages == [{"stale": True}]


def test_changed_code_and_plug_ins_are_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "PACKAGE", tmp_path)
    plugin = tmp_path / "elsewhere.txt.py"
    (tmp_path / "a.py").write_text("one = 1\n")
    first = client.source_state()
    assert client.source_state() == first
    (tmp_path / "a.py").write_text("one = 11\n")
    second = client.source_state()
    (tmp_path / "b.py").write_text("")
    third = client.source_state()
    monkeypatch.setattr(client, "PACKAGE", tmp_path / "none")
    plugin.write_text("mine = 1\n")
    monkeypatch.setenv(client.PLUGINS, f"some.module{os.pathsep}{plugin}")
    fourth = client.source_state()
    plugin.write_text("mine = 11\n")
    assert len({first, second, third, fourth, client.source_state()}) == 5


def test_variables_are_seen_and_what_a_shell_changes_is_not():
    first = client.environment_state({"NPROC": "1", "PWD": "a"})
    assert client.environment_state({"PWD": "b", "NPROC": "1", "_": "x"}) == first
    assert client.environment_state({"NPROC": "2"}) != first
    assert client.environment_state({"NPROC": "1", "HARDBALL_CACHE": "c"}) != first


def test_workers_are_for_workflows_and_can_be_switched_off():
    arguments = ["train", "--suite", "quick"]
    owned = {client.OWNER: "1"}
    assert client.wanted(owned, arguments)
    assert not client.wanted({}, arguments)
    assert not client.wanted({**owned, client.SWITCH: "0"}, arguments)
    assert not client.wanted(owned, [*arguments, "--plugin", "my.py"])
    assert not client.wanted(owned, ["--plugin=my.py", *arguments])


def test_a_slot_is_for_one_client_at_a_time(tmp_path):
    with client.slot(tmp_path, "jax") as first, client.slot(tmp_path, "jax") as second:
        assert (first, second) == ("jax-0", "jax-1")
    with client.slot(tmp_path, "jax") as third:
        assert third == "jax-0"


def test_memory_is_measured_anew():
    """A peak of 200 MB is told, and forgotten when the next command begins."""
    kept = b"x" * (200 * 2**20)
    high = provenance.peak_memory_mb()
    del kept
    provenance.begin_peak_memory()
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system keeps the peak of a process")
    assert provenance.peak_memory_mb() < high - 150


def call(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """A command by way of the client, as the workflow calls it."""
    return subprocess.run(
        [sys.executable, "-m", "hardball.runs.client", str(folder), "torch", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def rows_of(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "runs.csv").drop(columns=list(TIMES))


def open_files(process: Path) -> set[str]:
    """The files that a process has open; it may close some while we look."""
    found = set()
    for handle in (process / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(handle))
    return found


def process_of(folder: Path) -> int:
    """The worker that keeps the folder's first log open."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            ours = b"hardball.cli.worker" in words
            if ours and str(folder / "torch-0.log") in open_files(process):
                return int(process.name)
    raise AssertionError("no worker")


def gone(process: int, seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not Path(f"/proc/{process}").exists():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
def test_a_worker_writes_the_rows_of_a_process_of_its_own(tmp_path):
    """Twice in one worker and once by itself: equal but for times, memory and the hour."""
    folder = tmp_path / "workers"
    alone = call(folder, *SHORT, "--out", str(tmp_path / "alone"), **{client.SWITCH: "0"})
    assert alone.returncode == 0, alone.stderr
    assert not folder.exists()
    processes = []
    for name in ("first", "second"):
        ended = call(folder, *SHORT, "--out", str(tmp_path / name))
        assert ended.returncode == 0, ended.stderr
        processes.append(process_of(folder))
    assert processes[0] == processes[1]
    expected, first, second = (rows_of(tmp_path / n) for n in ("alone", "first", "second"))
    assert expected["map"].notna().all()
    pd.testing.assert_frame_equal(first, expected, check_exact=True)
    pd.testing.assert_frame_equal(second, expected, check_exact=True)

    wrong = call(folder, *SHORT, "--sampler", "sibling")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("hardball: ")
    assert wrong.stderr.count("\n") == 1
    assert process_of(folder) == processes[0]

    other = call(folder, "list", "loss", HARDBALL_CACHE=str(tmp_path))
    assert other.returncode == 0
    assert gone(processes[0])
    os.kill(process_of(folder), signal.SIGKILL)


@pytest.mark.full
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
def test_a_worker_that_dies_fails_its_command_alone(tmp_path):
    folder = tmp_path / "workers"
    command = [sys.executable, "-m", "hardball.runs.client", str(folder), "torch", *TRAIN]
    long = [*command, "--set", "epochs=100000", "--out", str(tmp_path / "out")]
    running = subprocess.Popen(long, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    while "%" not in running.stderr.readline():
        assert running.poll() is None
    process = process_of(folder)
    os.kill(process, signal.SIGKILL)
    assert "was killed while it ran this command" in running.stderr.read()
    assert running.wait(30) == 1
    ended = call(folder, "list", "loss")
    assert ended.returncode == 0
    assert "infonce" in ended.stdout
    assert process_of(folder) != process


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
def test_a_worker_ends_with_its_client_and_with_its_owner(tmp_path):
    owner = subprocess.Popen(["sleep", "300"])
    folder = tmp_path / "workers"
    try:
        ended = call(folder, "list", "loss", **{client.OWNER: str(owner.pid)})
        assert ended.returncode == 0
        process = process_of(folder)
    finally:
        owner.kill()
        owner.wait()
    assert gone(process)
