"""What terms of a loss own beside the nodes' rows: arrays that are trained with the embedding."""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.methods.method import Method
from hardball.runs.negatives import samplers
from hardball.runs.spec import RunSpec
from hardball.training import terms

if TYPE_CHECKING:
    from hardball.training.problem import Problem


class Head(NamedTuple):
    """start: a term's own arrays before training, float64 by name, as its halves call them.

    nodes: what it is told of every node, (N, ...) by name: reals, or int32. A step hands it both
    under their names, what it is told for both ends of a batch's pairs.
    """

    start: Mapping[str, np.ndarray]
    nodes: Mapping[str, np.ndarray]


def build(task: "Problem") -> dict[str, Head]:
    """The head of each regulariser that has one, by the term's name, see `terms.called`.

    Raises HardballError where a builder does.
    """
    methods = zip(terms.called(task.spec), task.spec.regularizers, strict=True)
    return {
        name: registry.builder("regularizer", method.name)(task, **_asked(method))
        for name, method in methods
        if registry.entry("regularizer", method.name).owns
    }


def check(spec: RunSpec) -> None:
    """Raises HardballError where the run's distances cannot be taken at a learned curvature."""
    name = curved(spec)
    if not name:
        return
    if len(_curved(spec)) > 1:
        raise HardballError(f"{name} is named twice: a run has one curvature, leave one out")
    if spec.manifold.name != "tangent":
        raise HardballError(
            f"{name} with manifold {spec.manifold.name}: allowed is tangent, whose rows are "
            "vectors at the origin whatever c is; elsewhere they would have to move with it"
        )
    for part in samplers(spec):
        if registry.entry("sampler", part.method.name).looks:
            raise HardballError(
                f"{name} with sampler {part.method.name}, which looks at distances of the "
                "manifold's own curvature: take one that does not look at the points"
            )
    if any(method.name == "ball_penalty" for method in spec.regularizers):
        raise HardballError(
            f"{name} with ball_penalty, which takes the manifold's own curvature: norm_target and "
            "radius_penalty hold radii whatever the curvature"
        )


def curvature(spec: RunSpec, heads: Mapping[str, np.ndarray]) -> float | None:
    """The c that a run has learned, None where it learns none; heads: see `named`."""
    term = curved(spec)
    return float(np.exp(heads[f"{term}.log_c"])) if term else None


def joint_accuracy(
    task: "Problem", points: np.ndarray, c: float, heads: Mapping[str, np.ndarray]
) -> float | None:
    """Accuracy on held-out nodes of the first head that was trained to tell labels; None without.

    The nodes are those of `labels.node_labels` that it was not trained on, nor chosen by.
    """
    from hardball.hierarchy.labels import node_labels
    from hardball.metrics.classes import accuracy_of
    from hardball.metrics.logistic import Head as Linear
    from hardball.metrics.polar import tangent, to_polar

    told = [m.params for m in task.spec.regularizers if m.name == "node_classification"]
    if not told:
        return None
    label, holdout = str(told[0]["label"]), float(told[0]["holdout"])
    labels = node_labels(task.hierarchy, task.spec.seed, label, holdout)
    kernel, bias = (heads[f"node_classification.{name}"] for name in ("kernel", "bias"))
    vectors = tangent(to_polar(points, task.spec.manifold.name, c))
    return accuracy_of(Linear(kernel, bias), vectors, labels)


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
    methods = zip(terms.called(spec), spec.regularizers, strict=True)
    return [name for name, m in methods if registry.entry("regularizer", m.name).curves]


def _asked(method: Method) -> dict[str, Any]:
    build = registry.builder("regularizer", method.name)
    takes = inspect.signature(build).parameters
    return {key: value for key, value in method.params.items() if key in takes}
