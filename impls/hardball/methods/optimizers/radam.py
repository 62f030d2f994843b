"""Riemannian Adam."""

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.contract import Manifold
from hardball.methods.declare import optimizer
from hardball.methods.optimizers.moments import MOMENTS, PARAMETERS, corrected
from hardball.methods.optimizers.rows import State
from hardball.methods.sources import BECIGNEUL_2019


@optimizer(
    summary="Riemannian Adam on the rows a batch touches, moments transported",
    source=BECIGNEUL_2019,
    parameters=PARAMETERS,
    state=MOMENTS,
)
def radam(
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
    direction = corrected(xp, m, v, count, b1, b2, eps)
    moved = manifold.project(manifold.retract(rows, -lr * direction, c), c)
    m = manifold.transport(rows, moved, m, c)
    return moved, {"m": m, "v": v, "count": count}
