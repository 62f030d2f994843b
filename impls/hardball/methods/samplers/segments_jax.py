"""Draws from rows of ranges of ids, and which nodes lie in them."""

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.integers import lookup, mulhi


def segments(index: dict[str, Array], anchors: Array, words: Array) -> tuple[Array, Array]:
    """Nodes of each anchor's ranges, uniformly: ids (B,K), valid (B,K).

    id = start + (r - before) of the range in which the r-th id of the row lies, r uniform on
    0..size-1. Where there is none valid=False and the id is the anchor. anchors (B,), words (B,K).
    Source: hardball, level order and rings.
    """
    size = index["size"][anchors][:, None]
    valid = jnp.broadcast_to(size > 0, words.shape)
    if not index["start"].shape[0]:
        return jnp.broadcast_to(anchors[:, None], words.shape), valid
    wanted = mulhi(words, size)
    place = _last_reached(index, index["before"], anchors, wanted)
    ids = lookup(index["start"], place) + (wanted - lookup(index["before"], place))
    return jnp.where(valid, ids, anchors[:, None]), valid


def is_within(index: dict[str, Array], nodes: Array, candidates: Array) -> Array:
    """candidates[b,k] in the ranges of nodes[b]: bool (B,K), by binary search without branches.

    index: see `segments.within`; nodes (B,), candidates (B,K).
    Source: Knuth, TAOCP 3, section 6.2.1, algorithm U.
    """
    place = _last_reached(index, index["start"], nodes, candidates)
    reached = lookup(index["start"], place) <= candidates
    return reached & (candidates < lookup(index["stop"], place))


def _last_reached(index: dict[str, Array], keys: Array, nodes: Array, values: Array) -> Array:
    """Place of the last key <= value in the node's row, (B,K); the row's first where none is."""
    last = jnp.maximum(index["indptr"][nodes + 1][:, None] - 1, 0)
    place = jnp.broadcast_to(jnp.minimum(index["indptr"][nodes][:, None], last), values.shape)
    for step in range(index["strides"].shape[0]):
        further = jnp.minimum(place + index["strides"][step], last)
        place = jnp.where(lookup(keys, further) <= values, further, place)
    return place
