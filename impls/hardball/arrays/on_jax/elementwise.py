"""Functions of single entries, reductions and shapes, over JAX."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

inf = jnp.inf
integer = jnp.int32
boolean = jnp.bool_

abs = jnp.abs
arctan2 = jnp.arctan2
asinh = jnp.arcsinh
atanh = jnp.arctanh
cos = jnp.cos
cosh = jnp.cosh
exp = jnp.exp
expm1 = jnp.expm1
floor = jnp.floor
isfinite = jnp.isfinite
log = jnp.log
log1p = jnp.log1p
ones_like = jnp.ones_like
outer = jnp.outer
power = jnp.power
relu = jax.nn.relu
round = jnp.round
sigmoid = jax.nn.sigmoid
sign = jnp.sign
sin = jnp.sin
sinh = jnp.sinh
softplus = jax.nn.softplus
sqrt = jnp.sqrt
stop_gradient = lax.stop_gradient
tanh = jnp.tanh
where = jnp.where
zeros_like = jnp.zeros_like


def maximum(x: Array, y: Any) -> Array:
    """The larger of each pair; y an array or a number."""
    return jnp.maximum(x, y)


def minimum(x: Array, y: Any) -> Array:
    """The smaller of each pair; y an array or a number."""
    return jnp.minimum(x, y)


def magnitude(x: Array) -> Array:
    """|x| of each, with slope 0 at 0."""
    # As a product with the sign: JAX's own absolute value has slope 1 at 0.
    return x * jnp.sign(x)


def sum(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Sum over an axis, or of all."""
    return jnp.sum(x, axis=axis, keepdims=keepdims)


def mean(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Mean over an axis, or of all."""
    return jnp.mean(x, axis=axis, keepdims=keepdims)


def max_or(x: Array, least: float) -> Array:
    """The largest of each row and `least`: (B, K) -> (B,), of rows that may be empty too."""
    return x.max(axis=1, initial=least)


def min_or(x: Array, most: float) -> Array:
    """The smallest of each row and `most`: (B, K) -> (B,), of rows that may be empty too."""
    return x.min(axis=1, initial=most)


def logsumexp(x: Array, axis: int, keepdims: bool = False) -> Array:
    """log sum e^x over an axis."""
    return jax.nn.logsumexp(x, axis=axis, keepdims=keepdims)


def concatenate(arrays: Sequence[Array], axis: int = 0) -> Array:
    """Arrays one after another."""
    return jnp.concatenate(arrays, axis=axis)


def stack(arrays: Sequence[Array], axis: int = 0) -> Array:
    """Arrays side by side on a new axis."""
    return jnp.stack(arrays, axis=axis)


def halves(x: Array) -> tuple[Array, Array]:
    """The first and the second half of the rows."""
    first, second = jnp.split(x, 2)
    return first, second


def arange(count: int, like: Array) -> Array:
    """0, 1, ..., count - 1 on the device of `like`, in the integer type of indices."""
    return jnp.arange(count)


def eye(size: int, like: Array) -> Array:
    """The identity matrix in the type and on the device of `like`."""
    return jnp.eye(size, dtype=like.dtype)


def zeros(shape: Sequence[int], like: Array) -> Array:
    """Zeros in the type and on the device of `like`."""
    return jnp.zeros(tuple(shape), like.dtype)


def full_like(x: Array, value: float, dtype: Any = None) -> Array:
    """An array of the shape of x that holds one value, in the type of x unless told otherwise."""
    return jnp.full_like(x, value, dtype=dtype)


def broadcast_to(x: Array, shape: Sequence[int]) -> Array:
    """x repeated along axes of length one, without a copy."""
    return jnp.broadcast_to(x, shape)


def astype(x: Array, like: Array) -> Array:
    """x in the type of `like`."""
    return x.astype(like.dtype)


def eps(x: Array) -> float:
    """The spacing of the floating-point numbers above 1 in the type of x."""
    return float(jnp.finfo(x.dtype).eps)
