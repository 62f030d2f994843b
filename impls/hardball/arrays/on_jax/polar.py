"""Hyperbolic distance (c = 1) from polar coordinates: the kernel of the hyperbolic geometries.

A point is its radius a and m = sinh(a) u, with u its direction. With h = sinh^2(d/2),

    h = sinh^2((a-b)/2) + sinh(a) sinh(b) (1 - u.w) / 2,    d = 2 asinh(sqrt(h)),

the hyperbolic law of cosines without its cancellation. The backward passes are written out: the
whole radial derivative goes to a and the tangential one to m, so neither is the difference of two
large numbers, and the gradient is right at the origin too, where u is taken as 0.

Two texts: a gradient of one's own is declared in another way in each framework, and PyTorch works
in place, which saves passes over all pairs.
"""

import jax
import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.scalars import (
    dot,
    length,
    over_or_zero,
    product,
    twice_asinh,
    unit,
    weigh,
    weigh_back,
)

Residuals = tuple[Array, ...]

# A slope over sinh(d) is below the normal numbers of float32 from d = 70 on, which XLA takes for 0.
# It is kept as a multiple of this, a power of two, which changes no digit.
_SCALE = 2.0**60


def polar_dist(a: Array, m: Array, b: Array, n: Array) -> Array:
    """Distances between points (..., D), leading axes broadcast, with 1 - u.w = |u - w|^2 / 2."""
    shape = jnp.broadcast_shapes(m.shape, n.shape)
    a, b = jnp.broadcast_to(a, shape[:-1]), jnp.broadcast_to(b, shape[:-1])
    return _dist(a, jnp.broadcast_to(m, shape), b, jnp.broadcast_to(n, shape))


def polar_matrix(a: Array, m: Array, b: Array, n: Array) -> Array:
    """All distances (B, M) from points (B, D) to points (M, D), by matrix products.

    sinh((a-b)/2) comes from outer products of exp(+-a/2), 1 - u.w from `cosine_gap`.
    """
    return _matrix(a, m, b, n)


def half_versine(a: Array, m: Array, b: Array, n: Array) -> Array:
    """h = sinh^2(d/2) = (cosh(d) - 1) / 2, for the formulas that need it beside d."""
    step = unit(n) - unit(m)
    return jnp.sinh((a - b) / 2) ** 2 + length(m) * length(n) * jnp.sum(step * step, axis=-1) / 4


@jax.custom_vjp
def _dist(a: Array, m: Array, b: Array, n: Array) -> Array:
    return _dist_forward(a, m, b, n)[0]


def _dist_forward(a: Array, m: Array, b: Array, n: Array) -> tuple[Array, Residuals]:
    h = half_versine(a, m, b, n)
    return twice_asinh(jnp.sqrt(h)), (a, m, b, n, h)


def _dist_backward(saved: Residuals, g: Array) -> Residuals:
    a, m, b, n, h = saved
    u, w, sinh_a, sinh_b = unit(m), unit(n), length(m), length(n)
    step = w - u
    gap = jnp.sum(step * step, axis=-1) / 2
    # Points within the rounding of their coordinates count as one, whose gradient is 0.
    apart = h > 4 * jnp.finfo(h.dtype).eps ** 2 * (a * b + sinh_a * sinh_b)
    scaled = over_or_zero(_SCALE * g, apart * _sinh_from(2 * h))
    radial = jnp.sinh(a - b)
    grad_a = scaled * (radial + jnp.cosh(a) * sinh_b * gap) / _SCALE
    grad_b = scaled * (jnp.cosh(b) * sinh_a * gap - radial) / _SCALE
    grad_m = -(scaled * sinh_b / _SCALE)[..., None] * (step - dot(u, step) * u)
    grad_n = (scaled * sinh_a / _SCALE)[..., None] * (step - dot(w, step) * w)
    return grad_a, grad_m, grad_b, grad_n


_dist.defvjp(_dist_forward, _dist_backward)


@jax.custom_vjp
def _matrix(a: Array, m: Array, b: Array, n: Array) -> Array:
    return _matrix_forward(a, m, b, n)[0]


