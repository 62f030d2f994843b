"""Softmax losses: the positive against the sum of the negatives."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def infonce(d_pos: Tensor, d_neg: Tensor, weight: Tensor, temperature: float = 1.0) -> Tensor:
    """Softmax of the positive against the negatives, per example (B,).

    -log(e^(-d+/T) / (e^(-d+/T) + sum_k w_k e^(-d_k/T))) = log(1 + sum_k w_k e^((d+ - d_k)/T)).
    d_pos (B,), d_neg and weight (B, K): a weight is a multiplicity, 0 masks. No negatives: 0.
    Nickel & Kiela 2017, Eq. 6 (T = 1); van den Oord, Li & Vinyals 2018, Eq. 4.
    """
    return _InfoNCE.apply(d_pos, d_neg, weight, temperature)


def multi_hop_contrastive(
    d_pos: Tensor,
    d_neg: Tensor,
    weight: Tensor,
    hops: Tensor,
    decay: float = 0.5,
    temperature: float = 1.0,
) -> Tensor:
    """InfoNCE of all pairs, the near ones first, per example (B,): decay^(hops - 1) infonce.

    hops (B,): edges of the shortest path from the anchor up to its positive, 1 for a parent; d_pos,
    d_neg, weight and temperature as of `infonce`. A batch is averaged over its B pairs, not over
    the sum of their factors: a pair pulls alike whatever it comes with, and decay = 1 is infonce.
    Source: hardball.
    """
    return decay ** (hops - 1) * infonce(d_pos, d_neg, weight, temperature)


def local_contrastive(
    d_pos: Tensor,
    d_neg: Tensor,
    weight: Tensor,
    hops: Tensor,
    reach: int = 1,
    temperature: float = 1.0,
) -> Tensor:
    """InfoNCE of the pairs at most `reach` edges apart, per example (B,); 0 for the others.

    hops (B,): edges of the shortest path from the anchor up to its positive, 1 for a parent; d_pos,
    d_neg, weight and temperature as of `infonce`. A batch is averaged over its B pairs, not over
    those within reach, so it weighs as much as it has of them. Source: hardball.
    """
    return torch.where(hops <= reach, infonce(d_pos, d_neg, weight, temperature), 0)


class _InfoNCE(torch.autograd.Function):
    """Written out, since recording every step would cost eight more passes over (B, K)."""

    @staticmethod
    def forward(
        ctx: Any, d_pos: Tensor, d_neg: Tensor, weight: Tensor, temperature: float
    ) -> Tensor:
        gap = (d_pos[:, None] - d_neg).mul_(torch.sign(weight)).div_(temperature)
        # Of no columns at all PyTorch takes no maximum.
        top = gap.amax(dim=1).clamp_(min=0) if gap.shape[1] else torch.zeros_like(d_pos)
        terms = gap.sub_(top[:, None]).exp_().mul_(weight)
        negative = terms.sum(dim=1)
        total = torch.exp(-top) + negative
        ctx.save_for_backward(terms, negative, total)
        ctx.temperature = temperature
        return top + torch.log(total)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        terms, negative, total = ctx.saved_tensors
        scaled = g / total / ctx.temperature
        return scaled * negative, terms * -scaled[:, None], None, None
