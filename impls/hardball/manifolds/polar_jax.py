"""Hyperbolic distance (c = 1) from polar coordinates: the kernel of the hyperbolic geometries.

A point is its radius a and m = sinh(a) u, with u its direction. With h = sinh^2(d/2),

    h = sinh^2((a-b)/2) + sinh(a) sinh(b) (1 - u.w) / 2,    d = 2 asinh(sqrt(h)),

the hyperbolic law of cosines without its cancellation. The backward passes are written out: the
whole radial derivative goes to a and the tangential one to m, so neither is the difference of two
large numbers, and the gradient is right at the origin too, where u is taken as 0.
"""

import jax
import jax.numpy as jnp
from jax import Array

from hardball.manifolds.scalars_jax import dot, length, unit

Residuals = tuple[Array, ...]


def dist(a: Array, m: Array, b: Array, n: Array) -> Array:
    """Distances between points (..., D), leading axes broadcast; 1 - u.w = |u - w|^2 / 2."""
    shape = jnp.broadcast_shapes(m.shape, n.shape)
    a, b = jnp.broadcast_to(a, shape[:-1]), jnp.broadcast_to(b, shape[:-1])
    return _dist(a, jnp.broadcast_to(m, shape), b, jnp.broadcast_to(n, shape))


def half_sinh_squared(a: Array, m: Array, b: Array, n: Array) -> Array:
    """h = sinh^2(d/2) = (cosh(d) - 1) / 2, for formulas that need it beside d; not differentiable
    at coincident points of large radius any better than its terms are."""
    step = unit(n) - unit(m)
    return jnp.sinh((a - b) / 2) ** 2 + length(m) * length(n) * jnp.sum(step * step, -1) / 4


def matrix(a: Array, m: Array, b: Array, n: Array) -> Array:
    """All distances (B, M) from points (B, D) to points (M, D), by matrix products.

    sinh((a-b)/2) comes from outer products of exp(+-a/2), and sinh(a) sinh(b) - m.n is clipped
    at 0; its rounding is the float's resolution times sinh(a) sinh(b).
    """
    return _matrix(a, m, b, n)


@jax.custom_vjp
def _dist(a: Array, m: Array, b: Array, n: Array) -> Array:
    return 2 * jnp.arcsinh(jnp.sqrt(half_sinh_squared(a, m, b, n)))


def _dist_forward(a: Array, m: Array, b: Array, n: Array) -> tuple[Array, Residuals]:
    h = half_sinh_squared(a, m, b, n)
    return 2 * jnp.arcsinh(jnp.sqrt(h)), (a, m, b, n, h)


def _dist_backward(saved: Residuals, g: Array) -> Residuals:
    a, m, b, n, h = saved
    u, w, sa, sb = unit(m), unit(n), length(m), length(n)
    step = w - u
    cosine_gap = jnp.sum(step * step, axis=-1) / 2
    scaled = _over_sinh(g, h)
    radial = jnp.sinh(a - b)
    grad_a = scaled * (radial + jnp.cosh(a) * sb * cosine_gap)
    grad_b = scaled * (jnp.cosh(b) * sa * cosine_gap - radial)
    grad_m = -(scaled * sb)[..., None] * (step - dot(u, step) * u)
    grad_n = (scaled * sa)[..., None] * (step - dot(w, step) * w)
    return grad_a, grad_m, grad_b, grad_n


_dist.defvjp(_dist_forward, _dist_backward)


@jax.custom_vjp
def _matrix(a: Array, m: Array, b: Array, n: Array) -> Array:
    return _matrix_forward(a, m, b, n)[0]


def _matrix_forward(a: Array, m: Array, b: Array, n: Array) -> tuple[Array, Residuals]:
    angular = jnp.maximum(length(m)[:, None] * length(n) - m @ n.T, 0)
    h = _half_difference(a, b, -1) ** 2 + angular / 2
    return 2 * jnp.arcsinh(jnp.sqrt(h)), (a, m, b, n, h, angular)


def _matrix_backward(saved: Residuals, g: Array) -> Residuals:
    a, m, b, n, h, angular = saved
    scaled = _over_sinh(g, h)
    radial = scaled * (2 * _half_difference(a, b, -1) * _half_difference(a, b, 1))
    angular = scaled * angular
    grad_a = jnp.sum(radial, 1) + _coth(a) * jnp.sum(angular, 1)
    grad_b = _coth(b) * jnp.sum(angular, 0) - jnp.sum(radial, 0)
    return grad_a, _across(m, -(scaled @ n)), grad_b, _across(n, -(scaled.T @ m))


_matrix.defvjp(_matrix_forward, _matrix_backward)


def _over_sinh(g: Array, h: Array) -> Array:
    """g / sinh(d) with sinh(d) = 2 sqrt(h) sqrt(1 + h); 0 at coincident points."""
    # Two roots: the product h (1 + h) would overflow.
    apart = h > 0
    return jnp.where(apart, g / (2 * jnp.sqrt(jnp.where(apart, h, 1)) * jnp.sqrt(1 + h)), 0)


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
