"""Links between two kinds of nodes held out."""

from dataclasses import replace

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr, nodes_of
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import TEST, TRAIN, VALIDATION, Split, by_role, shares
from hardball.methods.declare import task
from hardball.methods.parameter import real

# Pairs within a side are held in memory, 4 bytes each.
LARGEST = 5_000


@task(
    summary="hold out links of a graph of two sides, each end of which has another link",
    source="hardball: links of a graph of two sides",
    parameters={
        "holdout": real(
            0.2,
            "share held out of the links that can be: both ends keep another",
            above=0,
            at_most=1,
        )
    },
)
def bipartite_links(h: Hierarchy, closure: Csr, seed: int, *, holdout: float) -> Split:
    """Hold out links of a graph whose nodes are roots or lie directly below roots.

    No link follows from others there, so none is given away by those that are trained on. Links
    are taken in a random order; one is held out only where both ends keep another link, or an end
    would not be trained at all. One half of the `holdout` share of these is the test, the other
    the validation set. Pairs within a side can be no links and are left out of every ranking:
    `exclude` holds them, of which there are at most LARGEST^2.
    Raises HardballError on a hierarchy of another depth than 1 or of more than LARGEST nodes, and
    where fewer than two links can be held out.
    Source: hardball.
    """
    if h.max_depth != 1:
        raise HardballError(
            f"task bipartite_links: {h.name} has depth {h.max_depth}, and a graph of two sides has "
            "depth 1: take link_prediction or leaf_parent"
        )
    if h.n_nodes > LARGEST:
        raise HardballError(
            f"task bipartite_links: {h.name} has {h.n_nodes:,} nodes, allowed are up to "
            f"{LARGEST:,}: take a part of it"
        )
    ends = np.stack([nodes_of(closure), closure.indices], axis=1)
    order = random_bits.permutation(seed, "bipartite_links", 0, len(ends))
    free = _spare(ends, order, h.n_nodes)
    tested, validated = shares(h, holdout, len(free), "links whose ends have others")
    role = np.full(len(ends), TRAIN, np.int8)
    role[free[:tested]] = TEST
    role[free[tested : tested + validated]] = VALIDATION
    split = by_role("bipartite_links", closure, role)
    return replace(split, exclude=_with_sides(closure, h.level_starts))


def _with_sides(closure: Csr, level_starts: np.ndarray) -> Csr:
    """The links, and all pairs of two nodes of one side, as ascending rows."""
    _, roots, n = level_starts.tolist()
    rows = []
    for node in range(n):
        first, last = (0, roots) if node < roots else (roots, n)
        links = closure.indices[closure.indptr[node] : closure.indptr[node + 1]]
        own_side = np.arange(first, last, dtype=np.int32)
        rows.append(np.concatenate([links, own_side[own_side != node]]))
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return Csr(indptr, np.concatenate(rows))


def _spare(ends: np.ndarray, order: np.ndarray, n: int) -> np.ndarray:
    """The links, in this order, both of whose ends keep a link when they are all taken away."""
    left = np.bincount(ends.ravel(), minlength=n).tolist()
    pairs = ends.tolist()
    free = []
    for link in order.tolist():
        node, root = pairs[link]
        if left[node] > 1 and left[root] > 1:
            left[node] -= 1
            left[root] -= 1
            free.append(link)
    return np.array(free, np.int64)
