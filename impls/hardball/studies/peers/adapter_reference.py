"""The reference poincare-embeddings, from a checkout that the user names.

Its embed.py runs as it is, in a process group of its own. It can't be paused or told a time limit:
its checkpoints are kept as they appear, and it is ended when the time is up. Nothing of it is
part of this project: it may not be used commercially (CC BY-NC).
"""

import os
import re
import resource
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hardball.metrics import protocols
from hardball.studies.peers.clock import Clock, Finished, marks
from hardball.studies.peers.task import Data, Task

FOREVER = 10**6
POLL = 0.02
# Seconds between two checkpoints, at the rate that it is known to reach on one process.
BETWEEN, SCORINGS_A_SECOND = 0.5, 9e5
PROBE_SECONDS = 120
CHECKPOINT = "model.bin"
STATS = re.compile(r'"(epoch|elapsed|mean_rank|map_rank)": ([-\d.e]+)')


@dataclass
class Log:
    """What embed.py has printed: when training was about to begin, and its figures by epoch."""

    announced: float = 0.0
    stats: dict[int, dict[str, float]] = field(default_factory=dict)
    last: list[str] = field(default_factory=list)

    def read(self, line: str, now: float) -> None:
        if line.startswith("json_conf:"):
            self.announced = now
        elif line.startswith("json_stats:"):
            figures = {name: float(value) for name, value in STATS.findall(line)}
            self.stats[int(figures.pop("epoch"))] = figures
        if line.strip():
            self.last = [*self.last[-4:], line.strip()]

    def begun(self, appeared: dict[int, float]) -> float:
        """When training began: the first checkpoint's time less the epochs until then.

        Before anything is known of these, when the settings were printed.
        """
        if appeared:
            first = min(appeared)
            spent = [self.stats.get(epoch, {}).get("elapsed") for epoch in range(first + 1)]
            if None not in spent:
                return appeared[first] - sum(value for value in spent if value is not None)
        return self.announced


def command(task: Task, dataset: Path, checkpoint: Path, pairs: int) -> list[str]:
    """The command line of embed.py: its train-mammals.sh with this task's settings."""
    every = max(1, round(BETWEEN * SCORINGS_A_SECOND / (pairs * (1 + task.negatives))))
    options = {
        "dset": dataset,
        "checkpoint": checkpoint,
        "dim": task.dim,
        "manifold": "poincare",
        "lr": task.lr,
        "epochs": FOREVER,
        "batchsize": task.batch_size,
        "negs": task.negatives,
        "burnin": task.burn_in,
        "burnin_multiplier": task.burn_in_factor,
        "ndproc": task.threads,
        "train_threads": task.threads,
        "eval_each": every,
        "gpu": -1,
    }
    given = [part for key, value in options.items() for part in (f"-{key}", str(value))]
    return [task.interpreter, "embed.py", *given, "-sparse", "-fresh", "-quiet"]


