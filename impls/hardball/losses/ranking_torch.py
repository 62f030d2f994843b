"""Hinge losses: the positive must be nearer than each negative by a margin."""

import torch
from torch import Tensor


def margin(d_pos: Tensor, d_neg: Tensor, weight: Tensor, margin: float = 0.5) -> Tensor:
    """Margin ranking, per example (B,): sum_k w_k max(0, margin + d+ - d_k) / sum_k w_k.

    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: 0.
    Bordes et al. 2013, Translating Embeddings, Eq. 1, averaged over the negatives.
    """
    return _mean_hinge(margin + d_pos[:, None] - torch.sign(weight) * d_neg, weight)


def triplet(d_pos: Tensor, d_neg: Tensor, weight: Tensor, margin: float = 0.5) -> Tensor:
    """Triplet loss, per example (B,): sum_k w_k max(0, margin + d+^2 - d_k^2) / sum_k w_k.

    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: 0.
    Schroff, Kalenichenko & Philbin 2015, FaceNet, Eq. 1, averaged over the negatives.
    """
    far = torch.sign(weight) * d_neg
    return _mean_hinge(margin + (d_pos * d_pos)[:, None] - far * far, weight)


def _mean_hinge(excess: Tensor, weight: Tensor) -> Tensor:
    """sum_k w_k max(0, excess_k) / sum_k w_k; 0 for a row without weight."""
    total = torch.sum(weight, dim=1)
    return torch.sum(weight * torch.relu(excess), dim=1) / torch.where(total > 0, total, 1)
