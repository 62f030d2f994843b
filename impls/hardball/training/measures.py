"""What a loss compares of the points of a batch, see `facts.MEASURES`."""

from math import sqrt

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.manifolds import angles
from hardball.training.methods import Methods


def between(xp: Namespace, how: Methods, nodes: Array, others: Array, c: float) -> Array:
    """The measure of nodes and others (..., D), leading axes broadcast; (...).

    c: the curvature at which distances are taken; angles are at how.c.
    """
    if how.measure == "d":
        return how.manifold.dist(nodes, others, c)
    half = angles.half_angles(xp, _direction(xp, how, nodes), _direction(xp, how, others))
    return _angles(xp, how, nodes, others, half)


def across(xp: Namespace, how: Methods, nodes: Array, others: Array, c: float) -> Array:
    """`between` of every pair, (B, D) and (M, D) -> (B, M), by matrix products."""
    if how.measure == "d":
        return how.manifold.dist_matrix(nodes, others, c)
    half = angles.half_angles_matrix(xp, _direction(xp, how, nodes), _direction(xp, how, others))
    return _angles(xp, how, nodes[:, None], others, half)


def norms(xp: Namespace, how: Methods, points: Array) -> Array:
    """sinh(a) / 2 with a = sqrt(c) radius, |x| / (1 - |x|^2) in the ball; |x| in R^d; (...)."""
    radius = how.manifold.radius(points, how.c)
    return radius if how.flat else xp.sinh(sqrt(how.c) * radius) / 2


def _direction(xp: Namespace, how: Methods, points: Array) -> Array:
    """Of the tangent vectors at the origin: the free coordinates point there in every space."""
    return xp.unit(points[..., how.manifold.coordinates(0) :])


def _angles(
    xp: Namespace, how: Methods, nodes: Array, others: Array, half: tuple[Array, Array]
) -> Array:
    if how.measure == "theta":
        return angles.at_origin(xp, *half)
    ours, theirs = (sqrt(how.c) * how.manifold.radius(each, how.c) for each in (nodes, others))
    at_apex = angles.at_apex_flat if how.flat else angles.at_apex
    return at_apex(xp, theirs, ours, *half)
