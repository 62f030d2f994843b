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
    near = softplus((d_pos - radius) / temperature)
    far = softplus((radius - jnp.sign(weight) * d_neg) / temperature)
    total = jnp.sum(weight, axis=1)
    return near + jnp.sum(weight * far, axis=1) / jnp.where(total > 0, total, 1)


def focal(
    d_pos: Array,
    d_neg: Array,
    weight: Array,
    alpha: float = 0.25,
    gamma: float = 2.0,
    radius: float = 2.0,
    temperature: float = 1.0,
) -> Array:
    """Cross-entropy of links, less of it where P is right already, per example (B,).

    -a (1 - P+)^g log P+ - (1 - a) sum_k w_k P_k^g log(1 - P_k) / sum_k w_k, on the logits z of
    `fermi_dirac`: log P = -softplus(-z) and log(1 - P) = -softplus(z), so that nothing is the
    difference of P and 1. gamma = 0 and alpha = 1/2: half of `fermi_dirac`.
    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: the
    positive term alone. Lin et al. 2017, Focal Loss for Dense Object Detection, Eq. 5.
    """
    near = (d_pos - radius) / temperature
    far = (radius - jnp.sign(weight) * d_neg) / temperature
    total = jnp.sum(weight, axis=1)
    each = jnp.sum(weight * _focal(far, gamma), axis=1) / jnp.where(total > 0, total, 1)
    return alpha * _focal(near, gamma) + (1 - alpha) * each


def _focal(z: Array, gamma: float) -> Array:
    """-Q^gamma log(1 - Q), where Q = 1 / (1 + e^-z) is the probability of the wrong answer."""
    return jnp.exp(-gamma * softplus(-z)) * softplus(z)


def softplus(z: Array) -> Array:
    """log(1 + e^z) of each, to the last digit of float64."""
    return jax.nn.softplus(z)
