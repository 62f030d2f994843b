"""What a loss compares of the points of a batch, see `facts.MEASURES`."""

from math import sqrt

import jax
import jax.numpy as jnp

from hardball.arrays import on_jax as xp
from hardball.arrays.on_jax.scalars import unit
from hardball.methods.manifolds import angles
from hardball.training.methods import Methods


def between(how: Methods, nodes: jax.Array, others: jax.Array, c: float) -> jax.Array:
    """The measure of nodes and others (..., D), leading axes broadcast; (...).

    c: the curvature at which distances are taken; angles are at how.c.
    """
    if how.measure == "d":
        return how.manifold.dist(nodes, others, c)
    half = angles.half_angles(xp, _direction(how, nodes), _direction(how, others))
    return _angles(how, nodes, others, half)


def across(how: Methods, nodes: jax.Array, others: jax.Array, c: float) -> jax.Array:
    """`between` of every pair, (B, D) and (M, D) -> (B, M), by matrix products."""
    if how.measure == "d":
        return how.manifold.dist_matrix(nodes, others, c)
    half = angles.half_angles_matrix(xp, _direction(how, nodes), _direction(how, others))
    return _angles(how, nodes[:, None], others, half)


def norms(how: Methods, points: jax.Array) -> jax.Array:
    """sinh(a) / 2 with a = sqrt(c) radius, |x| / (1 - |x|^2) in the ball; |x| in R^d; (...)."""
    radius = how.manifold.radius(points, how.c)
    return radius if how.flat else jnp.sinh(sqrt(how.c) * radius) / 2


def _direction(how: Methods, points: jax.Array) -> jax.Array:
    """Of the tangent vectors at the origin: the free coordinates point there in every space."""
    return unit(points[..., how.manifold.coordinates(0) :])


def _angles(
    how: Methods, nodes: jax.Array, others: jax.Array, half: tuple[jax.Array, jax.Array]
) -> jax.Array:
    if how.measure == "theta":
        return angles.at_origin(xp, *half)
    ours, theirs = (sqrt(how.c) * how.manifold.radius(each, how.c) for each in (nodes, others))
    at_apex = angles.at_apex_flat if how.flat else angles.at_apex
    return at_apex(xp, theirs, ours, *half)
