"""What placing a subtree is, over the array namespace: beginnings, losses, an inner step.

Points are tangent vectors at the origin, curvature -c, and steps are taken in these coordinates, as
by the run's optimiser. `batch`: see `batches.Batch`.
"""

from math import sqrt
from typing import Any, NamedTuple

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.manifolds import tangent


class Said(NamedTuple):
    """What an initialiser says of a batch.

    outward (T, J + Q): away from the origin; aside (T, J + Q, D): to the side. share (T, Q, J): of
    each node that is not shown, how far it hangs from the top and from each that is.
    """

    outward: Any
    aside: Any
    share: Any


class Begun(NamedTuple):
    """Where inner steps begin, (T, J, D); and what nodes not shown add to the mean, by `share`
    (T, Q, J), of where these end: (T, Q, D)."""

    shown: Any
    added: Any
    share: Any


def distances(xp: Namespace, x: Array, y: Array, c: float) -> Array:
    """All distances (T, R, C) between x (T, R, D) and y (T, C, D); gradient 0 where they are one.

    2 asinh(sqrt(h)) / sqrt(c), h = sinh^2((a-b)/2) + sinh(a) sinh(b) |u - w|^2 / 4. The gradient
    has one of its own, which the hand-written ones of `arrays` have not.
    """
    a, b = sqrt(c) * xp.length(x)[:, :, None], sqrt(c) * xp.length(y)[:, None, :]
    half = xp.sinh((a - b) / 2)
    apart = xp.unit(x)[:, :, None] - xp.unit(y)[:, None]
    h = half * half + xp.sinh(a) * xp.sinh(b) * xp.sum(apart * apart, axis=3) / 4
    return xp.twice_asinh(xp.root(h)) / sqrt(c)


def row_losses(xp: Namespace, d: Array, above: Array, others: Array) -> Array:
    """Of each node the mean over its ancestors a of log(1 + sum_w e^(d_a - d_w)): (T, R).

    d: distances (T, R, C); above, others: which are ancestors, and which are compared with them.
    0 for a node without ancestors. Source: Nickel & Kiela 2017, Eq. 6.
    """
    near = xp.logsumexp(xp.where(others, -d, -xp.inf), axis=2)
    each = xp.where(above, xp.softplus(d + near[:, :, None]), 0)
    count = xp.sum(xp.astype(above, d), axis=2)
    return xp.sum(each, axis=2) / xp.maximum(count, 1)


def shown_loss(xp: Namespace, shown: Array, batch: Any, c: float) -> Array:
    """The sum over the tops and the nodes that are shown of their losses."""
    d = distances(xp, shown, xp.concatenate([batch.table, shown], axis=1), c)
    return xp.sum(row_losses(xp, d, batch.shown_above, batch.shown_others))


def asked_loss(xp: Namespace, shown: Array, rest: Array, batch: Any, c: float) -> Array:
    """The mean loss of the nodes that are not shown, with their true ancestors."""
    d = distances(xp, rest, xp.concatenate([batch.table, shown, rest], axis=1), c)
    losses = row_losses(xp, d, batch.asked_above, batch.asked_others)
    count = xp.sum(xp.astype(batch.asked_above[:, :, 0], d))
    return xp.sum(losses) / count


def step_of(xp: Namespace, at: Array, outward: Array, aside: Array) -> Array:
    """The step (T, R, D) away from the origin and to the side of it, seen from `at` (T, 1, D)."""
    u = xp.unit(at)
    return outward[..., None] * u + aside - xp.dot(u, aside) * u


def begun(xp: Namespace, said: Said, batch: Any, c: float) -> Begun:
    """The top a step from its parent, all other nodes steps from the top, along their paths."""
    count = batch.there.shape[1]
    parent = batch.parent[:, None, :]
    top = parent + step_of(xp, parent, said.outward[:, :1], said.aside[:, :1])
    steps = step_of(xp, top, said.outward, said.aside)
    shown = top + xp.product(batch.path, steps[:, :count])
    return Begun(tangent.project(xp, shown, c), steps[:, count:], said.share)


def clipped(xp: Namespace, slope: Array) -> Array:
    """The slope of each node (T, J, D), no longer than 1: two points near one another have any."""
    return slope / xp.maximum(xp.length(slope), 1)[..., None]


def moved(xp: Namespace, at: Array, slope: Array, rate: Any, c: float) -> Array:
    """The end of an inner step, no farther out than points may lie."""
    return tangent.project(xp, at - rate * clipped(xp, slope), c)


def ended(xp: Namespace, shown: Array, begun: Begun, c: float) -> Array:
    """Where the nodes lie that are not shown, once the others have moved: (T, Q, D)."""
    return tangent.project(xp, xp.product(begun.share, shown) + begun.added, c)
