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
    top = jnp.maximum(lax.stop_gradient(gap).max(axis=1), 0)
    total = jnp.exp(-top) + jnp.sum(weight * jnp.exp(gap - top[:, None]), axis=1)
    return top + jnp.log(total)
