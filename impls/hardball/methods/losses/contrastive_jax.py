"""Softmax losses: the positive against the sum of the negatives."""

import jax.numpy as jnp
from jax import Array, lax


def infonce(d_pos: Array, d_neg: Array, weight: Array, temperature: float = 1.0) -> Array:
    """Softmax of the positive against the negatives, per example (B,).

    -log(e^(-d+/T) / (e^(-d+/T) + sum_k w_k e^(-d_k/T))) = log(1 + sum_k w_k e^((d+ - d_k)/T)).
    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: 0.
    Nickel & Kiela 2017, Eq. 6 (T = 1); van den Oord, Li & Vinyals 2018, Eq. 4.
    """
    gap = jnp.sign(weight) * (d_pos[:, None] - d_neg) / temperature
    top = lax.stop_gradient(gap).max(axis=1, initial=0)
    total = jnp.exp(-top) + jnp.sum(weight * jnp.exp(gap - top[:, None]), axis=1)
    return top + jnp.log(total)


def multi_hop_contrastive(
    d_pos: Array,
    d_neg: Array,
    weight: Array,
    hops: Array,
    decay: float = 0.5,
    temperature: float = 1.0,
) -> Array:
    """InfoNCE of all pairs, the near ones first, per example (B,): decay^(hops - 1) infonce.

    hops (B,): edges of the shortest path from the anchor up to its positive, 1 for a parent; d_pos,
    d_neg, weight and temperature as of `infonce`. A batch is averaged over its B pairs, not over
    the sum of their factors: a pair pulls alike whatever it comes with, and decay = 1 is infonce.
    Source: hardball.
    """
    return decay ** (hops - 1) * infonce(d_pos, d_neg, weight, temperature)


def local_contrastive(
    d_pos: Array,
    d_neg: Array,
    weight: Array,
    hops: Array,
    reach: int = 1,
    temperature: float = 1.0,
) -> Array:
    """InfoNCE of the pairs at most `reach` edges apart, per example (B,); 0 for the others.

    hops (B,): edges of the shortest path from the anchor up to its positive, 1 for a parent; d_pos,
    d_neg, weight and temperature as of `infonce`. A batch is averaged over its B pairs, not over
    those within reach, so it weighs as much as it has of them. Source: hardball.
    """
    return jnp.where(hops <= reach, infonce(d_pos, d_neg, weight, temperature), 0)
