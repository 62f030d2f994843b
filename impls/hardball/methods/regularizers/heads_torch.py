"""Terms with arrays of their own, trained with the embedding.

A term is handed what it names: `tangent` and more of a batch as in `regularizers_torch`, what it is
told of the same nodes, and its own arrays; `losses.heads` makes the last two.
"""

from math import log

import torch
from torch import Tensor

from hardball.arrays.on_torch.scalars import product
from hardball.methods.losses.link_torch import softplus


def node_classification(
    tangent: Tensor, kernel: Tensor, bias: Tensor, labels: Tensor, weight: float = 0.1
) -> Tensor:
    """weight times the mean of -log softmax(t W + b)_y over the anchors with a label y; -> ().

    tangent t (n, dim) and labels (n,), of anchors and then positives; W kernel (dim, C), b bias
    (C,). An anchor whose label is -1 counts for nothing; without any other it is 0. Source: Kipf &
    Welling 2017, Semi-Supervised Classification with Graph Convolutional Networks, Eq. 10; in the
    tangent space at the origin: Chami et al. 2019, Hyperbolic Graph Convolutional Neural Networks.
    """
    anchors, theirs = tangent.tensor_split(2)[0], labels.tensor_split(2)[0]
    scores = product(anchors, kernel) + bias
    true = theirs[:, None] == torch.arange(scores.shape[1], device=scores.device)
    each = torch.logsumexp(scores, dim=1) - torch.where(true, scores, 0).sum(dim=1)
    return weight * _mean(each, theirs >= 0)


def feature_reconstruction(
    tangent: Tensor,
    inner: Tensor,
    inner_bias: Tensor,
    kernel: Tensor,
    bias: Tensor,
    targets: Tensor,
    weight: float = 1.0,
    form: str = "mse",
) -> Tensor:
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
        tangent = torch.relu(product(tangent, inner) + inner_bias)
    found = product(tangent, kernel) + bias
    if form == "mse":
        return weight * torch.mean((found - targets) ** 2)
    if form == "bce":
        return weight * torch.mean(softplus(found) - targets * found)
    likely = found - torch.logsumexp(found, dim=1, keepdim=True)
    each = -torch.sum(targets * likely, dim=1)
    return weight * _mean(each, targets.sum(dim=1) > 0)


def curvature_penalty(log_c: Tensor, weight: float = 0.1, target: float = 1.0) -> Tensor:
    """weight (log c - log target)^2; () -> ().

    With this term the loss's distances are those of curvature -c, whose logarithm is trained.
    Source: Gu et al. 2019, Learning Mixed-Curvature Representations in Product Spaces,
    and Chami et al. 2019, Hyperbolic Graph Convolutional Neural Networks, section 4.3, which learn
    c; the penalty is hardball's.
    """
    off = log_c - log(target)
    return weight * off * off


def _mean(each: Tensor, counted: Tensor) -> Tensor:
    """Of the entries that are counted; 0 without any."""
    total = torch.where(counted, each, 0).sum()
    return total / torch.clamp(counted.sum(), min=1).to(each.dtype)
