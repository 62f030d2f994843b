"""Nodes' labels, told from the points after training."""

from dataclasses import replace

from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.labels import FIRST, node_labels
from hardball.hierarchy.splits import Split, whole
from hardball.methods.declare import task
from hardball.methods.parameter import real, text


@task(
    summary="train on the whole closure, then tell nodes' labels from the points by a linear head",
    source="hardball: labels of a hierarchy",
    parameters={
        "label": text(FIRST, "which of the data's labels, or the first"),
        "holdout": real(0.2, "share of each class held out", above=0, below=1),
        "l2": real(0.0, "the head's penalty; 0: chosen on the validation nodes", at_least=0),
    },
)
def node_classification(
    h: Hierarchy, closure: Csr, seed: int, *, label: str, holdout: float, l2: float
) -> Split:
    """Train and rank as in `reconstruction`; then nodes of a label are told from the points.

    The points see every pair, the classifier the training nodes' labels alone. Labels that name an
    ancestor are told by pairs that the points were trained on: they say whether a linear head can
    read a subtree off the embedding, not whether the embedding foresees it.
    Raises HardballError on an unknown label and when fewer than two classes have enough nodes.
    Source: hardball.
    """
    asked = node_labels(h, seed, label, holdout)
    return replace(whole("node_classification", closure), labels=asked, l2=l2)
