"""Losses on the probability of a link."""

import jax
import jax.numpy as jnp
from jax import Array


def fermi_dirac(
    d_pos: Array, d_neg: Array, weight: Array, radius: float = 2.0, temperature: float = 1.0
) -> Array:
    """Cross-entropy of links with P(d) = 1 / (e^((d - r)/t) + 1), per example (B,).

    -log P(d+) - sum_k w_k log(1 - P(d_k)) / sum_k w_k, on the logits z = (r - d)/t:
    softplus(-z+) + sum_k w_k softplus(z_k) / sum_k w_k.
    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: the
    positive term alone. Nickel & Kiela 2017, Eq. 7.
    """
    near = _softplus((d_pos - radius) / temperature)
    far = _softplus((radius - jnp.sign(weight) * d_neg) / temperature)
    total = jnp.sum(weight, axis=1)
    return near + jnp.sum(weight * far, axis=1) / jnp.where(total > 0, total, 1)


def _softplus(z: Array) -> Array:
    """log(1 + e^z), to the last digit of float64."""
    return jax.nn.softplus(z)
