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
    near = softplus((d_pos - radius) / temperature)
    far = softplus((radius - torch.sign(weight) * d_neg) / temperature)
    total = torch.sum(weight, dim=1)
    return near + torch.sum(weight * far, dim=1) / torch.where(total > 0, total, 1)


def focal(
    d_pos: Tensor,
    d_neg: Tensor,
    weight: Tensor,
    alpha: float = 0.25,
    gamma: float = 2.0,
    radius: float = 2.0,
    temperature: float = 1.0,
) -> Tensor:
    """Cross-entropy of links, less of it where P is right already, per example (B,).

    -a (1 - P+)^g log P+ - (1 - a) sum_k w_k P_k^g log(1 - P_k) / sum_k w_k, on the logits z of
    `fermi_dirac`: log P = -softplus(-z) and log(1 - P) = -softplus(z), so that nothing is the
    difference of P and 1. gamma = 0 and alpha = 1/2: half of `fermi_dirac`.
    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: the
    positive term alone. Lin et al. 2017, Focal Loss for Dense Object Detection, Eq. 5.
    """
    near = (d_pos - radius) / temperature
    far = (radius - torch.sign(weight) * d_neg) / temperature
    total = torch.sum(weight, dim=1)
    each = torch.sum(weight * _focal(far, gamma), dim=1) / torch.where(total > 0, total, 1)
    return alpha * _focal(near, gamma) + (1 - alpha) * each


def _focal(z: Tensor, gamma: float) -> Tensor:
    """-Q^gamma log(1 - Q), where Q = 1 / (1 + e^-z) is the probability of the wrong answer."""
    return torch.exp(-gamma * softplus(-z)) * softplus(z)


def softplus(z: Tensor) -> Tensor:
    """log(1 + e^z) of each, to the last digit of float64."""
    return functional.softplus(z, threshold=40.0)
