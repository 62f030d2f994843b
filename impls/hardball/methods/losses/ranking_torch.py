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


def margin_by_depth(
    d_pos: Tensor,
    d_neg: Tensor,
    weight: Tensor,
    depth: Tensor,
    margin: float = 0.2,
    growth: float = 0.1,
) -> Tensor:
    """Margin ranking with m = margin (1 + growth depth), per example (B,).

    sum_k w_k max(0, m + d+ - d_k) / sum_k w_k: there is more room between nodes that lie deeper.
    depth (B,): edges from a root to the anchor. d_pos (B,), d_neg and weight (B, K): a weight is a
    multiplicity, 0 masks. No negatives: 0. Bordes et al. 2013, Translating Embeddings, Eq. 1,
    averaged over the negatives; that the margin grows: hardball.
    """
    gap = margin * (1 + growth * depth) + d_pos
    return _mean_hinge(gap[:, None] - torch.sign(weight) * d_neg, weight)


def triplet_hard(d_pos: Tensor, d_neg: Tensor, weight: Tensor, margin: float = 0.5) -> Tensor:
    """Triplet loss of the nearest negative, per example (B,): max(0, margin + d+ - min_k d_k).

    Negatives that are equally near share the gradient. d_pos (B,), d_neg and weight (B, K): 0
    masks, any other weight counts once. No negatives: 0.
    Hermans, Beyer & Leibe 2017, In Defense of the Triplet Loss, Eq. 5, with one positive.
    """
    present = torch.where(weight > 0, d_neg, torch.inf)
    # Of no columns at all PyTorch takes no minimum.
    nearest = present.amin(dim=1) if present.shape[1] else torch.full_like(d_pos, torch.inf)
    return torch.relu(margin + d_pos - nearest)


def _mean_hinge(excess: Tensor, weight: Tensor) -> Tensor:
    """sum_k w_k max(0, excess_k) / sum_k w_k; 0 for a row without weight."""
    total = torch.sum(weight, dim=1)
    return torch.sum(weight * torch.relu(excess), dim=1) / torch.where(total > 0, total, 1)
