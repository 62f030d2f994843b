"""Optimisers of single rows: they see the rows a batch touches, their gradients and their state.

A step costs nothing that grows with the number of nodes: a row that no batch touches is left
alone. `coast` makes up for it where it matters, when the row is next touched.
"""

from types import ModuleType

import jax
import jax.numpy as jnp

from hardball.core.errors import HardballError

State = dict[str, jax.Array]


def init(name: str, points: jax.Array) -> State:
    """The state of optimiser `name`, one row per row of `points` (N, D).

    rsgd: none. radam, adam: m (N, D) first moments, v (N, 1) second moments, count (N, 1) steps, in
    the points' dtype: float32 counts to 2^24. Raises KeyError on any other name.
    """
    n = points.shape[0]
    zero = jnp.zeros((n, 1), points.dtype)
    moments = {"m": jnp.zeros_like(points), "v": zero, "count": zero}
    return {"rsgd": {}, "radam": moments, "adam": moments}[name]


def pack(points: jax.Array, state: State) -> jax.Array:
    """Points (N, D) and their state side by side: (N, W), so that a node is one row of memory."""
    return jnp.concatenate([points, *state.values()], axis=1)


def unpack(name: str, dim: int, packed: jax.Array) -> tuple[jax.Array, State]:
    """The points (R, dim) and the state of optimiser `name` in the first columns of `pack`."""
    m, v = packed[:, dim : 2 * dim], packed[:, 2 * dim : 2 * dim + 1]
    moments = {"m": m, "v": v, "count": packed[:, 2 * dim + 1 : 2 * dim + 2]}
    return packed[:, :dim], {"rsgd": {}, "radam": moments, "adam": moments}[name]


def clip(
    manifold: ModuleType, rows: jax.Array, grads: jax.Array, limit: float, c: float
) -> jax.Array:
    """g min(1, limit / |g|) with |g| the Riemannian norm of each row's gradient.

    rows, grads (R, D), grads Euclidean. The way from Euclidean to Riemannian gradients is linear,
    so scaling one scales the other. Pascanu et al. 2013, Algorithm 1, a row at a time.
    """
    length = manifold.norm(rows, manifold.egrad_to_rgrad(rows, grads, c), c)[..., None]
    return grads * (limit / jnp.maximum(length, limit))


def chart_gradient(manifold: ModuleType, rows: jax.Array, grads: jax.Array) -> jax.Array:
    """The gradient in the free coordinates: g_s + g_0 x_s / x_0 on the hyperboloid, else g.

    The first coordinate of the hyperboloid follows from the others, x_0 = sqrt(1/c + |x_s|^2);
    it gets no gradient of its own. rows, grads (R, D).
    """
    if manifold.coordinates(1) == 1:
        return grads
    free = grads[..., 1:] + grads[..., :1] * rows[..., 1:] / rows[..., :1]
    return jnp.concatenate([jnp.zeros_like(grads[..., :1]), free], axis=-1)


def rsgd(
    manifold: ModuleType, rows: jax.Array, grads: jax.Array, state: State, lr: jax.Array, c: float
) -> tuple[jax.Array, State]:
    """x <- retract(x, -lr grad f(x)), rows and Euclidean grads (R, D); the state is empty.

    Bonnabel 2013, Eq. 2.
    """
    step = -lr * manifold.egrad_to_rgrad(rows, grads, c)
    return manifold.project(manifold.retract(rows, step, c), c), state


