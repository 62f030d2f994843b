"""From a spec to points, curves and a row."""

import functools
import hashlib
import importlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.core.provenance import accelerator_name, peak_memory_mb, provenance
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.metrics.along import along
from hardball.metrics.classify import Energy
from hardball.metrics.evaluate import EVALUATOR, evaluate, test_pairs
from hardball.metrics.validation import figures_before
from hardball.runs.code import code_sha256
from hardball.runs.result import Result
from hardball.runs.row import Outcome, Row
from hardball.runs.spec import RunSpec
from hardball.training import continuing, heads, loop, problem
from hardball.training.encoders import run as encoders
from hardball.training.negatives import negative_figures
from hardball.training.shared import Opened, Shared, opened
from hardball.training.trained import Trained

# Ranking every node against every node takes minutes beyond this many.
EXACT_UP_TO = 150_000
SOURCES = 20_000

# (problem, engine, how it ended, points, c) -> metrics of the points.
Scores = Callable[[problem.Problem, Any, loop.Outcome, np.ndarray, float], dict[str, float | None]]


def train(
    spec: RunSpec,
    *,
    hierarchy: Hierarchy | None = None,
    work: Path | None = None,
    progress: bool = True,
) -> Result:
    """Train and evaluate one run.

    hierarchy: None opens spec.dataset. work: folder for checkpoints; a run that was interrupted
    goes on from the one that lies there. Raises HardballError on settings that cannot work.
    """
    return next(train_many([spec], hierarchy=hierarchy, work=work, progress=progress))


def train_many(
    specs: Sequence[RunSpec],
    *,
    hierarchy: Hierarchy | None = None,
    work: Path | None = None,
    progress: bool = True,
) -> Iterator[Result]:
    """The results of several runs, in order; what they share is read, built and compiled once."""
    data: dict[str, Opened] = {}
    for spec in specs:
        (loop.check if spec.pretext is None else encoders.check)(spec)
    for spec in specs:
        if spec.dataset not in data:
            data = {spec.dataset: opened(spec.dataset, hierarchy)}
        if spec.framework == "jax":
            keep_compiled()
        if spec.pretext is None:
            yield _train(spec, *data[spec.dataset], work, progress)
        else:
            yield encoders.train(spec, *data[spec.dataset][:2], progress)


def _train(
    spec: RunSpec, data: Hierarchy, closure: Csr, shared: Shared, work: Path | None, progress: bool
) -> Result:
    """The result of a run, whatever its strategy."""
    modules = registry.entry("strategy", spec.strategy.name).trains
    if not modules:
        task = problem.build(spec, data, closure, shared)
        return train_problem(task, _scores, work=work, progress=progress)
    told = _told(spec, data, work)
    made: Trained = importlib.import_module(f"hardball.{modules[0]}").run(
        spec, data, closure, _engines(spec),
        saved=told.saved, identity=told.identity, progress=progress,
    )  # fmt: skip

    def scores(*ended: Any) -> dict[str, float | None]:
        return ({} if made.alone else _scores(*ended)) | {**made.metrics}

    found = _result(spec, made.task, made.engine, made.ended, scores, told)
    if made.left:
        made.left.unlink(missing_ok=True)
    return found


def train_problem(
    task: problem.Problem,
    scores: Scores,
    *,
    work: Path | None = None,
    progress: bool = True,
    watch: loop.Watch | None = None,
) -> Result:
    """Train one problem; its row has the metrics that `scores` says of the points.

    scores: called unless the run diverged. work: see `train`; watch: see `loop.run`.
    """
    told = _told(task.spec, task.whole, work)
    if task.spec.before:
        task = continuing.continued(task, progress=progress)
    engine = _engines(task.spec)(task, loop.capacity(task))
    ended = loop.run(
        task, engine, saved=told.saved, identity=told.identity, progress=progress, watch=watch
    )
    return _result(task.spec, task, engine, ended, scores, told)


class _Told(NamedTuple):
    """What is known of a run before it: where it came from, its code, its checkpoint.

    saved: None where there is no folder for it. identity: of the run that a checkpoint is of.
    """

    came_from: dict[str, Any]
    code: str
    saved: Path | None
    identity: str


