"""R^d with the straight-line distance: the baseline. The curvature c is accepted and ignored."""

import sys

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.declare import declare
from hardball.methods.sources import NICKEL_2017

# Largest radius: its square, summed over a row, is far from overflow.
MAX_RADIUS = {"float32": 1e15, "float64": 1e150}
FLAT = True


def coordinates(dim: int) -> int:
    """Width of a row of a dim-dimensional space: dim."""
    return dim


def exp0(xp: Namespace, v: Array, c: float) -> Array:
    """Point of the tangent vector v (..., dim) at the origin: v itself."""
    return v


def log0(xp: Namespace, x: Array, c: float) -> Array:
    """Tangent vector at the origin that leads to x: x itself."""
    return x


def radius(xp: Namespace, x: Array, c: float) -> Array:
    """Distance to the origin, |x|; (..., dim) -> (...)."""
    return xp.length(x)


def dist(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """|x - y|, leading axes broadcast; (...). Gradient 0 at x = y."""
    return xp.length(x - y)


def dist_matrix(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """|x - y| of every pair, (B, dim) and (M, dim) -> (B, M), as sqrt(|x|^2 + |y|^2 - 2 x.y).

    Rounding is the float's resolution times the squared spread of the points, clipped at 0.
    """
    # Distances do not change under translation; squares about the mean cancel less.
    centre = xp.stop_gradient(xp.mean(y, axis=0))
    return xp.straight_matrix(x - centre, y - centre)


def exp_map(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """x + v, projected."""
    return project(xp, x + v, c)


def log_map(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """y - x."""
    return y - x


def transport(xp: Namespace, x: Array, y: Array, v: Array, c: float) -> Array:
    """v: parallel vectors are equal."""
    return v


def retract(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """x + v, projected."""
    return project(xp, x + v, c)


def egrad_to_rgrad(xp: Namespace, x: Array, g: Array, c: float) -> Array:
    """g."""
    return g


def norm(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """|v|; (...)."""
    return xp.length(v)


def project(xp: Namespace, x: Array, c: float, most: float | None = None) -> Array:
    """x, brought back to the radius `most`, MAX_RADIUS unless given, if beyond it."""
    return xp.shrink(x, most or MAX_RADIUS[xp.dtype_name(x)])


def touches(xp: Namespace, x: Array, c: float, most: float | None = None) -> Array:
    """True where x lies at the radius `most` of `project`, within rounding; bool (...)."""
    return xp.length(x) >= (most or MAX_RADIUS[xp.dtype_name(x)]) * (1 - 1e-6)


declare(
    "manifold",
    sys.modules[__name__],
    summary="R^d with the straight-line distance: the baseline",
    source=NICKEL_2017,
)
