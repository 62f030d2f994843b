"""What every reader returns: edges and nodes by raw id, before they become arrays."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Table:
    """A hierarchy by raw ids: str in object arrays, or int64 where every id is a number.

    children, parents: (E,) the direct edges. nodes: (N,) every node, or None when the edges name
    them all. names and each of labels: (N,) aligned with nodes; "" where there is none.
    kinds: (E,) int8, what kind of edge each is (only where a reader tells several apart).
    notices: what a person should know about what was read. moved: earlier ids -> those that stand.
    """

    children: np.ndarray
    parents: np.ndarray
    nodes: np.ndarray | None = None
    names: np.ndarray | None = None
    labels: dict[str, np.ndarray] = field(default_factory=dict)
    kinds: np.ndarray | None = None
    notices: list[str] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)


def strings(values: Iterable[str]) -> np.ndarray:
    """An object array of the strings."""
    listed = list(values)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out


def below(children: np.ndarray, parents: np.ndarray, root: str) -> set[str]:
    """Raw ids of `root` and everything under it, through any parent."""
    of: dict[str, list[str]] = {}
    for child, parent in zip(children, parents, strict=True):
        of.setdefault(parent, []).append(child)
    found = {root}
    frontier = [root]
    while frontier:
        frontier = [c for p in frontier for c in of.get(p, ()) if c not in found]
        found.update(frontier)
        frontier = list(dict.fromkeys(frontier))
    return found
