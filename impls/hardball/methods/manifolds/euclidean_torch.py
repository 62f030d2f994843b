"""R^d with the straight-line distance: the baseline. The curvature c is accepted and ignored."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hardball.arrays.on_torch.scalars import (
    dot,
    dtype_name,
    length,
    over_or_zero,
    product,
    shrink,
    weigh,
    weigh_back,
)

# Largest radius: its square, summed over a row, is far from overflow.
MAX_RADIUS = {"float32": 1e15, "float64": 1e150}


def coordinates(dim: int) -> int:
    """Width of a row of a dim-dimensional space: dim."""
    return dim


def exp0(v: Tensor, c: float) -> Tensor:
    """Point of the tangent vector v (..., dim) at the origin: v itself."""
    return v


def log0(x: Tensor, c: float) -> Tensor:
    """Tangent vector at the origin that leads to x: x itself."""
    return x


def radius(x: Tensor, c: float) -> Tensor:
    """Distance to the origin, |x|; (..., dim) -> (...)."""
    return length(x)


def dist(x: Tensor, y: Tensor, c: float) -> Tensor:
    """|x - y|, leading axes broadcast; (...). Gradient 0 at x = y."""
    return length(x - y)


def dist_matrix(x: Tensor, y: Tensor, c: float) -> Tensor:
    """|x - y| of every pair, (B, dim) and (M, dim) -> (B, M), as sqrt(|x|^2 + |y|^2 - 2 x.y).

    Rounding is the float's resolution times the squared spread of the points, clipped at 0.
    """
    # Distances do not change under translation; squares about the mean cancel less.
    centre = y.mean(dim=0).detach()
    return _Matrix.apply(x - centre, y - centre)


def exp_map(x: Tensor, v: Tensor, c: float) -> Tensor:
    """x + v, projected."""
    return project(x + v, c)


def log_map(x: Tensor, y: Tensor, c: float) -> Tensor:
    """y - x."""
    return y - x


def transport(x: Tensor, y: Tensor, v: Tensor, c: float) -> Tensor:
    """v: parallel vectors are equal."""
    return v


def retract(x: Tensor, v: Tensor, c: float) -> Tensor:
    """x + v, projected."""
    return project(x + v, c)


def egrad_to_rgrad(x: Tensor, g: Tensor, c: float) -> Tensor:
    """g."""
    return g


def norm(x: Tensor, v: Tensor, c: float) -> Tensor:
    """|v|; (...)."""
    return length(v)


def project(x: Tensor, c: float) -> Tensor:
    """x, brought back to the largest radius if beyond it."""
    return shrink(x, MAX_RADIUS[dtype_name(x)])


def touches(x: Tensor, c: float) -> Tensor:
    """True where x lies at the largest radius, within rounding; bool (...)."""
    return length(x) >= MAX_RADIUS[dtype_name(x)] * (1 - 1e-6)


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
