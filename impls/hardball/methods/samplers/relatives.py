"""Nodes of subtrees: the anchor's own, and those of its ancestors."""

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import sampler
from hardball.methods.samplers.common import RELATIVE_TO, Index
from hardball.methods.sources import HARDBALL


def relatives_index(h: Hierarchy, known: Csr, *, negatives: int, relative_to: str) -> Index:
    """depth int32 (N,), up int32 (L, N), and what `descendants_index` gives.

    up[l]: the ancestor 2^l levels up in the spanning tree; a root's is itself.
    Source: Bender & Farach-Colton 2004, The Level Ancestor Problem Simplified, section 3.
    """
    nodes = np.arange(h.n_nodes, dtype=np.int32)
    up = [np.where(h.parent < 0, nodes, h.parent)]
    while 2 ** len(up) <= h.max_depth:
        up.append(up[-1][up[-1]])
    below = descendants_index(h, known, negatives=negatives, relative_to=relative_to)
    return {"depth": h.depth, "up": np.stack(up).astype(np.int32, copy=False), **below}


def descendants_index(h: Hierarchy, known: Csr, *, negatives: int, relative_to: str) -> Index:
    """first, last int32 (N,): preorder interval of a node's subtree; order (N,): nodes by preorder.

    Source: hardball, level order and rings.
    """
    order = np.empty(h.n_nodes, np.int32)
    order[h.first] = np.arange(h.n_nodes, dtype=np.int32)
    return {"first": h.first, "last": h.last, "order": order}


@sampler(
    summary="a node below one of the anchor's ancestors, the ancestor drawn first",
    source=HARDBALL,
    parameters={"relative_to": RELATIVE_TO},
    build=relatives_index,
    form="pairs",
    cost="O(N log depth); O(log depth)",
    formula="p(n | u) = mean over ancestors a of u of [n in subtree(a)] / |subtree(a)|",
)
def relatives(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array
) -> tuple[Array, Array]:
    """An ancestor uniformly, then a node of its subtree uniformly: ids (B,K), valid (B,K).

    p(n) = (1 / depth) sum over ancestors a of the anchor, n in subtree(a), of 1 / |subtree(a)|,
    with a and subtrees of the spanning tree; up to depth |subtree| / 2^32, since one word decides
    both. valid=False for a root, whose id is its own. The anchor and its ancestors may be drawn.
    anchors (B,), words (B,K).
    Source: hardball, level order and rings.
    """
    depth = index["depth"][anchors][:, None]
    levels, rest = xp.wide_product(words, depth)
    node = xp.broadcast_to(anchors[:, None], words.shape)
    for bit in range(index["up"].shape[0]):
        higher = xp.lookup(index["up"][bit], node)
        node = xp.where((levels + (depth > 0)) >> bit & 1 > 0, higher, node)
    low = xp.lookup(index["first"], node)
    place = low + xp.mulhi(rest << 1, xp.lookup(index["last"], node) - low)
    valid = xp.broadcast_to(depth > 0, words.shape)
    return xp.where(valid, xp.lookup(index["order"], place), anchors[:, None]), valid


@sampler(
    summary="a node below the anchor, which must not come before its ancestors",
    source=HARDBALL,
    parameters={"relative_to": RELATIVE_TO},
    build=descendants_index,
    form="pairs",
    cost="O(N); O(1)",
    formula="p(n | u) = 1 / (|subtree(u)| - 1), n in subtree(u), n != u",
)
def descendants(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array
) -> tuple[Array, Array]:
    """A node below the anchor, uniformly: ids (B,K), valid (B,K).

    p(n) = 1 / (|subtree(anchor)| - 1), n in the anchor's subtree of the spanning tree. valid=False
    for a leaf, whose id is its own. anchors (B,), words (B,K).
    Source: hardball, level order and rings.
    """
    low = index["first"][anchors][:, None] + 1
    others = index["last"][anchors][:, None] - low
    place = low + xp.mulhi(words, others)
    valid = xp.broadcast_to(others > 0, words.shape)
    place = xp.where(valid, place, low - 1)
    return xp.lookup(index["order"], place), valid
