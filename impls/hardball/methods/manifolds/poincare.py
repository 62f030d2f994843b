"""The Poincaré ball c |x|^2 < 1 with the metric lambda_x^2 |dx|^2, lambda_x = 2 / (1 - c |x|^2).

Nickel & Kiela 2017 (NK17) and Ganea, Bécigneul & Hofmann 2018, Hyperbolic Neural Networks (GBH18).
The curvature is c > 0, meaning -c.
"""

import sys
from math import sqrt, tanh

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.declare import declare
from hardball.methods.parameter import real
from hardball.methods.sources import NICKEL_2017

# Largest sqrt(c) radius. 1 - c |x|^2 is about 4 e^-r and rounded to eps / 2, so a distance is off
# by about eps e^r / 4: 0.05 at radius 14 in float32, 0.14 at 15, 0.4 at 16.
MAX_RADIUS = {"float32": 14.0, "float64": 34.0}
FLAT = False


def coordinates(dim: int) -> int:
    """Width of a row of a dim-dimensional space: dim."""
    return dim


def exp0(xp: Namespace, v: Array, c: float) -> Array:
    """Point of the tangent vector v (..., dim) at the origin: tanh(s)/s v/2, s = sqrt(c) |v| / 2.

    v is measured in hyperbolic length, so |v| is the point's radius (GBH18, Lemma 2, halved).
    """
    return project(xp, xp.over(xp.tanh, sqrt(c) * xp.length(v) / 2)[..., None] * (v / 2), c)


def log0(xp: Namespace, x: Array, c: float) -> Array:
    """Tangent vector (..., dim) at the origin that leads to x: 2 artanh(s)/s x, s = sqrt(c) |x|."""
    return 2 * xp.over(xp.atanh, sqrt(c) * xp.length(x))[..., None] * x


def radius(xp: Namespace, x: Array, c: float) -> Array:
    """Hyperbolic distance to the origin, 2 artanh(sqrt(c) |x|) / sqrt(c); (...)."""
    return 2 * xp.atanh(sqrt(c) * xp.length(x)) / sqrt(c)


def dist(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """Hyperbolic distance (NK17, Eq. 1, by half angles), leading axes broadcast; (...).

    2 asinh(sqrt(c) |x-y| / sqrt((1 - c |x|^2) (1 - c |y|^2))) / sqrt(c). Gradient 0 at x = y.
    """
    apart = sqrt(c) * xp.length(x - y)
    gaps = _gap(xp, x, c) * _gap(xp, y, c)
    return xp.twice_asinh(apart / xp.sqrt(gaps[..., 0])) / sqrt(c)


def dist_matrix(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """`dist` of every pair, (B, dim) and (M, dim) -> (B, M), by matrix products."""
    return xp.polar_matrix(*_polar(xp, x, c), *_polar(xp, y, c)) / sqrt(c)


def exp_map(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """x (+) tanh(s)/s (lambda_x / 2) v with s = sqrt(c) lambda_x |v| / 2 (GBH18, Lemma 2)."""
    pushed = v / _gap(xp, x, c)
    y = xp.over(xp.tanh, sqrt(c) * xp.length(pushed))[..., None] * pushed
    xy, yy, xx = xp.dot(x, y), xp.dot(y, y), xp.dot(x, x)
    over_x = (1 + 2 * c * xy + c * yy) * x + (1 - c * xx) * y
    return project(xp, over_x / (1 + 2 * c * xy + c * c * xx * yy), c)


def log_map(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """d(x, y) / lambda_x times the direction of (-x) (+) y (GBH18, Lemma 2).

    With D = y - x the direction is (1 - c |x|^2) D - c |D|^2 x, which loses no digits.
    """
    step = y - x
    direction = xp.unit(_gap(xp, x, c) * step - c * xp.dot(step, step) * x)
    return dist(xp, x, y, c)[..., None] * _gap(xp, x, c) / 2 * direction


def transport(xp: Namespace, x: Array, y: Array, v: Array, c: float) -> Array:
    """lambda_x / lambda_y gyr[y, -x] v: parallel transport of v from x to y (GBH18, Theorem 4)."""
    xy, xx, yy, xv, yv = xp.dot(x, y), xp.dot(x, x), xp.dot(y, y), xp.dot(x, v), xp.dot(y, v)
    along_y = -c * c * yv * xx - c * xv + 2 * c * c * xy * xv
    along_x = -c * c * xv * yy + c * yv
    step = y - x
    # 1 - 2 c <x,y> + c^2 |x|^2 |y|^2, written as a sum of positive terms.
    below = c * xp.dot(step, step) + _gap(xp, x, c) * _gap(xp, y, c)
    return (v + 2 * (along_y * y + along_x * x) / below) * _gap(xp, y, c) / _gap(xp, x, c)


def retract(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """x + v, projected (NK17, Eq. 5)."""
    return project(xp, x + v, c)


def egrad_to_rgrad(xp: Namespace, x: Array, g: Array, c: float) -> Array:
    """g / lambda_x^2 = ((1 - c |x|^2) / 2)^2 g (NK17, Eq. 4)."""
    return (_gap(xp, x, c) / 2) ** 2 * g


def norm(xp: Namespace, x: Array, v: Array, c: float) -> Array:
    """Riemannian norm lambda_x |v| of a tangent vector at x; (...)."""
    return 2 * xp.length(v) / _gap(xp, x, c)[..., 0]


def project(xp: Namespace, x: Array, c: float, most: float | None = None) -> Array:
    """x, brought back to sqrt(c) radius `most`, MAX_RADIUS unless given, if beyond it."""
    return xp.shrink(x, _edge(xp, x, most) / sqrt(c))


def touches(xp: Namespace, x: Array, c: float, most: float | None = None) -> Array:
    """True where x lies at the radius `most` of `project`, within rounding; bool (...)."""
    return sqrt(c) * xp.length(x) >= _edge(xp, x, most) - 2 * xp.eps(x)


def _edge(xp: Namespace, x: Array, most: float | None) -> float:
    """sqrt(c) |x| of the points at sqrt(c) radius `most`, or MAX_RADIUS."""
    return tanh((most or MAX_RADIUS[xp.dtype_name(x)]) / 2)


def _gap(xp: Namespace, x: Array, c: float) -> Array:
    """1 - c |x|^2 = 2 / lambda_x, kept as an axis of length one."""
    return 1 - c * xp.dot(x, x)


def _polar(xp: Namespace, x: Array, c: float) -> tuple[Array, Array]:
    """Radius a = 2 artanh(sqrt(c) |x|) and m = 2 sqrt(c) x / (1 - c |x|^2)."""
    return 2 * xp.atanh(sqrt(c) * xp.length(x)), 2 * sqrt(c) * x / _gap(xp, x, c)


declare(
    "manifold",
    sys.modules[__name__],
    summary="points of the open ball of radius 1/sqrt(c)",
    source=NICKEL_2017,
    parameters={"c": real(1.0, "curvature, meaning -c", above=0)},
    kernel="poincare",
)
