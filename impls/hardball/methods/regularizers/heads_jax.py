"""Terms with arrays of their own, trained with the embedding.

A term is handed what it names: `tangent` and more of a batch as in `regularizers_jax`, what it is
told of the same nodes, and its own arrays; `losses.heads` makes the last two.
"""

from math import log

import jax
import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.scalars import product
from hardball.methods.losses.link_jax import softplus


def node_classification(
    tangent: Array, kernel: Array, bias: Array, labels: Array, weight: float = 0.1
) -> Array:
    """weight times the mean of -log softmax(t W + b)_y over the anchors with a label y; -> ().

    tangent t (n, dim) and labels (n,), of anchors and then positives; W kernel (dim, C), b bias
    (C,). An anchor whose label is -1 counts for nothing; without any other it is 0. Source: Kipf &
    Welling 2017, Semi-Supervised Classification with Graph Convolutional Networks, Eq. 10; in the
    tangent space at the origin: Chami et al. 2019, Hyperbolic Graph Convolutional Neural Networks.
    """
    anchors, theirs = jnp.split(tangent, 2)[0], jnp.split(labels, 2)[0]
    scores = product(anchors, kernel) + bias
    true = theirs[:, None] == jnp.arange(scores.shape[1])
    each = jax.nn.logsumexp(scores, axis=1) - jnp.sum(jnp.where(true, scores, 0), axis=1)
    return weight * _mean(each, theirs >= 0)


def feature_reconstruction(
    tangent: Array,
    inner: Array,
    inner_bias: Array,
    kernel: Array,
    bias: Array,
    targets: Array,
    weight: float = 1.0,
    form: str = "mse",
) -> Array:
    """weight times what y = decoder(t) misses of a node's features f, on average; -> ().

    tangent t (n, dim), targets f (n, F). y = max(0, t A + a) W + b with A inner (dim, H), a
    inner_bias, W kernel (H, F), b bias; y = t W + b where H = 0. form: "mse", mean (y - f)^2;
    "bce", mean log(1 + e^y) - f y, for f within 0 and 1; "categorical", -sum_k f_k log
    softmax(y)_k, for rows f that sum to 1; one of zeros counts for nothing. Means are over nodes
    and columns. Source: Hinton & Salakhutdinov 2006, Reducing the Dimensionality of Data with
    Neural Networks; beside the edges of a graph: Ding et al. 2019, Deep Anomaly Detection on
    Attributed Networks.
    """
    if inner.shape[1]:
        tangent = jax.nn.relu(product(tangent, inner) + inner_bias)
    found = product(tangent, kernel) + bias
    if form == "mse":
        return weight * jnp.mean((found - targets) ** 2)
    if form == "bce":
        return weight * jnp.mean(softplus(found) - targets * found)
    likely = found - jax.nn.logsumexp(found, axis=1, keepdims=True)
    each = -jnp.sum(targets * likely, axis=1)
    return weight * _mean(each, jnp.sum(targets, axis=1) > 0)


def curvature_penalty(log_c: Array, weight: float = 0.1, target: float = 1.0) -> Array:
    """weight (log c - log target)^2; () -> ().

    With this term the loss's distances are those of curvature -c, whose logarithm is trained.
    Source: Gu et al. 2019, Learning Mixed-Curvature Representations in Product Spaces,
    and Chami et al. 2019, Hyperbolic Graph Convolutional Neural Networks, section 4.3, which learn
    c; the penalty is hardball's.
    """
    off = log_c - log(target)
    return weight * off * off


def _mean(each: Array, counted: Array) -> Array:
    """Of the entries that are counted; 0 without any."""
    total = jnp.sum(jnp.where(counted, each, 0))
    return total / jnp.maximum(jnp.sum(counted), 1).astype(each.dtype)
