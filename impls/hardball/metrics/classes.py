"""How well classes of nodes, or of graphs of nodes, are told from the points by a linear head."""

import numpy as np

from hardball.hierarchy.labels import Labels
from hardball.hierarchy.splits import Split
from hardball.metrics import logistic
from hardball.metrics.declare import Metric, declares, measures
from hardball.metrics.logistic import Examples, Head
from hardball.metrics.polar import Polar, tangent


@measures(
    Metric("label_accuracy", "max", 0, 1, "share of test nodes whose label a linear head tells",
           "mean of [told = true]"),
    Metric("label_macro_f1", "max", 0, 1, "mean over labels of that head's F1",
           "mean over labels of 2 right / (told + true)"),
    Metric("label_majority", "none", 0, 1, "accuracy of always telling the commonest label",
           "mean of [commonest of training = true]"),
    Metric("graph_accuracy", "max", 0, 1, "share of test graphs whose label a linear head tells",
           "mean of [told = true]"),
    Metric("graph_macro_f1", "max", 0, 1, "mean over labels of that head's F1",
           "mean over labels of 2 right / (told + true)"),
    Metric("graph_majority", "none", 0, 1, "accuracy of always telling the commonest label",
           "mean of [commonest of training = true]"),
)  # fmt: skip
def class_figures(polar: Polar, split: Split) -> dict[str, float]:
    """Accuracy, macro F1 and the majority's accuracy on the test examples; none without labels.

    A head is fitted to the training examples' vectors: a node's tangent vector at the origin, or
    the mean of those of a graph's nodes. majority: the share of the training examples' most
    frequent class (the first of equals) among the test examples. Names begin with `label` where
    nodes are classified and with `graph` where graphs are.
    """
    labels = split.labels
    if labels is None:
        return {}
    vectors = tangent(polar)
    name = "label"
    if split.graph_of is not None:
        vectors, name = pooled(vectors, split.graph_of), "graph"
    head = fitted(vectors, labels, split.l2)
    true = labels.codes[labels.test]
    found = head.classes(vectors[labels.test])
    most = np.bincount(labels.codes[labels.train]).argmax()
    return {
        f"{name}_accuracy": float((found == true).mean()),
        f"{name}_macro_f1": macro_f1(found, true, labels.n_classes),
        f"{name}_majority": float((true == most).mean()),
    }


def fitted(vectors: np.ndarray, labels: Labels, l2: float = 0.0) -> Head:
    """The head that tells the training examples' classes, see `logistic.best`; vectors (N, D)."""
    train, validation = (
        _examples(vectors, labels, which) for which in (labels.train, labels.validation)
    )
    return logistic.best(train, validation, labels.n_classes, l2)


@declares(
    Metric("joint_accuracy", "max", 0, 1, "label accuracy of a head trained with the points",
           "mean of [told = true]")
)  # fmt: skip
def accuracy_of(head: Head, vectors: np.ndarray, labels: Labels) -> float:
    """Accuracy on the test examples of a head that was trained elsewhere.

    vectors: (N, D) of all examples, for nodes their tangent vectors at the origin, `polar.tangent`.
    """
    return logistic.accuracy(head, _examples(vectors, labels, labels.test))


def macro_f1(found: np.ndarray, true: np.ndarray, n_classes: int) -> float:
    """Mean over the classes of 2 TP / (2 TP + FP + FN), over those that are true or found once."""
    hits = np.bincount(true[found == true], minlength=n_classes)
    seen = np.bincount(found, minlength=n_classes) + np.bincount(true, minlength=n_classes)
    return float((2 * hits[seen > 0] / seen[seen > 0]).mean())


def pooled(vectors: np.ndarray, graph_of: np.ndarray) -> np.ndarray:
    """The mean vector of the nodes of each graph: (N, D) -> (G, D)."""
    inside = np.flatnonzero(graph_of >= 0)
    order = inside[np.argsort(graph_of[inside], kind="stable")]
    counts = np.bincount(graph_of[order])
    sums = np.add.reduceat(vectors[order], np.cumsum(counts) - counts, axis=0)
    return sums / counts[:, None]


def _examples(vectors: np.ndarray, labels: Labels, which: np.ndarray) -> Examples:
    return Examples(vectors[which], labels.codes[which])
