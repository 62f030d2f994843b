"""Markov blankets: the nodes that tell all there is to know of a node, as padded arrays."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy import closure, graph
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.graph import Bool, Int32

SELF, PARENT, CHILD, COPARENT = range(4)
KINDS = ("self", "parent", "child", "coparent")
DROPS = ("parent", "child", "coparent", "any")
PURPOSE = "blankets/members"


class Blankets(NamedTuple):
    """Blankets of N nodes, at most W members each.

    members int32 (N, W): parents, then children, then co-parents; the node itself is none of them
        and fills what is left. kinds int32 (N, W): PARENT, CHILD or COPARENT; SELF where padded.
    mask bool (N, W): what is a member. sizes int32 (N,): members before any were left out.
    """

    members: Int32
    kinds: Int32
    mask: Bool
    sizes: Int32


def blankets(h: Hierarchy, *, width: int, seed: int) -> Blankets:
    """The Markov blanket of every node: parents, children and the children's other parents.

    MB(v) = pa(v) + ch(v) + (union of pa(c) over c in ch(v)) - {v}. A node that is parent and
    co-parent at once counts as parent. A blanket of more than `width` members keeps its parents and
    a uniform sample of the others, drawn by words named (seed, PURPOSE); of more than `width`
    parents, a sample too. Memory O(E) and (N, width).
    Raises HardballError on a width below 1.
    Source: Pearl 1988, Probabilistic Reasoning in Intelligent Systems, section 3.3.1; the sample:
    Bentley & Floyd 1987, Programming Pearls: A Sample of Brilliance, algorithm F2.
    """
    if width < 1:
        raise HardballError(f"blankets: width={width}, allowed is 1 or more")
    n = h.n_nodes
    direct = closure.pairs(closure.Csr(h.parents_indptr, h.parents_indices))
    lists = h.parents_indptr, h.parents_indices, *graph.group(direct[:, 1], direct[:, 0], n)
    sizes = _sizes(*lists)
    large = int(np.count_nonzero(sizes > width))
    drawn = random_bits.words(seed, PURPOSE, 0, large * width).reshape(large, width)
    members = np.repeat(np.arange(n, dtype=np.int32)[:, None], width, axis=1)
    kinds = np.full((n, width), SELF, np.int32)
    _fill(*lists, drawn, members, kinds)
    return Blankets(members, kinds, kinds != SELF, sizes)


def drop_code(drop: str) -> int:
    """The kind that `drop` names, SELF for "any"; raises HardballError on another name."""
    if drop not in DROPS:
        raise HardballError(f"drop={drop!r}: allowed are {', '.join(DROPS)}")
    return SELF if drop == "any" else KINDS.index(drop)


def droppable(found: Blankets, drop: str) -> Bool:
    """Whether each node's blanket has a member of the kind that `drop` names; bool (N,)."""
    code = drop_code(drop)
    return (found.mask & ((found.kinds == code) | (code == SELF))).any(axis=1)


def alike(found: Blankets) -> Int32:
    """Equal numbers for nodes with equal blankets, such as leaves of one parent; int32 (N,)."""
    rows = np.concatenate([np.where(found.mask, found.members, -1), found.kinds], axis=1)
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int32)


@njit(cache=True)
def _row(
    node: int,
    parents_indptr: Any,
    parents: Any,
    children_indptr: Any,
    children: Any,
    seen: Any,
    row: Any,
) -> tuple[int, int, int]:
    """The whole blanket into `row`: how many parents, parents and children, members."""
    size = 0
    seen[node] = node
    for i in range(parents_indptr[node], parents_indptr[node + 1]):
        row[size] = parents[i]
        seen[parents[i]] = node
        size += 1
    above = size
    for i in range(children_indptr[node], children_indptr[node + 1]):
        row[size] = children[i]
        seen[children[i]] = node
        size += 1
    direct = size
    for i in range(above, direct):
        for j in range(parents_indptr[row[i]], parents_indptr[row[i] + 1]):
            if seen[parents[j]] != node:
                row[size] = parents[j]
                seen[parents[j]] = node
                size += 1
    return above, direct, size


@njit(cache=True)
def _sizes(parents_indptr: Any, parents: Any, children_indptr: Any, children: Any) -> Int32:
    n = parents_indptr.size - 1
    seen, row = np.full(n, -1, np.int32), np.empty(n, np.int32)
    out = np.empty(n, np.int32)
    for node in range(n):
        found = _row(node, parents_indptr, parents, children_indptr, children, seen, row)
        out[node] = found[2]
    return out


@njit(cache=True)
def _fill(
    parents_indptr: Any,
    parents: Any,
    children_indptr: Any,
    children: Any,
    drawn: Any,
    members: Any,
    kinds: Any,
) -> None:
    n, width = members.shape
    seen, row = np.full(n, -1, np.int32), np.empty(n, np.int32)
    taken = np.zeros(n, np.bool_)
    large = 0
    for node in range(n):
        above, direct, size = _row(
            node, parents_indptr, parents, children_indptr, children, seen, row
        )
        kept = size
        if size > width:
            # Parents are kept and the others drawn, or the parents themselves are drawn.
            base, end = (above, size) if above < width else (0, above)
            taken[:base] = True
            for i in range(width - base):
                top = end - base - (width - base) + i
                place = base + ((np.int64(drawn[large, i]) * (top + 1)) >> 32)
                taken[base + top if taken[place] else place] = True
            large += 1
            kept = width
        else:
            taken[:size] = True
        filled = 0
        for i in range(size):
            if taken[i] and filled < kept:
                members[node, filled] = row[i]
                kinds[node, filled] = PARENT if i < above else CHILD if i < direct else COPARENT
                filled += 1
            taken[i] = False
