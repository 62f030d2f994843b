"""Trains a run whose nodes arrive: what is there before, then a few steps for each arrival."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hardball.core import array_files, random_bits
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.methods.method import Method
from hardball.methods.starts.earlier import Earlier, carried, vectors
from hardball.metrics import arrivals
from hardball.runs.spec import RunSpec
from hardball.training import fisher, loop, problem, stopping
from hardball.training.loop import Progressed
from hardball.training.online.stages import Shown, Stage, rows_in, stage
from hardball.training.problem import Chunk, Problem
from hardball.training.progress import Progress
from hardball.training.trained import Engines, Trained, at_once
from hardball.training.words import replayed, words_per_step


@dataclass(eq=False)
class Course:
    """How far a run has come, and its points (n, D) in the numbers of the last stage.

    number: of the last arrival; diverged: whether the run ends here.
    """

    state: Progressed
    points: np.ndarray
    diverged: bool
    number: int = 0


def run(
    spec: RunSpec,
    h: Hierarchy,
    relations: Csr,
    engines: Engines,
    *,
    saved: Path | None = None,
    identity: str = "",
    progress: bool = True,
) -> Trained:
    """Trains to the last arrival; saved, identity, progress: as `loop.run` takes them.

    A run that was interrupted goes on from the last arrival that was finished, or from the last
    checkpoint before the first. Raises HardballError as the strategy and `problem.build` do.
    """
    arrival = registry.builder("strategy", spec.strategy.name)(h, spec.seed, **spec.strategy.params)
    before = stage(h, relations, arrival, 0)
    course = _restored(saved, identity)
    if course is None:
        course = _begun(spec, before, engines, saved=saved, identity=identity, progress=progress)
        _save(saved, identity, course)
    last = int(arrival.max())
    stages = [before, *(stage(h, relations, arrival, number) for number in range(1, last + 1))]
    seen = np.concatenate([_pairs(one) for one in stages[: course.number + 1]])
    with Progress(f"{spec.run_id}, arrivals", last, progress) as shown:
        for now, earlier in zip(stages[course.number + 1 :], stages[course.number :], strict=False):
            if course.diverged:
                break
            _arrive(spec, now, earlier, seen, course, engines)
            _follow(course, spec, now, before)
            _save(saved, identity, course)
            shown.update(now.number, course.state.curves["loss"][-1])
            seen = np.concatenate([seen, _pairs(now)])
    trained = _ended(spec, stages, course, engines)
    return dataclasses.replace(trained, left=_file(saved) if saved else None)


def _begun(
    spec: RunSpec, before: Stage, engines: Engines, *, saved: Path | None, identity: str,
    progress: bool,
) -> Course:  # fmt: skip
    """The training of what is there before the first arrival."""
    task = problem.build(at_once(spec), before.here, before.closure)
    engine = engines(task, loop.capacity(task))
    ended = loop.run(task, engine, saved=saved, identity=identity, progress=progress)
    course = Course(ended.progressed, ended.points, ended.diverged)
    _follow(course, spec, before, before)
    return course


def _arrive(
    spec: RunSpec, now: Stage, earlier: Stage, seen: np.ndarray, course: Course, engines: Engines
) -> None:
    """The steps of one arrival, from where the last one ended; the course goes on."""
    state, steps = course.state, int(spec.strategy.params["local_steps"])
    began = time.perf_counter()
    task = _task(spec, now, earlier, course.points)
    engine = engines(task, steps)
    table = engine.start()
    chunk = _chunk(task, Shown(spec, now, seen), steps, state.step, spec.fade)
    state.seconds += time.perf_counter() - began
    state.compile_seconds += engine.compile(table, chunk)
    began = time.perf_counter()
    table, totals = engine.run(table, chunk)
    sums = engine.read(totals)
    state.step += steps
    state.seconds += time.perf_counter() - began
    epoch = spec.epochs + now.number
    with _aligned(state.curves):
        loop.note(state, task.spec, sums, epoch, task.spec.lr)
    course.points, course.number = engine.points(table, steps), now.number
    course.diverged = bool(sums["broken"]) or not bool(np.isfinite(course.points).all())


def _task(spec: RunSpec, now: Stage, earlier: Stage, points: np.ndarray) -> Problem:
    """The problem of an arrival: the graph as it is, old nodes where they were, new ones beside.

    Raises HardballError as `problem.build` does.
    """
    given = spec.strategy.params
    usual = at_once(spec)
    found = vectors(points, usual.manifold.name, problem.curvature(usual))
    place = np.full(now.here.n_nodes, -1)
    place[rows_in(now, earlier)] = np.arange(earlier.here.n_nodes)
    noise = spec.init_scale * random_bits.normal(
        spec.seed, "initialise", (now.here.n_nodes, spec.dim)
    )
    start = carried(now.here, noise, Earlier(earlier.here, found, place))
    # Epochs that hold the arrival's steps, so that every one of them has a rate.
    wanted = int(given["local_steps"]) * spec.batch_size
    changes: dict[str, Any] = {
        "epochs": -(-wanted // len(now.positives)) + 1,
        "lr_final": 1.0,
        "fade": 1.0,
    }
    changes |= {"hard": [group.model_copy(update={"after": 0.0}) for group in spec.hard]}
    local = usual.model_copy(update={**changes, "lr": spec.lr * float(given["rate"])})
    information = None
    if given["ewc"]:
        weight = {"weight": given["ewc"], "batches": given["fisher_batches"]}
        term = Method(name="ewc", params=weight).resolved("regularizer")
        local = local.model_copy(update={"regularizers": [*local.regularizers, term]})
        information = np.zeros((now.here.n_nodes, spec.dim))
        batches = int(given["fisher_batches"])
        known = now.here.n_nodes * fisher.at(usual, earlier.here, found, batches)
        mean = float(known.mean()) if given["scaled"] else 1.0
        information[rows_in(now, earlier)] = known / (mean or 1.0)
    task = problem.build(local, now.here, now.closure)
    return dataclasses.replace(task, start=start, information=information)


def _chunk(task: Problem, shown: Shown, steps: int, offset: int, fade: float) -> Chunk:
    """An arrival's steps as one chunk; its words are those of the run's steps from `offset` on.

    fade: what multiplies the weight of a negative, as at the end of the training before.
    """
    count = words_per_step(task.spec)
    words = random_bits.block(task.spec.seed, "negatives", offset, steps, count)
    return Chunk(
        first=0,
        batch=shown.take(0, steps),
        words=replayed(task, shown, 0, words, task.spec.batch_size),
        lr=np.full(steps, task.spec.lr),
        fade=np.full(steps, fade),
    )


def _pairs(one: Stage) -> np.ndarray:
    """The pairs that came with a stage, by rows of the whole hierarchy: (A, 2)."""
    return one.rows[one.positives[one.added]]


def _follow(course: Course, spec: RunSpec, now: Stage, before: Stage) -> None:
    """Adds to the newest row of the curves how old and new nodes fare, and how many are there."""
    if course.diverged:
        return
    c = problem.curvature(spec)
    found = arrivals.figures(
        course.points, spec.manifold.name, c, now.here, before.here, rows_in(now, before)
    )
    found |= {"arrived": float(now.here.n_nodes - before.here.n_nodes)}
    found |= {"new_map": np.nan, "new_mean_rank": np.nan} if "new_map" not in found else {}
    curves = course.state.curves
    for name, value in found.items():
        column = curves.setdefault(name, [np.nan] * len(curves["step"]))
        column[-1] = value


@contextlib.contextmanager
def _aligned(curves: dict[str, list[float]]) -> Iterator[None]:
    """Has every column of the curves one value a row, NaN where what was noted has no such column.

    An arrival's steps may have terms that the training before has not, and the other way round.
    """
    known = set(curves)
    yield
    rows = len(curves["step"])
    for name, column in curves.items():
        missing = [np.nan] * (rows - len(column))
        curves[name] = column + missing if name in known else missing + column


def _told(course: Course, count: int) -> dict[str, float]:
    """What the curves say of old and new nodes at the end, see `metrics.arrivals`."""
    curves = course.state.curves
    first = int(np.flatnonzero(np.isfinite(curves["old_map"]))[0])
    names = ("old_map", "old_mean_rank", "new_map", "new_mean_rank")
    found = {name: curves[name][-1] for name in names}
    found["forgetting"] = curves["old_map"][first] - curves["old_map"][-1]
    found["seconds_a_node"] = (course.state.seconds - curves["seconds"][first]) / count
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def _ended(spec: RunSpec, stages: list[Stage], course: Course, engines: Engines) -> Trained:
    """The end of a run: a problem of all nodes whose start is where it ended."""
    last, usual = stages[-1], at_once(spec)
    task = problem.build(usual, last.here, last.closure)
    if not course.diverged:
        start = vectors(course.points, usual.manifold.name, problem.curvature(usual))
        task = dataclasses.replace(task, start=start)
    engine = engines(task, 1)
    table = engine.start()
    stopped: stopping.Stopped = "diverged" if course.diverged else ""
    ended = loop.outcome(
        task, engine, table, course.points, None, course.state, course.diverged, stopped
    )
    count = last.here.n_nodes - stages[0].here.n_nodes
    return Trained(task, engine, ended, {} if course.diverged else _told(course, count))


def _file(saved: Path) -> Path:
    return saved.with_name(saved.name.replace(".checkpoint.", ".arrivals."))


def _save(saved: Path | None, identity: str, course: Course) -> None:
    """Keeps what an interrupted run goes on from, where there is a folder for it."""
    if saved is None:
        return
    arrays = {"identity": np.array(identity), "number": np.array(course.number)}
    arrays |= {"diverged": np.array(course.diverged)}
    arrays |= {"points": course.points, **loop.packed(course.state)}
    array_files.write_arrays(_file(saved), arrays)


def _restored(saved: Path | None, identity: str) -> Course | None:
    """How far an interrupted run had come; None where it is to begin."""
    arrays = array_files.read_arrays(_file(saved), identity) if saved else None
    if arrays is None:
        return None
    state, number = loop.unpacked(arrays), int(arrays["number"])
    return Course(state, arrays["points"], bool(arrays["diverged"]), number)
