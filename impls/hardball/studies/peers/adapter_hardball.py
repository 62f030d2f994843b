"""This project's own engine under the clock: the form of the other systems, and its own recipe."""

import importlib
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from hardball.core.errors import HardballError
from hardball.data import store
from hardball.hierarchy.closure import Csr
from hardball.runs import suites
from hardball.runs.spec import Framework, RunSpec
from hardball.studies.peers.clock import Clock
from hardball.studies.peers.systems import system
from hardball.studies.peers.task import Data, Task
from hardball.training import problem
from hardball.training.problem import Chunk, Problem
from hardball.training.words import words_per_step

# Scorings of one call of the trial; then calls take CALL_SECONDS: the clock is read often.
SCORINGS = {"pairs": 2**17, "pool": 2**22}
CALL_SECONDS = 0.15
MOST_WORDS = 2**22
TRIAL_SECONDS = 1.5
# Passes that are planned, over those that the trial's rate fits in: a falling rate must have ended
# before the limit, a constant one has no end of its own.
ROOM = {"pairs": 3.0, "pool": 0.95}
BURN_IN_SHARE = 0.1
RECIPES = {False: "mammals", True: "nouns"}


def spec_of(task: Task, many: bool, epochs: int = 1000) -> RunSpec:
    """The run that a task means; many: whether its hierarchy counts as a large one."""
    which = system(task.system)
    values: dict[str, Any]
    if which.form == "pool":
        values = {**suites.load(RECIPES[many]).base}
    else:
        values = {"manifold": "poincare", "sampler": "uniform", "optimizer": "rsgd"}
        values |= {"loss": "infonce", "lr_final": 1.0, "burn_in_factor": task.burn_in_factor}
        values |= {"burn_in": min(task.burn_in, int(BURN_IN_SHARE * epochs))}
    values |= {"dataset": task.dataset, "dim": task.dim, "negatives": task.negatives}
    values |= {"batch_size": task.batch_size, "lr": task.lr, "dtype": task.dtype}
    values |= {"epochs": epochs, "eval_every": 0, "checkpoint_every": 0}
    return RunSpec(framework=cast(Framework, which.framework), seed=task.seed, **values)


def train(task: Task, data: Data, clock: Clock, found: dict[str, Any]) -> None:
    """Compiles, measures the rate on a copy, plans the schedule for the time there is, and trains.

    Raises HardballError when the hierarchy here has other pairs than the task's data.
    """
    hierarchy = store.open_hierarchy(task.dataset)
    many = is_many(hierarchy.n_nodes)
    begun = problem.build(spec_of(task, many), hierarchy, Csr(data.indptr, data.indices))
    if not np.array_equal(begun.positives, data.pairs):
        raise HardballError(f"{task.dataset} has changed since this comparison began: run it again")
    form = system(task.system).form
    most = max(1, MOST_WORDS // words_per_step(begun.spec))
    size = min(max(1, SCORINGS[form] // (task.batch_size * (1 + task.negatives))), most)
    make = importlib.import_module(f"hardball.training.engine_{begun.spec.framework}").Engine
    engine = make(begun, size)
    rate, compiling = _trial(engine, begun, size)
    per_pass = len(begun.positives) / task.batch_size
    epochs = max(1, math.floor(ROOM[form] * rate * task.seconds / per_pass))
    begun = replace(begun, spec=spec_of(task, many, epochs))
    size = min(max(1, int(CALL_SECONDS * rate)), most)
    engine = make(begun, size)
    found |= {"manifold": begun.spec.manifold.name, "threads": engine.threads}
    # The trial's is a second compilation, which a run of a known length would not need.
    found["compile_seconds"] = compiling
    _train(engine, begun, size, clock, found)


def is_many(n_nodes: int) -> bool:
    """Whether a hierarchy takes the settings of nouns rather than those of mammals."""
    return n_nodes > 20_000


def _trial(engine: Any, begun: Problem, size: int) -> tuple[float, float]:
    """Steps a second of a throwaway table, and the seconds that compiling took."""
    table = engine.start()
    chunks = _chunks(begun, size, 10**9)
    chunk = next(chunks)
    compiling = engine.compile(table, chunk)
    table, totals = engine.run(table, chunk)
    chunk = next(chunks)
    engine.read(totals)
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < TRIAL_SECONDS:
        table, totals = engine.run(table, chunk)
        chunk = next(chunks)
        engine.read(totals)
        done += size
    return done / (time.perf_counter() - began), compiling


def _train(engine: Any, begun: Problem, size: int, clock: Clock, found: dict[str, Any]) -> None:
    """Trains under the clock to the schedule's end."""
    spec = begun.spec
    table = engine.start()
    chunks = _chunks(begun, size, begun.total_steps)
    chunk: Chunk | None = next(chunks)
    assert chunk is not None
    found["compile_seconds"] = max(found["compile_seconds"], engine.compile(table, chunk))
    done = 0
    clock.begin()
    while chunk is not None:
        table, totals = engine.run(table, chunk)
        taken = len(chunk.lr)
        done += taken
        # The next chunk is made while the device is at work on this one.
        chunk = next(chunks, None)
        if engine.read(totals)["broken"]:
            found["failed"] = "diverged"
            return
        pairs = taken * spec.batch_size
        clock.tick(pairs, pairs * (1 + spec.negatives), partial(engine.points, table, done))
    clock.keep(engine.points(table, done))


def _chunks(begun: Problem, size: int, total: int) -> Iterator[Chunk]:
    batches = problem.batches_of(begun)
    # The trial, which has no end, keeps the first rate.
    endless = total != begun.total_steps
    for first in range(0, total, size):
        yield problem.chunk(begun, batches, first, min(size, total - first), endless)
