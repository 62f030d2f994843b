"""Draws by degree: from an alias table in integers, and from bands of nodes of like degree."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import sampler
from hardball.methods.parameter import real
from hardball.methods.samplers.common import RELATIVE_TO, Index
from hardball.methods.sources import HARDBALL, MIKOLOV_2013

FULL = 2**31


def degree_index(h: Hierarchy, known: Csr, *, negatives: int, alpha: float) -> Index:
    """Alias table of p(v) proportional to (direct children + parents of v)^alpha.

    threshold and alias, int32 (N,): column v gives v where the fraction is below the threshold of
    2^31, else alias[v]. Raises HardballError when no node has an edge.
    Source: Mikolov et al. 2013, section 2.2; alias method, Walker 1977.
    """
    threshold, alias = alias_table(degree_weights(h, alpha))
    return {"threshold": threshold, "alias": alias}


def degree_weights(h: Hierarchy, alpha: float) -> np.ndarray:
    """(direct children + parents)^alpha, float64 (N,); a node without edges weighs 0^alpha.

    Raises HardballError when no node has an edge.
    Source: Mikolov et al. 2013, section 2.2.
    """
    degree = degrees(h)
    if alpha == 0:
        return np.ones(h.n_nodes)
    if not degree.any():
        raise HardballError(
            f"sampler degree: {h.name} has no edges, so every weight is 0; use uniform"
        )
    return powers(degree, alpha)


def powers(counts: np.ndarray, alpha: float) -> np.ndarray:
    """counts^alpha, float64 (N,); a count of 0 weighs 0, whatever alpha."""
    return np.where(counts > 0, np.maximum(counts, 1).astype(np.float64) ** alpha, 0.0)


def degrees(h: Hierarchy) -> np.ndarray:
    """Direct children + parents of each node, int64 (N,)."""
    return np.diff(h.parents_indptr) + np.bincount(h.parents_indices, minlength=h.n_nodes)


def degree_corrected_index(
    h: Hierarchy, known: Csr, *, negatives: int, tolerance: float, relative_to: str
) -> Index:
    """order, lo, hi, place int32 (N,) and widened bool (N,): each node's band of like degrees.

    order[lo[u]:hi[u]] are the nodes v, u among them at place[u], with
    |degree(v) - degree(u)| <= reach = floor(tolerance * degree(u)). A node alone in its band has
    its reach doubled, from 1 at least, until it no longer is: widened.
    Source: hardball, level order and rings.
    """
    n = h.n_nodes
    values, which, counts = np.unique(degrees(h), return_inverse=True, return_counts=True)
    bounds = np.concatenate([[0], np.cumsum(counts)])
    # In whole numbers: 0.29 x 100 is 29, where the product of floats is below it.
    share = Fraction(tolerance).limit_denominator(10**6)
    reach = np.array([min(int(share * int(value)), n * n) for value in values])
    lo, hi = _band(values, bounds, reach)
    alone = hi - lo == 1
    while n > 1 and np.any(hi - lo == 1):
        reach = np.where(hi - lo == 1, np.maximum(2 * reach, 1), reach)
        lo, hi = _band(values, bounds, reach)
    order = np.argsort(which, kind="stable").astype(np.int32)
    place = np.empty(n, np.int32)
    place[order] = np.arange(n, dtype=np.int32)
    low, high = lo.astype(np.int32)[which], hi.astype(np.int32)[which]
    return {"order": order, "lo": low, "hi": high, "place": place, "widened": alone[which]}


def _band(
    values: np.ndarray, bounds: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places, in order of degree, of the nodes within `reach` of each of the different degrees."""
    low = np.searchsorted(values, values - reach)
    return bounds[low], bounds[np.searchsorted(values, values + reach, side="right")]


