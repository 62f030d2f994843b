"""A linear head that tells the nodes' classes, trained with the embedding."""

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy.labels import FIRST, node_labels
from hardball.methods.declare import regularizer
from hardball.methods.facts import Fact
from hardball.methods.handed import Head
from hardball.methods.parameter import real, text
from hardball.methods.regularizers.common import RATE, layer, mean_of
from hardball.methods.sources import CHAMI_2019
from hardball.metrics.classes import accuracy_of
from hardball.metrics.logistic import Head as Linear
from hardball.metrics.polar import tangent as tangent_vectors
from hardball.metrics.polar import to_polar


def head(problem, *, label, holdout):
    """kernel (dim, C) and bias (C,) of a linear head; labels int32 (N,) of the training nodes.

    C classes of the group `label`; nodes that are held out, or without a class, have -1. Raises
    HardballError where there is nothing to classify (see `labels.node_labels`), and where the
    run's task tests what the head would be told.
    """
    spec = problem.spec
    found = node_labels(problem.hierarchy, spec.seed, label, holdout)
    _check_unseen(problem.split, found)
    labels = np.full(problem.n_nodes, -1, np.int32)
    labels[found.train] = found.codes[found.train]
    start = layer(spec.seed, f"node_classification/{found.label}", spec.dim, found.n_classes)
    return Head(dict(zip(("kernel", "bias"), start, strict=True)), {"labels": labels})


def joint_accuracy(problem, points, c, own, *, label, holdout, **_):
    """Accuracy of the trained head on held-out nodes, {"joint_accuracy": 0 to 1}.

    The nodes are those of `labels.node_labels` that it was not trained on, nor chosen by.
    """
    labels = node_labels(problem.hierarchy, problem.spec.seed, label, holdout)
    vectors = tangent_vectors(to_polar(points, problem.spec.manifold.name, c))
    return {"joint_accuracy": accuracy_of(Linear(own["kernel"], own["bias"]), vectors, labels)}


@regularizer(
    summary="weight x cross-entropy of a linear head on the tangent vectors of nodes with a label",
    source=(
        "Kipf & Welling 2017, Semi-Supervised Classification with Graph Convolutional Networks, "
        f"Eq. 10; {CHAMI_2019}"
    ),
    build=head,
    parameters={
        "weight": real(0.1, "factor of the term", at_least=0),
        "label": text(FIRST, "which group of classes, `first`: the first that the data have"),
        "holdout": real(0.2, "share of each class that the head is not told", above=0, below=1),
        "lr": RATE,
    },
    owns=(
        Fact("kernel", ("d", "C"), "of the head, for C classes", "term", -0.5, 0.5, moves=True),
        Fact("bias", ("C",), "of the head", "term", -0.5, 0.5, moves=True),
        Fact("labels", ("2B",), "the class of a node, -1 for none", "term", -1, 9, True),
    ),
    scores=joint_accuracy,
)
def node_classification(xp, tangent, kernel, bias, labels, *, weight):
    """weight times the mean of -log softmax(t W + b)_y over the anchors with a label y; -> ().

    tangent t (n, dim) and labels (n,), of anchors and then positives; W kernel (dim, C), b bias
    (C,). An anchor whose label is -1 does not count; without any other it is 0. The tangent space
    at the origin is that of Chami et al.
    """
    anchors, theirs = xp.halves(tangent)[0], xp.halves(labels)[0]
    scores = xp.product(anchors, kernel) + bias
    true = theirs[:, None] == xp.arange(scores.shape[1], scores)
    each = xp.logsumexp(scores, axis=1) - xp.sum(xp.where(true, scores, 0), axis=1)
    return weight * mean_of(xp, each, theirs >= 0)


def _check_unseen(split, found):
    """What a task tests after training must not be told in it."""
    asked = split.labels
    if asked is None or asked.label != found.label:
        return
    if split.graph_of is not None or np.intersect1d(asked.test, found.train).size:
        raise HardballError(
            f"node_classification of {found.label} trains on labels that task {split.name} tests: "
            "take task=node_classification with the same label and holdout, or another label"
        )
