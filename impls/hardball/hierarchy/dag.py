"""The hierarchy itself: a directed acyclic graph as arrays in level order."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hardball.core.errors import HardballError
from hardball.hierarchy import columns, graph
from hardball.hierarchy.graph import Int32, Int64

ARRAYS = (
    "parent",
    "depth",
    "parents_indptr",
    "parents_indices",
    "first",
    "last",
    "level_starts",
    "tree",
)
_SHOWN = 12


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Nodes 0..N-1 numbered by (depth, preorder): N nodes, E direct edges, R roots.

    id_column, name_column: raw ids (strings or integers) and names (None: the ids) as Arrow arrays.
    parent: (N,) the parent one level up that comes first in the input, -1 for a root.
    depth: (N,) length of the shortest path from a root, 0 for a root.
    parents_indptr (N+1,), parents_indices (E,): all direct parents, each row ascending.
    first, last: (N,) preorder interval of the spanning tree of `parent`:
        v is u or below u iff first[u] <= first[v] < last[u].
    level_starts: (max_depth + 2,) nodes of depth k are level_starts[k]..level_starts[k+1]-1.
    tree: (N,) the root above each node, itself for a root.
    groups: label -> (N,) codes into group_names[label], -1 for none.
    whole: the hierarchy whose training graph this is, see `training_graph`; None where it is all.
    moved: earlier ids -> the id that stands for each now; they can be asked for like ids.
    """

    name: str
    id_column: pa.Array
    name_column: pa.Array | None
    parent: Int32
    depth: Int32
    parents_indptr: Int64
    parents_indices: Int32
    first: Int32
    last: Int32
    level_starts: Int64
    tree: Int32
    groups: dict[str, Int32] = field(default_factory=dict)
    group_names: dict[str, list[str]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    whole: "Hierarchy | None" = None
    moved: dict[str, str] = field(default_factory=dict)

    @property
    def n_nodes(self) -> int:
        return self.parent.size

    @property
    def n_edges(self) -> int:
        return self.parents_indices.size

    @property
    def max_depth(self) -> int:
        return self.level_starts.size - 2

    @property
    def roots(self) -> Int32:
        """Ids of the roots: the whole first level."""
        return np.arange(self.level_starts[1], dtype=np.int32)

    @property
    def is_forest(self) -> bool:
        """Whether no node has several parents."""
        return self.n_edges == self.n_nodes - self.roots.size

    @cached_property
    def ids(self) -> np.ndarray:
        """Raw ids as str objects, (N,)."""
        return self.id_column.cast(pa.string()).to_numpy(zero_copy_only=False)

    @cached_property
    def names(self) -> np.ndarray:
        """Display names as str objects, (N,); a node without one shows its raw id."""
        if self.name_column is None:
            return self.ids
        return self.name_column.to_numpy(zero_copy_only=False)

    @cached_property
    def content_sha256(self) -> str:
        """sha256 over edges, order, ids, names and groups: the same on every machine."""
        digest = hashlib.sha256()
        for key in ARRAYS:
            digest.update(getattr(self, key).tobytes())
        for column in (self.id_column.cast(pa.string()), self.name_column):
            if column is not None:
                digest.update(pc.binary_length(column).to_numpy(zero_copy_only=False).tobytes())
                digest.update(columns.characters(column))
        for label in sorted(self.groups):
            digest.update(json.dumps([label, self.group_names[label]]).encode())
            digest.update(self.groups[label].tobytes())
        return digest.hexdigest()

    def rows(self, raw_ids: Sequence[str] | Sequence[int] | np.ndarray) -> Int32:
        """Node numbers of raw ids, (len,); HardballError on an id that is not here.

        An earlier id is the node that stands for it now.
        """
        wanted = columns.column(raw_ids, "ids")
        known = self.id_column
        if wanted.type != known.type:
            wanted, known = wanted.cast(pa.string()), known.cast(pa.string())
        found = pc.index_in(wanted, value_set=known)
        if found.null_count and self.moved:
            texts = [self.moved.get(text, text) for text in wanted.cast(pa.string()).to_pylist()]
            now = pc.index_in(pa.array(texts, pa.string()), value_set=known.cast(pa.string()))
            found = pc.coalesce(found, now)
        if found.null_count:
            unknown = wanted[pc.index(found.is_null(), True).as_py()]
            raise HardballError(f"{self.name} has no node {unknown.as_py()!r}: use one of its ids")
        return found.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)


