"""Deep Graph Infomax: true encodings against corrupted ones, told apart by their summary."""

import torch
from torch import Tensor

from hardball.methods.losses.link_torch import softplus


def readout(encodings: Tensor, weight: Tensor) -> Tensor:
    """Summary of true encodings: s = sigmoid(sum_i w_i h_i / sum_i w_i), (B, D) -> (D,).

    weight (B,): a multiplicity, 0 masks. No encodings: 1/2 throughout.
    Source: Veličković et al. 2019, Deep Graph Infomax, Eq. 3.
    """
    present = torch.where(weight[:, None] > 0, encodings, 0)
    total = torch.sum(weight)
    mean = torch.sum(weight[:, None] * present, dim=0) / torch.where(total > 0, total, 1)
    return torch.sigmoid(mean)


def logits(encodings: Tensor, summary: Tensor, bilinear: Tensor) -> Tensor:
    """Of being true: z = h^T W s, so that D(h, s) = sigmoid(z); (..., D), (D,), (D, D) -> (...).

    Source: Veličković et al. 2019, Deep Graph Infomax, Eq. 4.
    """
    return encodings @ (bilinear @ summary)


def infomax(z_true: Tensor, z_corrupted: Tensor, w_true: Tensor, w_corrupted: Tensor) -> Tensor:
    """Cross-entropy of telling N true encodings from M corrupted ones, by their logits; ().

    -(sum_i w_i log D_i + sum_j w_j log(1 - D_j)) / (sum_i w_i + sum_j w_j), which for D =
    sigmoid(z) is (sum_i w_i softplus(-z_i) + sum_j w_j softplus(z_j)) / (sum_i w_i + sum_j w_j).
    z_true and w_true (N,), z_corrupted and w_corrupted (M,): a weight is a multiplicity, 0 masks.
    Nothing at all: 0. Source: Veličković et al. 2019, Deep Graph Infomax, Eq. 1, its sign turned.
    """
    right = w_true * softplus(-torch.where(w_true > 0, z_true, 0))
    wrong = w_corrupted * softplus(torch.where(w_corrupted > 0, z_corrupted, 0))
    total = torch.sum(w_true) + torch.sum(w_corrupted)
    return (torch.sum(right) + torch.sum(wrong)) / torch.where(total > 0, total, 1)
