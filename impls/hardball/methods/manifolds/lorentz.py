"""The hyperboloid -x0^2 + |xs|^2 = -1/c, x0 > 0: rows are (x0, xs), time first.

Nickel & Kiela 2018 (NK18), section 3, and Law et al. 2019 for c. A point is determined by xs, so
every function reads xs and recomputes x0 = sqrt(1/c + |xs|^2): the constraint cannot drift.
The curvature is c > 0, meaning -c.
"""

import sys
from math import sinh, sqrt

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.declare import declare
from hardball.methods.parameter import real
from hardball.methods.sources import NICKEL_2018

# Largest sqrt(c) radius. The parts of a tangent vector along and across xs cancel: the end of a
# unit step is off by about eps e^r / 2, 0.09 at radius 14 in float32 and 0.24 at 15.
MAX_RADIUS = {"float32": 14.0, "float64": 34.0}
FLAT = False


def coordinates(dim: int) -> int:
    """Width of a row of a dim-dimensional space: dim + 1."""
    return dim + 1


def exp0(xp: Namespace, v: Array, c: float) -> Array:
    """Point of the tangent vector v (..., dim) at the origin: xs = sinh(a)/a v, a = sqrt(c) |v|.

    Projected, so that no v overflows.
    """
    v = xp.shrink(v, MAX_RADIUS[xp.dtype_name(v)] / sqrt(c))
    return _complete(xp, xp.over(xp.sinh, sqrt(c) * xp.length(v))[..., None] * v, c)


def log0(xp: Namespace, x: Array, c: float) -> Array:
    """Tangent vector (..., dim) at the origin that leads to x: asinh(s)/s xs, s = sqrt(c) |xs|."""
    space = x[..., 1:]
    return xp.over(xp.asinh, sqrt(c) * xp.length(space))[..., None] * space


def radius(xp: Namespace, x: Array, c: float) -> Array:
    """Hyperbolic distance to the origin, asinh(sqrt(c) |xs|) / sqrt(c); (...)."""
    return xp.asinh(sqrt(c) * xp.length(x[..., 1:])) / sqrt(c)


def dist(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """Hyperbolic distance arcosh(-c <x,y>) / sqrt(c) (NK18, Eq. 5), leading axes broadcast; (...).

    Computed from xs, ys alone as 2 asinh(sqrt(h)) / sqrt(c), the polar form, with sinh(a) =
    sqrt(c) |xs|: no difference of large products. x0 gets gradient 0. Gradient 0 at x = y.
    """
    return xp.polar_dist(*_polar(xp, x, c), *_polar(xp, y, c)) / sqrt(c)


def dist_matrix(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """`dist` of every pair, (B, dim + 1) and (M, dim + 1) -> (B, M), by matrix products."""
    return xp.polar_matrix(*_polar(xp, x, c), *_polar(xp, y, c)) / sqrt(c)


def exp_map(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """cosh(s) x + sinh(s)/s v with s = sqrt(c) |v| (NK18, Eq. 9), projected."""
    s = (sqrt(c) * norm(xp, x, v, c))[..., None]
    return project(xp, xp.cosh(s) * x + xp.over(xp.sinh, s) * v, c)


def log_map(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """s/sinh(s) (y - cosh(s) x) with s = sqrt(c) d(x, y): the inverse of `exp_map` at x."""
    h = xp.half_versine(*_polar(xp, x, c), *_polar(xp, y, c))[..., None]
    s = (sqrt(c) * dist(xp, x, y, c))[..., None]
    return _tangent(xp, x, (y - x - 2 * h * x) / xp.over(xp.sinh, s), c)


def transport(xp: Namespace, x: Array, y: Array, v: Array, c: float) -> Array:
    """v + c <y,v> / (1 - c <x,y>) (x + y): parallel transport of v from x to y."""
    h = xp.half_versine(*_polar(xp, x, c), *_polar(xp, y, c))[..., None]
    # <x,v> = 0, and y - x keeps the digits that <y,v> would lose.
    slope = _minkowski(xp, y - x, v)
    return _tangent(xp, y, v + c * slope / (2 + 2 * h) * (x + y), c)


def retract(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """exp_map(x, v): the hyperboloid is not closed under addition."""
    return exp_map(xp, x, v, c)


def egrad_to_rgrad(xp: Namespace, x: Array, g: Array, c: float) -> Array:
    """h + c <x,h> x with h = (-g0, gs), the gradient in Minkowski space (NK18, Alg. 1)."""
    h = xp.concatenate([-g[..., :1], g[..., 1:]], axis=-1)
    return h + c * _minkowski(xp, x, h) * x


def norm(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """sqrt(<v,v>) of a tangent vector at x, as sqrt(|v_t|^2 + (v_r / cosh(a))^2); (...).

    v_r and v_t are the parts of vs along and across xs, cosh(a) = sqrt(1 + c |xs|^2).
    """
    space, speed = x[..., 1:], v[..., 1:]
    u = xp.unit(space)
    along = xp.dot(u, speed)
    across = speed - along * u
    shrunk = along[..., 0] ** 2 / (1 + c * xp.sum(space * space, axis=-1))
    return xp.root(xp.sum(across * across, axis=-1) + shrunk)


def project(xp: Namespace, x: Array, c: float, most: float | None = None) -> Array:
    """The point over xs, brought back to sqrt(c) radius `most`, or MAX_RADIUS, if beyond it."""
    largest = most or MAX_RADIUS[xp.dtype_name(x)]
    return _complete(xp, xp.shrink(x[..., 1:], sinh(largest) / sqrt(c)), c)


def touches(xp: Namespace, x: Array, c: float, most: float | None = None) -> Array:
    """True where x lies at the radius `most` of `project`, within rounding; bool (...)."""
    return sqrt(c) * radius(xp, x, c) >= (most or MAX_RADIUS[xp.dtype_name(x)]) * (1 - 1e-6)


def _polar(xp: Namespace, x: Array, c: float) -> tuple[Array, Array]:
    """Radius a = asinh(|m|) and m = sqrt(c) xs."""
    m = sqrt(c) * x[..., 1:]
    return xp.asinh(xp.length(m)), m


def _complete(xp: Namespace, space: Array, c: float) -> Array:
    """The point (x0, xs) over xs."""
    return xp.concatenate([xp.sqrt(1 / c + xp.dot(space, space)), space], axis=-1)


def _tangent(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """The tangent vector at x over vs: v0 = xs.vs / x0."""
    space, speed = x[..., 1:], v[..., 1:]
    time = xp.dot(space, speed) / xp.sqrt(1 / c + xp.dot(space, space))
    return xp.concatenate([time, speed], axis=-1)


def _minkowski(xp: Namespace, x: Array, y: Array) -> Array:
    """<x,y> = -x0 y0 + xs.ys, kept as an axis of length one."""
    return xp.dot(x[..., 1:], y[..., 1:]) - x[..., :1] * y[..., :1]


declare(
    "manifold",
    sys.modules[__name__],
    summary="points of the hyperboloid <x,x> = -1/c, x0 > 0",
    source=NICKEL_2018,
    parameters={"c": real(1.0, "curvature, meaning -c", above=0)},
    kernel="lorentz",
)