def train(task: Task, data: Data, clock: Clock, found: dict[str, Any]) -> None:
    """Runs embed.py until the time is up, then reads the checkpoints that it left."""
    dataset = clock.folder / "closure.csv"
    lines = [f"{node},{ancestor},1" for node, ancestor in data.pairs.tolist()]
    dataset.write_text("\n".join(["id1,id2,weight", *lines, ""]), encoding="ascii")
    running = command(task, dataset, clock.folder / CHECKPOINT, len(data.pairs))
    log, appeared, code = _watch(running, Path(task.checkout), clock)
    # The probe's memory is not training's: it comes after the peak has been read.
    found["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
    if code is not None:
        found["failed"] = f"embed.py ended by itself, {code}: {' / '.join(log.last[-2:])}"
    begun = log.begun(appeared)
    passes = len(data.pairs) * task.threads
    for epoch, at in _thinned(appeared, begun, task.seconds):
        pairs = (epoch + 1) * passes - clock.pairs
        clock.count(at - begun - clock.seconds, pairs, pairs * (1 + task.negatives))
        clock.keep(load(clock.folder / f"kept.{epoch}", data.n_nodes))
    printed = {epoch: stats for epoch, stats in log.stats.items() if "map_rank" in stats}
    if printed:
        found["printed"] = {"epoch": max(printed), **printed[max(printed)]}
    if code is None:
        found["coverage"] = _coverage(task, data.n_nodes, clock.folder)
        raise Finished


def _coverage(task: Task, n_nodes: int, folder: Path) -> float | None:
    """How many different negatives a batch's place meets in three epochs; None where it fails."""
    script = Path(__file__).with_name("reference_draws.py")
    running = [task.interpreter, str(script), str(folder), str(task.negatives)]
    told = subprocess.run(
        [*running, str(task.batch_size)],
        cwd=task.checkout,
        stdout=subprocess.DEVNULL,
        timeout=PROBE_SECONDS,
        check=False,
    )
    if told.returncode:
        return None
    draws = np.load(folder / "draws.npy", allow_pickle=False)
    return protocols.coverage(draws.reshape(*draws.shape[:2], -1), n_nodes)


def load(path: Path, n_nodes: int) -> np.ndarray:
    """Points (N, D) of a checkpoint, in level order: its `objects` name the rows of `embeddings`.

    Only tensors, numbers and text are read, never code.
    """
    import torch

    state = torch.load(path, map_location="cpu", weights_only=True)
    rows = np.array([int(name) for name in state["objects"]])
    points = state["embeddings"].detach().double().numpy()
    out = np.empty((n_nodes, points.shape[1]))
    out[rows] = points
    return out


def _watch(
    running: list[str], checkout: Path, clock: Clock
) -> tuple[Log, dict[int, float], int | None]:
    """Its log, when each checkpoint was there, and its exit code if it ended by itself."""
    log, appeared = Log(), dict[int, float]()
    process = subprocess.Popen(
        running,
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    reader = threading.Thread(target=_read, args=(process, log), daemon=True)
    reader.start()
    spoken = time.time()
    try:
        while process.poll() is None:
            _keep_new(clock.folder, appeared)
            now = time.time()
            spent = now - log.begun(appeared) if log.announced else 0.0
            if spent >= clock.limit:
                break
            if now - spoken >= 1:
                spoken = now
                clock.say(spent, 0)
            time.sleep(POLL)
        code = process.poll()
    finally:
        _end(process)
    _keep_new(clock.folder, appeared)
    reader.join(timeout=5)
    return log, appeared, code


def _read(process: "subprocess.Popen[str]", log: Log) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        log.read(line, time.time())


def _keep_new(folder: Path, appeared: dict[int, float]) -> None:
    """A second name for each new checkpoint, since embed.py moves them over one another."""
    for path in folder.glob(f"{CHECKPOINT}.*"):
        suffix = path.name.removeprefix(f"{CHECKPOINT}.")
        if suffix.isdigit() and int(suffix) not in appeared:
            try:
                kept = folder / f"kept.{suffix}"
                os.link(path, kept)
                appeared[int(suffix)] = kept.stat().st_mtime
            except FileNotFoundError:
                continue


def _end(process: "subprocess.Popen[str]") -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
            process.wait(timeout=5)
        except (ProcessLookupError, PermissionError):
            return
        except subprocess.TimeoutExpired:
            continue


def _thinned(appeared: dict[int, float], begun: float, limit: float) -> list[tuple[int, float]]:
    """The first checkpoint after each mark, and the last one that is sure to be whole."""
    ordered = sorted(appeared.items())
    # The newest may have been half written when the process ended.
    whole = ordered[:-1] or ordered
    chosen = {}
    for mark in marks(limit):
        after = [pair for pair in whole if pair[1] - begun >= mark]
        if after:
            chosen[after[0][0]] = after[0][1]
    if whole:
        chosen[whole[-1][0]] = whole[-1][1]
    return sorted(chosen.items())
