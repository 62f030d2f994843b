"""Losses on the probability of a link."""

import torch
import torch.nn.functional as functional
from torch import Tensor


def fermi_dirac(
    d_pos: Tensor, d_neg: Tensor, weight: Tensor, radius: float = 2.0, temperature: float = 1.0
) -> Tensor:
    """Cross-entropy of links with P(d) = 1 / (e^((d - r)/t) + 1), per example (B,).

    -log P(d+) - sum_k w_k log(1 - P(d_k)) / sum_k w_k, on the logits z = (r - d)/t:
    softplus(-z+) + sum_k w_k softplus(z_k) / sum_k w_k.
    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: the
    positive term alone. Nickel & Kiela 2017, Eq. 7.
    """
    near = _softplus((d_pos - radius) / temperature)
    far = _softplus((radius - torch.sign(weight) * d_neg) / temperature)
    total = torch.sum(weight, dim=1)
    return near + torch.sum(weight * far, dim=1) / torch.where(total > 0, total, 1)


def _softplus(z: Tensor) -> Tensor:
    """log(1 + e^z), to the last digit of float64."""
    return functional.softplus(z, threshold=40.0)
