"""Adam on the coordinates of the points, and what it does with rows that a batch does not touch."""

from hardball.arrays.namespace import Array, Namespace
from hardball.core.errors import HardballError
from hardball.methods.contract import Manifold
from hardball.methods.declare import optimizer
from hardball.methods.optimizers.moments import MOMENTS, PARAMETERS, corrected
from hardball.methods.optimizers.rows import State
from hardball.methods.sources import KINGMA_2015


def coast(
    xp: Namespace,
    manifold: Manifold,
    rows: Array,
    state: State,
    before: Array,
    lr: Array,
    c: float,
    *,
    b1: float,
    b2: float,
    eps: float,
) -> tuple[Array, State]:
    """Rows and state after `before` steps, some of which passed these rows by.

    Adam moves a row without a gradient too, by its decaying momentum. n such steps after the step
    `count` add up to -lr D (r + r^2 + ... + r^n), r = b1 / sqrt(b2) and D the direction of that
    step; m and v fade by b1^n and b2^n. So only touched rows are worked on, and they stand where
    they would if all rows took every step, but for eps, the drift of the bias corrections and the
    fall of the rate within the gap.
    rows (R, D); before, lr scalars. Raises HardballError unless b1^2 < b2, or steps would not fade.
    Kingma & Ba 2015, Algorithm 1, summed over the steps with g = 0.
    """
    ratio = b1 / b2**0.5
    if ratio >= 1:
        raise HardballError(f"adam: b1={b1}, b2={b2}, allowed are b1^2 < b2")
    missed = xp.astype(before, rows) - state["count"]
    direction = corrected(xp, state["m"], state["v"], xp.maximum(state["count"], 1), b1, b2, eps)
    path = ratio * (1 - xp.power(ratio, missed)) / (1 - ratio)
    moved = manifold.project(rows - lr * path * direction, c)
    m = xp.power(b1, missed) * state["m"]
    v = xp.power(b2, missed) * state["v"]
    count = xp.maximum(state["count"], xp.astype(before, rows))
    return moved, {"m": m, "v": v, "count": count}


@optimizer(
    summary="Adam on the coordinates: every row takes every step, at the cost of the touched ones",
    source=KINGMA_2015,
    parameters=PARAMETERS,
    state=MOMENTS,
    coast=coast,
    kernel="adam",
)
def adam(
    xp: Namespace,
    manifold: Manifold,
    rows: Array,
    grads: Array,
    state: State,
    lr: Array,
    c: float,
    *,
    b1: float,
    b2: float,
    eps: float,
) -> tuple[Array, State]:
    """x <- project(x - lr m^ / (sqrt(v^) + eps)) on the coordinates.

    m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) mean(g^2) (one number a row), m^ = m / (1 - b1^t),
    v^ = v / (1 - b2^t), t the row's own steps. rows and Euclidean grads (R, D).
    Kingma & Ba 2015, Algorithm 1.
    """
    gradient = chart_gradient(xp, manifold, rows, grads)
    free = manifold.coordinates(1) - 1
    square = xp.mean(gradient[..., free:] ** 2, axis=-1, keepdims=True)
    m = b1 * state["m"] + (1 - b1) * gradient
    v = b2 * state["v"] + (1 - b2) * square
    count = state["count"] + 1
    moved = manifold.project(rows - lr * corrected(xp, m, v, count, b1, b2, eps), c)
    return moved, {"m": m, "v": v, "count": count}


def chart_gradient(xp: Namespace, manifold: Manifold, rows: Array, grads: Array) -> Array:
    """The gradient in the free coordinates: g_s + g_0 x_s / x_0 on the hyperboloid, else g.

    The first coordinate of the hyperboloid follows from the others, x_0 = sqrt(1/c + |x_s|^2);
    it gets no gradient of its own. rows, grads (R, D).
    """
    if manifold.coordinates(1) == 1:
        return grads
    free = grads[..., 1:] + grads[..., :1] * rows[..., 1:] / rows[..., :1]
    return xp.concatenate([xp.zeros_like(grads[..., :1]), free], axis=-1)