def _matrix_forward(a: Array, m: Array, b: Array, n: Array) -> tuple[Array, Residuals]:
    angular = cosine_gap(unit(m), unit(n)) * length(m)[:, None] * length(n)
    difference = _half_difference(a, b, -1)
    versine = angular + 2 * difference * difference
    sinh = _sinh_from(versine)
    return jnp.log1p(versine + sinh), (a, m, b, n, angular, difference, sinh)


def _matrix_backward(saved: Residuals, g: Array) -> Residuals:
    a, m, b, n, angular, difference, sinh = saved
    # As in `_dist_backward`. Compiled, the two sides of one point may be rounded differently.
    versine = angular + 2 * difference * difference
    least = 8 * jnp.finfo(sinh.dtype).eps ** 2
    apart = versine > least * (a[:, None] * b + length(m)[:, None] * length(n))
    scaled = over_or_zero(_SCALE * g, apart * sinh)
    radial = 2 * scaled * difference * _half_difference(a, b, 1)
    angular = scaled * angular
    grad_a = (jnp.sum(radial, axis=1) + _coth(a) * jnp.sum(angular, axis=1)) / _SCALE
    grad_b = (_coth(b) * jnp.sum(angular, axis=0) - jnp.sum(radial, axis=0)) / _SCALE
    grad_m = -_across(m, weigh(scaled, n) / _SCALE)
    grad_n = -_across(n, weigh_back(scaled, m) / _SCALE)
    return grad_a, grad_m, grad_b, grad_n


_matrix.defvjp(_matrix_forward, _matrix_backward)


def cosine_gap(u: Array, w: Array) -> Array:
    """1 - u.w = |u - w|^2 / 2 of unit vectors (B, D), (M, D) -> (B, M), clipped at 0.

    Each vector is a coarse part on a grid so wide that the products of coarse parts add up without
    rounding, and a fine rest; what the rounding of u and w leaves of |u|^2, |w|^2 is put right.
    The error is about 1e-11 in float32, where a plain product makes 1e-7.
    """
    step = 2.0 ** -((jnp.finfo(u.dtype).nmant - 1) // 2)
    u_coarse, w_coarse = jnp.round(u / step) * step, jnp.round(w / step) * step
    u_fine, w_fine = u - u_coarse, w - w_coarse
    u_defect = _defect(u_coarse, u_fine)
    w_defect = _defect(w_coarse, w_fine)
    left = jnp.concatenate([u_coarse, u_fine, u_defect, jnp.ones_like(u_defect)], axis=1)
    right = jnp.concatenate([w_fine, w, jnp.ones_like(w_defect), w_defect], axis=1)
    return jnp.maximum((1 - product(u_coarse, w_coarse.T)) - product(left, right.T), 0)


def _defect(coarse: Array, fine: Array) -> Array:
    """(1 - |u|^2) / 2 of u = coarse + fine, as a column."""
    return ((1 - dot(coarse, coarse)) - dot(2 * coarse + fine, fine)) / 2


def _sinh_from(versine: Array) -> Array:
    """sinh(d) = sqrt(x) sqrt(x + 2) of x = cosh(d) - 1: two roots, for x (x + 2) would overflow."""
    return jnp.sqrt(versine + 2) * jnp.sqrt(versine)


def _half_difference(a: Array, b: Array, sign: int) -> Array:
    """sinh((a-b)/2) for sign -1, cosh((a-b)/2) for sign 1, as (B, M) outer products."""
    up, down = jnp.exp(a / 2)[:, None], jnp.exp(-a / 2)[:, None]
    return (up * jnp.exp(-b / 2) + sign * (down * jnp.exp(b / 2))) / 2


def _coth(a: Array) -> Array:
    """coth(a); 0 at 0, where the radial derivative has no direction to act in."""
    return jnp.where(a > 0, 1 / jnp.tanh(jnp.where(a > 0, a, 1)), 0)


def _across(m: Array, g: Array) -> Array:
    """The part of g (B, D) perpendicular to m; all of it where m = 0."""
    u = unit(m)
    return g - dot(u, g) * u
