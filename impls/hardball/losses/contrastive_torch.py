"""Softmax losses: the positive against the sum of the negatives."""

import torch
from torch import Tensor


def infonce(d_pos: Tensor, d_neg: Tensor, weight: Tensor, temperature: float = 1.0) -> Tensor:
    """Softmax of the positive against the negatives, per example (B,).

    -log(e^(-d+/T) / (e^(-d+/T) + sum_k w_k e^(-d_k/T))) = log(1 + sum_k w_k e^((d+ - d_k)/T)).
    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: 0.
    Nickel & Kiela 2017, Eq. 6 (T = 1); van den Oord, Li & Vinyals 2018, Eq. 4.
    """
    gap = torch.sign(weight) * (d_pos[:, None] - d_neg) / temperature
    top = gap.detach().amax(dim=1).clamp(min=0)
    total = torch.exp(-top) + torch.sum(weight * torch.exp(gap - top[:, None]), dim=1)
    return top + torch.log(total)
