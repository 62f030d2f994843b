"""What an encoder has learnt of its pretext: shares of pairs in order, shares told apart."""

from collections.abc import Iterable

import numpy as np
from scipy import stats

from hardball.hierarchy.labels import Labels
from hardball.metrics.classes import accuracy_of, fitted
from hardball.metrics.declare import Metric, declares

_ASKED = {
    "break": "lies a broken blanket farther than the whole one? Nodes with members left alone",
    "kind": "lies a blanket without a parent farther than one without a child? (or the reverse)",
    "node": "lies another node's blanket farther than a node's own?",
}
_OF = {"unseen": "nodes that were no anchors", "unbroken": "anchors whose breaks were not shown"}
_WHEN = {"": "", "_start": ", before training"}


@declares(
    *(
        Metric(f"{name}_auc_{group}{when}", "none" if when else "max", 0, 1,
               f"{asked} Of {of}{then}", "P(d_far > d_near) over all pairs of nodes, ties half")
        for name, asked in _ASKED.items()
        for group, of in _OF.items()
        for when, then in _WHEN.items()
    )
)  # fmt: skip
def in_order(far: np.ndarray, near: np.ndarray) -> float:
    """AUC: the share of all pairs (i, j) of n nodes with far_i > near_j, ties half; chance is 1/2.

    far, near: (n,) distances. Mann & Whitney's U over n^2.
    Source: Hanley & McNeil 1982, The Meaning and Use of the Area under a ROC Curve.
    """
    u = stats.mannwhitneyu(far, near, method="asymptotic").statistic
    return float(u / (len(far) * len(near)))


@declares(
    Metric("discriminator_accuracy", "max", 0, 1,
           "share of true and shuffled encodings that the discriminator tells",
           "mean of [z > 0] of true ones and of [z < 0] of shuffled ones, halves at 0"),
    Metric("discriminator_accuracy_start", "none", 0, 1, "the same before training",
           "mean of [z > 0] of true ones and of [z < 0] of shuffled ones, halves at 0"),
)  # fmt: skip
def told_apart(verdicts: Iterable[tuple[np.ndarray, ...]]) -> float:
    """Mean share, over shuffles, of logits on the right side of 0; chance is 1/2.

    verdicts: of each shuffle the logits (N,) of true and of shuffled encodings; above 0 says true.
    """
    shares = [
        (np.heaviside(z, 0.5).mean() + np.heaviside(-other, 0.5).mean()) / 2
        for z, other in verdicts
    ]
    return float(np.mean(shares))


@declares(
    Metric("label_accuracy_features", "none", 0, 1,
           "label accuracy of a head on the features that an encoder is given",
           "mean of [told = true]"),
    Metric("label_accuracy_start", "none", 0, 1, "label accuracy of a head on untrained encodings",
           "mean of [told = true]"),
)  # fmt: skip
def head_accuracy(vectors: np.ndarray, labels: Labels, l2: float = 0.0) -> float:
    """Accuracy on the test examples of a linear head on vectors (N, D), see `classes.fitted`."""
    vectors = vectors.astype(np.float64)
    return accuracy_of(fitted(vectors, labels, l2), vectors, labels)
