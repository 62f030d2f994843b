"""The process of one system: `python -m hardball.studies.peers.worker FOLDER`.

Trains what lies in the folder.
Nothing but the system, its data and this package's light parts is imported, so that the process's
peak memory is the system's own.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from hardball.core import provenance
from hardball.studies.peers import task as tasks
from hardball.studies.peers.clock import Clock, Finished
from hardball.studies.peers.systems import system

RESULT = "result.json"


def main(folder: Path) -> None:
    """Trains the folder's task; leaves snapshots and, at the very end, result.json."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    # What a system prints goes to the log; only progress goes to the one who started this process.
    os.dup2(2, 1)
    task, data = tasks.read(folder)

    def say(seconds: float, scorings: int) -> None:
        print(json.dumps({"seconds": seconds, "scorings": scorings}), file=channel)

    clock = Clock(folder, task.seconds, say)
    adapter = importlib.import_module(f"hardball.studies.peers.{system(task.system).adapter}")
    began = time.perf_counter()
    found: dict[str, Any] = {}
    try:
        adapter.train(task, data, clock, found)
    except Finished:
        pass
    except (ArithmeticError, AssertionError, ValueError, RuntimeError) as error:
        found["failed"] = f"{type(error).__name__}: {error}"
    elapsed = time.perf_counter() - began
    result = {
        "manifold": "poincare",
        "threads": task.threads,
        "compile_seconds": 0.0,
        "peak_memory_mb": peak_memory_mb(),
        "elapsed": elapsed,
        "seconds": clock.seconds,
        "pairs": clock.pairs,
        "scorings": clock.scorings,
        "rate": clock.rate(),
        "snapshots": [snapshot._asdict() for snapshot in clock.snapshots],
        **found,
    }
    aside = folder / f".{RESULT}"
    aside.write_text(json.dumps(result), encoding="utf-8")
    aside.replace(folder / RESULT)


def peak_memory_mb() -> float:
    """Largest resident size of this program so far, in MB.

    getrusage would count the process that started this one too, where it was larger.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 2**10
    except (OSError, StopIteration):
        return provenance.peak_memory_mb()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
