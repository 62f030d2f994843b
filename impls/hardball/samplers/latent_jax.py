"""Negatives that are hard for the points as they lie now: near the anchor, chosen of candidates."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from hardball.samplers.integers_jax import mulhi
from hardball.samplers.membership_jax import Known
from hardball.samplers.pool_jax import pool
from hardball.samplers.rings_jax import ring, uniform
from hardball.samplers.segments_jax import is_within
from hardball.samplers.space_jax import Space

_BALL = ("indptr", "start", "stop", "strides")
# Distances that are held at once where lists are made.
_HELD = 2**24


def distance_hard(
    index: dict[str, Array],
    anchors: Array,
    words: Array,
    space: Space,
    known: Known,
    negatives: int,
    candidates: str = "uniform",
    choose: str = "nearest",
    top: int = 16,
    temperature: float = 1.0,
    hops: int = 1,
) -> tuple[Array, Array]:
    """Candidates near the anchor: ids (B,K), valid (B,K); valid=False where too few are left.

    nearest: the K nearest candidates that are no known positives and more than `hops` edges away.
    top: K of the `top` nearest, uniformly with replacement. temperature: K of all, with
    replacement, p ~ exp(-d / temperature). A candidate that was drawn twice may be chosen twice.
    anchors (B,), words (B,C), and K more unless nearest.
    Source: Robinson et al. 2021, Contrastive Learning with Hard Negative Samples, Eq. 4, whose
    beta is 1 / temperature.
    """
    rest = 0 if choose == "nearest" else negatives
    first, last = jnp.split(words, [words.shape[1] - rest], axis=1)
    ids, far = _look(index, anchors, first, space, known, candidates)
    if hops:
        near = {name: index[f"within_{name}"] for name in _BALL}
        far = jnp.where(is_within(near, anchors, ids), jnp.inf, far)
    if choose == "temperature":
        places = softly(far, last, temperature)
    else:
        places = nearest(far, top if rest else negatives)
    if choose == "top":
        places = jnp.take_along_axis(places, mulhi(last, top), 1)
    return _take(ids, far, places, anchors)


def mined(
    index: dict[str, Array],
    anchors: Array,
    words: Array,
    space: Space,
    known: Known,
    positives: Array,
    negatives: int,
    rule: str = "semi_hard",
    candidates: str = "uniform",
) -> tuple[Array, Array]:
    """Mined candidates: ids (B,K), valid (B,K); valid=False where too few are left.

    hardest: the K nearest to the anchor. semi_hard: the K nearest of those that are farther from it
    than its positive; where these are too few, then the farthest of the others. anchors,
    positives (B,), words (B,C). Source: Schroff, Kalenichenko & Philbin 2015, FaceNet, Eq. 4.
    """
    ids, far = _look(index, anchors, words, space, known, candidates)
    key = far
    if rule == "semi_hard":
        gap = far - space.dist(anchors, positives[:, None])
        worst = jnp.max(jnp.where(jnp.isfinite(gap), gap, 0), axis=1, keepdims=True)
        key = jnp.where(gap > 0, gap, jnp.maximum(worst, 0) + 1 - gap)
    return _take(ids, far, nearest(key, negatives), anchors)


def neighbors(
    index: dict[str, Array],
    anchors: Array,
    words: Array,
    space: Space,
    temperature: float = 1.0,
) -> tuple[Array, Array]:
    """Of each anchor's list: ids (B,K) with replacement, p ~ exp(-d / temperature), valid (B,K).

    index["lists"] (N,T) from `neighbor_lists`, d the distance as it is now. A list that is not full
    repeats its node, which is never drawn. anchors (B,), words (B,K).
    Source: Xiong et al. 2021, Approximate Nearest Neighbor Negative Contrastive Learning.
    """
    ids = index["lists"][anchors]
    far = jnp.where(ids == anchors[:, None], jnp.inf, space.dist(anchors, ids))
    return _take(ids, far, softly(far, words, temperature), anchors)


def neighbor_lists(
    space: Space, known: Callable[[Array], Known], nodes: Array, top: int = 64
) -> Array:
    """The `top` nearest nodes of every node that are no known positives of it: int32 (N,T).

    nodes (N,): all of them. T = min(top, N - 1). Where fewer are left the node itself stands in.
    N^2 distances, some million of them held at once. Source: hardball, exact neighbours by blocks.
    """
    count = len(nodes)
    size = min(count, max(1, _HELD // count))

    def block(start: Array) -> Array:
        rows = jnp.minimum(start + nodes[:size], count - 1)
        far = jnp.where(known(rows).shared(nodes), jnp.inf, space.dist_matrix(rows, nodes))
        places = nearest(far, min(top, count - 1))
        found = jnp.take_along_axis(far, places, 1)
        return jnp.where(jnp.isfinite(found), places, rows[:, None])

    lists = jax.lax.map(block, nodes[::size])
    return lists.reshape(-1, lists.shape[-1])[:count]


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


def _look(
    index: dict[str, Array],
    anchors: Array,
    words: Array,
    space: Space,
    known: Known,
    candidates: str,
) -> tuple[Array, Array]:
    """Candidates (B,C) and their distances, infinite for what must not be drawn."""
    if candidates == "batch":
        shared, weight = pool(index, words.reshape(-1))
        far = space.dist_matrix(anchors, shared)
        banned = known.shared(shared) | (weight == 0)
        return jnp.broadcast_to(shared, far.shape), jnp.where(banned, jnp.inf, far)
    draw = uniform if candidates == "uniform" else ring
    ids, valid = draw(index, anchors, words)
    far = space.dist(anchors, ids)
    return ids, jnp.where(valid & ~known.each(ids), far, jnp.inf)


def _take(ids: Array, far: Array, places: Array, anchors: Array) -> tuple[Array, Array]:
    """ids and whether they may be drawn, at places (B,K); the anchor stands in where not."""
    valid = jnp.isfinite(jnp.take_along_axis(far, places, 1))
    return jnp.where(valid, jnp.take_along_axis(ids, places, 1), anchors[:, None]), valid
