"""Tangent coordinates at the origin: row v stands for the point exp0(v) of hyperbolic space.

Radius is |v| and direction v/|v|, so distances are polar and no coordinate ever grows like e^r.
Optimisers work on the coordinates themselves: `egrad_to_rgrad` is the identity, `retract` adds.
The other maps are those of hyperbolic space in these coordinates, exact through the hyperboloid.
Everything takes the curvature as c > 0, meaning -c.
"""

from math import sqrt

import jax.numpy as jnp
from jax import Array

from hardball.manifolds import lorentz_jax as lorentz
from hardball.manifolds import polar_jax as polar
from hardball.manifolds.scalars_jax import dot, dtype_name, length, over, root, shrink, unit

# Largest sqrt(c) radius. The kernel forms sinh(a) sinh(b), finite up to a + b = 88 in float32
# and 709 in float64; the rest is room for gradients.
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
    """End of the geodesic that leaves x with velocity v (in coordinates) after unit time."""
    start = lorentz.exp0(x, c)
    return project(lorentz.log0(lorentz.exp_map(start, _push(x, v, c), c), c), c)


def log_map(x: Array, y: Array, c: float) -> Array:
    """Velocity at x (in coordinates) of the geodesic that reaches y after unit time."""
    return _pull(x, lorentz.log_map(lorentz.exp0(x, c), lorentz.exp0(y, c), c), c)


def transport(x: Array, y: Array, v: Array, c: float) -> Array:
    """Parallel transport of v (in coordinates) from x to y along their geodesic."""
    start, end = lorentz.exp0(x, c), lorentz.exp0(y, c)
    return _pull(y, lorentz.transport(start, end, _push(x, v, c), c), c)


def retract(x: Array, v: Array, c: float) -> Array:
    """x + v, projected: a step in coordinates."""
    return project(x + v, c)


def egrad_to_rgrad(x: Array, g: Array, c: float) -> Array:
    """The coordinate gradient g itself: optimisers work on coordinates."""
    return g


def norm(x: Array, v: Array, c: float) -> Array:
    """Riemannian norm sqrt(v_r^2 + (sinh(a)/a)^2 |v_t|^2), v_r along x and v_t across; (...)."""
    u = unit(x)
    along = dot(u, v)
    stretch = over(jnp.sinh, sqrt(c) * length(x))
    across = stretch[..., None] * (v - along * u)
    return root(jnp.sum(across * across, axis=-1) + along[..., 0] ** 2)


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


def _push(x: Array, v: Array, c: float) -> Array:
    """The differential of exp0 at x: v in coordinates -> ambient tangent vector (..., dim + 1)."""
    u, a = unit(x), (sqrt(c) * length(x))[..., None]
    along = dot(u, v)
    space = over(jnp.sinh, a) * (v - along * u) + jnp.cosh(a) * along * u
    return jnp.concatenate([jnp.sinh(a) * along, space], axis=-1)


def _pull(x: Array, v: Array, c: float) -> Array:
    """The inverse of `_push`: ambient tangent vector -> coordinates."""
    u, a = unit(x), (sqrt(c) * length(x))[..., None]
    space = v[..., 1:]
    along = dot(u, space)
    return (space - along * u) / over(jnp.sinh, a) + along / jnp.cosh(a) * u
