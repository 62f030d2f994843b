"""Deep Graph Infomax: true encodings against corrupted ones, told apart by their summary."""

import jax.numpy as jnp
from jax import Array, nn

from hardball.arrays.on_jax.scalars import product
from hardball.methods.losses.link_jax import softplus


def readout(encodings: Array, weight: Array) -> Array:
    """Summary of true encodings: s = sigmoid(sum_i w_i h_i / sum_i w_i), (B, D) -> (D,).

    weight (B,): a multiplicity, 0 masks. No encodings: 1/2 throughout.
    Source: Veličković et al. 2019, Deep Graph Infomax, Eq. 3.
    """
    present = jnp.where(weight[:, None] > 0, encodings, 0)
    total = jnp.sum(weight)
    mean = jnp.sum(weight[:, None] * present, axis=0) / jnp.where(total > 0, total, 1)
    return nn.sigmoid(mean)


def logits(encodings: Array, summary: Array, bilinear: Array) -> Array:
    """Of being true: z = h^T W s, so that D(h, s) = sigmoid(z); (..., D), (D,), (D, D) -> (...).

    Source: Veličković et al. 2019, Deep Graph Infomax, Eq. 4.
    """
    return product(encodings, product(bilinear, summary[:, None]))[..., 0]


def infomax(z_true: Array, z_corrupted: Array, w_true: Array, w_corrupted: Array) -> Array:
    """Cross-entropy of telling N true encodings from M corrupted ones, by their logits; ().

    -(sum_i w_i log D_i + sum_j w_j log(1 - D_j)) / (sum_i w_i + sum_j w_j), which for D =
    sigmoid(z) is (sum_i w_i softplus(-z_i) + sum_j w_j softplus(z_j)) / (sum_i w_i + sum_j w_j).
    z_true and w_true (N,), z_corrupted and w_corrupted (M,): a weight is a multiplicity, 0 masks.
    Nothing at all: 0. Source: Veličković et al. 2019, Deep Graph Infomax, Eq. 1, its sign turned.
    """
    right = w_true * softplus(-jnp.where(w_true > 0, z_true, 0))
    wrong = w_corrupted * softplus(jnp.where(w_corrupted > 0, z_corrupted, 0))
    total = jnp.sum(w_true) + jnp.sum(w_corrupted)
    return (jnp.sum(right) + jnp.sum(wrong)) / jnp.where(total > 0, total, 1)
