"""Hinge losses: the positive must be nearer than each negative by a margin."""

import jax
import jax.numpy as jnp
from jax import Array


def margin(d_pos: Array, d_neg: Array, weight: Array, margin: float = 0.5) -> Array:
    """Margin ranking, per example (B,): sum_k w_k max(0, margin + d+ - d_k) / sum_k w_k.

    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: 0.
    Bordes et al. 2013, Translating Embeddings, Eq. 1, averaged over the negatives.
    """
    return _mean_hinge(margin + d_pos[:, None] - jnp.sign(weight) * d_neg, weight)


def triplet(d_pos: Array, d_neg: Array, weight: Array, margin: float = 0.5) -> Array:
    """Triplet loss, per example (B,): sum_k w_k max(0, margin + d+^2 - d_k^2) / sum_k w_k.

    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: 0.
    Schroff, Kalenichenko & Philbin 2015, FaceNet, Eq. 1, averaged over the negatives.
    """
    far = jnp.sign(weight) * d_neg
    return _mean_hinge(margin + (d_pos * d_pos)[:, None] - far * far, weight)


def margin_by_depth(
    d_pos: Array,
    d_neg: Array,
    weight: Array,
    depth: Array,
    margin: float = 0.2,
    growth: float = 0.1,
) -> Array:
    """Margin ranking with m = margin (1 + growth depth), per example (B,).

    sum_k w_k max(0, m + d+ - d_k) / sum_k w_k: there is more room between nodes that lie deeper.
    depth (B,): edges from a root to the anchor. d_pos (B,), d_neg and weight (B, K): a weight is a
    multiplicity, 0 masks. No negatives: 0. Bordes et al. 2013, Translating Embeddings, Eq. 1,
    averaged over the negatives; that the margin grows: hardball.
    """
    gap = margin * (1 + growth * depth) + d_pos
    return _mean_hinge(gap[:, None] - jnp.sign(weight) * d_neg, weight)


def triplet_hard(d_pos: Array, d_neg: Array, weight: Array, margin: float = 0.5) -> Array:
    """Triplet loss of the nearest negative, per example (B,): max(0, margin + d+ - min_k d_k).

    Negatives that are equally near share the gradient. d_pos (B,), d_neg and weight (B, K): 0
    masks, any other weight counts once. No negatives: 0.
    Hermans, Beyer & Leibe 2017, In Defense of the Triplet Loss, Eq. 5, with one positive.
    """
    present = jnp.where(weight > 0, d_neg, jnp.inf)
    nearest = present.min(axis=1, initial=jnp.inf)
    return jax.nn.relu(margin + d_pos - nearest)


def _mean_hinge(excess: Array, weight: Array) -> Array:
    """sum_k w_k max(0, excess_k) / sum_k w_k; 0 for a row without weight."""
    total = jnp.sum(weight, axis=1)
    return jnp.sum(weight * jax.nn.relu(excess), axis=1) / jnp.where(total > 0, total, 1)
