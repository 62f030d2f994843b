"""Tangent coordinates at the origin: row v stands for the point exp0(v) of hyperbolic space.

Radius is |v| and direction v/|v|, so distances are polar and no coordinate ever grows like e^r.
Optimisers work on the coordinates as on R^d: `egrad_to_rgrad`, `retract`, `norm` and `transport`
are those of the flat metric, since a step measured in hyperbolic length hardly turns a far point.
`dist`, `exp_map` and `log_map` are those of hyperbolic space.
The curvature is c > 0, meaning -c.
"""

from math import sqrt

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax import polar
from hardball.arrays.on_jax.scalars import dot, dtype_name, length, over, root, shrink, unit

# Largest sqrt(c) radius. The kernel forms sinh(a) sinh(b), finite up to a + b = 89 in float32
# and 710 in float64; the rest is room for sums and gradients.
MAX_RADIUS = {"float32": 40.0, "float64": 340.0}


def coordinates(dim: int) -> int:
    """Width of a row of a dim-dimensional space: dim."""
    return dim


def exp0(v: Array, c: float) -> Array:
    """Point of the tangent vector v (..., dim) at the origin: v itself."""
    return v


def log0(x: Array, c: float) -> Array:
    """Tangent vector at the origin that leads to x: x itself."""
    return x


def radius(x: Array, c: float) -> Array:
    """Hyperbolic distance to the origin, |x|; (..., dim) -> (...)."""
    return length(x)


def dist(x: Array, y: Array, c: float) -> Array:
    """Hyperbolic distance 2 asinh(sqrt(h)) / sqrt(c), leading axes broadcast; (...).

    h = sinh^2((a-b)/2) + sinh(a) sinh(b) |u-w|^2 / 4 with a = sqrt(c) |x|, u = x / |x| (b, w of y):
    the hyperbolic law of cosines by half angles, which loses no digits. Gradient 0 at x = y.
    """
    return polar.dist(*_polar(x, c), *_polar(y, c)) / sqrt(c)


def dist_matrix(x: Array, y: Array, c: float) -> Array:
    """`dist` of every pair, (B, dim) and (M, dim) -> (B, M), by matrix products."""
    return polar.matrix(*_polar(x, c), *_polar(y, c)) / sqrt(c)


def exp_map(x: Array, v: Array, c: float) -> Array:
    """Projected end of the geodesic that leaves x with velocity v (in coordinates), at time 1.

    On the hyperboloid: cosh(s) m + sinh(s)/s V, with m the point, V the velocity, s its length.
    """
    _, m = _polar(x, c)
    speed, velocity = _push(x, sqrt(c) * v, c)
    end = jnp.cosh(speed) * m + over(jnp.sinh, speed) * velocity
    return project(over(jnp.arcsinh, length(end))[..., None] * end / sqrt(c), c)


def log_map(x: Array, y: Array, c: float) -> Array:
    """Velocity at x (in coordinates) of the geodesic that reaches y at time 1."""
    start, end = _polar(x, c), _polar(y, c)
    h = polar.half_versine(*start, *end)[..., None]
    s = polar.dist(*start, *end)[..., None]
    return _pull(x, (end[1] - start[1] - 2 * h * start[1]) / over(jnp.sinh, s), c) / sqrt(c)


def transport(x: Array, y: Array, v: Array, c: float) -> Array:
    """v: transport in the flat metric of the coordinates, the one that optimisers work in."""
    return v


def retract(x: Array, v: Array, c: float) -> Array:
    """x + v, projected: a step in coordinates."""
    return project(x + v, c)


def egrad_to_rgrad(x: Array, g: Array, c: float) -> Array:
    """The coordinate gradient g itself: optimisers work on coordinates."""
    return g


def norm(x: Array, v: Array, c: float) -> Array:
    """|v| in the flat metric of the coordinates, the one that optimisers work in; (...)."""
    return length(v)


def project(x: Array, c: float) -> Array:
    """x, brought back to the largest radius if beyond it."""
    return shrink(x, MAX_RADIUS[dtype_name(x)] / sqrt(c))


def touches(x: Array, c: float) -> Array:
    """True where x lies at the largest radius, within rounding; bool (...)."""
    return sqrt(c) * length(x) >= MAX_RADIUS[dtype_name(x)] * (1 - 1e-6)


def _polar(x: Array, c: float) -> tuple[Array, Array]:
    """Radius a = sqrt(c) |x| and m = sinh(a) x / |x|."""
    a = sqrt(c) * length(x)
    return a, (sqrt(c) * over(jnp.sinh, a))[..., None] * x


def _push(x: Array, v: Array, c: float) -> tuple[Array, Array]:
    """The differential of v -> m at x: hyperbolic length of v, and its image, space part."""
    u, a = unit(x), (sqrt(c) * length(x))[..., None]
    along = dot(u, v)
    across = over(jnp.sinh, a) * (v - along * u)
    return root(along * along + dot(across, across)), across + jnp.cosh(a) * along * u


def _pull(x: Array, v: Array, c: float) -> Array:
    """The inverse of `_push`: the space part of a velocity on the hyperboloid -> coordinates."""
    u, a = unit(x), (sqrt(c) * length(x))[..., None]
    along = dot(u, v)
    return (v - along * u) / over(jnp.sinh, a) + along / jnp.cosh(a) * u
