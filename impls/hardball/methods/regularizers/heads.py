"""What terms with arrays of their own begin with, and what they are told of every node."""

from collections.abc import Mapping
from math import log, sqrt
from typing import Any

import numpy as np
from scipy import sparse

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.labels import FIRST, Labels, node_labels
from hardball.hierarchy.splits import Split
from hardball.methods.handed import Head, Problem
from hardball.metrics.classes import accuracy_of
from hardball.metrics.logistic import Head as Linear
from hardball.metrics.polar import tangent, to_polar


def node_classification(
    task: Problem, *, label: str = FIRST, holdout: float = 0.2, lr: float = 0.01
) -> Head:
    """kernel (dim, C) and bias (C,) of a linear head; labels int32 (N,) of the training nodes.

    C classes of the group `label`; nodes that are held out, or without a class, have -1. See
    `labels.node_labels`, which raises HardballError where there is nothing to classify; so does a
    rate `lr` that is not positive.
    """
    _check("node_classification", lr)
    spec = task.spec
    found = node_labels(task.hierarchy, spec.seed, label, holdout)
    _check_unseen(task.split, found)
    labels = np.full(task.n_nodes, -1, np.int32)
    labels[found.train] = found.codes[found.train]
    start = _layer(spec.seed, f"node_classification/{found.label}", spec.dim, found.n_classes)
    return Head(dict(zip(("kernel", "bias"), start, strict=True)), {"labels": labels})


def feature_reconstruction(
    task: Problem,
    *,
    features: str = "names",
    file: str = "",
    form: str = "mse",
    columns: int = 256,
    hidden: int = 0,
    lr: float = 0.01,
) -> Head:
    """inner (dim, H), inner_bias, kernel (H, F), bias of a decoder; targets float32 (N, F).

    H: `hidden` units; with none inner is empty, and kernel (dim, F). features, file: see
    `features.features`; `targets` says how they are scaled and what `columns` does. Raises
    HardballError on features that are not there, sizes out of range, and a rate not positive.
    """
    _check("feature_reconstruction", lr)
    for name, value, least in (("columns", columns, 1), ("hidden", hidden, 0)):
        if value < least:
            raise HardballError(
                f"feature_reconstruction: {name}={value}, allowed are {least} or more"
            )
    spec = task.spec
    table = targets(task.shared.features(features, file), form, columns)
    purpose = f"feature_reconstruction/{features}"
    inner = _layer(spec.seed, f"{purpose}/inner", spec.dim, hidden)
    outer = _layer(spec.seed, f"{purpose}/outer", hidden or spec.dim, table.shape[1])
    names = ("inner", "inner_bias", "kernel", "bias")
    return Head(dict(zip(names, (*inner, *outer), strict=True)), {"targets": table})


def curvature_penalty(task: Problem, *, target: float = 1.0, lr: float = 0.01) -> Head:
    """log_c (), the logarithm of the curvature, which begins at that of the manifold.

    Raises HardballError on a target or a rate `lr` that is not positive.
    """
    _check("curvature_penalty", lr)
    if target <= 0:
        raise HardballError(f"curvature_penalty: target={target}, allowed are c above 0, for -c")
    c = float(task.spec.manifold.params.get("c", 1.0))
    return Head({"log_c": np.array(log(c))}, {})


def targets(blocks: tuple[Any, ...], form: str, columns: int) -> np.ndarray:
    """Features as they are to be reconstructed: float32 (N, F).

    Sparse blocks of more than `columns` columns are hashed to that many: column j is added to
    j mod columns. form: "mse", as they are; "bce", each column over its range, (x - min) /
    (max - min), 0 where it never varies; "categorical", each row over its sum, one of zeros stays.
    Raises HardballError on negative features for "categorical".
    Source: Weinberger et al. 2009, Feature Hashing for Large Scale Multitask Learning, section 2.
    """
    table = np.hstack([_dense(block, columns) for block in blocks])
    if form == "bce":
        low, high = table.min(axis=0), table.max(axis=0)
        table = (table - low) / np.where(high > low, high - low, 1)
    if form == "categorical":
        if table.min() < 0:
            raise HardballError(
                "feature_reconstruction: form=categorical takes features as shares, and some are "
                "negative: take form=mse or bce"
            )
        total = table.sum(axis=1, keepdims=True)
        table = table / np.where(total > 0, total, 1)
    return table.astype(np.float32)


def _dense(block: Any, columns: int) -> np.ndarray:
    if not sparse.issparse(block):
        return np.asarray(block)
    if block.shape[1] <= columns:
        return np.asarray(block.toarray())
    n, place = block.shape[0], block.tocoo()
    flat = place.row.astype(np.int64) * columns + place.col % columns
    return np.bincount(flat, place.data, minlength=n * columns).reshape(n, columns)


def _layer(seed: int, purpose: str, ins: int, outs: int) -> tuple[np.ndarray, np.ndarray]:
    """A map (ins, outs), uniform within sqrt(6 / (ins + outs)), and a bias of zeros.

    Source: Glorot & Bengio 2010, Understanding the Difficulty of Training, Eq. 16.
    """
    limit = sqrt(6 / (ins + outs))
    return limit * random_bits.symmetric(seed, f"heads/{purpose}", (ins, outs)), np.zeros(outs)


def _check_unseen(split: Split, found: Labels) -> None:
    """What a task tells after training must not be told in it."""
    asked = split.labels
    if asked is None or asked.label != found.label:
        return
    if split.graph_of is not None or np.intersect1d(asked.test, found.train).size:
        raise HardballError(
            f"node_classification of {found.label} trains on labels that task {split.name} tests: "
            "take task=node_classification with the same label and holdout, or another label"
        )


def _check(term: str, lr: float) -> None:
    if lr <= 0:
        raise HardballError(f"{term}: lr={lr}, allowed are rates above 0")


def joint_accuracy(
    task: Problem,
    points: np.ndarray,
    c: float,
    own: Mapping[str, np.ndarray],
    *,
    label: str,
    holdout: float,
    **_: Any,
) -> dict[str, float]:
    """Accuracy of the trained head on held-out nodes, {"joint_accuracy": 0 to 1}.

    The nodes are those of `labels.node_labels` that it was not trained on, nor chosen by.
    """
    labels = node_labels(task.hierarchy, task.spec.seed, label, holdout)
    vectors = tangent(to_polar(points, task.spec.manifold.name, c))
    head = Linear(own["kernel"], own["bias"])
    return {"joint_accuracy": accuracy_of(head, vectors, labels)}