def alias_table(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Threshold of 2^31 and alias, int32 (N,) each, of weights (N,) >= 0 that are not all 0.

    Weights are rounded down to integers q whose sum is made N * 2^31 at the heaviest node: an error
    below 2^-31 in any probability. The table is exact for q: light columns, in order, are filled
    by the excess of heavy ones, in order, and a heavy column that falls below full by the next.
    Source: Hübschle-Schneider & Sanders 2019, Parallel Weighted Random Sampling, section 4.1.
    """
    n = len(weights)
    q = np.floor(weights / weights.sum() * (n * FULL)).astype(np.int64)
    q[np.argmax(q)] += n * FULL - q.sum()
    light, heavy = np.flatnonzero(q < FULL), np.flatnonzero(q >= FULL)
    lack = np.concatenate([[0], np.cumsum(FULL - q[light])])
    excess = np.cumsum(q[heavy] - FULL)

    threshold, alias = np.full(n, FULL, np.int64), np.arange(n)
    threshold[light] = q[light]
    alias[light] = heavy[np.searchsorted(excess, lack[:-1], side="right")]
    fallen = np.flatnonzero(excess < lack[-1])
    threshold[heavy[fallen]] = FULL + excess[fallen] - lack[np.searchsorted(lack, excess[fallen])]
    alias[heavy[fallen]] = heavy[fallen + 1]
    # A full column names itself twice, so its threshold may drop to what int32 holds.
    alias[threshold == FULL] = np.flatnonzero(threshold == FULL)
    return np.minimum(threshold, FULL - 1).astype(np.int32), alias.astype(np.int32)


def by_alias(xp: Namespace, index: dict[str, Array], words: Array) -> Array:
    """Nodes by the probabilities of `alias_table`, one a word, of the words' shape."""
    column, fraction = xp.wide_product(words, index["alias"].shape[0])
    own = fraction < xp.lookup(index["threshold"], column)
    return xp.where(own, column, xp.lookup(index["alias"], column))


@sampler(
    summary="any node, proportionally to (direct children + parents)^alpha",
    source=f"{MIKOLOV_2013}, section 2.2",
    parameters={"alpha": real(0.75, "the exponent of the degree")},
    build=degree_index,
    form="pairs",
    cost="O(N); O(1)",
    formula="p(n) = deg(n)^alpha / sum over v of deg(v)^alpha",
)
def degree(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array
) -> tuple[Array, Array]:
    """Nodes by the table's probabilities: ids (B,K), valid (B,K), always True.

    word * N = column * 2^32 + fraction; the id is the column where fraction < threshold, else its
    alias. A probability is off by at most 2^-31 a column that names the node. words (B,K); anchors
    (B,) give the rows only. Source: Walker 1977, alias method; Mikolov et al. 2013, section 2.2.
    """
    ids = by_alias(xp, index, words)
    return ids, xp.ones_like(ids, dtype=xp.boolean)


@sampler(
    summary="a node whose degree is within `tolerance` x that of the positive",
    source=HARDBALL,
    parameters={
        "tolerance": real(0.25, "the largest difference, as a share of the degree", at_least=0),
        "relative_to": replace(RELATIVE_TO, default="positive"),
    },
    build=degree_corrected_index,
    form="pairs",
    cost="O(N); O(1)",
    formula="uniform over |degree(n) - degree(p)| <= tolerance x degree(p)",
)
def degree_corrected(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array
) -> tuple[Array, Array]:
    """Nodes of about the anchor's degree, uniformly: ids (B,K), valid (B,K).

    id = order[lo + r], moved past the anchor's own place, r uniform on 0..hi-lo-2. valid=False for
    a lone node, whose id is its own. anchors (B,), words (B,K).
    Source: hardball, level order and rings.
    """
    low = index["lo"][anchors][:, None]
    others = index["hi"][anchors][:, None] - low - 1
    place = low + xp.mulhi(words, others)
    place = place + (place >= index["place"][anchors][:, None])
    valid = xp.broadcast_to(others > 0, words.shape)
    ids = xp.lookup(index["order"], xp.where(valid, place, low))
    return xp.where(valid, ids, anchors[:, None]), valid
