"""Tangent coordinates at the origin: row v stands for the point exp0(v) of hyperbolic space.

Radius is |v| and direction v/|v|, so distances are polar and no coordinate ever grows like e^r.
Optimisers work on the coordinates as on R^d: `egrad_to_rgrad`, `retract`, `norm` and `transport`
are those of the flat metric, since a step measured in hyperbolic length hardly turns a far point.
`dist`, `exp_map` and `log_map` are those of hyperbolic space.
The curvature is c > 0, meaning -c.
"""

import sys
from math import sqrt

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.declare import declare
from hardball.methods.manifolds import far
from hardball.methods.parameter import real
from hardball.methods.sources import HARDBALL

# Largest sqrt(c) radius, alike in both types. `dist` forms sinh(a) sinh(b), finite up to a + b = 89
# in float32; the rest is room for sums and gradients. `far_dist` is right up to FAR_RADIUS.
MAX_RADIUS = {"float32": 40.0, "float64": 40.0}
FAR_RADIUS = 300.0
FLAT = False


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
    """Hyperbolic distance to the origin, |x|; (..., dim) -> (...)."""
    return xp.length(x)


def dist(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """Hyperbolic distance 2 asinh(sqrt(h)) / sqrt(c), leading axes broadcast; (...).

    h = sinh^2((a-b)/2) + sinh(a) sinh(b) |u-w|^2 / 4 with a = sqrt(c) |x|, u = x / |x| (b, w of y):
    the hyperbolic law of cosines by half angles, which loses no digits. Gradient 0 at x = y.
    """
    return xp.polar_dist(*_polar(xp, x, c), *_polar(xp, y, c)) / sqrt(c)


def dist_matrix(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """`dist` of every pair, (B, dim) and (M, dim) -> (B, M), by matrix products."""
    return xp.polar_matrix(*_polar(xp, x, c), *_polar(xp, y, c)) / sqrt(c)


def exp_map(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """Projected end of the geodesic that leaves x with velocity v (in coordinates), at time 1.

    On the hyperboloid: cosh(s) m + sinh(s)/s V, with m the point, V the velocity, s its length.
    """
    _, m = _polar(xp, x, c)
    speed, velocity = _push(xp, x, sqrt(c) * v, c)
    end = xp.cosh(speed) * m + xp.over(xp.sinh, speed) * velocity
    return project(xp, xp.over(xp.asinh, xp.length(end))[..., None] * end / sqrt(c), c)


def log_map(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """Velocity at x (in coordinates) of the geodesic that reaches y at time 1."""
    start, end = _polar(xp, x, c), _polar(xp, y, c)
    h = xp.half_versine(*start, *end)[..., None]
    s = xp.polar_dist(*start, *end)[..., None]
    return _pull(xp, x, (end[1] - start[1] - 2 * h * start[1]) / xp.over(xp.sinh, s), c) / sqrt(c)


def transport(xp: Namespace, x: Array, y: Array, v: Array, c: float) -> Array:
    """v: transport in the flat metric of the coordinates, the one that optimisers work in."""
    return v


def retract(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """x + v, projected: a step in coordinates."""
    return project(xp, x + v, c)


def egrad_to_rgrad(xp: Namespace, x: Array, g: Array, c: float) -> Array:
    """The coordinate gradient g itself: optimisers work on coordinates."""
    return g


def norm(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """|v| in the flat metric of the coordinates, the one that optimisers work in; (...)."""
    return xp.length(v)


def project(xp: Namespace, x: Array, c: float, most: float | None = None) -> Array:
    """x, brought back to sqrt(c) radius `most`, MAX_RADIUS unless given, if beyond it."""
    return xp.shrink(x, (most or MAX_RADIUS[xp.dtype_name(x)]) / sqrt(c))


def touches(xp: Namespace, x: Array, c: float, most: float | None = None) -> Array:
    """True where x lies at the radius `most` of `project`, within rounding; bool (...)."""
    return sqrt(c) * xp.length(x) >= (most or MAX_RADIUS[xp.dtype_name(x)]) * (1 - 1e-6)


def far_dist(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """`dist` without overflow up to FAR_RADIUS, for some three times the arithmetic; see `far`."""
    return far.dist(xp, sqrt(c) * x, sqrt(c) * y) / sqrt(c)


def far_dist_matrix(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """`dist_matrix` without overflow up to FAR_RADIUS, by differences of coordinates."""
    return far.dist_matrix(xp, sqrt(c) * x, sqrt(c) * y) / sqrt(c)


def _polar(xp: Namespace, x: Array, c: float) -> tuple[Array, Array]:
    """Radius a = sqrt(c) |x| and m = sinh(a) x / |x|."""
    a = sqrt(c) * xp.length(x)
    return a, (sqrt(c) * xp.over(xp.sinh, a))[..., None] * x


def _push(xp: Namespace, x: Array, v: Array, c: float) -> tuple[Array, Array]:
    """The differential of v -> m at x: hyperbolic length of v, and its image, space part."""
    u, a = xp.unit(x), (sqrt(c) * xp.length(x))[..., None]
    along = xp.dot(u, v)
    across = xp.over(xp.sinh, a) * (v - along * u)
    return xp.root(along * along + xp.dot(across, across)), across + xp.cosh(a) * along * u


def _pull(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """The inverse of `_push`: the space part of a velocity on the hyperboloid -> coordinates."""
    u, a = xp.unit(x), (sqrt(c) * xp.length(x))[..., None]
    along = xp.dot(u, v)
    return (v - along * u) / xp.over(xp.sinh, a) + along / xp.cosh(a) * u


declare(
    "manifold",
    sys.modules[__name__],
    summary="tangent coordinates at the origin; the point is exp0(v), distances are polar",
    source=HARDBALL,
    parameters={"c": real(1.0, "curvature, meaning -c", above=0)},
    kernel="tangent",
    curvature_free=True,
)
