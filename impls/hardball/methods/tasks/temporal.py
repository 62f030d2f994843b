"""The later parents of nodes that an earlier version of the hierarchy lacks, or puts elsewhere."""

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.data import cards, store
from hardball.hierarchy import graph
from hardball.hierarchy import temporal as versions
from hardball.hierarchy.closure import Csr, contains, descendants_count, nodes_of, pairs
from hardball.hierarchy.closure import closure as closure_of
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split
from hardball.methods.declare import task
from hardball.methods.parameter import real, text
from hardball.methods.sources import HARDBALL


@task(
    name="temporal",
    summary="train on an earlier version, rank the parents of nodes added or moved since",
    source=f"{HARDBALL}: two dated versions of a taxonomy",
    parameters={
        "earlier": text("", "the earlier data set; by default the one whose card names this one"),
        "validation": real(0.2, "share of the changed nodes for validation", above=0, below=1),
    },
)
def temporal(h: Hierarchy, closure: Csr, seed: int, *, earlier: str, validation: float) -> Split:
    """Hold out the parents that nodes have now and did not have in an earlier version.

    A node of both versions is trained on its earlier ancestors, whatever became of them. A node
    added since is trained on its ancestors of now; a leaf among them whose parent the earlier
    version knows lacks that parent, as in `leaf_parent`. Held out are these parents and those that
    moved nodes have now, but for pairs that the earlier version has too. `validation` of the
    changed nodes, by a random order, are for validation.
    All nodes of now are candidates. The earlier parent of a moved node is no true one any more, so
    that it counts against a run that ranks it first.
    Raises HardballError where either version is no tree, where no earlier one is known, and where
    fewer than two nodes changed.
    Source: hardball.
    """
    before = store.open_hierarchy(earlier or cards.earlier_of(h.name))
    changes = versions.compare(before, h)
    train, held = _pairs(h, closure, before, changes)
    n = h.n_nodes
    known = Csr(*graph.group_ascending(train[:, 0], train[:, 1], n))
    held = held[~contains(known, held[:, 0], held[:, 1])]
    if len(held) < 2:
        raise HardballError(
            f"{h.name}: {len(held)} nodes have another parent than in {before.name}: 2 are needed"
        )
    order = random_bits.permutation(seed, "temporal", 0, len(held))
    validated = min(max(round(validation * len(held)), 1), len(held) - 1)
    late, early = np.sort(order[validated:]), np.sort(order[:validated])
    return Split("temporal", pairs(known), known, held[late], held[early], closure)


def _pairs(
    h: Hierarchy, closure: Csr, before: Hierarchy, changes: versions.Changes
) -> tuple[np.ndarray, np.ndarray]:
    """(pairs to train on, in any order; held-out pairs by node): int32 (P, 2) and (T, 2)."""
    row = versions.rows_of(before.id_column, h.id_column)
    old = closure_of(before)
    from_before = np.stack([row[nodes_of(old)], row[old.indices]], axis=1)
    from_before = from_before[(from_before >= 0).all(axis=1)]

    added = np.zeros(h.n_nodes, bool)
    added[changes.added] = True
    leaf = descendants_count(closure, h.n_nodes) == 0
    asked = np.zeros(h.n_nodes, bool)
    asked[changes.added[changes.under_known]] = True
    # Without a higher ancestor a node would not be trained at all.
    asked &= leaf & (np.diff(closure.indptr) > 1)
    moved = np.zeros(h.n_nodes, bool)
    moved[changes.moved] = True

    now = pairs(closure)
    its_parent = now[:, 1] == h.parent[now[:, 0]]
    new = now[added[now[:, 0]] & ~(asked[now[:, 0]] & its_parent)]
    held = now[its_parent & (asked | moved)[now[:, 0]]]
    return np.concatenate([from_before, new]).astype(np.int32), held
