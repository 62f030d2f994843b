"""Losses on the graph itself: which pairs of nodes are edges."""

import torch
from torch import Tensor

from hardball.methods.losses.link_torch import softplus


def adjacency(
    d_pos: Tensor,
    d_neg: Tensor,
    weight: Tensor,
    hops: Tensor,
    absent: Tensor,
    positive_weight: float = 1.0,
    radius: float = 2.0,
    temperature: float = 1.0,
) -> Tensor:
    """Cross-entropy of "is a direct edge", non-edges by a sample, per example (B,).

    With P(d) = 1 / (e^((d - r)/t) + 1), on logits: -positive_weight log P(d+) where hops is 1, and
    -log(1 - P(d+)) beyond; for the negatives -absent sum_k w_k log(1 - P(d_k)) / sum_k w_k.
    hops (B,): edges of the shortest path from the anchor up to its positive. absent (B,): nodes
    that are neither the anchor nor known to be above it, for each of its training pairs: what its
    negatives stand for. Summed over all training pairs, with uniform negatives, it is on average
    the sum over the rows of the N x N adjacency matrix that belong to nodes with a training pair.
    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: the
    positive term alone. Kipf & Welling 2016, Variational Graph Auto-Encoders, section 2: edges
    weigh more, non-edges are sampled; Nickel & Kiela 2017, Eq. 7, for P.
    """
    logit = (radius - d_pos) / temperature
    near = torch.where(hops == 1, positive_weight * softplus(-logit), softplus(logit))
    far = softplus((radius - torch.sign(weight) * d_neg) / temperature)
    total = torch.sum(weight, dim=1)
    return near + absent * torch.sum(weight * far, dim=1) / torch.where(total > 0, total, 1)
