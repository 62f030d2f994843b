"""Draws of nodes whose features are alike, beside uniform ones."""

from collections.abc import Callable

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.core.errors import HardballError
from hardball.data.features import Features
from hardball.data.features import features as features_of
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import sampler
from hardball.methods.parameter import Parameter, Value, choice, real, text, whole
from hardball.methods.samplers.common import RELATIVE_TO, Index
from hardball.methods.samplers.matrix import first_above
from hardball.methods.samplers.nearest import Lists, nearest
from hardball.methods.sources import ROBINSON_2021

ROW_TOTAL = 2**31 - 1
_HARDNESS: dict[str, dict[str, Value]] = {
    "careful": {"ratio": 0.3, "temperature": 0.1},
    "balanced": {"ratio": 0.5, "temperature": 0.1},
    "aggressive": {"ratio": 0.7, "temperature": 0.05},
}


def similarity_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    ratio: float,
    temperature: float,
    top: int,
    features: str,
    file: str,
    relative_to: str,
    setting: str,
    look_up: Callable[[str, str], Features] | None = None,
    lists: Lists | None = None,
) -> Index:
    """near, cumulative int32 (N, top): similar nodes, cumulated weights; widened bool (N,).

    near: the `top` nodes of greatest cosine of their features that are neither the node nor one of
    its known positives, see `nearest.nearest`; cumulative: see `cumulated`. A shorter list ends
    in the node itself at weight 0; a node without a list is widened. 8 N top bytes.
    ratio and relative_to choose how the engine draws; what a setting fixes is filled in before, by
    `registry.parameters`. look_up: what gives the features of a kind and a file that were built
    before; None builds them. lists: those that were built before for the same known positives, to
    which new ones are added; another ratio or temperature takes the same.
    Raises HardballError on lists too long for the hierarchy, and for features and sizes that
    `data.features` and `nearest.nearest` refuse.
    Source: Robinson et al. 2021, section 3.1, with features instead of the embedding.
    """
    if top * h.n_nodes > ROW_TOTAL:
        raise HardballError(
            f"sampler similarity_hard: top={top}, allowed are 1 to {ROW_TOTAL // h.n_nodes:,} for "
            f"the {h.n_nodes:,} nodes of {h.name}"
        )
    width = min(top, max(h.n_nodes - 1, 1))
    lists = {} if lists is None else lists
    key = features, file, width
    if key not in lists:
        blocks = look_up(features, file) if look_up else features_of(h, features, file)
        lists[key] = nearest(blocks, width, known)
    near, cosine = lists[key]
    cumulative = cumulated(cosine, temperature)
    return {"near": near, "cumulative": cumulative, "widened": cumulative[:, -1] == 0}


def cumulated(cosine: np.ndarray, temperature: float) -> np.ndarray:
    """Row-wise cumulated integer weights, int32 (N, top), of cosines that descend.

    w = exp((cosine - its row's greatest) / temperature) in units of sum(w) / (2^31 - 1 - top),
    rounded, and 0 where the cosine is 0, which ends a list. Source: Robinson et al. 2021, section
    3.1.
    """
    listed = cosine > 0
    scores = (cosine - cosine[:, :1]).astype(np.float64) / temperature
    weights = np.where(listed, np.exp(scores), 0)
    unit = np.maximum(weights.sum(axis=1, keepdims=True), 1) / (ROW_TOTAL - cosine.shape[1])
    return np.cumsum(np.rint(weights / unit), axis=1).astype(np.int32)


@sampler(
    summary="`ratio` of the draws among the nodes whose features are most alike, the rest uniform",
    source=f"{ROBINSON_2021}, section 3.1",
    parameters={
        "ratio": real(0.5, "the share of similar nodes among the draws", at_least=0, at_most=1),
        "temperature": real(0.1, "the lower, the more the most similar are drawn", above=0),
        "top": whole(64, "how many similar nodes are listed for each", at_least=1),
        "features": choice(
            *("names", "names_of_depth", "rank", "degree", "depth", "all", "file"),
            summary="what nodes are compared by",
        ),
        "file": text("", "the file of features, where features=file"),
        "relative_to": RELATIVE_TO,
        "setting": Parameter(
            "own", "a named ratio and temperature, or their own", choices=(*_HARDNESS, "own")
        ),
    },
    build=similarity_index,
    form="pairs",
    cost="O(top N); O(log top), and N^2 cosines once",
    formula="round(ratio K) draws p(n | u) ~ exp(cos(u, n) / temperature), the rest uniform",
    settings=_HARDNESS,
)
def similarity_hard(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array, *, ratio: float
) -> tuple[Array, Array]:
    """round(ratio K) similar nodes, then uniform ones: ids (B,K), valid (B,K).

    A similar one is v of the anchor's list with p(v) = exp(cos(u, v) / T) / sum over the list; the
    others, and all draws of an anchor without a list, are any node but the anchor. valid=False for
    a lone node, whose id is its own. anchors (B,), words (B,K).
    Source: Robinson et al. 2021, section 3.1: q(v) proportional to exp(beta f(u) f(v)) p(v), beta =
    1/T. There f is the embedding in training and q a weight in the loss over a batch; here f are
    raw features, q is drawn from, over a list cut at its `top`, and a share of draws stays uniform.
    """
    n, top = index["near"].shape
    hard = round(ratio * words.shape[1])
    rows = (anchors * top)[:, None]
    cumulative = index["cumulative"].reshape(-1)
    total = xp.lookup(cumulative, rows + top - 1)
    target = xp.mulhi(words[:, :hard], total)
    place = first_above(xp, cumulative, top, rows, target)
    near = xp.lookup(index["near"].reshape(-1), rows + place)
    ids = xp.mulhi(words, n - 1)
    ids = ids + (ids >= anchors[:, None])
    near = xp.where(total > 0, near, ids[:, :hard])
    ids = xp.concatenate([near, ids[:, hard:]], axis=1)
    valid = xp.full_like(ids, n > 1, dtype=xp.boolean)
    return xp.where(valid, ids, anchors[:, None]), valid