def radam(
    manifold: ModuleType,
    rows: jax.Array,
    grads: jax.Array,
    state: State,
    lr: jax.Array,
    c: float,
    b1: float = 0.9,
    b2: float = 0.99,
    eps: float = 1e-8,
) -> tuple[jax.Array, State]:
    """x <- retract(x, -lr m^ / (sqrt(v^) + eps)), m carried along by parallel transport.

    m = b1 m + (1 - b1) grad, v = b2 v + (1 - b2) |grad|_x^2 (one number a row),
    m^ = m / (1 - b1^t), v^ = v / (1 - b2^t), t the row's own steps. rows, Euclidean grads (R, D).
    Bécigneul & Ganea 2019, Figure 1a without the running maximum.
    """
    gradient = manifold.egrad_to_rgrad(rows, grads, c)
    length = manifold.norm(rows, gradient, c)[..., None]
    m = b1 * state["m"] + (1 - b1) * gradient
    v = b2 * state["v"] + (1 - b2) * length * length
    count = state["count"] + 1
    direction = _corrected(m, v, count, b1, b2, eps)
    moved = manifold.project(manifold.retract(rows, -lr * direction, c), c)
    m = manifold.transport(rows, moved, m, c)
    return moved, {"m": m, "v": v, "count": count}


def adam(
    manifold: ModuleType,
    rows: jax.Array,
    grads: jax.Array,
    state: State,
    lr: jax.Array,
    c: float,
    b1: float = 0.9,
    b2: float = 0.99,
    eps: float = 1e-8,
) -> tuple[jax.Array, State]:
    """x <- project(x - lr m^ / (sqrt(v^) + eps)) on the coordinates.

    m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) mean(g^2) (one number a row), m^ = m / (1 - b1^t),
    v^ = v / (1 - b2^t), t the row's own steps. rows and Euclidean grads (R, D).
    Kingma & Ba 2015, Algorithm 1.
    """
    gradient = chart_gradient(manifold, rows, grads)
    free = manifold.coordinates(1) - 1
    square = jnp.mean(gradient[..., free:] ** 2, axis=-1, keepdims=True)
    m = b1 * state["m"] + (1 - b1) * gradient
    v = b2 * state["v"] + (1 - b2) * square
    count = state["count"] + 1
    moved = manifold.project(rows - lr * _corrected(m, v, count, b1, b2, eps), c)
    return moved, {"m": m, "v": v, "count": count}


def coast(
    name: str,
    manifold: ModuleType,
    rows: jax.Array,
    state: State,
    before: jax.Array,
    lr: jax.Array,
    c: float,
    b1: float = 0.9,
    b2: float = 0.99,
    eps: float = 1e-8,
) -> tuple[jax.Array, State]:
    """Rows and state after `before` steps, some of which passed these rows by.

    Adam moves a row without a gradient too, by its decaying momentum. n such steps after the step
    `count` add up to -lr D (r + r^2 + ... + r^n), r = b1 / sqrt(b2) and D the direction of that
    step; m and v fade by b1^n and b2^n. So only touched rows are worked on, and they stand where
    they would if all rows took every step, but for eps, the drift of the bias corrections and the
    fall of the rate within the gap. rsgd and radam have no such steps: rows are returned as given.
    rows (R, D); before, lr scalars. Raises HardballError unless b1^2 < b2, or steps would not fade.
    Kingma & Ba 2015, Algorithm 1, summed over the steps with g = 0.
    """
    if name != "adam":
        return rows, state
    ratio = b1 / b2**0.5
    if ratio >= 1:
        raise HardballError(f"adam: b1={b1}, b2={b2}, allowed are b1^2 < b2")
    missed = before.astype(rows.dtype) - state["count"]
    direction = _corrected(state["m"], state["v"], jnp.maximum(state["count"], 1), b1, b2, eps)
    path = ratio * (1 - jnp.power(ratio, missed)) / (1 - ratio)
    moved = manifold.project(rows - lr * path * direction, c)
    m = jnp.power(b1, missed) * state["m"]
    v = jnp.power(b2, missed) * state["v"]
    count = jnp.maximum(state["count"], before.astype(rows.dtype))
    return moved, {"m": m, "v": v, "count": count}


def _corrected(
    m: jax.Array, v: jax.Array, count: jax.Array, b1: float, b2: float, eps: float
) -> jax.Array:
    """m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)."""
    t = count.astype(m.dtype)
    return m / (1 - jnp.power(b1, t)) / (jnp.sqrt(v / (1 - jnp.power(b2, t))) + eps)
