"""Sorting, searching and picking along rows, and loops over steps and blocks, over JAX."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

float32 = jnp.float32
# What a random word is held as.
word = jnp.uint32

cumsum = jnp.cumsum
sort = jnp.sort


def cast(x: Array, dtype: Any) -> Array:
    """x in another type: one of `integer`, `boolean`, `float32` and `word`."""
    return x.astype(dtype)


def gather(x: Array, places: Array) -> Array:
    """x[b, places[b, k]]: (B, C), (B, K) -> (B, K)."""
    return jnp.take_along_axis(x, places, 1)


def smallest(x: Array, count: int) -> Array:
    """Places (B, count) of the smallest of each row (B, C), smallest first."""
    return lax.top_k(-x, count)[1]


def searchsorted(ascending: Array, values: Array, right: bool = False) -> Array:
    """How many entries are below each value, with `right` below or equal: in (C,), of any shape.

    In rows (B, C) of their own for values (B, K).
    """
    side = "right" if right else "left"
    if ascending.ndim == 1:
        return jnp.searchsorted(ascending, values, side=side)
    return jax.vmap(lambda row, at: jnp.searchsorted(row, at, side=side))(ascending, values)


def set_column(x: Array, column: Any, values: Array) -> Array:
    """x (B, K) with one column replaced; the array that was given may be written over."""
    return x.at[:, column].set(values)


def loop(count: int, step: Callable[[Any, Any], Any], state: Any) -> Any:
    """state = step(i, state) for i = 0, ..., count - 1."""
    return lax.fori_loop(0, count, step, state)


def in_blocks(f: Callable[[Array], Array], nodes: Array, size: int) -> Array:
    """f of nodes 0..N-1 as one array (N, T), of `size` at a time."""
    count = len(nodes)

    def block(start: Array) -> Array:
        # The last block is as long as the others, and its repeats are cut off.
        return f(jnp.minimum(start + nodes[:size], count - 1))

    found = lax.map(block, nodes[::size])
    return found.reshape(-1, found.shape[-1])[:count]
