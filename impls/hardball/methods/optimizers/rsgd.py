"""Riemannian gradient descent."""

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.contract import Manifold
from hardball.methods.declare import optimizer
from hardball.methods.optimizers.rows import State
from hardball.methods.sources import BONNABEL_2013


@optimizer(
    summary="Riemannian gradient descent on the rows a batch touches",
    source=BONNABEL_2013,
    kernel="rsgd",
)
def rsgd(
    xp: Namespace, manifold: Manifold, rows: Array, grads: Array, state: State, lr: Array, c: float
) -> tuple[Array, State]:
    """x <- retract(x, -lr grad f(x)), rows and Euclidean grads (R, D); the state is empty.

    Bonnabel 2013, Eq. 2.
    """
    step = -lr * manifold.egrad_to_rgrad(rows, grads, c)
    return manifold.project(manifold.retract(rows, step, c), c), state
