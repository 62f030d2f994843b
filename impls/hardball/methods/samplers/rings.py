"""Draws from [lo, hi) minus [xlo, xhi): uniform nodes, and those of one level near or far away.

A ring is four bounds a node, see `hierarchy.rings`. With `replace=False` every ring holds at least
`negatives` nodes, or all that there are.
"""

from typing import Any

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.hierarchy import rings
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import declare
from hardball.methods.parameter import choice, whole
from hardball.methods.samplers.common import RELATIVE_TO, REPLACE, Index
from hardball.methods.sources import BENGIO_2009, HARDBALL, NICKEL_2017

_BOUNDS = ("lo", "hi", "xlo", "xhi")
_COMMON = {"relative_to": RELATIVE_TO, "replace": REPLACE}


def uniform_index(h: Hierarchy, known: Csr, *, negatives: int) -> Index:
    """n_nodes, int32 scalar. Source: Nickel & Kiela 2017, section 3.2."""
    return {"n_nodes": np.array(h.n_nodes, np.int32)}


def siblings_index(
    h: Hierarchy, known: Csr, *, negatives: int, relative_to: str, replace: bool
) -> Index:
    """Bounds lo, hi, xlo, xhi int32 (N,) and widened bool (N,) of each node's siblings.

    Source: hardball, level order and rings.
    """
    return rings.siblings(h, minimum=_minimum(negatives, replace))._asdict()


def cousins_index(
    h: Hierarchy, known: Csr, *, negatives: int, k: int, relative_to: str, replace: bool
) -> Index:
    """Bounds lo, hi, xlo, xhi int32 (N,) and widened bool (N,) of each node's k-th cousins.

    Source: hardball, level order and rings.
    """
    return rings.cousins(h, k, minimum=_minimum(negatives, replace))._asdict()


def depth_matched_index(
    h: Hierarchy, known: Csr, *, negatives: int, where: str, relative_to: str, replace: bool
) -> Index:
    """Bounds lo, hi, xlo, xhi int32 (N,) and widened bool (N,) of each node's level elsewhere.

    where: in another top "branch" or in another "tree". Source: hardball, level order and rings.
    """
    return rings.depth_matched(h, where=where, minimum=_minimum(negatives, replace))._asdict()


def tightening_index(
    h: Hierarchy, known: Csr, *, negatives: int, k: int, relative_to: str, replace: bool
) -> Index:
    """Bounds lo, hi, xlo, xhi int32 (k + 1, N) of k-th cousins, ..., first cousins, siblings.

    widened bool (N,): that of the siblings, where the training ends.
    Source: hardball, level order and rings.
    """
    minimum = _minimum(negatives, replace)
    found = [rings.cousins(h, j, minimum=minimum) for j in range(k, 0, -1)]
    found.append(rings.siblings(h, minimum=minimum))
    stacked = {name: np.stack([getattr(ring, name) for ring in found]) for name in _BOUNDS}
    return {**stacked, "widened": found[-1].widened}


def _minimum(negatives: int, replace: bool) -> int:
    return 1 if replace else negatives


def uniform(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array
) -> tuple[Array, Array]:
    """Any node but the anchor: ids (B,K), valid (B,K); valid=False for a lone node.

    id = r + [r >= anchor], r uniform on 0..N-2. anchors (B,), words (B,K).
    Source: Nickel & Kiela 2017, section 3.2.
    """
    others = index["n_nodes"] - 1
    place = xp.mulhi(words, others)
    ids = place + (place >= anchors[:, None])
    valid = xp.broadcast_to(others > 0, ids.shape)
    return xp.where(valid, ids, anchors[:, None]), valid


