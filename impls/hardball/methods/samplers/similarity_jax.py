"""Draws of nodes whose features are alike, beside uniform ones."""

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.integers import lookup, mulhi
from hardball.methods.samplers.matrix_jax import first_above


def similarity_hard(
    index: dict[str, Array], anchors: Array, words: Array, ratio: float = 0.5
) -> tuple[Array, Array]:
    """round(ratio K) similar nodes, then uniform ones: ids (B,K), valid (B,K).

    A similar one is v of the anchor's list with p(v) = exp(cos(u, v) / T) / sum over the list; the
    others, and all draws of an anchor without a list, are any node but the anchor. valid=False for
    a lone node, whose id is its own. anchors (B,), words (B,K).
    Source: Robinson et al. 2021, section 3.1: q(v) proportional to exp(beta f(u) f(v)) p(v), beta =
    1/T. There f is the embedding in training and q a weight in the loss over a batch; here f are
    raw features, q is drawn from, over a list cut at its `top`, and a share of draws stays uniform.
    """
    n, top = index["near"].shape
    hard = round(ratio * words.shape[1])
    rows = (anchors * top)[:, None]
    total = lookup(index["cumulative"].reshape(-1), rows + top - 1)
    target = mulhi(words[:, :hard], total)
    place = first_above(index["cumulative"].reshape(-1), top, rows, target)
    near = lookup(index["near"].reshape(-1), rows + place)
    ids = mulhi(words, n - 1)
    ids = ids + (ids >= anchors[:, None])
    near = jnp.where(total > 0, near, ids[:, :hard])
    ids = jnp.concatenate([near, ids[:, hard:]], axis=1)
    valid = jnp.full(ids.shape, n > 1)
    return jnp.where(valid, ids, anchors[:, None]), valid
