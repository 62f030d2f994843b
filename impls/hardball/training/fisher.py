"""How much each node's place matters to what a run began from."""

import dataclasses
import importlib

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import facts, registry
from hardball.runs.spec import RunSpec
from hardball.training import problem
from hardball.training.problem import Problem

# What would move the points beside the loss, or change what is drawn, at its default.
_UNSET = ("losses", "loss_schedule", "regularizers", "objective", "radius", "start", "words")
_PLAIN = {name: RunSpec.model_fields[name].default for name in _UNSET} | {"kernels": "plain"}


def of_run(task: Problem) -> np.ndarray:
    """`fisher` over as many batches as the regulariser says that asks for it."""
    for term in task.spec.regularizers:
        body = registry.load("regularizer", term.name, task.spec.framework)
        if "fisher" in facts.takes(body):
            return fisher(task, int(term.params["batches"]))
    raise KeyError("no regulariser of the run asks for the fact fisher")


def fisher(task: Problem, batches: int = 100) -> np.ndarray:
    """N times the diagonal Fisher information of the earlier run's points: float64 (N, dim).

    F = B mean_b(g_b^2), g_b the gradient in the tangent vectors at the origin of a batch's mean
    loss: on average the mean squared gradient of one example where examples are independent and
    their gradients cancel, as they do at the end of a training. The batches are the first of a
    run on the earlier hierarchy by this run's task, sampler and loss; 0 for nodes that it lacks.
    With the factor N the mean over nodes stands for the sum of Eq. 3. Raises HardballError on
    batches < 1.
    Source: Kirkpatrick et al. 2017, Overcoming catastrophic forgetting, section 2.1.
    """
    if batches < 1:
        raise HardballError(f"fact fisher: batches={batches}, allowed is 1 or more")
    spec = task.spec
    begin = registry.entry("start", spec.start.name).earlier
    assert begin is not None
    found = begin(task.hierarchy, **spec.start.params)
    information = at(spec, found.hierarchy, found.vectors, batches)
    out = np.zeros((task.n_nodes, spec.dim))
    known = found.place >= 0
    out[known] = information[found.place[known]]
    return task.n_nodes * out


def at(spec: RunSpec, hierarchy: Hierarchy, vectors: np.ndarray, batches: int) -> np.ndarray:
    """`diagonal` of a spec's run on a hierarchy, at tangent vectors (N, dim): float64 (N, dim)."""
    before = problem.build(spec.model_copy(update=_PLAIN), hierarchy)
    begun = dataclasses.replace(before, start=before.trained(vectors))
    return before.asked(diagonal(begun, batches))


def diagonal(task: Problem, batches: int) -> np.ndarray:
    """B mean_b(g_b^2) at a problem's start, over its first batches: float64 (N, dim)."""
    module = importlib.import_module(f"hardball.training.engine_{task.spec.framework}")
    engine = module.Engine(task, 1)
    stream, table = problem.batches_of(task), engine.start()
    squares = np.zeros(task.start.shape)
    for step in range(batches):
        chunk = problem.chunk(task, stream, step, 1, endless=True)
        squares += engine.slopes(table, chunk).astype(np.float64) ** 2
    return task.spec.batch_size / batches * squares
