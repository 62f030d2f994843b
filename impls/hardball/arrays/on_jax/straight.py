"""Straight-line distances between two sets of points, with a written-out gradient.

Two texts, since a gradient of one's own is declared in another way in each framework.
"""

import jax
import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.scalars import dot, over_or_zero, product, weigh, weigh_back


@jax.custom_vjp
def straight_matrix(x: Array, y: Array) -> Array:
    """sqrt(|x|^2 + |y|^2 - 2 x.y) of every pair, (B, D) and (M, D) -> (B, M); gradient 0 at 0."""
    return _forward(x, y)[0]


def _forward(x: Array, y: Array) -> tuple[Array, tuple[Array, ...]]:
    left = jnp.concatenate([-2 * x, dot(x, x), jnp.ones_like(x[:, :1])], axis=1)
    right = jnp.concatenate([y, jnp.ones_like(y[:, :1]), dot(y, y)], axis=1)
    d = jnp.sqrt(jnp.maximum(product(left, right.T), 0))
    return d, (x, y, d)


def _backward(saved: tuple[Array, ...], g: Array) -> tuple[Array, Array]:
    x, y, d = saved
    scaled = over_or_zero(g, d)
    grad_x = jnp.sum(scaled, axis=1)[:, None] * x - weigh(scaled, y)
    return grad_x, jnp.sum(scaled, axis=0)[:, None] * y - weigh_back(scaled, x)


straight_matrix.defvjp(_forward, _backward)
