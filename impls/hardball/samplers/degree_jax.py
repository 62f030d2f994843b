"""Draws from an alias table: one word gives column and fraction."""

import jax.numpy as jnp
from jax import Array

from hardball.samplers.integers_jax import lookup, product


def degree(index: dict[str, Array], anchors: Array, words: Array) -> tuple[Array, Array]:
    """Nodes by the table's probabilities: ids (B,K), valid (B,K), always True.

    word * N = column * 2^32 + fraction; the id is the column where fraction < threshold, else its
    alias. A probability is off by at most 2^-31 a column that names the node. words (B,K); anchors
    (B,) give the rows only. Source: Walker 1977, alias method; Mikolov et al. 2013, section 2.2.
    """
    column, fraction = product(words, index["alias"].shape[0])
    ids = jnp.where(
        fraction < lookup(index["threshold"], column), column, lookup(index["alias"], column)
    )
    return ids, jnp.ones(ids.shape, bool)