def ring(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array, *, replace: bool
) -> tuple[Array, Array]:
    """Nodes of each anchor's ring: ids (B,K), valid (B,K); without replacement all different.

    id = lo + r, moved past [xlo, xhi), r uniform on 0..(hi-lo)-(xhi-xlo)-1. Where nothing is left
    to draw valid=False and the id is the anchor. anchors (B,), words (B,K).
    Source: hardball, level order and rings; without replacement Bentley & Floyd 1987.
    """
    low, skip = index["lo"][anchors], index["xlo"][anchors]
    gap = index["xhi"][anchors] - skip
    size = index["hi"][anchors] - low - gap
    if not replace:
        place, valid = xp.subset(words, size)
        return xp.where(valid, _past(place, low, skip, gap), anchors[:, None]), valid
    place, valid = xp.mulhi(words, size[:, None]), xp.broadcast_to(size[:, None] > 0, words.shape)
    # An empty ring's place is 0: choosing by row instead of by draw saves a pass over (B,K).
    low, gap = xp.where(size > 0, low, anchors), xp.where(size > 0, gap, 0)
    return _past(place, low, skip, gap), valid


def _past(place: Array, low: Array, skip: Array, gap: Array) -> Array:
    """low + place, moved past the `gap` ids from `skip` on; place (B,K), bounds (B,)."""
    return place + low[:, None] + (place >= (skip - low)[:, None]) * gap[:, None]


def tightening(
    xp: Namespace,
    index: dict[str, Array],
    anchors: Array,
    words: Array,
    progress: Array,
    *,
    replace: bool,
) -> tuple[Array, Array]:
    """Of k + 1 rings the one whose turn it is, the widest first: ids (B,K), valid (B,K).

    Ring floor(progress (k + 1)), each for as long; progress: the share of the training that is
    over. anchors (B,), words (B,K). Source: Bengio et al. 2009, Curriculum Learning; hardball,
    level order and rings.
    """
    levels, n = index["lo"].shape
    turn = xp.minimum(xp.cast(progress * levels, xp.integer), levels - 1)
    flat = {name: index[name].reshape(-1) for name in _BOUNDS}
    ids, valid = ring(xp, flat, anchors + turn * n, words, replace=replace)
    return xp.where(valid, ids, anchors[:, None]), valid


declare(
    "sampler",
    uniform,
    summary="any node, uniformly",
    source=NICKEL_2017,
    build=uniform_index,
    form="pairs",
    cost="O(1); O(1)",
    formula="p(n | u) = 1 / (N - 1), n != u",
)

_RING: dict[str, Any] = {"source": HARDBALL, "form": "pairs", "cost": "O(N); O(1)"}

declare(
    "sampler",
    ring,
    name="siblings",
    summary="another child of the parent; an only child widens to cousins",
    parameters=_COMMON,
    build=siblings_index,
    promises="near",
    formula="p(n | u) = 1 / |S|, S = {n != u: parent(n) = parent(u)}",
    **_RING,
)

declare(
    "sampler",
    ring,
    name="cousins",
    summary="nodes of the same depth whose nearest common ancestor lies k + 1 levels up",
    parameters={"k": whole(1, "the degree of the cousins", at_least=1), **_COMMON},
    build=cousins_index,
    promises="near",
    formula="p(n | u) = 1 / |S|, S = {n: depth(n) = depth(u), lca(n, u) k + 1 levels up}",
    **_RING,
)

declare(
    "sampler",
    ring,
    name="depth_matched",
    summary="nodes of the same depth in another top branch, or in another tree of a forest",
    parameters={
        "where": choice("branch", "tree", summary="what the nodes must not share"),
        **_COMMON,
    },
    build=depth_matched_index,
    promises="depth",
    formula="p(n | u) = 1 / |S|, S = {n: depth(n) = depth(u), branch(n) != branch(u)}",
    **_RING,
)

declare(
    "sampler",
    tightening,
    summary="k-th cousins, then nearer ones, then siblings, as the training goes on",
    source=f"{BENGIO_2009}; {HARDBALL}",
    parameters={"k": whole(3, "the degree of the first cousins", at_least=1), **_COMMON},
    build=tightening_index,
    form="pairs",
    cost="O(k N); O(1)",
    formula="ring floor(t (k + 1)) of k-th cousins, ..., siblings, t the share trained",
)
