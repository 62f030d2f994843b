"""Draws from [lo, hi) minus [xlo, xhi): the uniform and the structural samplers."""

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.integers import mulhi, subset


def uniform(index: dict[str, Array], anchors: Array, words: Array) -> tuple[Array, Array]:
    """Any node but the anchor: ids (B,K), valid (B,K); valid=False for a lone node.

    id = r + [r >= anchor], r uniform on 0..N-2. anchors (B,), words (B,K).
    Source: Nickel & Kiela 2017, section 3.2.
    """
    others = index["n_nodes"] - 1
    place = mulhi(words, others)
    ids = place + (place >= anchors[:, None])
    valid = jnp.broadcast_to(others > 0, ids.shape)
    return jnp.where(valid, ids, anchors[:, None]), valid


def ring(
    index: dict[str, Array], anchors: Array, words: Array, replace: bool = True
) -> tuple[Array, Array]:
    """Nodes of each anchor's ring: ids (B,K), valid (B,K); without replacement all different.

    id = lo + r, moved past [xlo, xhi), r uniform on 0..(hi-lo)-(xhi-xlo)-1. Where nothing is left
    to draw valid=False and the id is the anchor. anchors (B,), words (B,K).
    Source: hardball, level order and rings; without replacement Bentley & Floyd 1987.
    """
    low, skip = index["lo"][anchors], index["xlo"][anchors]
    gap = index["xhi"][anchors] - skip
    size = index["hi"][anchors] - low - gap
    if replace:
        place, valid = mulhi(words, size[:, None]), jnp.broadcast_to(size[:, None] > 0, words.shape)
    else:
        place, valid = subset(words, size)
    ids = low[:, None] + place
    ids = ids + jnp.where(ids >= skip[:, None], gap[:, None], 0)
    return jnp.where(valid, ids, anchors[:, None]), valid


def tightening(
    index: dict[str, Array],
    anchors: Array,
    words: Array,
    progress: Array,
    replace: bool = True,
) -> tuple[Array, Array]:
    """Of k + 1 rings the one whose turn it is, the widest first: ids (B,K), valid (B,K).

    Ring floor(progress (k + 1)), each for as long; progress: the share of the training that is
    over. anchors (B,), words (B,K). Source: Bengio et al. 2009, Curriculum Learning; hardball,
    level order and rings.
    """
    levels, n = index["lo"].shape
    turn = jnp.minimum((progress * levels).astype(jnp.int32), levels - 1)
    flat = {name: index[name].reshape(-1) for name in ("lo", "hi", "xlo", "xhi")}
    ids, valid = ring(flat, anchors + turn * n, words, replace)
    return jnp.where(valid, ids, anchors[:, None]), valid
