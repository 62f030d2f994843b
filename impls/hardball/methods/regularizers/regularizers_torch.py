"""Terms added to a loss, whatever its negatives.

A term is handed what it names. Of n nodes, the anchors and then the positives of n/2 pairs:
radii (n,), hyperbolic; tangent (n, dim), vectors at the origin; depths (n,) in the hierarchy;
degrees (n,), the number of training pairs that a node is in. d_pos (n/2,): distances within the
pairs. c: the curvature is -c. Values are those of nodes, of pairs, or one of the batch.
"""

from math import sqrt

import torch
from torch import Tensor

from hardball.arrays.on_torch.scalars import product


def radius_penalty(radii: Tensor, weight: float = 0.01, free: float = 0.0) -> Tensor:
    """weight max(0, r - free)^2 of each hyperbolic radius r; (n,) -> (n,).

    Holds points off the largest radius, leaving those within `free` alone.
    """
    beyond = torch.relu(radii - free)
    return weight * beyond * beyond


def ball_penalty(
    radii: Tensor,
    depths: Tensor,
    c: float,
    weight: float = 0.1,
    target: float = 0.0,
    slope: float = 0.0,
) -> Tensor:
    """weight (s - target - slope depth)^2, s = tanh(sqrt(c) r / 2); (n,), (n,) -> (n,).

    s is the norm of the node's point in the Poincaré ball as a share of the ball's radius, in
    whatever space it lies; by default the squared norm. Far out it hardly has a gradient, unlike
    `radius_penalty` and `norm_target`. Source: Taxembed 2025 (github.com/jcoludar/taxembed), whose
    radial_regularizer has target 0.1 and slope 0.85 / largest depth.
    """
    off = torch.tanh(sqrt(c) / 2 * radii) - target - slope * depths
    return weight * off * off


def norm_target(
    radii: Tensor, depths: Tensor, weight: float = 0.01, target: float = 1.0, slope: float = 0.0
) -> Tensor:
    """weight (r - target - slope depth)^2 of each hyperbolic radius r; (n,), (n,) -> (n,).

    Soft normalisation; with a slope, deeper nodes lie farther out. No gradient at the origin.
    Source: Zheng, Pal & Savvides 2018, Ring Loss, whose lambda is 2 weight and whose radius is
    learned; the slope is hardball's.
    """
    off = radii - target - slope * depths
    return weight * off * off


def sparsity(tangent: Tensor, weight: float = 0.01) -> Tensor:
    """weight sum_k |t_k| of each tangent vector t; (n, dim) -> (n,).

    The subgradient at 0 is 0. Source: Tibshirani 1996, Regression Shrinkage and Selection via the
    Lasso, as a penalty.
    """
    # As a product with the sign: JAX's own absolute value has slope 1 at 0.
    return weight * torch.sum(tangent * torch.sign(tangent), dim=-1)


def laplacian(
    d_pos: Tensor,
    tangent: Tensor,
    weight: float = 0.01,
    form: str = "distance",
) -> Tensor:
    """weight d(x_i, x_j)^2 of each pair (i, j); (n/2,), (n, dim) -> (n/2,).

    form: "distance", or "tangent" for |t_i - t_j|^2, which is tr(T^T L T) summed over all pairs:
    a batch is a sample of it. Source: Belkin & Niyogi 2003, Laplacian Eigenmaps, section
    3.1.
    """
    if form == "distance":
        return weight * d_pos * d_pos
    return weight * _gaps(tangent)


def laplacian_normalized(
    d_pos: Tensor,
    tangent: Tensor,
    degrees: Tensor,
    weight: float = 0.01,
    form: str = "distance",
) -> Tensor:
    """weight d(x_i, x_j)^2 / sqrt(g_i g_j) of each pair, g degrees; -> (n/2,).

    form: "distance", or "tangent" for |t_i / sqrt(g_i) - t_j / sqrt(g_j)|^2, which is
    tr(T^T D^-1/2 L D^-1/2 T) summed over all pairs. Source: Chung 1997, Spectral Graph Theory,
    section 1.2; distances in place of differences are hardball's.
    """
    if form == "distance":
        ours, theirs = torch.tensor_split(degrees, 2)
        return weight * d_pos * d_pos / torch.sqrt(ours * theirs)
    return weight * _gaps(tangent / torch.sqrt(degrees)[:, None])


def orthogonality(tangent: Tensor, weight: float = 0.01, form: str = "identity") -> Tensor:
    """weight |M - I|_F^2 with M = T^T T / n, dim x dim; (n, dim) -> ().

    form: "identity", or "scaled" for M over the mean of its diagonal, which asks for an equal
    spread in every direction and leaves lengths alone; M is 0 where T is. "identity" overflows
    float32 beyond lengths of 1e9, which only Euclidean space has. Source: Bansal, Chen & Wang 2018,
    Can We Gain More from Orthogonality Regularizations, Eq. 1, with W = T / sqrt(n).
    """
    count, dim = tangent.shape
    if form == "scaled":
        spread = torch.sum(tangent * tangent) / (count * dim)
        tangent = tangent / torch.sqrt(torch.where(spread > 0, spread, 1))
    off = product(tangent.T, tangent) / count - torch.eye(
        dim, dtype=tangent.dtype, device=tangent.device
    )
    return weight * torch.sum(off * off)


def _gaps(tangent: Tensor) -> Tensor:
    """|t_i - t_j|^2 of each pair."""
    ours, theirs = torch.tensor_split(tangent, 2)
    return torch.sum((ours - theirs) ** 2, dim=-1)
