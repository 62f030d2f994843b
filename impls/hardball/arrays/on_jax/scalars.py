"""Small numerical pieces that every geometry shares.

Two texts: the hand-written gradients of each framework call them, and divisions and products have
another quickest form in each.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax


def length(x: Array) -> Array:
    """Euclidean norm sqrt(sum_i x_i^2) over the last axis, (..., D) -> (...); gradient 0 at 0."""
    return root(jnp.sum(x * x, axis=-1))


def root(x: Array) -> Array:
    """sqrt(x) for x > 0 and 0 elsewhere, with gradient 0 there: the double where."""
    positive = x > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, x, 1)), 0)


def over(f: Callable[[Array], Array], x: Array) -> Array:
    """f(x) / x for x >= 0 and an odd f with slope 1 at 0, as sinh(x) / x; 1 below x = 1e-8."""
    # Below 1e-8 the next term, x^2 / 6, is under the resolution of float64.
    small = x < 1e-8
    safe = jnp.where(small, 1, x)
    return jnp.where(small, 1, f(safe) / safe)


def over_or_zero(g: Array, x: Array) -> Array:
    """g / x for x >= 0, and 0 where x = 0."""
    apart = x > 0
    return jnp.where(apart, g / jnp.where(apart, x, 1), 0)


def unit(x: Array) -> Array:
    """x / |x| over the last axis; the zero vector stays zero."""
    size = length(x)
    return x / jnp.where(size > 0, size, 1)[..., None]


def twice_asinh(x: Array) -> Array:
    """2 asinh(x) for x >= 0, as log1p(2 x (x + sqrt(1 + x^2))): one vectorised log."""
    return jnp.log1p(2 * x * (x + jnp.sqrt(1 + x * x)))


def dot(x: Array, y: Array) -> Array:
    """Euclidean inner product over the last axis, kept as an axis of length one."""
    return jnp.sum(x * y, axis=-1, keepdims=True)


def product(x: Array, y: Array) -> Array:
    """Matrix product x @ y, at the full precision of its dtype on every device."""
    return jnp.matmul(x, y, precision="highest")


def weigh(h: Array, m: Array) -> Array:
    """h @ m for a wide h (B, M) and a thin m (M, D), in the quickest form on a CPU."""
    return product(h, m)


def weigh_back(h: Array, m: Array) -> Array:
    """h.T @ m for a wide h (B, M) and a thin m (B, D), in the quickest form on a CPU."""
    # The compiler would fold the outer transpose back into h.T @ m: nine times slower.
    return lax.optimization_barrier(product(m.T, h)).T


def shrink(x: Array, limit: float) -> Array:
    """x where |x| <= limit, else limit x / |x|; (..., D) -> (..., D)."""
    # Lengths are taken of x over its largest entry, where squares would overflow. The result does
    # not depend on it, and a gradient would ask which entry is the largest: XLA may compute x twice
    # with another rounding, and then finds none.
    largest = lax.stop_gradient(jnp.maximum(jnp.max(jnp.abs(x), axis=-1, keepdims=True), 1))
    size = length(x / largest)[..., None]
    return jnp.where(size * largest > limit, x / largest * (limit / jnp.maximum(size, 1e-9)), x)


def dtype_name(x: Array) -> str:
    """`float32` or `float64`: the key of a MAX_RADIUS table."""
    return jax.numpy.dtype(x.dtype).name
