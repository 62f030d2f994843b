"""Optimisers of single rows: they see the rows a batch touches, their gradients and their state.

A step costs nothing that grows with the number of nodes: a row that no batch touches is left
alone. `coast` makes up for it where it matters, when the row is next touched.
"""

from types import ModuleType

import torch

from hardball.core.errors import HardballError

State = dict[str, torch.Tensor]


def init(name: str, points: torch.Tensor) -> State:
    """The state of optimiser `name`, one row per row of `points` (N, D).

    rsgd: none. radam, adam: m (N, D) first moments, v (N, 1) second moments, count (N, 1) steps, in
    the points' dtype: float32 counts to 2^24. Raises KeyError on any other name.
    """
    n = points.shape[0]
    zero = points.new_zeros((n, 1))
    moments = {"m": torch.zeros_like(points), "v": zero, "count": zero}
    return {"rsgd": {}, "radam": moments, "adam": moments}[name]


def pack(points: torch.Tensor, state: State) -> torch.Tensor:
    """Points (N, D) and their state side by side: (N, W), so that a node is one row of memory."""
    return torch.cat([points, *state.values()], dim=1)


def unpack(name: str, dim: int, packed: torch.Tensor) -> tuple[torch.Tensor, State]:
    """The points (R, dim) and the state of optimiser `name` in the first columns of `pack`."""
    m, v = packed[:, dim : 2 * dim], packed[:, 2 * dim : 2 * dim + 1]
    moments = {"m": m, "v": v, "count": packed[:, 2 * dim + 1 : 2 * dim + 2]}
    return packed[:, :dim], {"rsgd": {}, "radam": moments, "adam": moments}[name]


def clip(
    manifold: ModuleType, rows: torch.Tensor, grads: torch.Tensor, limit: float, c: float
) -> torch.Tensor:
    """g min(1, limit / |g|) with |g| the Riemannian norm of each row's gradient.

    rows, grads (R, D), grads Euclidean. The way from Euclidean to Riemannian gradients is linear,
    so scaling one scales the other. Pascanu et al. 2013, Algorithm 1, a row at a time.
    """
    length = manifold.norm(rows, manifold.egrad_to_rgrad(rows, grads, c), c)[..., None]
    return grads * (limit / length.clamp(min=limit))


def chart_gradient(manifold: ModuleType, rows: torch.Tensor, grads: torch.Tensor) -> torch.Tensor:
    """The gradient in the free coordinates: g_s + g_0 x_s / x_0 on the hyperboloid, else g.

    The first coordinate of the hyperboloid follows from the others, x_0 = sqrt(1/c + |x_s|^2);
    it gets no gradient of its own. rows, grads (R, D).
    """
    if manifold.coordinates(1) == 1:
        return grads
    free = grads[..., 1:] + grads[..., :1] * rows[..., 1:] / rows[..., :1]
    return torch.cat([torch.zeros_like(grads[..., :1]), free], dim=-1)


def rsgd(
    manifold: ModuleType,
    rows: torch.Tensor,
    grads: torch.Tensor,
    state: State,
    lr: torch.Tensor,
    c: float,
) -> tuple[torch.Tensor, State]:
    """x <- retract(x, -lr grad f(x)), rows and Euclidean grads (R, D); the state is empty.

    Bonnabel 2013, Eq. 2.
    """
    step = -lr * manifold.egrad_to_rgrad(rows, grads, c)
    return manifold.project(manifold.retract(rows, step, c), c), state


def radam(
    manifold: ModuleType,
    rows: torch.Tensor,
    grads: torch.Tensor,
    state: State,
    lr: torch.Tensor,
    c: float,
    b1: float = 0.9,
    b2: float = 0.99,
    eps: float = 1e-8,
) -> tuple[torch.Tensor, State]:
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
    rows: torch.Tensor,
    grads: torch.Tensor,
    state: State,
    lr: torch.Tensor,
    c: float,
    b1: float = 0.9,
    b2: float = 0.99,
    eps: float = 1e-8,
) -> tuple[torch.Tensor, State]:
    """x <- project(x - lr m^ / (sqrt(v^) + eps)) on the coordinates.

    m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) mean(g^2) (one number a row), m^ = m / (1 - b1^t),
    v^ = v / (1 - b2^t), t the row's own steps. rows and Euclidean grads (R, D).
    Kingma & Ba 2015, Algorithm 1.
    """
    gradient = chart_gradient(manifold, rows, grads)
    free = manifold.coordinates(1) - 1
    square = torch.mean(gradient[..., free:] ** 2, dim=-1, keepdim=True)
    m = b1 * state["m"] + (1 - b1) * gradient
    v = b2 * state["v"] + (1 - b2) * square
    count = state["count"] + 1
    moved = manifold.project(rows - lr * _corrected(m, v, count, b1, b2, eps), c)
    return moved, {"m": m, "v": v, "count": count}


def coast(
    name: str,
    manifold: ModuleType,
    rows: torch.Tensor,
    state: State,
    before: torch.Tensor,
    lr: torch.Tensor,
    c: float,
    b1: float = 0.9,
    b2: float = 0.99,
    eps: float = 1e-8,
) -> tuple[torch.Tensor, State]:
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
    missed = before.to(rows.dtype) - state["count"]
    direction = _corrected(state["m"], state["v"], state["count"].clamp(min=1), b1, b2, eps)
    path = ratio * (1 - torch.pow(ratio, missed)) / (1 - ratio)
    moved = manifold.project(rows - lr * path * direction, c)
    m = torch.pow(b1, missed) * state["m"]
    v = torch.pow(b2, missed) * state["v"]
    count = torch.maximum(state["count"], before.to(rows.dtype))
    return moved, {"m": m, "v": v, "count": count}


def _corrected(
    m: torch.Tensor, v: torch.Tensor, count: torch.Tensor, b1: float, b2: float, eps: float
) -> torch.Tensor:
    """m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)."""
    t = count.to(m.dtype)
    return m / (1 - torch.pow(b1, t)) / (torch.sqrt(v / (1 - torch.pow(b2, t))) + eps)
