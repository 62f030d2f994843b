"""Hyperbolic distances (c = 1) of tangent vectors at the origin, at radii where e^r overflows.

With a = |x| and u = x / |x| (b, w of y), D = |a - b| and l = min(a, b), the law of cosines is

    2 (cosh(d) - 1) = e^M q,    M = D + E,    E = 2 l - T,    T = min(2 l, most),
    q = (1 - e^-D)^2 e^-E + (1 - e^-2a) (1 - e^-2b) |u - w|^2 / 4 e^T.

Neither q nor the gradient holds a power that overflows, and d is M + log(q) where that is large.
The gradients are written out as ratios to e^M. Directions within the rounding of the coordinates
count as one: then E = 0, d = D, and the gradient is along the radius.
"""

import functools
from collections.abc import Callable
from math import exp
from typing import NamedTuple

from hardball.arrays.namespace import Array, Namespace

# The largest T of a type. Beyond it the smallest gap of two directions, 4 eps^2, outweighs the
# radial part by more than the type resolves; and a slope over e^T is still no denormal number,
# which XLA takes for 0.
MOST = {"float32": 56.0, "float64": 120.0}
# Beyond this log(q) + M no digit of d is lost by forgetting the rest.
LARGE = 20.0


class Scaled(NamedTuple):
    """The pieces of a distance, of each pair, all without the factor e^M.

    gap: |u - w|^2, 0 within rounding; of_x, of_y: 1 - e^-2a and 1 - e^-2b; ahead: a - b, 0 within
    rounding; root: e^(T/2); rest: e^-E; sinh: sinh(d); q, power: the sum above and M.
    """

    gap: Array
    of_x: Array
    of_y: Array
    ahead: Array
    root: Array
    rest: Array
    sinh: Array
    q: Array
    power: Array


def dist(xp: Namespace, x: Array, y: Array) -> Array:
    """d(x, y) of tangent vectors (..., D), leading axes broadcast; (...). Gradient 0 at x = y."""
    shape = (x + y).shape
    return _written(xp, False)(xp.broadcast_to(x, shape), xp.broadcast_to(y, shape))


def dist_matrix(xp: Namespace, x: Array, y: Array) -> Array:
    """d of every pair, (B, D) and (M, D) -> (B, M), one coordinate after another.

    Products of matrices find 1 - u.w to 1e-11 in float32, differences to 1e-14: of points on one
    circle of radius 20 these make distances of 14 and of 6.
    """
    return _written(xp, True)(x, y)


@functools.cache
def _written(xp: Namespace, matrix: bool) -> Callable[..., Array]:
    """The distance with its gradient: of pairs, or of every x (B, D) and every y (M, D)."""

    def forward(x: Array, y: Array) -> tuple[Array, tuple[Array, ...]]:
        found = _scaled(xp, *_polar(xp, x, y, matrix))
        total = xp.log(found.q) + found.power
        small = xp.minimum(found.q, 2 * exp(LARGE)) * xp.exp(xp.minimum(found.power, LARGE)) / 4
        large = total + 2 * xp.exp(-xp.maximum(total, LARGE))
        return xp.where(total > LARGE, large, xp.twice_asinh(xp.sqrt(small))), (x, y)

    def backward(saved: tuple[Array, ...], g: Array) -> tuple[Array, Array]:
        x, y = saved
        a, u, b, w = _polar(xp, x, y, matrix)
        found = _scaled(xp, a, u, b, w)
        slope = xp.over_or_zero(g, found.sinh)
        along = xp.sign(found.ahead) * -xp.expm1(-2 * xp.abs(found.ahead)) / 2 * found.rest
        turned = found.gap / 8 * found.root * found.root
        along_x = slope * (along + (2 - found.of_x) * found.of_y * turned)
        along_y = slope * (-along + (2 - found.of_y) * found.of_x * turned)
        # e^T by halves: the whole of it over sinh(d) may be no number.
        pull = xp.where(found.gap > 0, slope * found.root / 4, 0)
        pull_x = pull * _per(xp, found.of_x, a) * found.of_y
        pull_y = pull * _per(xp, found.of_y, b) * found.of_x
        to_x = _along(xp, pull_x, found.root, u, w, 1 if matrix else None)
        to_y = _along(xp, pull_y, found.root, w, u, 0 if matrix else None)
        radial = (
            _total(xp, along_x, 1 if matrix else None),
            _total(xp, along_y, 0 if matrix else None),
        )
        rays = xp.unit(x), xp.unit(y)
        return _gradient(xp, rays[0], radial[0], to_x), _gradient(xp, rays[1], radial[1], to_y)

    return xp.differentiable(forward, backward)


def _polar(
    xp: Namespace, x: Array, y: Array, matrix: bool
) -> tuple[Array, list[Array], Array, list[Array]]:
    """Radii, and the directions coordinate by coordinate, so shaped that pairs broadcast."""
    a, b, u, w = xp.length(x), xp.length(y), xp.unit(x), xp.unit(y)
    mine, theirs = ([v[..., j] for j in range(v.shape[-1])] for v in (u, w))
    if matrix:
        return a[:, None], [v[:, None] for v in mine], b[None], [v[None] for v in theirs]
    return a, mine, b, theirs


def _scaled(xp: Namespace, a: Array, u: list[Array], b: Array, w: list[Array]) -> Scaled:
    """The pieces of the distance of every pair."""
    eps, most = xp.eps(a), MOST[xp.dtype_name(a)]
    gap = functools.reduce(
        lambda total, pair: total + (pair[0] - pair[1]) * (pair[0] - pair[1]),
        zip(u, w, strict=True),
        0 * (a + b),
    )
    gap = xp.where(gap > (2 * eps) ** 2, gap, 0)
    ahead = a - b
    ahead = xp.where(xp.abs(ahead) > 2 * eps * (a + b), ahead, 0)
    twice = a + b - xp.abs(a - b)
    root = xp.exp(xp.minimum(twice, most) / 2)
    beyond = xp.where(gap > 0, xp.maximum(twice - most, 0), 0)
    rest, power = xp.exp(-beyond), xp.abs(ahead) + beyond
    of_x, of_y = -xp.expm1(-2 * a), -xp.expm1(-2 * b)
    near = xp.expm1(-xp.abs(ahead))
    q = near * near * rest + of_x * of_y * (gap / 4) * root * root
    sinh = xp.sqrt(q / 2) * xp.sqrt(q / 2 + 2 * xp.exp(-power))
    return Scaled(gap, of_x, of_y, ahead, root, rest, sinh, q, power)


def _per(xp: Namespace, grown: Array, a: Array) -> Array:
    """(1 - e^-2a) / a of the first over the second, 2 at 0."""
    return xp.where(a > 0, grown / xp.where(a > 0, a, 1), 2)


def _total(xp: Namespace, x: Array, axis: int | None) -> Array:
    """Sum over an axis of pairs; of None x itself."""
    return x if axis is None else xp.sum(x, axis=axis)


def _along(
    xp: Namespace, pull: Array, root: Array, u: list[Array], w: list[Array], axis: int | None
) -> Array:
    """The sum of pull (w - u) root over an axis of pairs, the coordinates on a last axis."""
    each = [_total(xp, pull * (root * (k - j)), axis) for j, k in zip(u, w, strict=True)]
    return xp.stack(each, axis=-1)


def _gradient(xp: Namespace, u: Array, radial: Array, pulled: Array) -> Array:
    """The gradient of which `radial` is the part along u, -`pulled` what is across it."""
    return radial[..., None] * u - (pulled - xp.dot(u, pulled) * u)
