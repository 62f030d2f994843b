"""What a run may know of a hierarchy: the graph of its training pairs, in level order."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hardball.hierarchy import graph
from hardball.hierarchy.closure import Csr, contains, nodes_of
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.hierarchy.graph import Int32


def training_graph(h: Hierarchy, known: Csr) -> tuple[Hierarchy, Int32]:
    """The hierarchy of the training pairs, and the number there of each node of `h`: (N,).

    known: the training pairs as rows. Its edges are the edges of `h` that are training pairs, and
    the training pairs that no chain of others implies: a leaf whose parent is held out hangs from
    its grandparent. Nodes have other numbers, since depths change. Roots, children and parents are
    in the order of their ids, so that nothing about the graph follows from what is held out. Where
    every edge is a training pair it is `h` itself. Raises HardballError where `from_edges` does.
    Source: hardball.
    """
    child = np.repeat(np.arange(h.n_nodes, dtype=np.int32), np.diff(h.parents_indptr))
    kept = contains(known, child, h.parents_indices)
    if kept.all():
        return h, np.arange(h.n_nodes, dtype=np.int32)
    node = nodes_of(known)
    needed = ~graph.implied(known.indptr, known.indices, node, known.indices)
    edges = np.concatenate(
        [
            np.stack([child[kept], h.parents_indices[kept]], axis=1),
            np.stack([node[needed], known.indices[needed]], axis=1),
        ]
    )
    made, rows = by_pairs(h, np.unique(edges, axis=0), np.arange(h.n_nodes))
    return dataclasses.replace(made, whole=h), np.argsort(rows).astype(np.int32)


def by_pairs(h: Hierarchy, edges: np.ndarray, nodes: np.ndarray) -> tuple[Hierarchy, Int32]:
    """The hierarchy of some nodes (n,) and edges (E, 2) of rows of `h`, and their rows there: (n,).

    Roots, children and parents are in the order of their ids; names and groups are those of `h`.
    """
    order = pc.sort_indices(h.id_column).to_numpy()
    rank = np.argsort(order)
    # Of equal depth the first parent of a list is the one in the spanning tree.
    edges = edges[np.lexsort((rank[edges[:, 1]], rank[edges[:, 0]]))]
    listed = order[np.isin(order, nodes)].astype(np.int32)
    made = from_edges(h.name, edges[:, 0], edges[:, 1], nodes=listed)
    rows = made.id_column.to_numpy()
    taken = pa.array(rows)
    found = dataclasses.replace(
        made,
        id_column=h.id_column.take(taken),
        name_column=None if h.name_column is None else h.name_column.take(taken),
        groups={label: codes[rows] for label, codes in h.groups.items()},
        group_names=h.group_names,
    )
    return found, rows
