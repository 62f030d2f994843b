"""How alike negatives are to their anchors, by raw features, beside uniform ones."""

import numpy as np

from hardball.core import random_bits
from hardball.data.features import Features, cosines
from hardball.metrics.declare import Metric, declares

_CHUNK = 2**16


@declares(
    Metric("negative_similarity", "none", -1, 1, "mean cosine of features, negatives and anchors",
           "mean of cos(features of anchor, features of negative)"),
    Metric("negative_similarity_uniform", "none", -1, 1, "the same of random nodes",
           "mean of cos(features of anchor, features of random node)"),
)  # fmt: skip
def negative_similarity(
    features: Features, anchors: np.ndarray, ids: np.ndarray, valid: np.ndarray, seed: int
) -> dict[str, float]:
    """Mean cosine of the features of anchors and negatives, and of anchors and uniform nodes.

    negative_similarity: over the draws of ids (B,K) with valid (B,K), of anchors (B,).
    negative_similarity_uniform: over as many nodes drawn uniformly from all but the anchor, for the
    same anchors. Cosines from -1 to 1; both nan where nothing is valid. features: see
    `hierarchy.features.features`. Source: hardball.
    """
    nodes = np.broadcast_to(anchors[:, None], ids.shape)[valid]
    others = max(features[0].shape[0] - 1, 1)
    drawn = random_bits.words(seed, "similarity", 0, len(nodes)).astype(np.int64) * others >> 32
    return {
        "negative_similarity": _mean_cosine(features, nodes, ids[valid]),
        "negative_similarity_uniform": _mean_cosine(features, nodes, drawn + (drawn >= nodes)),
    }


def similarity_gain(
    features: Features, anchors: np.ndarray, ids: np.ndarray, valid: np.ndarray, seed: int
) -> float:
    """How much more alike the negatives are than uniform ones: the difference of the two means."""
    found = negative_similarity(features, anchors, ids, valid, seed)
    return found["negative_similarity"] - found["negative_similarity_uniform"]


def _mean_cosine(features: Features, nodes: np.ndarray, others: np.ndarray) -> float:
    if not len(nodes):
        return float("nan")
    parts = np.array_split(np.arange(len(nodes)), -(-len(nodes) // _CHUNK))
    return float(sum(cosines(features, nodes[p], others[p]).sum() for p in parts) / len(nodes))
