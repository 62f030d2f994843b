"""Epochs, schedule, curves, early stopping, checkpoints: the training loop, written once.

An engine takes steps on a device; this loop decides which, and what to note of them. The steps of
a run and the chunks they are taken in follow from its spec alone, so an interrupted run that goes
on from a checkpoint ends in the same bytes as one that was never interrupted.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from hardball.core import array_files
from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.methods.method import Method
from hardball.metrics.along import depth_correlation
from hardball.metrics.evaluate import validate
from hardball.runs.negatives import samplers
from hardball.runs.spec import METHODS, RunSpec
from hardball.training import heads, stopping, terms
from hardball.training.problem import (
    Chunk,
    Problem,
    batches_of,
    curvature,
    refreshes,
)
from hardball.training.problem import chunk as make_chunk
from hardball.training.progress import Progress
from hardball.training.words import words_per_step

MOST_WORDS = 2**22
MOST_SCORINGS = 2**28
CURVE_POINTS = 100
VALIDATION_SOURCES = 2000

# (epoch, the figures of its evaluation) -> whether the run is given up.
Watch = Callable[[int, Mapping[str, float]], bool]


class Engine(Protocol):
    """What the loop asks of an engine; the table is the engine's own."""

    capacity: int
    compiled: bool
    threads: int

    def start(self) -> Any: ...
    def refresh(self, table: Any, step: int) -> Any: ...
    def compile(self, table: Any, chunk: Chunk) -> float: ...
    def run(self, table: Any, chunk: Chunk) -> tuple[Any, Any]: ...
    def read(self, totals: Any) -> dict[str, float]: ...
    def points(self, table: Any, step: int) -> np.ndarray: ...
    def sample(
        self, table: Any, step: int, batch: np.ndarray, words: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]: ...
    def touching(self, points: np.ndarray) -> int: ...
    def heads(self, table: Any) -> dict[str, np.ndarray]: ...
    def export(self, table: Any) -> dict[str, np.ndarray]: ...
    def restore(self, arrays: Mapping[str, np.ndarray]) -> Any: ...


@dataclass
class Progressed:
    """How far a run has come: all that a checkpoint holds beside the table."""

    step: int = 0
    seconds: float = 0.0
    compile_seconds: float = 0.0
    used: int = 0
    drawn: int = 0
    masked: int = 0
    widened: int = 0
    best: float = -np.inf
    waited: int = 0
    curves: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Outcome:
    """The end of a run; points and start_points (N, D) in the manifold's coordinates.

    start_points: None where the run had no single start.
    table: the engine's own, at step progressed.step. heads: what terms own, "<term>.<array>".
    """

    table: Any
    heads: dict[str, np.ndarray]
    points: np.ndarray
    start_points: np.ndarray | None
    touching: int
    diverged: bool
    epochs: float
    scorings: int
    progressed: Progressed
    stopped: stopping.Stopped = ""

    @property
    def curves(self) -> pd.DataFrame:
        """One row a stretch of training: what it cost, its mean loss, its negatives."""
        return pd.DataFrame(self.progressed.curves)


