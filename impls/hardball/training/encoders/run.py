"""Trains an encoder on its pretext, from a spec to points, curves and a row."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hardball.core import optional
from hardball.core.errors import HardballError
from hardball.core.provenance import peak_memory_mb, provenance
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split
from hardball.methods import facts, registry
from hardball.methods.study import Arrays, Study
from hardball.metrics.evaluate import EVALUATOR, evaluate
from hardball.runs.code import code_sha256
from hardball.runs.result import Result
from hardball.runs.row import Outcome, Row
from hardball.runs.spec import RunSpec
from hardball.training import problem
from hardball.training.encoders.chunks import Chunk, Course, joined, ranges
from hardball.training.progress import Progress

READS = (
    "dataset", "task", "framework", "seed", "pretext", "encoder", "manifold", "dim", "lr",
    "lr_final", "batch_size", "epochs", "dtype",
)  # fmt: skip
"""The settings of a run that an encoder's training has."""


def check(spec: RunSpec) -> None:
    """Raises HardballError on a setting that an encoder's training does not have."""
    for name, field in RunSpec.model_fields.items():
        if name in READS or field.is_required():
            continue
        usual = getattr(_usual(spec), name)
        given = getattr(spec, name)
        if given != usual:
            shown = "; ".join(map(str, given)) if isinstance(given, list) else given
            raise HardballError(
                f"{name}={shown}: training an encoder on pretext {spec.pretext} does not have it: "
                f"leave it out; what it has: {', '.join(READS)}"
            )


def _usual(spec: RunSpec) -> RunSpec:
    named = {"dataset": spec.dataset, "framework": spec.framework, "seed": spec.seed}
    return RunSpec.model_validate(named)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A run before its first step; begun: all arrays, float64, the pretext's own and the encoder's.

    engine: of the run's framework, see `engine_jax`.
    """

    spec: RunSpec
    study: Study
    task: Any
    engine: Any
    begun: Arrays

    @property
    def steps(self) -> int:
        """ceil(examples epochs / B)."""
        return -(-self.task.examples * self.spec.epochs // self.spec.batch_size)

    @property
    def scored(self) -> int:
        """Examples that each of a batch is compared with."""
        return int(self.study.scored(self.spec, **_named(self.spec, self.study.scored)))

    def chunks(self, steps: int) -> Iterator[Chunk]:
        """Words and rates of the first `steps` steps of a run of as many."""
        words = self.study.words
        rates = problem.schedule(self.spec, 0, steps)
        for first, count in ranges(steps):
            drawn = words(self.task, self.spec, first, count, **_named(self.spec, words))
            yield drawn, rates[first : first + count]


def prepare(spec: RunSpec, hierarchy: Hierarchy) -> Prepared:
    """The task of a run's pretext, its engine and first arrays; raises as the pretext's build."""
    assert spec.pretext is not None
    assert spec.encoder is not None
    study = registry.entry("pretext", spec.pretext.name).study
    assert study is not None
    task = study.build(hierarchy, spec, **_named(spec, study.build))
    own = study.start(task, spec, **_named(spec, study.start))
    of_encoder = registry.builder("encoder", spec.encoder.name)
    begun = joined(own, of_encoder(spec.seed, spec.dim, **spec.encoder.params))
    return Prepared(spec, study, task, _engine(spec, study, task), begun)


def train(spec: RunSpec, hierarchy: Hierarchy, closure: Csr, progress: bool) -> Result:
    """Trains and evaluates one run of an encoder.

    Its points are those that the pretext's study says; they are evaluated as any are, by the task.
    Raises HardballError on a task that holds pairs out, and as `prepare` does.
    """
    assert spec.pretext is not None
    came_from, code = provenance(), code_sha256(spec)
    asked = registry.builder("task", spec.task.name)
    split = asked(hierarchy, closure, spec.seed, **spec.task.params)
    if split.test is not None:
        raise HardballError(
            f"task {spec.task} holds pairs out, but the pretext {spec.pretext.name} sees the whole "
            "graph: take reconstruction or node_classification"
        )
    made = prepare(spec, hierarchy)
    with Progress(spec.run_id, made.steps, progress) as shown:

        def watch(course: Course) -> bool:
            mean = float(course.losses[-1].mean())
            shown.update(course.steps, mean)
            return bool(np.isfinite(mean))

        ended, course = made.engine.train(made.begun, made.chunks(made.steps), watch)
    (points,) = made.engine.ask(made.study.points, ended)
    c = problem.curvature(spec)
    ok = bool(np.isfinite(points).all() and np.isfinite(course.losses[-1]).all())
    metrics = _figures(made, ended, points, c, hierarchy, split, closure) if ok else {}
    last = float(course.losses[-1].mean())
    outcome = Outcome(
        status="ok" if ok else "diverged",
        stopped="" if ok else "diverged",
        epochs_done=course.steps * spec.batch_size / made.task.examples,
        final_loss=last if np.isfinite(last) else None,
        scorings=course.steps * spec.batch_size * (1 + made.scored),
        masked_share=0.0,
        widened_share=0.0,
        negatives_used=float(made.scored),
        points_at_limit=made.engine.touching(points) if ok else 0,
        train_seconds=course.seconds,
        compile_seconds=course.compile_seconds,
        peak_memory_mb=peak_memory_mb(),
        code_sha256=code,
        data_sha256=hierarchy.content_sha256,
        evaluator=EVALUATOR,
        compiled=False,
        threads=made.engine.threads,
        **came_from,
        metrics=metrics,
    )
    return Result(points, Row(spec=spec, outcome=outcome), _curves(made, course), c, ended)


def _figures(
    made: Prepared, ended: Arrays, points: np.ndarray, c: float, h: Hierarchy, split: Split,
    closure: Csr,
) -> dict[str, float | None]:  # fmt: skip
    """All metrics of the points, and what the pretext asks of the encoder."""
    spec, study, ask = made.spec, made.study, made.engine.ask
    (start_points,) = ask(study.points, made.begun)
    found: dict[str, float | None] = {}
    found |= evaluate(
        points, spec.manifold.name, c, h, split, closure, start_points=start_points, seed=spec.seed
    )
    found["share_at_limit"] = made.engine.touching(points) / h.n_nodes
    named = _named(spec, study.figures)
    return found | study.figures(ask, made.task, spec, split, made.begun, ended, **named)


def _named(spec: RunSpec, function: Any) -> dict[str, Any]:
    """Of the pretext's parameters those that a function of its study takes."""
    assert spec.pretext is not None
    return facts.options(function, spec.pretext.params)


def _engine(spec: RunSpec, study: Study, task: Any) -> Any:
    """The run's engine; raises HardballError where a package that it needs is not installed."""
    name = f"hardball.training.encoders.engine_{spec.framework}"
    module = optional.load(name, f"an encoder with framework={spec.framework}")
    return module.Engine(spec, study, task.data)


def _curves(made: Prepared, course: Course) -> pd.DataFrame:
    """One row a chunk: what was done by then, and its mean loss."""
    spec = made.spec
    done = np.cumsum([len(losses) for losses in course.losses])
    rates = problem.schedule(spec, 0, made.steps)
    return pd.DataFrame(
        {
            "epoch": done * spec.batch_size / made.task.examples,
            "step": done.astype(float),
            "seconds": course.seconds * done / done[-1],
            "scorings": done * spec.batch_size * (1.0 + made.scored),
            "lr": rates[done - 1],
            "loss": [float(losses.mean()) for losses in course.losses],
        }
    )
