"""Adam without first moments: a row is a point, one second moment and a count."""

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.contract import Manifold
from hardball.methods.declare import optimizer
from hardball.methods.optimizers.adam import chart_gradient
from hardball.methods.optimizers.moments import PARAMETERS, corrected
from hardball.methods.optimizers.rows import State
from hardball.methods.sources import TIELEMAN_2012


def coast(
    xp: Namespace,
    manifold: Manifold,
    rows: Array,
    state: State,
    before: Array,
    lr: Array,
    c: float,
    *,
    b2: float,
    eps: float,
) -> tuple[Array, State]:
    """Rows and state after `before` steps, some of which passed these rows by.

    Without a gradient a point stands still, and v fades by b2 a step. rows (R, D); before a scalar.
    """
    missed = xp.astype(before, rows) - state["count"]
    count = xp.maximum(state["count"], xp.astype(before, rows))
    return rows, {"v": xp.power(b2, missed) * state["v"], "count": count}


@optimizer(
    summary="Adam without first moments: the fastest step, since a node is one line of memory",
    source=TIELEMAN_2012,
    parameters={name: PARAMETERS[name] for name in ("b2", "eps")},
    state=(("v", 1), ("count", 1)),
    coast=coast,
    kernel="rmsprop",
)
def rmsprop(
    xp: Namespace,
    manifold: Manifold,
    rows: Array,
    grads: Array,
    state: State,
    lr: Array,
    c: float,
    *,
    b2: float,
    eps: float,
) -> tuple[Array, State]:
    """x <- project(x - lr g / (sqrt(v^) + eps)) on the coordinates.

    v = b2 v + (1 - b2) mean(g^2) (one number a row), v^ = v / (1 - b2^t), t the row's own steps:
    `adam` with b1 = 0. rows and Euclidean grads (R, D). Tieleman & Hinton 2012, with the correction
    for a start at 0 of Kingma & Ba 2015, Algorithm 1.
    """
    gradient = chart_gradient(xp, manifold, rows, grads)
    free = manifold.coordinates(1) - 1
    square = xp.mean(gradient[..., free:] ** 2, axis=-1, keepdims=True)
    v, count = b2 * state["v"] + (1 - b2) * square, state["count"] + 1
    step = lr * corrected(xp, gradient, v, count, 0.0, b2, eps)
    return manifold.project(rows - step, c), {"v": v, "count": count}