def _told(spec: RunSpec, data: Hierarchy, work: Path | None) -> _Told:
    code = code_sha256(spec)
    saved = work / f"{spec.run_id}.checkpoint.npz" if work else None
    text = f"{spec.model_dump_json()}{code}{data.content_sha256}"
    return _Told(provenance(), code, saved, hashlib.sha256(text.encode()).hexdigest())


def _engines(spec: RunSpec) -> Any:
    return importlib.import_module(f"hardball.training.engine_{spec.framework}").Engine


def _result(
    spec: RunSpec,
    task: problem.Problem,
    engine: Any,
    ended: loop.Outcome,
    scores: Scores,
    told: _Told,
) -> Result:
    """Points, row and curves of a run that ended; its checkpoint is deleted."""
    c = heads.curvature(spec, ended.heads) or problem.curvature(spec)
    points = task.asked(ended.points)
    metrics = {} if ended.diverged else scores(task, engine, ended, points, c)
    state = ended.progressed
    losses = state.curves["loss"]
    outcome = Outcome(
        status="diverged" if ended.diverged else "ok",
        stopped=ended.stopped,
        epochs_done=ended.epochs,
        final_loss=losses[-1] if np.isfinite(losses[-1]) else None,
        scorings=ended.scorings,
        masked_share=state.masked / max(state.drawn, 1),
        widened_share=state.widened / max(state.drawn, 1),
        negatives_used=state.used / (state.step * spec.batch_size),
        points_at_limit=ended.touching,
        train_seconds=state.seconds,
        compile_seconds=state.compile_seconds,
        peak_memory_mb=peak_memory_mb(),
        code_sha256=told.code,
        data_sha256=task.whole.content_sha256,
        evaluator=EVALUATOR,
        compiled=engine.compiled,
        accelerator=accelerator_name(spec.framework, engine.device),
        threads=engine.threads,
        **told.came_from,
        metrics=metrics,
    )
    if told.saved:
        told.saved.unlink(missing_ok=True)
    return Result(points, Row(spec=spec, outcome=outcome), ended.curves, c, ended.heads)


def _scores(
    task: problem.Problem, engine: Any, ended: loop.Outcome, points: np.ndarray, c: float
) -> dict[str, float | None]:
    """Every metric of a run's points (N, D) in its space of curvature -c."""
    spec, begun = task.spec, ended.start_points
    step = min(ended.progressed.step, task.total_steps)
    metrics: dict[str, float | None] = {}
    metrics |= evaluate(
        points,
        spec.manifold.name,
        c,
        task.whole,
        task.split,
        task.closure,
        start_points=None if begun is None else task.asked(begun),
        sources=SOURCES if task.n_nodes > EXACT_UP_TO else None,
        seed=spec.seed,
        energy=energy_of(spec),
    )
    metrics |= negative_figures(
        task,
        ended.points,
        lambda rows, words: engine.sample(ended.table, step, rows, words),
        c,
    )
    if spec.before and begun is not None:
        metrics |= figures_before(
            task.asked(begun),
            spec.manifold.name,
            problem.curvature(spec),
            task.whole,
            test_pairs(task.split, task.closure),
            task.split.exclude,
            sources=SOURCES if task.n_nodes > EXACT_UP_TO else None,
            seed=spec.seed,
        )
    learned = heads.curvature(spec, ended.heads)
    metrics |= {"curvature": learned} if learned else {}
    metrics["share_at_limit"] = ended.touching / task.n_nodes
    metrics |= along(ended.progressed.curves)
    metrics |= heads.scores(task, ended.points, c, ended.heads)
    return metrics


def energy_of(spec: RunSpec) -> Energy | None:
    """Of the cones that a run trains; None where it trains none."""
    energy = registry.entry("loss", spec.loss.name).energy
    return None if energy is None else functools.partial(energy, **spec.loss.params)


def keep_compiled() -> None:
    """Let JAX keep what it compiles, so that the next process need not."""
    import jax

    if jax.config.values["jax_compilation_cache_dir"] is None:
        try:
            folder = paths.cache() / "jax"
        except HardballError:
            return
        jax.config.update("jax_compilation_cache_dir", str(folder))
        # Small programs too: loading those of a run takes 2 s less than compiling them.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
