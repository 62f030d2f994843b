"""The parents of leaves held out."""

import numpy as np

from hardball.core import random_bits
from hardball.hierarchy.closure import Csr, descendants_count, positions, reduction
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import TEST, TRAIN, VALIDATION, Split, by_role, shares
from hardball.methods.declare import task
from hardball.methods.parameter import real
from hardball.methods.sources import HARDBALL


@task(
    summary="hold out the parents of a sample of leaves, train on their higher ancestors",
    source=HARDBALL,
    parameters={
        "holdout": real(0.1, "share of the leaves whose parents are held out", above=0, below=1)
    },
)
def leaf_parent(h: Hierarchy, closure: Csr, seed: int, *, holdout: float) -> Split:
    """Hold out the basic parents of a share of the leaves; their higher ancestors are trained on.

    A sampled leaf u keeps the pairs (u, a) of every ancestor a that has a child among u's other
    ancestors, or it would be untrained; all its basic parents are held out, so no train pairs
    (u, z), (z, p) lead to a held-out parent p. Only nodes without descendants are sampled, since
    descendants would give their parents away, and only those with a higher ancestor to train on.
    One half of the `holdout` share of these leaves is the test, the other the validation set.
    Raises HardballError when there are not two such leaves.
    Source: hardball.
    """
    n = h.n_nodes
    basic = reduction(h)
    nearest = np.bincount(basic[:, 0], minlength=n)
    below = descendants_count(closure, n)
    leaves = np.flatnonzero((below == 0) & (np.diff(closure.indptr) > nearest))
    order = leaves[random_bits.permutation(seed, "leaf_parent", 0, leaves.size)]
    tested, validated = shares(h, holdout, order.size, "leaves with a grandparent")
    of_node = np.full(n, TRAIN, np.int8)
    of_node[order[:tested]] = TEST
    of_node[order[tested : tested + validated]] = VALIDATION
    role = np.full(closure.indices.size, TRAIN, np.int8)
    role[positions(closure, basic[:, 0], basic[:, 1])] = of_node[basic[:, 0]]
    return by_role("leaf_parent", closure, role)
