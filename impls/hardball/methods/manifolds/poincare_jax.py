"""The Poincaré ball c |x|^2 < 1 with the metric lambda_x^2 |dx|^2, lambda_x = 2 / (1 - c |x|^2).

Nickel & Kiela 2017 (NK17) and Ganea, Bécigneul & Hofmann 2018, Hyperbolic Neural Networks (GBH18).
The curvature is c > 0, meaning -c.
"""

from math import sqrt, tanh

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax import polar
from hardball.arrays.on_jax.scalars import dot, dtype_name, length, over, shrink, twice_asinh, unit

# Largest sqrt(c) radius. 1 - c |x|^2 is about 4 e^-r and rounded to eps / 2, so a distance is off
# by about eps e^r / 4: 0.05 at radius 14 in float32, 0.14 at 15, 0.4 at 16.
MAX_RADIUS = {"float32": 14.0, "float64": 34.0}


def coordinates(dim: int) -> int:
    """Width of a row of a dim-dimensional space: dim."""
    return dim


def exp0(v: Array, c: float) -> Array:
    """Point of the tangent vector v (..., dim) at the origin: tanh(s)/s v/2, s = sqrt(c) |v| / 2.

    v is measured in hyperbolic length, so |v| is the point's radius (GBH18, Lemma 2, halved).
    """
    return project(over(jnp.tanh, sqrt(c) * length(v) / 2)[..., None] * (v / 2), c)


def log0(x: Array, c: float) -> Array:
    """Tangent vector (..., dim) at the origin that leads to x: 2 artanh(s)/s x, s = sqrt(c) |x|."""
    return 2 * over(jnp.arctanh, sqrt(c) * length(x))[..., None] * x


def radius(x: Array, c: float) -> Array:
    """Hyperbolic distance to the origin, 2 artanh(sqrt(c) |x|) / sqrt(c); (...)."""
    return 2 * jnp.arctanh(sqrt(c) * length(x)) / sqrt(c)


def dist(x: Array, y: Array, c: float) -> Array:
    """Hyperbolic distance (NK17, Eq. 1, by half angles), leading axes broadcast; (...).

    2 asinh(sqrt(c) |x-y| / sqrt((1 - c |x|^2) (1 - c |y|^2))) / sqrt(c). Gradient 0 at x = y.
    """
    apart = sqrt(c) * length(x - y)
    gaps = _gap(x, c) * _gap(y, c)
    return twice_asinh(apart / jnp.sqrt(gaps[..., 0])) / sqrt(c)


def dist_matrix(x: Array, y: Array, c: float) -> Array:
    """`dist` of every pair, (B, dim) and (M, dim) -> (B, M), by matrix products."""
    return polar.matrix(*_polar(x, c), *_polar(y, c)) / sqrt(c)


def exp_map(x: Array, v: Array, c: float) -> Array:
    """x (+) tanh(s)/s (lambda_x / 2) v with s = sqrt(c) lambda_x |v| / 2 (GBH18, Lemma 2)."""
    pushed = v / _gap(x, c)
    y = over(jnp.tanh, sqrt(c) * length(pushed))[..., None] * pushed
    xy, yy, xx = dot(x, y), dot(y, y), dot(x, x)
    over_x = (1 + 2 * c * xy + c * yy) * x + (1 - c * xx) * y
    return project(over_x / (1 + 2 * c * xy + c * c * xx * yy), c)


def log_map(x: Array, y: Array, c: float) -> Array:
    """d(x, y) / lambda_x times the direction of (-x) (+) y (GBH18, Lemma 2).

    With D = y - x the direction is (1 - c |x|^2) D - c |D|^2 x, which loses no digits.
    """
    step = y - x
    direction = unit(_gap(x, c) * step - c * dot(step, step) * x)
    return dist(x, y, c)[..., None] * _gap(x, c) / 2 * direction


def transport(x: Array, y: Array, v: Array, c: float) -> Array:
    """lambda_x / lambda_y gyr[y, -x] v: parallel transport of v from x to y (GBH18, Theorem 4)."""
    xy, xx, yy, xv, yv = dot(x, y), dot(x, x), dot(y, y), dot(x, v), dot(y, v)
    along_y = -c * c * yv * xx - c * xv + 2 * c * c * xy * xv
    along_x = -c * c * xv * yy + c * yv
    step = y - x
    # 1 - 2 c <x,y> + c^2 |x|^2 |y|^2, written as a sum of positive terms.
    below = c * dot(step, step) + _gap(x, c) * _gap(y, c)
    return (v + 2 * (along_y * y + along_x * x) / below) * _gap(y, c) / _gap(x, c)


def retract(x: Array, v: Array, c: float) -> Array:
    """x + v, projected (NK17, Eq. 5)."""
    return project(x + v, c)


def egrad_to_rgrad(x: Array, g: Array, c: float) -> Array:
    """g / lambda_x^2 = ((1 - c |x|^2) / 2)^2 g (NK17, Eq. 4)."""
    return (_gap(x, c) / 2) ** 2 * g


def norm(x: Array, v: Array, c: float) -> Array:
    """Riemannian norm lambda_x |v| of a tangent vector at x; (...)."""
    return 2 * length(v) / _gap(x, c)[..., 0]


def project(x: Array, c: float) -> Array:
    """x, brought back to the largest radius if beyond it."""
    return shrink(x, _edge(x) / sqrt(c))


def touches(x: Array, c: float) -> Array:
    """True where x lies at the largest radius, within rounding; bool (...)."""
    return sqrt(c) * length(x) >= _edge(x) - 2 * jnp.finfo(x.dtype).eps


def _edge(x: Array) -> float:
    """Largest sqrt(c) |x|."""
    return tanh(MAX_RADIUS[dtype_name(x)] / 2)


def _gap(x: Array, c: float) -> Array:
    """1 - c |x|^2 = 2 / lambda_x, kept as an axis of length one."""
    return 1 - c * dot(x, x)


def _polar(x: Array, c: float) -> tuple[Array, Array]:
    """Radius a = 2 artanh(sqrt(c) |x|) and m = 2 sqrt(c) x / (1 - c |x|^2)."""
    return 2 * jnp.arctanh(sqrt(c) * length(x)), 2 * sqrt(c) * x / _gap(x, c)
