"""One pool of uniform nodes shared by a whole batch."""

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.integers import mulhi


def pool(index: dict[str, Array], words: Array) -> tuple[Array, Array]:
    """Uniform nodes with replacement: ids (M,) ascending, weight float32 (M,).

    The weight is an id's multiplicity at the first of equal ids and 0 at its repeats, so that
    weighted sums over the pool are those over the M draws. words (M,).
    Source: hardball, level order and rings.
    """
    ids = jnp.sort(mulhi(words, index["n_nodes"]))
    first = jnp.searchsorted(ids, ids)
    count = jnp.searchsorted(ids, ids, side="right") - first
    return ids, jnp.where(first == jnp.arange(ids.shape[0]), count, 0).astype(jnp.float32)
