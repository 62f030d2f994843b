"""Two dated versions of one tree, compared by raw id."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy


class Changes(NamedTuple):
    """From an older tree to a later one.

    added: nodes of the later one that the older lacks; under_known marks those whose parent the
    older one has. moved: nodes of the later one that both have, under another parent.
    gone: nodes of the older one that the later lacks.
    """

    added: np.ndarray
    under_known: np.ndarray
    moved: np.ndarray
    gone: np.ndarray


def compare(older: Hierarchy, later: Hierarchy) -> Changes:
    """What changed between two versions; raises HardballError when a node has several parents."""
    for h in (older, later):
        if not h.is_forest:
            raise HardballError(f"{h.name} is no tree: only trees can be compared in time")
    before = rows_of(later.id_column, older.id_column)
    known = before >= 0
    added = np.flatnonzero(~known)
    under_known = known[later.parent[added]] & (later.parent[added] >= 0)

    both = np.flatnonzero(known)
    older_parent = older.parent[before[both]]
    later_parent = np.where(later.parent[both] >= 0, before[later.parent[both]], -1)
    # A new parent of the later tree has row -1 in the older one, as has the parent of a root.
    new_parent = (later.parent[both] >= 0) & (later_parent < 0)
    moved = both[(older_parent != later_parent) | new_parent]
    gone = np.flatnonzero(rows_of(older.id_column, later.id_column) < 0)
    return Changes(added, under_known, moved, gone)


def rows_of(wanted: pa.Array, known: pa.Array) -> np.ndarray:
    """Row of each wanted id among the known ones, -1 if it is not there."""
    if wanted.type != known.type:
        wanted, known = wanted.cast(pa.string()), known.cast(pa.string())
    found = pc.fill_null(pc.index_in(wanted, value_set=known), -1)
    return found.to_numpy(zero_copy_only=False)
