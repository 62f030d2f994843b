"""In what order nodes arrive: those that an earlier version lacks, or random leaves."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.data import cards, store
from hardball.hierarchy import temporal
from hardball.hierarchy.closure import closure, descendants_count
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.parameter import choice, real, text, whole

PARAMETERS = {
    "order": choice("temporal", "random", summary="what arrives: what an earlier version lacks, or "
                    "random leaves"),
    "earlier": text("", "the earlier data set; by default the one whose card names this one"),
    "share": real(0.2, "of the leaves, share that arrives, where the order is random", above=0,
                  below=1),
    "arrivals": whole(5, "how many times nodes arrive", at_least=1),
}  # fmt: skip

# What a run whose nodes arrive shares with all others.
USUAL = {"task": "reconstruction", "start": "origin", "pairs": "all", "batches": "pairs"}


def allow_only(spec: Any, needed: Mapping[str, str]) -> None:
    """Raises HardballError where a run has `before`, or a method that is not the `needed` one."""
    strategy = f"strategy {spec.strategy.name}"
    for kind, only in needed.items():
        given = getattr(spec, kind).name
        if given != only:
            raise HardballError(f"{strategy}: {kind}={given}, allowed is {only}")
    if spec.before:
        raise HardballError(
            f"{strategy} with before: the training before nodes arrive is the run's own: leave "
            "before out"
        )


def arriving(
    hierarchy: Hierarchy, seed: int, *, order: str, earlier: str, share: float, arrivals: int
) -> np.ndarray:
    """The number of the arrival that brings each node, 0 for those that are there before: int32.

    temporal: nodes that the earlier version lacks arrive by their ids, which NCBI counts up, a
    parent not after its children. random: a share of the leaves arrives, in random order. Arrivals
    bring equally many nodes, but for one.
    Raises HardballError where fewer nodes than arrivals are new, and where no earlier version is
    known.
    """
    late = _later(hierarchy, earlier) if order == "temporal" else _leaves(hierarchy, seed, share)
    if not arrivals <= len(late) < hierarchy.n_nodes:
        raise HardballError(
            f"{hierarchy.name}: {len(late)} of {hierarchy.n_nodes} nodes arrive later, allowed are "
            f"{arrivals}, one an arrival, to all but one: change arrivals, order or share"
        )
    out = np.zeros(hierarchy.n_nodes, np.int32)
    out[late] = 1 + np.arange(len(late)) * arrivals // len(late)
    return out


def _later(h: Hierarchy, earlier: str) -> np.ndarray:
    """The nodes that an earlier version lacks, in the order in which they arrive."""
    before = store.open_hierarchy(earlier or cards.earlier_of(h.name))
    new = temporal.rows_of(h.id_column, before.id_column) < 0
    place = _by_id(h)
    # A node waits for its parents: levels in turn, for which nodes are numbered.
    for node in np.flatnonzero(new):
        above = h.parents_indices[h.parents_indptr[node] : h.parents_indptr[node + 1]]
        place[node] = max([place[node], *place[above[new[above]]]])
    late = np.flatnonzero(new)
    return late[np.lexsort((late, place[late]))]


def _by_id(h: Hierarchy) -> np.ndarray:
    """The place of every node among all, by its id: as numbers where all ids are: int64 (N,)."""
    ids = h.id_column
    if pa.types.is_string(ids.type) and all(str(each).isdigit() for each in h.ids):
        ids = ids.cast(pa.int64())
    return np.argsort(pc.sort_indices(ids).to_numpy()).astype(np.int64)


def _leaves(h: Hierarchy, seed: int, share: float) -> np.ndarray:
    """So many of the leaves that have a parent, in random order."""
    below = descendants_count(closure(h), h.n_nodes)
    leaves = np.flatnonzero((below == 0) & (h.parent >= 0))
    order = random_bits.permutation(seed, "online/arrivals", 0, len(leaves))
    return leaves[order[: round(share * len(leaves))]]
