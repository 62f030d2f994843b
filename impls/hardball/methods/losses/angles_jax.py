"""Losses on angles at the origin: as wide as in a tree of the same shape."""

import jax.numpy as jnp
from jax import Array

from hardball.arrays import on_jax as xp
from hardball.methods.manifolds.angles import at_origin


def angle_preserving(
    theta_pos: Array,
    theta_neg: Array,
    weight: Array,
    depth: Array,
    tree_pos: Array,
    tree_neg: Array,
    depth_pos: Array,
    depth_neg: Array,
    scale: float = 1.0,
) -> Array:
    """How far angles at the origin are from those of the tree, per example (B,).

    ((theta+ - t+)^2 + sum_k w_k (theta_k - t_k)^2) / (1 + sum_k w_k), t = `comparison_angle` of the
    triangle of a root above all roots and the two nodes, its sides in edges times `scale` > 0.
    theta_pos (B,), theta_neg (B, K): radians. depth, depth_pos (B,), depth_neg (B, K): of the
    anchors, positives and negatives, edges from a root; tree_pos (B,), tree_neg (B, K): edges along
    the spanning tree from the anchors to the others. weight (B, K): a multiplicity, 0 masks. No
    negatives: the positive term alone. Radii have no part in it.
    Source: Gromov 1987, Hyperbolic Groups; Bridson & Haefliger 1999, Metric Spaces of Non-Positive
    Curvature, I.2.15 (comparison angles); as a loss: hardball.
    """
    ours = scale * (depth + 1)
    near = theta_pos - comparison_angle(ours, scale * (depth_pos + 1), scale * tree_pos)
    there = comparison_angle(ours[:, None], scale * (depth_neg + 1), scale * tree_neg)
    far = jnp.sign(weight) * (theta_neg - there)
    return (near * near + jnp.sum(weight * far * far, axis=1)) / (1 + jnp.sum(weight, axis=1))


def comparison_angle(a: Array, b: Array, opposite: Array) -> Array:
    """Angle between sides a, b > 0 of a hyperbolic triangle (c = 1), from all three; broadcasts.

    With p half of their sum, tan^2(t/2) = sinh(p - a) sinh(p - b) / (sinh(p) sinh(p - opposite)),
    over e^(a + b) top and bottom: finite at any length. 0 where a node is above the other, pi where
    the way between them leads through the corner.
    Source: Bridson & Haefliger 1999, Metric Spaces of Non-Positive Curvature, I.2.7.
    """
    p = (a + b + opposite) / 2
    top = jnp.sqrt(_grown(p - a) * _grown(p - b)) * jnp.exp(opposite - p)
    return at_origin(xp, top, jnp.sqrt(_grown(p) * _grown(p - opposite)))


def _grown(x: Array) -> Array:
    """2 e^-x sinh(x) = 1 - e^-2x, 0 for x < 0."""
    return jnp.maximum(-jnp.expm1(-2 * x), 0)
