"""Subtrees that can be taken out of a hierarchy whole: nothing in them hangs from outside."""

import numpy as np

from hardball.core import random_bits
from hardball.hierarchy import graph
from hardball.hierarchy.closure import Csr, nodes_of
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.graph import Int32


def disjoint_subtrees(
    h: Hierarchy, closure: Csr, seed: int, *, smallest: int, largest: int, share: float
) -> list[Int32]:
    """Disjoint subtrees, each its nodes ascending, so that the topmost comes first.

    A subtree is a node that has a parent, and all nodes below it: `smallest` to `largest` of them,
    none of which has a parent outside. They are taken in random order until they hold `share` of
    all nodes, or there are no more. Source: hardball.
    """
    below = Csr(*graph.group(closure.indices, nodes_of(closure), h.n_nodes))
    count = np.diff(below.indptr)
    tops = np.flatnonzero((h.parent >= 0) & (count >= smallest) & (count <= largest))
    child = np.repeat(np.arange(h.n_nodes), np.diff(h.parents_indptr))
    taken = np.zeros(h.n_nodes, bool)
    found: list[Int32] = []
    for place in random_bits.permutation(seed, "few_shot/subtrees", 0, len(tops)):
        if taken.sum() >= share * h.n_nodes:
            break
        top = tops[place]
        nodes = np.append(top, below.indices[below.indptr[top] : below.indptr[top + 1]])
        inside = np.zeros(h.n_nodes, bool)
        inside[nodes] = True
        elsewhere = inside[child] & (child != top) & ~inside[h.parents_indices]
        if not taken[nodes].any() and not elsewhere.any():
            taken[nodes] = True
            found.append(nodes.astype(np.int32))
    return found
