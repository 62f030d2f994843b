"""What terms of a loss own beside the nodes' rows: arrays that are trained with the embedding."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hardball.core.errors import HardballError
from hardball.methods import facts, registry
from hardball.methods.handed import Head, Problem
from hardball.methods.method import Method
from hardball.runs.negatives import samplers
from hardball.runs.spec import RunSpec
from hardball.training import terms

# What the main loss is called among the terms that own arrays.
MAIN = "main"


def build(task: Problem) -> dict[str, Head]:
    """The head of each term that has one, by its name: MAIN, or see `terms.of_regularizers`.

    Raises HardballError where a builder does.
    """
    methods = zip(terms.of_regularizers(task.spec), task.spec.regularizers, strict=True)
    made = {
        name: registry.builder("regularizer", method.name)(task, **_asked("regularizer", method))
        for name, method in methods
        if registry.entry("regularizer", method.name).owns
    }
    loss = task.spec.loss
    if registry.entry("loss", loss.name).owns:
        made[MAIN] = registry.builder("loss", loss.name)(task, **_asked("loss", loss))
    return made


def check(spec: RunSpec) -> None:
    """Raises HardballError where arrays of terms, the curvature among them, cannot be trained."""
    for more in spec.losses:
        if registry.entry("loss", more.loss.name).owns:
            raise HardballError(
                f"losses: {more.loss.name} trains arrays of its own: make it the main loss"
            )
    name = curved(spec)
    if not name:
        return
    if len(_curved(spec)) > 1:
        raise HardballError(f"{name} is named twice: a run has one curvature, leave one out")
    if not registry.entry("manifold", spec.manifold.name).curvature_free:
        able = ", ".join(e.name for e in registry.entries("manifold") if e.curvature_free)
        raise HardballError(
            f"{name} with manifold {spec.manifold.name}: allowed is {able}, whose rows are "
            "vectors at the origin whatever c is; elsewhere they would have to move with it"
        )
    for part in samplers(spec):
        if registry.entry("sampler", part.method.name).looks:
            raise HardballError(
                f"{name} with sampler {part.method.name}, which looks at distances of the "
                "manifold's own curvature: take one that does not look at the points"
            )
    for method in spec.regularizers:
        if "c" in _asks(method.name, spec):
            holds = sorted(e.name for e in registry.entries("regularizer") if _radii(e.name, spec))
            raise HardballError(
                f"{name} with {method.name}, which takes the manifold's own curvature: "
                f"{' and '.join(holds)} hold radii whatever the curvature"
            )


def curvature(spec: RunSpec, heads: Mapping[str, np.ndarray]) -> float | None:
    """The c that a run has learned, None where it learns none; heads: see `named`."""
    term = curved(spec)
    return float(np.exp(heads[f"{term}.log_c"])) if term else None


def scores(
    task: Problem, points: np.ndarray, c: float, heads: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """What the terms' own arrays are good for at the end, by metric; of two terms the first's."""
    found: dict[str, float] = {}
    own = nested(heads)
    for name, method in zip(terms.of_regularizers(task.spec), task.spec.regularizers, strict=True):
        score = registry.entry("regularizer", method.name).scores
        if score is not None:
            found = score(task, points, c, own[name], **method.params) | found
    return found


def curved(spec: RunSpec) -> str:
    """The term that learns the curvature, "" without one."""
    return next(iter(_curved(spec)), "")


def named(heads: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Arrays of all terms in one: "<term>.<array>"."""
    return {f"{term}.{name}": a for term, own in heads.items() for name, a in own.items()}


def nested(arrays: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The inverse of `named`."""
    found: dict[str, dict[str, Any]] = {}
    for name, array in arrays.items():
        term, _, own = name.partition(".")
        found.setdefault(term, {})[own] = array
    return found


def _curved(spec: RunSpec) -> list[str]:
    """The terms that learn the curvature."""
    methods = zip(terms.of_regularizers(spec), spec.regularizers, strict=True)
    return [name for name, m in methods if registry.entry("regularizer", m.name).curves]


def _asks(name: str, spec: RunSpec) -> tuple[str, ...]:
    """What a regulariser's body names."""
    return facts.takes(registry.load("regularizer", name, spec.framework))


def _radii(name: str, spec: RunSpec) -> bool:
    """Whether a regulariser looks at radii and not at the curvature."""
    asked = _asks(name, spec)
    return "radii" in asked and "c" not in asked


def _asked(kind: registry.Kind, method: Method) -> dict[str, Any]:
    build = registry.builder(kind, method.name)
    return facts.options(build, method.params)
