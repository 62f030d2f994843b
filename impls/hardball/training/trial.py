"""One trial of a search: a run whose figures are those of the validation pairs alone."""

import dataclasses
from typing import Any, Literal

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy.splits import Split
from hardball.methods import registry
from hardball.metrics.validation import training_figures, validation_figures
from hardball.runs.result import Result
from hardball.runs.spec import RunSpec
from hardball.training import loop, problem
from hardball.training.shared import Opened
from hardball.training.train import EXACT_UP_TO, SOURCES, energy_of, train_problem

On = Literal["validation", "training"]


def blind(split: Split) -> Split:
    """A split whose test pairs are the validation pairs, and which asks for no labels.

    Whatever reads it can know nothing of what is tested.
    """
    given = None
    if split.corrupted is not None:
        given = dict.fromkeys(("test", "validation"), split.corrupted["validation"])
    return dataclasses.replace(
        split, test=split.validation, corrupted=given, labels=None, graph_of=None
    )


def problem_of(spec: RunSpec, data: Opened, on: On) -> problem.Problem:
    """The problem of a trial, its split `blind`.

    Raises HardballError where settings contradict each other, and where the task has no pairs of
    the kind `on`.
    """
    if spec.pretext is not None:
        raise HardballError(
            f"pretext={spec.pretext}: only runs that train a row a node can be tuned: leave it out"
        )
    if registry.entry("strategy", spec.strategy.name).trains:
        raise HardballError(
            f"strategy={spec.strategy}: only runs whose nodes are all there can be tuned: "
            "leave it out"
        )
    loop.check(spec)
    built = problem.build(spec, *data)
    held = built.split.validation is not None
    if on == "validation" and not held:
        raise HardballError(
            f"task {spec.task} holds no validation pairs out: take leaf_parent, link_prediction, "
            "bipartite_links, temporal or ganea2018, or choose by the pairs that are trained on, "
            "judged_by: training"
        )
    if on == "training" and held:
        raise HardballError(
            f"judged_by: training with task {spec.task}, which has validation pairs: write "
            "judged_by: validation"
        )
    return dataclasses.replace(built, split=blind(built.split))


def train_trial(
    spec: RunSpec,
    data: Opened,
    on: On = "validation",
    watch: loop.Watch | None = None,
    *,
    together: bool = False,
) -> Result:
    """Train one trial; its row has figures of validation pairs, or of the training pairs, alone.

    watch: see `loop.run`. together: see `validation_figures`. Raises HardballError as `problem_of`
    does.
    """

    def scores(
        task: problem.Problem, engine: Any, ended: loop.Outcome, points: np.ndarray, c: float
    ) -> dict[str, float | None]:
        sources = SOURCES if task.n_nodes > EXACT_UP_TO else None
        asked = points, spec.manifold.name, c, task.whole, task.split
        given: dict[str, Any] = {"sources": sources, "seed": spec.seed, "energy": energy_of(spec)}
        if on == "validation":
            found = validation_figures(*asked, **given, together=together)
        else:
            found = training_figures(*asked, **given)
        return {**found, "share_at_limit": ended.touching / task.n_nodes}

    return train_problem(problem_of(spec, data, on), scores, progress=False, watch=watch)
