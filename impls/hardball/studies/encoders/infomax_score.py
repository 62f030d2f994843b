"""What Deep Graph Infomax learnt: trains, then scores the discriminator and frozen encodings."""

from typing import NamedTuple

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.labels import Labels, node_labels
from hardball.metrics.classes import accuracy_of, fitted
from hardball.studies.encoders import infomax, runs
from hardball.studies.encoders.descent import Trained
from hardball.studies.encoders.infomax import Discrimination, Settings, Task

SHUFFLES = 20


class Found(NamedTuple):
    """before, after: of training. heads: what a linear head is given -> accuracy on the test."""

    before: Discrimination
    after: Discrimination
    heads: dict[str, float]
    labels: Labels
    trained: Trained
    task: Task


def score(h: Hierarchy, seed: int, framework: str, how: Settings, label: str) -> Found:
    """Trains by `framework`, jax or torch, and scores the encoder before and after.

    Discrimination is the mean over SHUFFLES shuffles that training never saw. Linear heads tell the
    nodes' classes by the group `label`, `labels.node_labels`, from nothing (the majority of the
    training nodes), from the features that the encoder is given, and from the encodings before and
    after training, each fitted to the training nodes by `classes.fitted`.
    Raises what `infomax.build` and `node_labels` raise, and HardballError on a loss that is not
    finite.
    """
    labels = node_labels(h, seed, label)
    half = runs.half("infomax", framework)
    task = infomax.build(h, seed, how)
    trained = half.train(task, seed, how)
    if not np.isfinite(trained.losses).all():
        step = int(np.argmin(np.isfinite(trained.losses)))
        raise HardballError(f"{h.name}: the loss is not finite from step {step} on: lower lr")
    first, shuffles = infomax.start(seed, how), infomax.held_out(seed, h.n_nodes, SHUFFLES)
    before, after = (
        infomax.discrimination(half.verdicts(task, how, arrays, order) for order in shuffles)
        for arrays in (first, trained.arrays)
    )
    unmoved = np.arange(h.n_nodes)
    given = {
        "majority class": np.zeros((h.n_nodes, 0)),
        "features": task.inputs,
        "untrained": half.encodings(task, how, first, unmoved),
        "trained": half.encodings(task, how, trained.arrays, unmoved),
    }
    heads = {name: head_accuracy(vectors, labels) for name, vectors in given.items()}
    return Found(before, after, heads, labels, trained, task)


def head_accuracy(vectors: np.ndarray, labels: Labels) -> float:
    """Accuracy on the test nodes of a linear head on vectors (N, D); D = 0: the majority's."""
    vectors = vectors.astype(np.float64)
    return accuracy_of(fitted(vectors, labels), vectors, labels)
