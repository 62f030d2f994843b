"""Losses on distances themselves: as far apart in space as in the hierarchy."""

import torch
from torch import Tensor


def distance_preserving(
    d_pos: Tensor,
    d_neg: Tensor,
    weight: Tensor,
    tree_pos: Tensor,
    tree_neg: Tensor,
    form: str = "stress",
    scale: float = 1.0,
) -> Tensor:
    """How far distances are from those along the tree, per example (B,).

    (e(d+ / s t+) + sum_k w_k e(d_k / s t_k)) / (1 + sum_k w_k), t edges along the spanning tree, s
    the scale, > 0; e(x) = (x - 1)^2 with form "stress", |x^2 - 1| with form "distortion".
    tree_pos (B,), tree_neg (B, K): t, at least 1 wherever a weight is not 0. d_pos (B,), d_neg and
    weight (B, K): a weight is a multiplicity, 0 masks. No negatives: the positive term alone.
    Kamada & Kawai 1989, An Algorithm for Drawing General Undirected Graphs, Eqs. 1-4 (stress);
    Gu et al. 2019, Learning Mixed-Curvature Representations in Product Spaces, Eq. 2 (distortion).
    """
    apart = torch.where(weight > 0, tree_neg, 1)
    near = _error(d_pos / (scale * tree_pos), form)
    far = _error(torch.sign(weight) * d_neg / (scale * apart), form)
    return (near + torch.sum(weight * far, dim=1)) / (1 + torch.sum(weight, dim=1))


def _error(ratio: Tensor, form: str) -> Tensor:
    if form == "stress":
        return (ratio - 1) ** 2
    excess = ratio * ratio - 1
    return excess.abs()