def stops(spec: RunSpec) -> list[int]:
    """The epochs after which curves, validation or checkpoint need the loop to look up."""
    every = [-(-spec.epochs // CURVE_POINTS), spec.eval_every, spec.checkpoint_every]
    epochs = {e for n in every if n for e in range(n, spec.epochs, n)}
    return sorted(epochs | {spec.epochs} | ({spec.burn_in} if spec.burn_in else set()))


def stretches(problem: Problem) -> list[tuple[int, list[tuple[int, int]]]]:
    """(epoch, chunks) for each stop: the chunks (first step, steps) that lead there.

    A chunk is bounded by memory for its words, by what an int32 can count, and by the steps at
    which samplers make their lists anew.
    """
    spec = problem.spec
    drawn = words_per_step(spec)
    scored = spec.batch_size * spec.scored
    limit = max(1, min(MOST_WORDS // max(drawn, 1), MOST_SCORINGS // scored))
    out = []
    first = 0
    for epoch in stops(spec):
        last = problem.steps_until(epoch)
        due = {step for n in refreshes(spec) for step in range(-(-first // n) * n, last, n)}
        chunks = []
        for begin, end in itertools.pairwise(sorted({first, last} | due)):
            pieces = -(-(end - begin) // limit)
            edges = [begin + (end - begin) * k // pieces for k in range(pieces + 1)]
            chunks += [(a, b - a) for a, b in itertools.pairwise(edges)]
        out.append((epoch, chunks))
        first = last
    return out


def capacity(problem: Problem) -> int:
    """Steps of the longest chunk."""
    return max(steps for _, chunks in stretches(problem) for _, steps in chunks)


def check(spec: RunSpec) -> None:
    """Raises HardballError where settings contradict each other."""
    if spec.patience and not spec.eval_every:
        raise HardballError(
            f"patience={spec.patience} needs evaluations to wait for: set eval_every to 1 or more"
        )
    named = [spec.loss.name, *(more.loss.name for more in spec.losses)]
    steady = [name for name in named if not registry.entry("loss", name).sums]
    if spec.fade != 1 and steady:
        able = ", ".join(entry.name for entry in registry.entries("loss") if entry.sums)
        raise HardballError(
            f"fade={spec.fade}: loss {steady[0]} adds up no negatives, so that their "
            f"common weight changes nothing; allowed with {able}"
        )
    for kind, method, given in _methods(spec):
        fits = registry.entry(kind, method.name).fits
        if fits is not None:
            fits(spec, **method.params, **given)
    heads.check(spec)
    _check_radius(spec)
    if spec.before:
        _check_before(spec)
    if spec.burn_in >= spec.epochs:
        raise HardballError(
            f"burn_in={spec.burn_in} of epochs={spec.epochs}: at least one epoch must follow it"
        )


def _check_before(spec: RunSpec) -> None:
    """Raises HardballError where the training before cannot be, or the run has two beginnings."""
    if registry.entry("start", spec.start.name).earlier is not None:
        raise HardballError(
            f"before with start {spec.start.name}: both say where the run goes on from: leave one "
            "of them out"
        )
    try:
        check(spec.earlier)
    except HardballError as error:
        raise HardballError(f"before: {error}") from None


def _check_radius(spec: RunSpec) -> None:
    """Raises HardballError where a space does not hold the largest radius that a run asks for."""
    name = spec.manifold.name
    held = registry.load("manifold", name, spec.framework).farthest(spec.dtype)
    if spec.max_radius > held:
        raise HardballError(
            f"max_radius={spec.max_radius:g}: {name} holds points up to {held:g} in {spec.dtype}"
        )


def _methods(spec: RunSpec) -> Iterator[tuple[registry.Kind, Method, dict[str, int]]]:
    """Every method of a run, with what its `fits` is told beside its parameters."""
    for kind in METHODS:
        if kind != "sampler":
            yield kind, getattr(spec, kind), {}
    for more in spec.losses:
        yield "loss", more.loss, {}
    for term in spec.regularizers:
        yield "regularizer", term, {}
    for part in samplers(spec):
        yield "sampler", part.method, {"negatives": part.negatives}


def run(
    problem: Problem,
    engine: Engine,
    *,
    saved: Path | None = None,
    identity: str = "",
    progress: bool = True,
    watch: Watch | None = None,
) -> Outcome:
    """Train to the end, to early stopping, or until the loss is not finite.

    saved: where checkpoints go (every `checkpoint_every` epochs) and from which the run goes on if
    one of the same `identity` lies there. Early stopping watches MAP of the validation pairs, or
    the training loss where the task has none; the points are those of the last step, never chosen.
    watch: told of each evaluation that does not end the run, which is "pruned" where it says so.
    """
    spec = problem.spec
    check(spec)
    plan = stretches(problem)
    table = engine.start()
    start_points = engine.points(table, 0)
    state = Progressed()
    arrays = array_files.read_arrays(saved, identity) if saved else None
    if arrays is not None:
        table = engine.restore(array_files.under("table_", arrays))
        state = unpacked(arrays)
    chunks = _chunks(problem, [c for _, cs in plan for c in cs if c[0] >= state.step])
    chunk = next(chunks, None)
    if chunk is not None:
        state.compile_seconds += engine.compile(table, chunk)
    diverged = False
    stopped: stopping.Stopped = ""
    with Progress(spec.run_id, problem.total_steps, progress) as shown:
        for epoch, ranges in plan:
            sums: dict[str, float] = {}
            began = time.perf_counter()
            for _, steps in (r for r in ranges if r[0] >= state.step):
                assert chunk is not None
                if state.step:
                    table = engine.refresh(table, state.step)
                table, totals = engine.run(table, chunk)
                state.step += len(chunk.lr)
                # The next chunk is made while the device is at work on this one.
                chunk = next(chunks, None)
                numbers = engine.read(totals)
                sums = {name: sums.get(name, 0) + value for name, value in numbers.items()}
                if numbers["broken"]:
                    diverged = True
                    break
                shown.update(state.step, numbers["loss"] / steps)
            if not sums:
                continue
            state.seconds += time.perf_counter() - began
            note(state, spec, sums, epoch, problem.rate(state.step))
            _follow(state, problem, engine, table)
            stopped = "diverged" if diverged else _finished(state, problem, engine, table, epoch)
            if watch and not stopped and _given_up(state, watch, epoch):
                stopped = "pruned"
            if stopped:
                shown.say(f"stopped after epoch {epoch}: {stopping.SAID[stopped]}")
                break
            if saved and spec.checkpoint_every and epoch % spec.checkpoint_every == 0:
                _save(saved, identity, engine, table, state)
    points = engine.points(table, state.step)
    diverged = diverged or not bool(np.isfinite(points).all())
    return outcome(problem, engine, table, points, start_points, state, diverged, stopped)


def outcome(
    problem: Problem,
    engine: Engine,
    table: Any,
    points: np.ndarray,
    start_points: np.ndarray | None,
    state: Progressed,
    diverged: bool,
    stopped: stopping.Stopped = "",
) -> Outcome:
    """The end of a run whose table is `table` and whose points are `points`."""
    size = problem.spec.batch_size
    return Outcome(
        table=table,
        heads=engine.heads(table),
        points=points,
        start_points=start_points,
        touching=engine.touching(points),
        diverged=diverged,
        epochs=state.step * size / len(problem.positives),
        scorings=state.step * size + state.used,
        progressed=state,
        stopped=stopped,
    )


def _chunks(problem: Problem, ranges: list[tuple[int, int]]) -> Iterator[Chunk]:
    batches = batches_of(problem)
    for first, steps in ranges:
        yield make_chunk(problem, batches, first, steps)


def note(
    state: Progressed, spec: RunSpec, sums: Mapping[str, float], epoch: int, rate: float
) -> None:
    """One more row of the curves, from the totals since the last one."""
    used = int(sums["drawn"] - sums["masked"])
    state.used += used
    for name in ("drawn", "masked", "widened"):
        setattr(state, name, getattr(state, name) + int(sums[name]))
    earlier = state.curves.get("step", [0.0])[-1]
    row = {
        "epoch": epoch,
        "step": state.step,
        "seconds": state.seconds,
        "scorings": state.step * spec.batch_size + state.used,
        "lr": rate,
        "loss": sums["loss"] / (state.step - earlier),
        **{name: sums[name] / (state.step - earlier) for name in terms.names(spec)},
        "masked_share": sums["masked"] / max(sums["drawn"], 1),
        "widened_share": sums["widened"] / max(sums["drawn"], 1),
        "negative_gradient": sums["pull"] / max(used, 1),
        "negative_gradient_stalled": sums["stalled"] / max(used, 1),
        "map": np.nan,
        "mean_rank": np.nan,
    }
    for name, value in row.items():
        state.curves.setdefault(name, []).append(float(value))


def _follow(state: Progressed, problem: Problem, engine: Engine, table: Any) -> None:
    """Adds to the newest row of the curves how the radii follow depth, and who is held back.

    projected: the share of the nodes at the largest radius, whose last step ended in a projection.
    """
    own = engine.points(table, state.step)
    state.curves.setdefault("projected", []).append(engine.touching(own) / len(own))
    points = problem.asked(own)
    c = heads.curvature(problem.spec, engine.heads(table)) or curvature(problem.spec)
    found = depth_correlation(points, problem.spec.manifold.name, c, problem.whole.depth)
    state.curves.setdefault("depth_spearman", []).append(found)


def _finished(
    state: Progressed, problem: Problem, engine: Engine, table: Any, epoch: int
) -> stopping.Stopped:
    """Validate where it is due: why the run ends now, "" where it goes on."""
    spec, split = problem.spec, problem.split
    if not spec.eval_every or epoch % spec.eval_every:
        return ""
    points = engine.points(table, state.step)
    if not np.isfinite(points).all():
        return "diverged"
    held_out = split.validation is not None and len(split.validation) > 0
    pairs = split.validation if held_out else split.train
    assert pairs is not None
    figures = validate(
        problem.asked(points),
        spec.manifold.name,
        heads.curvature(spec, engine.heads(table)) or curvature(spec),
        problem.whole,
        pairs,
        split.exclude,
        sources=VALIDATION_SOURCES,
        seed=spec.seed,
    )
    for name in ("map", "mean_rank"):
        state.curves[name][-1] = figures[name]
    score = figures["map"] if held_out else -state.curves["loss"][-1]
    state.waited = 0 if score > state.best else state.waited + 1
    state.best = max(score, state.best)
    if not spec.patience or state.waited < spec.patience:
        return ""
    return stopping.reason(state.curves, state.waited) if held_out else "no_gain"


def _given_up(state: Progressed, watch: Watch, epoch: int) -> bool:
    """Whether the evaluation of this epoch, where there was one, is told and ends the run."""
    figures = {name: state.curves[name][-1] for name in ("map", "mean_rank")}
    return bool(np.isfinite(figures["map"])) and watch(epoch, figures)


_SCALARS = (
    "step", "seconds", "compile_seconds", "used", "drawn", "masked", "widened", "best", "waited",
)  # fmt: skip


def _save(path: Path, identity: str, engine: Engine, table: Any, state: Progressed) -> None:
    arrays = {"identity": np.array(identity)}
    arrays |= {f"table_{name}": array for name, array in engine.export(table).items()}
    array_files.write_arrays(path, arrays | packed(state))


def packed(state: Progressed) -> dict[str, np.ndarray]:
    """How far a run has come, as arrays of a checkpoint."""
    arrays = {name: np.array(getattr(state, name)) for name in _SCALARS}
    return arrays | {f"curve_{name}": np.array(values) for name, values in state.curves.items()}


def unpacked(arrays: Mapping[str, np.ndarray]) -> Progressed:
    """What `packed` packed."""
    curves = {name: values.tolist() for name, values in array_files.under("curve_", arrays).items()}
    return Progressed(**{name: arrays[name].item() for name in _SCALARS}, curves=curves)
