"""Draws from rows of a dense probability matrix, held as cumulated integer weights."""

import jax
import jax.numpy as jnp
from jax import Array

from hardball.samplers.integers_jax import mulhi


def matrix(
    index: dict[str, Array], anchors: Array, words: Array, replace: bool = True
) -> tuple[Array, Array]:
    """Nodes by the anchor's row of weights: ids (B,K), valid (B,K).

    id = the first column whose cumulated weight exceeds floor(word * total / 2^32). Without
    replacement the weight of a drawn column becomes 0 before the next draw, as in NumPy's
    choice(replace=False, p): K passes over (B,N), and valid=False once a row is used up. An id that
    is not valid is the anchor. anchors (B,), words (B,K). Source: Devroye 1986, Non-Uniform Random
    Variate Generation, section III.2.
    """
    n = index["cumulative"].shape[0]
    if replace:
        total = index["cumulative"][anchors, n - 1][:, None]
        target = mulhi(words, total)
        low, high = jnp.zeros(words.shape, jnp.int32), jnp.full(words.shape, n - 1, jnp.int32)
        for _ in range((n - 1).bit_length()):
            middle = (low + high) >> 1
            below = index["cumulative"][anchors[:, None], middle] <= target
            low, high = jnp.where(below, middle + 1, low), jnp.where(below, high, middle)
        valid = jnp.broadcast_to(total > 0, words.shape)
        return jnp.where(valid, low, anchors[:, None]), valid

    rows = jnp.arange(words.shape[0])

    def take(step: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        cumulative, ids, valid = state
        total = cumulative[:, -1]
        target = mulhi(words[:, step], total)
        drawn = jnp.argmax(cumulative > target[:, None], axis=1).astype(jnp.int32)
        before = jnp.where(drawn > 0, cumulative[rows, drawn - 1], 0)
        used = cumulative[rows, drawn] - before
        after = jnp.arange(n, dtype=jnp.int32) >= drawn[:, None]
        left = total > 0
        return (
            cumulative - jnp.where(after, used[:, None], 0),
            ids.at[:, step].set(jnp.where(left, drawn, anchors)),
            valid.at[:, step].set(left),
        )

    start = (
        index["cumulative"][anchors],
        jnp.zeros(words.shape, jnp.int32),
        jnp.zeros(words.shape, bool),
    )
    _, ids, valid = jax.lax.fori_loop(0, words.shape[1], take, start)
    return ids, valid
