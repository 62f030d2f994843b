"""Nodes of subtrees: the anchor's own, and those of its ancestors."""

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.integers import lookup, mulhi, wide_product


def relatives(index: dict[str, Array], anchors: Array, words: Array) -> tuple[Array, Array]:
    """An ancestor uniformly, then a node of its subtree uniformly: ids (B,K), valid (B,K).

    p(n) = (1 / depth) sum over ancestors a of the anchor, n in subtree(a), of 1 / |subtree(a)|,
    with a and subtrees of the spanning tree; up to depth |subtree| / 2^32, since one word decides
    both. valid=False for a root, whose id is its own. The anchor and its ancestors may be drawn.
    anchors (B,), words (B,K).
    Source: hardball, level order and rings.
    """
    depth = index["depth"][anchors][:, None]
    levels, rest = wide_product(words, depth)
    node = jnp.broadcast_to(anchors[:, None], words.shape)
    for bit in range(index["up"].shape[0]):
        higher = lookup(index["up"][bit], node)
        node = jnp.where((levels + (depth > 0)) >> bit & 1 > 0, higher, node)
    low = lookup(index["first"], node)
    place = low + mulhi((rest << 1).astype(jnp.uint32), lookup(index["last"], node) - low)
    valid = jnp.broadcast_to(depth > 0, words.shape)
    return jnp.where(valid, lookup(index["order"], place), anchors[:, None]), valid


def descendants(index: dict[str, Array], anchors: Array, words: Array) -> tuple[Array, Array]:
    """A node below the anchor, uniformly: ids (B,K), valid (B,K).

    p(n) = 1 / (|subtree(anchor)| - 1), n in the anchor's subtree of the spanning tree. valid=False
    for a leaf, whose id is its own. anchors (B,), words (B,K).
    Source: hardball, level order and rings.
    """
    low = index["first"][anchors][:, None] + 1
    others = index["last"][anchors][:, None] - low
    place = low + mulhi(words, others)
    valid = jnp.broadcast_to(others > 0, words.shape)
    place = jnp.where(valid, place, low - 1)
    return lookup(index["order"], place), valid
