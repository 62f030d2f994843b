"""Draws from rows of a dense probability matrix, held as cumulated integer weights."""

import jax
import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.integers import lookup, mulhi


def matrix(
    index: dict[str, Array], anchors: Array, words: Array, replace: bool = True
) -> tuple[Array, Array]:
    """Nodes by the anchor's row of weights: ids (B,K), valid (B,K).

    id = the first column whose cumulated weight exceeds floor(word * total / 2^32). Without
    replacement a drawn column has weight 0 from then on, as in NumPy's choice(replace=False, p),
    and valid=False once a row is used up. An id that is not valid is the anchor. anchors (B,),
    words (B,K). Source: Devroye 1986, Non-Uniform Random Variate Generation, section III.2;
    without replacement Efraimidis & Spirakis 2006, Weighted Random Sampling, definition 1.
    """
    n = index["cumulative"].shape[0]
    table, rows = index["cumulative"].reshape(-1), anchors * n
    total = lookup(table, rows + n - 1)
    if replace:
        drawn = first_above(table, n, rows[:, None], mulhi(words, total[:, None]))
        valid = jnp.broadcast_to(total[:, None] > 0, words.shape)
        return jnp.where(valid, drawn, anchors[:, None]), valid

    def take(step: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        total, starts, weights, ids, valid = state
        target = mulhi(words[:, step], total)
        passed = starts <= target[:, None]
        skipped = jnp.where(passed, weights, 0).sum(1, dtype=jnp.int32)
        drawn = first_above(table, n, rows, target + skipped)
        before = jnp.where(drawn > 0, lookup(table, rows + jnp.maximum(drawn - 1, 0)), 0)
        left = total > 0
        used = jnp.where(left, lookup(table, rows + drawn) - before, 0)
        starts = jnp.where(passed, starts, starts - used[:, None])
        return (
            total - used,
            starts.at[:, step].set(before - skipped),
            weights.at[:, step].set(used),
            ids.at[:, step].set(jnp.where(left, drawn, anchors)),
            valid.at[:, step].set(left),
        )

    # Of each drawn column its weight, and where in the weight that is left its gap lies.
    zeros = jnp.zeros(words.shape, jnp.int32)
    state = (total, zeros, zeros, zeros, zeros > 0)
    *_, ids, valid = jax.lax.fori_loop(0, words.shape[1], take, state)
    return ids, valid


def first_above(table: Array, n: int, rows: Array, targets: Array) -> Array:
    """First of n columns from `rows` on whose entry exceeds the target; n - 1 where none does."""
    low, high = jnp.zeros_like(targets), jnp.full_like(targets, n - 1)
    for _ in range((n - 1).bit_length()):
        middle = (low + high) >> 1
        below = lookup(table, rows + middle) <= targets
        low, high = jnp.where(below, middle + 1, low), jnp.where(below, high, middle)
    return jnp.minimum(low, n - 1)
