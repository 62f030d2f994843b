"""Draws by degree: from an alias table, and from the nodes of like degree."""

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.integers import lookup, mulhi, wide_product


def degree(index: dict[str, Array], anchors: Array, words: Array) -> tuple[Array, Array]:
    """Nodes by the table's probabilities: ids (B,K), valid (B,K), always True.

    word * N = column * 2^32 + fraction; the id is the column where fraction < threshold, else its
    alias. A probability is off by at most 2^-31 a column that names the node. words (B,K); anchors
    (B,) give the rows only. Source: Walker 1977, alias method; Mikolov et al. 2013, section 2.2.
    """
    column, fraction = wide_product(words, index["alias"].shape[0])
    ids = jnp.where(
        fraction < lookup(index["threshold"], column), column, lookup(index["alias"], column)
    )
    return ids, jnp.ones(ids.shape, bool)


def degree_corrected(index: dict[str, Array], anchors: Array, words: Array) -> tuple[Array, Array]:
    """Nodes of about the anchor's degree, uniformly: ids (B,K), valid (B,K).

    id = order[lo + r], moved past the anchor's own place, r uniform on 0..hi-lo-2. valid=False for
    a lone node, whose id is its own. anchors (B,), words (B,K).
    Source: hardball, level order and rings.
    """
    low = index["lo"][anchors][:, None]
    others = index["hi"][anchors][:, None] - low - 1
    place = low + mulhi(words, others)
    place = place + (place >= index["place"][anchors][:, None])
    valid = jnp.broadcast_to(others > 0, words.shape)
    ids = lookup(index["order"], jnp.where(valid, place, low))
    return jnp.where(valid, ids, anchors[:, None]), valid
