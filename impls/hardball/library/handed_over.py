"""What a method that trains itself is handed: a hierarchy as NumPy, nothing held out in it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hardball.hierarchy.closure import from_pairs, pairs
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split
from hardball.hierarchy.training_graph import training_graph


@dataclass(frozen=True, eq=False)
class Training:
    """N nodes, the edges and pairs to train on; row i of the points is node i.

    ids, names (N,): texts. edges int64 (E, 2): child and parent. pairs int64 (P, 2): node and
    ancestor, ascending. depth int64 (N,): edges from the nearest root. All of them are of the
    task's training graph, see `hierarchy.training_graph`: a leaf whose parent is held out hangs
    from its grandparent, and nothing tells which leaf that is.
    """

    name: str
    ids: np.ndarray
    names: np.ndarray
    edges: np.ndarray
    pairs: np.ndarray
    depth: np.ndarray

    @property
    def n_nodes(self) -> int:
        return len(self.depth)

    @cached_property
    def roots(self) -> np.ndarray:
        """The nodes without a parent: int64 (R,)."""
        return np.flatnonzero(self.depth == 0)

    def __len__(self) -> int:
        return self.n_nodes


def handed_over(h: Hierarchy, split: Split) -> tuple[Training, np.ndarray]:
    """What a task lets a method see of a hierarchy, and the row there of each node of `h`: (N,)."""
    seen, number = training_graph(h, split.known)
    child = np.repeat(np.arange(seen.n_nodes), np.diff(seen.parents_indptr))
    trained = pairs(from_pairs(number[split.train], seen.n_nodes))
    told = Training(
        name=seen.name,
        ids=seen.ids.copy(),
        names=seen.names.copy(),
        edges=np.stack([child, seen.parents_indices], axis=1).astype(np.int64),
        pairs=trained.astype(np.int64),
        depth=seen.depth.astype(np.int64),
    )
    return told, number
