"""Labels of nodes, computed on a built hierarchy along its spanning tree."""

from collections import Counter
from dataclasses import replace

import numpy as np

from hardball.core.errors import HardballError
from hardball.data.cards import Group
from hardball.hierarchy.dag import Hierarchy


def add(h: Hierarchy, groups: list[Group]) -> Hierarchy:
    """The hierarchy with a card's groups in place of the reader's labels (card order)."""
    codes: dict[str, np.ndarray] = {}
    names: dict[str, list[str]] = {}
    for group in groups:
        if group.by == "label":
            _need(h, group.name)
            codes[group.name], names[group.name] = h.groups[group.name], h.group_names[group.name]
        else:
            labelled = by_rank(h, group.name) if group.by == "rank" else by_depth(h, group.k)
            codes[group.name], names[group.name] = _sorted(*labelled)
    return replace(h, groups=codes, group_names=names)


def by_depth(h: Hierarchy, k: int) -> tuple[np.ndarray, list[str]]:
    """(codes (N,), names): each node's ancestor-or-self at depth k; -1 above it.

    Nodes of one depth are numbered in preorder, so that ancestor is the last node of depth k whose
    interval starts at or before the node's.
    """
    if k > h.max_depth:
        raise HardballError(f"{h.name} has no depth {k}: it is {h.max_depth} deep")
    low, high = h.level_starts[k], h.level_starts[k + 1]
    codes = np.searchsorted(h.first[low:high], h.first, side="right") - 1
    codes[:low] = -1
    inside = (codes >= 0) & (h.first < h.last[low:high][np.maximum(codes, 0)])
    codes[~inside] = -1
    return codes.astype(np.int32), _distinct(h, np.arange(low, high))


def by_rank(h: Hierarchy, rank: str) -> tuple[np.ndarray, list[str]]:
    """(codes (N,), names): each node's nearest ancestor-or-self of that rank; -1 for none."""
    _need(h, "rank")
    if rank not in h.group_names["rank"]:
        return np.full(h.n_nodes, -1, np.int32), []
    has = h.groups["rank"] == h.group_names["rank"].index(rank)
    nearest = np.where(has, np.arange(h.n_nodes), -1)
    for k in range(1, h.max_depth + 1):
        level = slice(h.level_starts[k], h.level_starts[k + 1])
        inherited = nearest[h.parent[level]]
        nearest[level] = np.where(has[level], nearest[level], inherited)
    codes = np.full(h.n_nodes, -1, np.int32)
    codes[nearest >= 0] = np.searchsorted(np.flatnonzero(has), nearest[nearest >= 0])
    return codes, _distinct(h, np.flatnonzero(has))


def _sorted(codes: np.ndarray, names: list[str]) -> tuple[np.ndarray, list[str]]:
    """The same labels, names ascending, as from_edges numbers those that it is given."""
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.full(len(names) + 1, -1, np.int32)
    place[order] = np.arange(len(names))
    return place[codes], [names[i] for i in order]


def _distinct(h: Hierarchy, nodes: np.ndarray) -> list[str]:
    """Display names, with the raw id behind those that several nodes share."""
    names = h.names[nodes].tolist()
    twice = {name for name, count in Counter(names).items() if count > 1}
    return [
        f"{name} ({raw})" if name in twice else name
        for name, raw in zip(names, h.ids[nodes], strict=True)
    ]


def _need(h: Hierarchy, label: str) -> None:
    if label not in h.groups:
        known = ", ".join(h.groups) or "none"
        raise HardballError(f"{h.name} has no label {label!r}: it has {known}")
