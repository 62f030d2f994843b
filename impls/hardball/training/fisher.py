"""How much each node's place matters to what a run began from."""

import dataclasses
import importlib
from typing import TYPE_CHECKING

import numpy as np

from hardball.core.errors import HardballError
from hardball.methods.method import Method
from hardball.methods.starts.earlier import earlier
from hardball.training import problem

if TYPE_CHECKING:
    from hardball.training.problem import Problem

# What would move the points beside the loss, or change what is drawn.
_PLAIN = {
    "regularizers": [],
    "objective": Method(name="sum"),
    "radius": Method(name="free"),
    "start": Method(name="origin"),
    "kernels": "plain",
    "words": "philox",
}


def fisher(task: "Problem", batches: int = 100) -> np.ndarray:
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
        raise HardballError(f"regularizer ewc: batches={batches}, allowed is 1 or more")
    spec = task.spec.model_copy(update=_PLAIN)
    begun = task.spec.start.params
    found = earlier(task.hierarchy, str(begun["points"]), str(begun["of"]))
    before = problem.build(spec, found.hierarchy)
    information = diagonal(dataclasses.replace(before, start=found.vectors), batches)
    out = np.zeros((task.n_nodes, spec.dim))
    known = found.place >= 0
    out[known] = information[found.place[known]]
    return task.n_nodes * out


def diagonal(task: "Problem", batches: int) -> np.ndarray:
    """B mean_b(g_b^2) at a problem's start, over its first batches: float64 (N, dim)."""
    module = importlib.import_module(f"hardball.training.engine_{task.spec.framework}")
    engine = module.Engine(task, 1)
    stream, table = problem.batches_of(task), engine.start()
    squares = np.zeros(task.start.shape)
    for step in range(batches):
        chunk = problem.chunk(task, stream, step, 1, endless=True)
        squares += engine.slopes(table, chunk).astype(np.float64) ** 2
    return task.spec.batch_size / batches * squares
