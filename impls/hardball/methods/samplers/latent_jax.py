"""Negatives that are hard for the points as they lie now: near the anchor, chosen of candidates."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.membership import Known
from hardball.methods.samplers.choice_jax import choose as chosen
from hardball.methods.samplers.latent import Rule
from hardball.methods.samplers.pool_jax import pool
from hardball.methods.samplers.rings_jax import ring, uniform
from hardball.methods.samplers.space_jax import Space

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
    ids, usable = _candidates(index, anchors, first, candidates)
    near = {name: index[f"within_{name}"] for name in _BALL} if hops else None
    rule = Rule(choose, negatives, top, temperature)
    return chosen(space, rule, anchors, anchors, ids, usable, last, known, near)


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
    ids, usable = _candidates(index, anchors, words, candidates)
    order = Rule("semi_hard" if rule == "semi_hard" else "nearest", negatives)
    return chosen(space, order, anchors, positives, ids, usable, words[:, :0], known, None)


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
    usable = ids != anchors[:, None]
    rule = Rule("temperature", words.shape[1], temperature=temperature)
    return chosen(space, rule, anchors, anchors, ids, usable, words, None, None)


def neighbor_lists(
    space: Space, known: Callable[[Array], Known], nodes: Array, top: int = 64
) -> Array:
    """The `top` nearest nodes of every node that are no known positives of it: int32 (N,T).

    nodes (N,): all of them. T = min(top, N - 1). Where fewer are left the node itself stands in.
    N^2 distances, some million of them held at once. Source: hardball, exact neighbours by blocks.
    """
    count = len(nodes)
    rule, every = Rule("nearest", min(top, count - 1)), jnp.ones_like(nodes[None], dtype=bool)
    words = jnp.zeros((count, 0), jnp.uint32)
    size = min(count, max(1, _HELD // count))

    def block(start: Array) -> Array:
        rows = jnp.minimum(start + nodes[:size], count - 1)
        given = rows, rows, nodes[None], every, words[rows], known(rows), None
        return chosen(space, rule, *given)[0]

    lists = jax.lax.map(block, nodes[::size])
    return lists.reshape(-1, lists.shape[-1])[:count]


def _candidates(
    index: dict[str, Array], anchors: Array, words: Array, candidates: str
) -> tuple[Array, Array]:
    """Candidates (B,C), or (1,C) for all anchors, and whether they may be drawn."""
    if candidates == "batch":
        shared, weight = pool(index, words.reshape(-1))
        return shared[None], weight[None] > 0
    return (uniform if candidates == "uniform" else ring)(index, anchors, words)
