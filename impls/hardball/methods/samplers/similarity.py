"""Host arrays of the sampler by features: each node's most similar others, and their weights."""

from collections.abc import Callable

import numpy as np

from hardball.core.errors import HardballError
from hardball.data.features import Features
from hardball.data.features import features as features_of
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.samplers.nearest import nearest

ROW_TOTAL = 2**31 - 1


def similarity_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    ratio: float = 0.5,
    temperature: float = 0.1,
    top: int = 64,
    features: str = "names",
    file: str = "",
    relative_to: str = "anchor",
    setting: str = "own",
    look_up: Callable[[str, str], Features] | None = None,
) -> dict[str, np.ndarray]:
    """near, cumulative int32 (N, top): similar nodes, cumulated weights; widened bool (N,).

    near: the `top` nodes of greatest cosine of their features that are neither the node nor one of
    its known positives, see `hierarchy.nearest`; cumulative: see `cumulated`. A shorter list ends
    in the node itself at weight 0; a node without a list is widened. 8 N top bytes.
    ratio and relative_to choose how the engine draws; what a setting fixes is filled in before, by
    `catalog.parameters`. look_up: what gives the features of a kind and a file that were built
    before; None builds them. Raises HardballError on values out of range, and for features and
    sizes that `hierarchy.features` and `hierarchy.nearest` refuse.
    Source: Robinson et al. 2021, section 3.1, with features instead of the embedding.
    """
    if not 0 <= ratio <= 1:
        raise HardballError(f"sampler similarity_hard: ratio={ratio}, allowed are 0 to 1")
    if not (np.isfinite(temperature) and temperature > 0):
        raise HardballError(
            f"sampler similarity_hard: temperature={temperature}, allowed are numbers above 0"
        )
    if top < 1 or top * h.n_nodes > ROW_TOTAL:
        raise HardballError(
            f"sampler similarity_hard: top={top}, allowed are 1 to {ROW_TOTAL // h.n_nodes:,} for "
            f"the {h.n_nodes:,} nodes of {h.name}"
        )
    width = min(top, max(h.n_nodes - 1, 1))
    blocks = look_up(features, file) if look_up else features_of(h, features, file)
    near, cosine = nearest(blocks, width, known)
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
