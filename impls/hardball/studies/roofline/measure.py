"""Measures a machine's peaks and an engine's step: run as a process of its own, one framework each.

Reads a `Request` as JSON from stdin and writes a list of `Measured` to stdout.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np

from hardball.core.provenance import cpu_name
from hardball.data import store
from hardball.runs.spec import RunSpec
from hardball.studies.roofline.cost import Machine, Step
from hardball.training import methods, problem
from hardball.training.problem import Chunk, Problem
from hardball.training.words import words_per_step

BEYOND_CACHES = 2**28
PRODUCT = 1024
IN_CACHE = 2**14
CALL_SECONDS = 0.3
MOST_STEPS = 2000
MOST_WORDS = 2**22


@dataclass(frozen=True)
class Request:
    """specs: the values of RunSpecs of one framework. seconds: how long each step is timed."""

    specs: list[dict[str, object]]
    threads: int
    seconds: float


@dataclass(frozen=True)
class Measured:
    """step_seconds: the fastest call's mean step; median_seconds: the median call's."""

    machine: Machine
    step: Step
    step_seconds: float
    median_seconds: float
    calls: int
    compile_seconds: float


def fastest(call: Callable[[], object], seconds: float = CALL_SECONDS) -> float:
    """Shortest time of one call, of as many as fit `seconds`, at least three, after a warm-up."""
    call()
    best, count = float("inf"), 0
    end = time.perf_counter() + seconds
    while count < 3 or time.perf_counter() < end:
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began)
        count += 1
    return best


@cache
def copy_rate(size: int) -> float:
    """Bytes a second, read plus written, of copies of `size` bytes in all."""
    source = np.ones(max(size // 8, 1024), np.float32)
    target = np.empty_like(source)
    return 2 * source.nbytes / fastest(lambda: np.copyto(target, source))


@cache
def matmul_rate(n: int = PRODUCT) -> float:
    """Operations a second of an n x n float32 product: 2 n^3 over its time."""
    a = np.full((n, n), 0.5, np.float32)
    out = np.empty_like(a)
    return 2 * n**3 / fastest(lambda: np.matmul(a, a, out=out))


@cache
def root_rate(n: int = IN_CACHE) -> float:
    """Square roots, each with a division, a second, in cache, on one thread."""
    a = np.linspace(1, 2, n, dtype=np.float32)
    root, out = np.empty_like(a), np.empty_like(a)

    def both() -> None:
        np.sqrt(a, out=root)
        np.divide(a, root, out=out)

    return n / fastest(both)


@cache
def exp_log_rate(n: int = IN_CACHE) -> float:
    """Exponentials, each with a logarithm, a second, in cache, on one thread."""
    a = np.linspace(0, 1, n, dtype=np.float32)
    power, out = np.empty_like(a), np.empty_like(a)

    def both() -> None:
        np.exp(a, out=power)
        np.log(power, out=out)

    return n / fastest(both)


def gather_rate(step: Step) -> float:
    """Rows a second of one copy of the step's rows, drawn uniformly, out of N rows of D numbers."""
    table = np.ones((step.nodes, step.coordinates), np.float32)
    ids = np.random.default_rng(0).integers(0, step.nodes, step.gathered)
    out = np.empty((step.gathered, step.coordinates), np.float32)
    return step.gathered / fastest(lambda: np.take(table, ids, axis=0, out=out, mode="clip"))


def measure_machine(step: Step, threads: int) -> Machine:
    """The peaks that matter to `step`. Roots, exponentials and logarithms are one thread's, times
    `threads`; products have as many as their library was given, copies and gathers one.
    """
    return Machine(
        cpu=cpu_name(),
        threads=threads,
        copy=copy_rate(step.table_bytes),
        memory=copy_rate(BEYOND_CACHES),
        matmul=matmul_rate(),
        root=threads * root_rate(),
        exp_log=threads * exp_log_rate(),
        gather=gather_rate(step),
    )


def step_of(task: Problem, coordinates: int) -> Step:
    """The shape of a problem's steps; coordinates: numbers a point."""
    spec = task.spec
    shared = methods.resolve(spec, spec.framework, task.known_width).shared
    width = np.dtype(spec.dtype).itemsize
    return Step(
        batch=spec.batch_size,
        shared=shared,
        own=spec.scored - shared,
        coordinates=coordinates,
        nodes=task.n_nodes,
        optimizer=spec.optimizer.name,
        bytes_per_number=width,
    )


def chunk(task: Problem, first: int, steps: int) -> Chunk:
    """Steps `first` to `first + steps` of a run that never ends, at its first rate."""
    return problem.chunk(task, problem.batches_of(task), first, steps, endless=True)


def measure_step(task: Problem, seconds: float) -> tuple[list[float], float, int]:
    """Seconds a step of each timed call, seconds of compiling, and numbers a point.

    Two calls warm up: the first is sized by guess, the second sizes calls of a tenth of `seconds`.
    Making batches and words is not timed: in a run it happens while the device works.
    """
    most = max(1, min(MOST_STEPS, MOST_WORDS // words_per_step(task.spec)))
    engine = importlib.import_module(f"hardball.training.engine_{task.spec.framework}").Engine(
        task, most
    )
    table = engine.start()
    coordinates = engine.points(table, 0).shape[1]
    steps = min(most, 4)
    made = chunk(task, 0, steps)
    compiling = engine.compile(table, made)
    done, timed = 0, 0.0
    found: list[float] = []
    calls = 0
    while calls < 5 or timed < seconds:
        began = time.perf_counter()
        table, totals = engine.run(table, made)
        engine.read(totals)
        took = time.perf_counter() - began
        calls += 1
        done += steps
        if calls > 2:
            found.append(took / steps)
            timed += took
        else:
            steps = max(1, min(most, round(seconds / 10 / (took / steps))))
        made = chunk(task, done, steps)
    return found, compiling, coordinates


def measure(request: Request) -> list[Measured]:
    """The steps' times and the machine's peaks, in this process, with the threads it was given."""
    found = []
    for values in request.specs:
        spec = RunSpec.model_validate(values)
        task = problem.build(spec, store.open_hierarchy(spec.dataset))
        times, compiling, coordinates = measure_step(task, request.seconds)
        step = step_of(task, coordinates)
        machine = measure_machine(step, request.threads)
        found.append(
            Measured(machine, step, min(times), float(np.median(times)), len(times), compiling)
        )
    return found


if __name__ == "__main__":
    print(json.dumps([asdict(found) for found in measure(Request(**json.load(sys.stdin)))]))
