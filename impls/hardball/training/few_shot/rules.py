"""Beginnings that nothing is learned for, and the lengths that learning begins from."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from hardball.hierarchy.dag import Hierarchy
from hardball.training.few_shot.batches import Batch
from hardball.training.few_shot.bodies import Begun, Said
from hardball.training.few_shot.subtrees import LIKE

NOISE = 1e-3
"""How far apart nodes begin that have one place, in coordinates."""


class Lengths(NamedTuple):
    """Of the table: how much farther out than its parent a child lies and how far to the side, in
    coordinates, medians over edges; the radius of a leaf, their median."""

    outward: float
    aside: float
    leaf: float


def lengths(h: Hierarchy, vectors: np.ndarray) -> Lengths:
    """The lengths of a table of tangent vectors (n, D); without edges all are 1."""
    child = np.repeat(np.arange(h.n_nodes), np.diff(h.parents_indptr))
    if not len(child):
        return Lengths(1.0, 1.0, 1.0)
    above = vectors[h.parents_indices]
    radius = np.linalg.norm(above, axis=1, keepdims=True)
    unit = above / np.where(radius > 0, radius, 1)
    step = vectors[child] - above
    along = (step * unit).sum(axis=1)
    across = np.linalg.norm(step - along[:, None] * unit, axis=1)
    leaves = np.bincount(h.parents_indices, minlength=h.n_nodes) == 0
    outside = np.linalg.norm(vectors[leaves], axis=1)
    return Lengths(float(np.median(along)), float(np.median(across)), float(np.median(outside)))


def parent(batch: Batch, known: Lengths) -> Said:
    """Where the parent lies: the top at its parent, all others at the top."""
    return _said(batch, 0.0, NOISE, _at_top(batch))


def constructive(batch: Batch, known: Lengths) -> Said:
    """As far out and to the side as the table's edges go, the side drawn at random.

    In the plane and with sides at equal angles that is Sarkar's construction; see
    `hierarchy.constructions`. Source: Sarkar 2011, Low Distortion Delaunay Embedding, section 3.
    """
    return _said(batch, known.outward, known.aside, _at_top(batch))


def named(batch: Batch, known: Lengths) -> Said:
    """`constructive`, below the shown node whose name a node's own contains, else below the top.

    Of several, that whose name is most alike. Source: hardball.
    """
    alike = np.where(
        batch.like[..., LIKE.index("contained")] > 0, 1 + batch.like[..., LIKE.index("cosine")], 0
    )
    alike[..., 0] = 0
    best = np.where(alike.max(axis=2) > 0, alike.argmax(axis=2), 0)
    return _said(batch, known.outward, known.aside, np.eye(alike.shape[2])[best])


SAID: Mapping[str, Callable[[Batch, Lengths], Said]] = {
    each.__name__: each for each in (parent, constructive, named)
}
"""What each of `by` says that is no network's, but for those in BEGUN."""


def random(batch: Batch, known: Lengths) -> Begun:
    """Anywhere at the radius of a leaf, whatever is known of a node."""
    count = batch.there.shape[1]
    length = np.linalg.norm(batch.aside, axis=2, keepdims=True)
    found = known.leaf * batch.aside / np.where(length > 0, length, 1)
    nowhere = np.zeros((*found.shape[:1], found.shape[1] - count, count))
    return Begun(found[:, :count], found[:, count:], nowhere)


BEGUN: Mapping[str, Callable[[Batch, Lengths], Begun]] = {random.__name__: random}


def _at_top(batch: Batch) -> np.ndarray:
    """All nodes that are not shown hang from the top: (T, Q, J)."""
    share = np.zeros(batch.like.shape[:3])
    share[..., 0] = 1
    return share


def _said(batch: Batch, outward: float, aside: float, share: np.ndarray) -> Said:
    return Said(np.full(batch.aside.shape[:2], outward), aside * batch.aside, share)
