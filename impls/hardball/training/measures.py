"""What losses compare of the points of a batch, and lengths of single points, see `facts`."""

from collections.abc import Collection
from math import sqrt
from typing import Any, NamedTuple

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.contract import Manifold
from hardball.methods.facts import LENGTHS, MEASURES
from hardball.methods.manifolds import angles, boxes


class Rows(NamedTuple):
    """Points of a batch: anchors, positives (B, D), negatives shared (M, D), own (B, K, D)."""

    anchors: Array
    positives: Array
    shared: Array
    own: Array


def parted(rows: Array, size: int, shared: int, count: int) -> Rows:
    """Rows (2B + M + B K, D) by what they are of; size: B, shared: M, count: M + K."""
    ends = 2 * size + shared
    own = rows[ends:].reshape(size, count - shared, rows.shape[1])
    return Rows(rows[:size], rows[size : 2 * size], rows[2 * size : ends], own)


def compared(
    xp: Namespace, space: Manifold, measure: str, rows: Rows, c: float
) -> tuple[Array, Array]:
    """A measure of each anchor and its positive, (B,), and its negatives, (B, M + K)."""
    near = between(xp, space, measure, rows.anchors, rows.positives, c)
    shared, own = rows.shared.shape[0], rows.own.shape[1]
    if shared:
        far = across(xp, space, measure, rows.anchors, rows.shared, c)
        if not own:
            return near, far
    each = between(xp, space, measure, rows.anchors[:, None], rows.own, c)
    return near, xp.concatenate([far, each], axis=1) if shared else each


def measured(
    xp: Namespace, space: Manifold, rows: Rows, names: Collection[str], c: float
) -> dict[str, Array]:
    """The facts of `names`, which follow from the points of a batch: see `facts.MEASURED`."""
    found: dict[str, Any] = {"c": c}
    for measure in MEASURES:
        if {f"{measure}_pos", f"{measure}_neg"} & set(names):
            found[f"{measure}_pos"], found[f"{measure}_neg"] = compared(xp, space, measure, rows, c)
    for name in LENGTHS:
        if name in names:
            found[name] = length(xp, space, name, rows.anchors, c)
        if f"{name}_pos" in names:
            found[f"{name}_pos"] = length(xp, space, name, rows.positives, c)
        if f"{name}_neg" in names:
            found[f"{name}_neg"] = _of_negatives(xp, space, name, rows, c)
    return {name: found[name] for name in names}


def between(
    xp: Namespace, space: Manifold, measure: str, nodes: Array, others: Array, c: float
) -> Array:
    """The measure of nodes and others (..., D), leading axes broadcast; (...)."""
    if measure == "d":
        return space.dist(nodes, others, c)
    if measure == "box":
        return boxes.outside(xp, _free(space, nodes), _free(space, others))
    half = angles.half_angles(xp, _direction(xp, space, nodes), _direction(xp, space, others))
    return _angles(xp, space, measure, nodes, others, half, c)


def across(
    xp: Namespace, space: Manifold, measure: str, nodes: Array, others: Array, c: float
) -> Array:
    """`between` of every pair, (B, D) and (M, D) -> (B, M), by matrix products."""
    if measure == "d":
        return space.dist_matrix(nodes, others, c)
    if measure == "box":
        return between(xp, space, measure, nodes[:, None], others, c)
    ours, theirs = _direction(xp, space, nodes), _direction(xp, space, others)
    half = angles.half_angles_matrix(xp, ours, theirs)
    return _angles(xp, space, measure, nodes[:, None], others, half, c)


def length(xp: Namespace, space: Manifold, name: str, points: Array, c: float) -> Array:
    """A length of single points, (..., D) -> (...), with a = sqrt(c) radius.

    norm: sinh(a) / 2, |x| / (1 - |x|^2) in the ball, and |x| in R^d. r: a. level: log of the height
    in the half space whose top is the ideal point e along the first axis, -log(cosh a - sinh a
    cos(angle to e)) = -log(e^-a + 2 sinh(a) s^2), s = |direction - e| / 2; x_1 in R^d.
    """
    radius = space.radius(points, c)
    if space.FLAT:
        return _first(space, points) if name == "level" else radius
    a = sqrt(c) * radius
    if name == "norm":
        return xp.sinh(a) / 2
    if name == "r":
        return a
    direction = _direction(xp, space, points)
    # |direction - e|^2 = 2 (1 - cos) is taken from the other coordinates where the angle is small.
    cosine = direction[..., 0]
    across_first = xp.sum(direction[..., 1:] ** 2, axis=-1)
    gap = xp.where(cosine > 0, across_first / (1 + xp.maximum(cosine, 0)), 1 - cosine)
    return -xp.log(xp.exp(-a) + xp.sinh(a) * gap)


def _of_negatives(xp: Namespace, space: Manifold, name: str, rows: Rows, c: float) -> Array:
    """A length of each anchor's negatives, (B, M + K)."""
    shared = length(xp, space, name, rows.shared, c)
    shared = xp.broadcast_to(shared, (rows.anchors.shape[0], shared.shape[0]))
    if not rows.own.shape[1]:
        return shared
    own = length(xp, space, name, rows.own, c)
    return xp.concatenate([shared, own], axis=1) if shared.shape[1] else own


def _direction(xp: Namespace, space: Manifold, points: Array) -> Array:
    """Of the tangent vectors at the origin: the free coordinates point there in every space."""
    return xp.unit(_free(space, points))


def _free(space: Manifold, points: Array) -> Array:
    """The coordinates that no other follows from."""
    return points[..., space.coordinates(0) :]


def _first(space: Manifold, points: Array) -> Array:
    """The first free coordinate."""
    return _free(space, points)[..., 0]


def _angles(
    xp: Namespace,
    space: Manifold,
    measure: str,
    nodes: Array,
    others: Array,
    half: tuple[Array, Array],
    c: float,
) -> Array:
    if measure == "theta":
        return angles.at_origin(xp, *half)
    ours, theirs = (sqrt(c) * space.radius(each, c) for each in (nodes, others))
    at_apex = angles.at_apex_flat if space.FLAT else angles.at_apex
    return at_apex(xp, theirs, ours, *half)
