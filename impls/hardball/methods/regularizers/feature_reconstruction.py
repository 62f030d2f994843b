"""A decoder of the nodes' features, trained with the embedding."""

import numpy as np
from scipy import sparse

from hardball.core.errors import HardballError
from hardball.methods.declare import regularizer
from hardball.methods.facts import Fact
from hardball.methods.handed import Head
from hardball.methods.parameter import choice, real, text, whole
from hardball.methods.regularizers.common import RATE, layer, mean_of


def head(problem, *, features, file, form, columns, hidden):
    """inner (dim, H), inner_bias, kernel (H, F), bias of a decoder; targets float32 (N, F).

    H: `hidden` units; with none inner is empty, and kernel (dim, F). features, file: see
    `features.features`; `targets` says how they are scaled and what `columns` does. Raises
    HardballError on features that are not there.
    """
    spec = problem.spec
    table = targets(problem.shared.features(features, file), form, columns)
    purpose = f"feature_reconstruction/{features}"
    inner = layer(spec.seed, f"{purpose}/inner", spec.dim, hidden)
    outer = layer(spec.seed, f"{purpose}/outer", hidden or spec.dim, table.shape[1])
    names = ("inner", "inner_bias", "kernel", "bias")
    return Head(dict(zip(names, (*inner, *outer), strict=True)), {"targets": table})


@regularizer(
    summary="weight x error of a decoder that makes the nodes' features from tangent vectors",
    source=(
        "Hinton & Salakhutdinov 2006, Reducing the Dimensionality of Data with Neural Networks; "
        "Ding et al. 2019, Deep Anomaly Detection on Attributed Networks"
    ),
    build=head,
    parameters={
        "weight": real(1.0, "factor of the term", at_least=0),
        "features": choice(
            *("names", "rank", "degree", "depth", "all", "file"), summary="what is reconstructed"
        ),
        "file": text("", "a table of your own, with features=file"),
        "form": choice("mse", "bce", "categorical", summary="the error, see the formula"),
        "columns": whole(256, "most columns; wider sparse features are hashed", at_least=1),
        "hidden": whole(0, "units of the decoder's hidden layer, 0: none", at_least=0),
        "lr": RATE,
    },
    owns=(
        Fact("inner", ("d", "H"), "first layer, H units", "term", -0.5, 0.5, moves=True),
        Fact("inner_bias", ("H",), "of the first layer", "term", -0.5, 0.5, moves=True),
        Fact("kernel", ("H", "F"), "last layer, (d, F) where H = 0", "term", -0.5, 0.5, moves=True),
        Fact("bias", ("F",), "of the last layer", "term", -0.5, 0.5, moves=True),
        Fact("targets", ("2B", "F"), "F features of a node, scaled", "term", 0, 1),
    ),
)
def feature_reconstruction(xp, tangent, inner, inner_bias, kernel, bias, targets, *, weight, form):
    """weight times the error of y = decoder(t) against a node's features f, on average; -> ().

    tangent t (n, dim), targets f (n, F). y = max(0, t A + a) W + b with A inner (dim, H), a
    inner_bias, W kernel (H, F), b bias; y = t W + b where H = 0. form: "mse", mean (y - f)^2;
    "bce", mean log(1 + e^y) - f y, for f within 0 and 1; "categorical", -sum_k f_k log
    softmax(y)_k, for rows f that sum to 1, rows of zeros left out. Means are over nodes and
    columns. Ding et al. reconstruct features beside the edges of a graph, as here.
    """
    if inner.shape[1]:
        tangent = xp.relu(xp.product(tangent, inner) + inner_bias)
    found = xp.product(tangent, kernel) + bias
    if form == "mse":
        return weight * xp.mean((found - targets) ** 2)
    if form == "bce":
        return weight * xp.mean(xp.softplus(found) - targets * found)
    likely = found - xp.logsumexp(found, axis=1, keepdims=True)
    each = -xp.sum(targets * likely, axis=1)
    return weight * mean_of(xp, each, xp.sum(targets, axis=1) > 0)


def targets(blocks, form, columns):
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


def _dense(block, columns):
    if not sparse.issparse(block):
        return np.asarray(block)
    if block.shape[1] <= columns:
        return np.asarray(block.toarray())
    n, place = block.shape[0], block.tocoo()
    flat = place.row.astype(np.int64) * columns + place.col % columns
    return np.bincount(flat, place.data, minlength=n * columns).reshape(n, columns)
