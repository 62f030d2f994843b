"""Losses on distances themselves: as far apart in space as in the hierarchy."""

import jax.numpy as jnp
from jax import Array


def distance_preserving(
    d_pos: Array,
    d_neg: Array,
    weight: Array,
    tree_pos: Array,
    tree_neg: Array,
    form: str = "stress",
    scale: float = 1.0,
) -> Array:
    """How far distances are from those along the tree, per example (B,).

    (e(d+ / s t+) + sum_k w_k e(d_k / s t_k)) / (1 + sum_k w_k), t edges along the spanning tree, s
    the scale, > 0; e(x) = (x - 1)^2 with form "stress", |x^2 - 1| with form "distortion".
    tree_pos (B,), tree_neg (B, K): t, at least 1 wherever a weight is not 0. d_pos (B,), d_neg and
    weight (B, K): a weight is a multiplicity, 0 masks. No negatives: the positive term alone.
    Kamada & Kawai 1989, An Algorithm for Drawing General Undirected Graphs, Eqs. 1-4 (stress);
    Gu et al. 2019, Learning Mixed-Curvature Representations in Product Spaces, Eq. 2 (distortion).
    """
    apart = jnp.where(weight > 0, tree_neg, 1)
    near = _error(d_pos / (scale * tree_pos), form)
    far = _error(jnp.sign(weight) * d_neg / (scale * apart), form)
    return (near + jnp.sum(weight * far, axis=1)) / (1 + jnp.sum(weight, axis=1))


def _error(ratio: Array, form: str) -> Array:
    if form == "stress":
        return (ratio - 1) ** 2
    excess = ratio * ratio - 1
    # As a product with the sign: JAX's own absolute value has slope 1 at 0.
    return excess * jnp.sign(excess)
