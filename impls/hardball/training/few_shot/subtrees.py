"""A subtree that arrives: what is told of it, in which order its nodes are shown."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from hardball.core import random_bits
from hardball.data import features
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy

WIDTH = 24
"""Columns that names are hashed to."""

LIKE = ("cosine", "contained", "top", "rank")
"""What is said of a node and one that is shown: the cosine of their names, whether its name has all
words of the other's, whether the other is the subtree's top, whether they have one rank."""


@dataclass(frozen=True, eq=False)
class Subtree:
    """A subtree of m nodes; rows are those of the whole hierarchy.

    nodes (m,): the top, then the others in the order in which they are shown. parent (m,): the
    place in `nodes` of each one's parent, -1 for the top. ancestors (m, m): whether the second is
    above the first. parents, above: rows of the top's parents and of all its ancestors.
    features (m, F), like (m, m, 4): see `node_features` and LIKE. aside (m, D): random directions
    of mean squared length 1.
    """

    nodes: np.ndarray
    parent: np.ndarray
    ancestors: np.ndarray
    parents: np.ndarray
    above: np.ndarray
    features: np.ndarray
    like: np.ndarray
    aside: np.ndarray

    @property
    def most(self) -> int:
        """How many nodes may be shown: half of those below the top."""
        return (len(self.nodes) - 1) // 2

    @property
    def asked(self) -> np.ndarray:
        """Rows of the nodes that are asked about: those that are never shown."""
        return self.nodes[1 + self.most :]


def subtrees(
    h: Hierarchy, closure: Csr, arrival: np.ndarray, part: int, seed: int, dim: int
) -> list[Subtree]:
    """The subtrees of one part of `arrival` (N,), by the row of their top."""
    inside = arrival == part
    first = h.parents_indices[h.parents_indptr[:-1].clip(max=h.n_edges - 1)]
    tops = np.flatnonzero(inside & (h.parent >= 0) & (arrival[first] == 0))
    described, alike = node_features(h), Alike(h)
    top_of = np.full(h.n_nodes, -1)
    top_of[tops] = tops
    for node in np.flatnonzero(inside):
        if top_of[node] < 0:
            top_of[node] = top_of[h.parent[node]]
    return [
        _subtree(h, closure, np.flatnonzero(top_of == top), described, alike, seed, dim)
        for top in tops
    ]


def _subtree(
    h: Hierarchy, closure: Csr, members: np.ndarray, described: np.ndarray, alike: "Alike",
    seed: int, dim: int,
) -> Subtree:  # fmt: skip
    top = int(members[0])
    nodes = members[_order(h, members, seed)]
    place = {int(node): at for at, node in enumerate(nodes)}
    parent = np.array([place.get(int(h.parent[node]), -1) for node in nodes])
    ancestors = np.zeros((len(nodes), len(nodes)), bool)
    for at, node in enumerate(nodes):
        row = closure.indices[closure.indptr[node] : closure.indptr[node + 1]]
        ancestors[at, [place[int(each)] for each in row if int(each) in place]] = True
    drawn = random_bits.normal(seed, f"few_shot/aside/{top}", (len(nodes), dim))
    return Subtree(
        nodes=nodes,
        parent=parent,
        ancestors=ancestors,
        parents=h.parents_indices[h.parents_indptr[top] : h.parents_indptr[top + 1]],
        above=closure.indices[closure.indptr[top] : closure.indptr[top + 1]],
        features=described[nodes],
        like=alike.of(nodes),
        aside=drawn / dim**0.5,
    )


def _order(h: Hierarchy, members: np.ndarray, seed: int) -> np.ndarray:
    """A random order of the members in which no node comes before its parents: (m,)."""
    words = random_bits.words(seed, "few_shot/order", int(members[0]), len(members))
    # By ids, so that no edge decides what is drawn for a node.
    key = words[np.argsort(np.argsort(h.ids[members].astype(str)))].astype(float)
    place = {int(node): at for at, node in enumerate(members)}
    key[0] = -1
    for at, node in enumerate(members[1:], start=1):
        above = h.parents_indices[h.parents_indptr[node] : h.parents_indptr[node + 1]]
        key[at] = max(key[at], *(key[place[int(each)]] for each in above))
    return np.lexsort((np.arange(len(members)), key))


def node_features(h: Hierarchy) -> np.ndarray:
    """What is known of every node without its edges: float64 (N, F).

    The n-grams of its name, hashed with signs to WIDTH columns, and its rank where the hierarchy
    has ranks. Source: Weinberger et al. 2009, Feature Hashing, section 2.
    """
    grams = features.names(h)
    sign = np.where(grams.indices >> (features.BUCKET_BITS - 1), 1.0, -1.0)
    hashed = sparse.csr_array(
        (grams.data * sign, grams.indices % WIDTH, grams.indptr), (h.n_nodes, WIDTH)
    )
    ranks = features.rank(h) if "rank" in h.groups else np.zeros((h.n_nodes, 0))
    return np.concatenate([hashed.toarray(), ranks], axis=1).astype(np.float64)


class Alike:
    """What names and ranks say of pairs of nodes, see LIKE."""

    def __init__(self, h: Hierarchy) -> None:
        self.grams = (features.names(h),)
        self.words = [frozenset(name.casefold().replace("_", " ").split()) for name in h.names]
        self.rank = h.groups.get("rank", np.full(h.n_nodes, -1))

    def of(self, nodes: np.ndarray) -> np.ndarray:
        """Of all pairs of nodes (m,), the first of which is a subtree's top: (m, m, 4)."""
        m = len(nodes)
        one, two = np.repeat(nodes, m), np.tile(nodes, m)
        words = [self.words[node] for node in nodes]
        contained = [bool(b) and b < a for a in words for b in words]
        ranks = (self.rank[one] == self.rank[two]) & (self.rank[one] >= 0)
        columns = [features.cosines(self.grams, one, two), contained, two == nodes[0], ranks]
        return np.stack(columns, axis=1).astype(np.float64).reshape(m, m, len(LIKE))
