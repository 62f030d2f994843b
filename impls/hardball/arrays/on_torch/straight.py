"""Straight-line distances between two sets of points, with a written-out gradient.

Two texts, since a gradient of one's own is declared in another way in each framework.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hardball.arrays.on_torch.scalars import dot, over_or_zero, product, weigh, weigh_back


def straight_matrix(x: Tensor, y: Tensor) -> Tensor:
    """sqrt(|x|^2 + |y|^2 - 2 x.y) of every pair, (B, D) and (M, D) -> (B, M); gradient 0 at 0."""
    return _Matrix.apply(x, y)


class _Matrix(torch.autograd.Function):
    """Written out, since recording every step would cost eight more passes over (B, M)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
        left = torch.cat([-2 * x, dot(x, x), torch.ones_like(x[:, :1])], dim=1)
        right = torch.cat([y, torch.ones_like(y[:, :1]), dot(y, y)], dim=1)
        d = product(left, right.T).clamp_(min=0).sqrt_()
        ctx.save_for_backward(x, y, d)
        return d

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor]:
        x, y, d = ctx.saved_tensors
        scaled = over_or_zero(g, d)
        grad_x = scaled.sum(dim=1)[:, None] * x - weigh(scaled, y)
        return grad_x, scaled.sum(dim=0)[:, None] * y - weigh_back(scaled, x)