def from_edges(
    name: str,
    child_ids: Any,
    parent_ids: Any,
    *,
    nodes: Any = None,
    names: Any = None,
    groups: Mapping[str, Any] | None = None,
) -> Hierarchy:
    """The hierarchy of the edges child_ids[i] -> parent_ids[i], in level order.

    child_ids, parent_ids, nodes: raw ids, strings or integers (list, array, Series, Arrow array).
    nodes: all ids, isolated ones too; without it the nodes are those that the edges name.
    names, groups[label]: a mapping from raw id, or a sequence beside `nodes`; None or "" is none.
    Duplicate edges are dropped and counted in `notices`. Roots and children keep the order of
    first appearance in (nodes, child_ids, parent_ids).
    Raises HardballError on a cycle, a self loop, an unknown or missing id, uneven columns, no node.
    """
    children, parents = (
        columns.column(child_ids, "child ids"),
        columns.column(parent_ids, "parent ids"),
    )
    if len(children) != len(parents):
        raise HardballError(
            f"{name}: {len(children)} child ids but {len(parents)} parent ids: give one of each"
        )
    listed = None if nodes is None else columns.column(nodes, "nodes")
    unique, child, parent = columns.codes_of(name, listed, children, parents)
    n = len(unique)
    if n == 0:
        raise HardballError(f"{name}: no nodes: give at least one edge or one id in nodes")
    child, parent, notices = _clean(name, unique, child, parent)

    parents_indptr, parents_indices = graph.group(child, parent, n)
    children_indptr, children_indices = graph.group(parent, child, n)
    order, depth, _ = graph.topological(parents_indptr, children_indptr, children_indices)
    if order.size < n:
        found = graph.cycle(parents_indptr, parents_indices, order)
        raise HardballError(f"{name}: cycle {_chain(unique, found)}: remove one of these edges")
    primary = graph.spanning_parents(parents_indptr, parents_indices, depth)
    first, last = graph.preorder(primary, graph.order_by(depth, n))

    by_first = graph.order_by(first, n)
    by_level = by_first[graph.order_by(depth[by_first], n)]
    number = np.empty(n, np.int32)
    number[by_level] = np.arange(n, dtype=np.int32)
    indptr, indices = graph.group_ascending(number[child], number[parent], n)
    depth, first, last = depth[by_level], first[by_level], last[by_level]
    primary = primary[by_level]
    above = np.where(primary >= 0, number[primary], -1).astype(np.int32)
    n_roots = int(np.count_nonzero(above < 0))
    # Roots are numbered in preorder, so the tree of a node is the last root that starts before it.
    tree = np.searchsorted(first[:n_roots], first, side="right") - 1
    taken = pa.array(by_level)
    name_column = None
    if names is not None:
        text = columns.attribute(name, "names", names, unique, listed)
        name_column = pc.coalesce(text, unique.cast(pa.string())).take(taken)
    codes, labels = columns.grouped(name, groups or {}, unique, listed, by_level)
    return Hierarchy(
        name=name,
        id_column=unique.take(taken),
        name_column=name_column,
        parent=above,
        depth=depth,
        parents_indptr=indptr,
        parents_indices=indices,
        first=first,
        last=last,
        level_starts=np.searchsorted(depth, np.arange(depth[-1] + 2)).astype(np.int64),
        tree=tree.astype(np.int32),
        groups=codes,
        group_names=labels,
        notices=notices,
    )


def _clean(
    name: str, unique: pa.Array, child: Int32, parent: Int32
) -> tuple[Int32, Int32, list[str]]:
    """Edges without repeats, in input order, with a notice; no self loops allowed."""
    loops = np.flatnonzero(child == parent)
    if loops.size:
        value = unique[child[loops[0]]].as_py()
        raise HardballError(
            f"{name}: self loop at edge {loops[0] + 1}, {value!r} -> {value!r}: remove it"
        )
    repeated = pd.Series(child.astype(np.int64) * len(unique) + parent).duplicated().to_numpy()
    count = int(np.count_nonzero(repeated))
    if count == 0:
        return child, parent, []
    notice = f"{count} duplicate edge{'s' if count > 1 else ''} dropped"
    return child[~repeated], parent[~repeated], [notice]


def _chain(unique: pa.Array, found: list[int]) -> str:
    """a -> b -> a, its middle left out where it is long."""
    shown = [str(unique[node].as_py()) for node in found[:_SHOWN]]
    if len(found) > _SHOWN:
        shown += [f"... ({len(found) - 1} nodes)", str(unique[found[-1]].as_py())]
    return " -> ".join(shown)
