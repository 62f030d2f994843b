"""Runs a task in a process of its own, shows how it comes along, and ends it when it hangs."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hardball
from hardball.core.processes import THREADS
from hardball.studies.peers.worker import RESULT

# What a system may take before its clock starts: imports, reading, compiling.
PATIENCE = 300.0


def launch(
    folder: Path,
    seconds: float,
    threads: int,
    log: Path,
    show: Callable[[float, int], Any],
    *,
    patience: float = PATIENCE,
) -> dict[str, Any]:
    """result.json of the folder's task; {"failed": why} where the process left none.

    show: told seconds trained and scorings now and then. log: what the process prints.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads))}
    package = str(Path(hardball.__file__).parents[1])
    paths = [package, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    with log.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "hardball.studies.peers.worker", str(folder)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=environment,
        )
        allowed = 1.25 * seconds + patience
        overdue = threading.Event()

        def end() -> None:
            overdue.set()
            process.kill()

        timer = threading.Timer(allowed, end)
        timer.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                said = json.loads(line)
                show(said["seconds"], said["scorings"])
            process.wait()
        finally:
            timer.cancel()
            if process.poll() is None:
                process.kill()
                process.wait()
    result = folder / RESULT
    if result.is_file():
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return found
    if overdue.is_set():
        return {"failed": f"ended after {allowed:.0f} s: it never came back from a batch"}
    return {"failed": last_line(log) or f"ended with exit code {process.returncode}"}


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def clean(folder: Path) -> None:
    """Removes a task's folder."""
    shutil.rmtree(folder, ignore_errors=True)
