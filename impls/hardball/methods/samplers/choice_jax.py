"""Choosing an anchor's negatives among candidates, by how far they are from it."""

import jax
import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.integers import mulhi
from hardball.arrays.on_jax.membership import Known
from hardball.methods.samplers.latent import Rule
from hardball.methods.samplers.segments_jax import is_within
from hardball.methods.samplers.space_jax import Space


def choose(
    space: Space,
    rule: Rule,
    anchors: Array,
    positives: Array,
    candidates: Array,
    usable: Array,
    words: Array,
    known: Known | None,
    near: dict[str, Array] | None,
) -> tuple[Array, Array]:
    """What a rule chooses of the candidates: ids (B,K), valid (B,K); the anchor where not valid.

    Left out are candidates that are not usable, the anchor, its `known` positives and what lies in
    its ranges `near` (see `segments.within`). anchors, positives (B,); candidates, usable (B,C), or
    ascending (1,C) for all anchors; words (B,K) where the rule draws, else (B,0).
    Sources: see `Rule`.
    """
    if space.choose is not None:
        given = (rule, anchors, positives, candidates, usable, words, known, near)
        return space.choose(*given)
    if len(candidates) < len(anchors):
        far = space.dist_matrix(anchors, candidates[0])
        hit = known.shared(candidates[0]) if known else None
        candidates = jnp.broadcast_to(candidates, far.shape)
    else:
        far = space.dist(anchors, candidates)
        hit = known.each(candidates) if known else None
    out = ~usable | (candidates == anchors[:, None])
    if hit is not None:
        out = out | hit
    if near is not None:
        out = out | is_within(near, anchors, candidates)
    far = jnp.where(out, jnp.inf, far)
    if rule.choose == "temperature":
        places = softly(far, words, rule.temperature)
    elif rule.choose == "top":
        places = jnp.take_along_axis(nearest(far, rule.top), mulhi(words, rule.top), 1)
    elif rule.choose == "nearest":
        places = nearest(far, rule.negatives)
    else:
        gap = far - space.dist(anchors, positives[:, None])
        worst = jnp.max(jnp.where(jnp.isfinite(gap), gap, 0), axis=1, keepdims=True)
        key = jnp.where(gap > 0, gap, jnp.maximum(worst, 0) + 1 - gap)
        places = nearest(key, rule.negatives)
    valid = jnp.isfinite(jnp.take_along_axis(far, places, 1))
    ids = jnp.take_along_axis(candidates, places, 1)
    return jnp.where(valid, ids, anchors[:, None]), valid


def nearest(far: Array, count: int) -> Array:
    """Places (B,count) of the smallest of each row of distances (B,C), smallest first."""
    return jax.lax.top_k(-far, count)[1]


def softly(far: Array, words: Array, temperature: float) -> Array:
    """Places (B,K) in rows of distances (B,C): p ~ exp(-far / temperature), one word a place.

    Infinite distances have p = 0. By inversion: the first place whose cumulated weight exceeds
    word / 2^32 of the total, of which 24 bits are used.
    Source: Devroye 1986, Non-Uniform Random Variate Generation, section III.2.
    """
    low = jnp.min(far, axis=1, keepdims=True)
    weight = jnp.exp((jnp.where(jnp.isfinite(low), low, 0) - far) / temperature)
    cumulated = jnp.cumsum(weight, axis=1)
    share = (words >> 8).astype(far.dtype) / 2**24
    found = jax.vmap(lambda row, at: jnp.searchsorted(row, at, side="right"))
    return jnp.minimum(found(cumulated, share * cumulated[:, -1:]), far.shape[1] - 1)
