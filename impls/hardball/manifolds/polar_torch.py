"""Hyperbolic distance (c = 1) from polar coordinates: the kernel of the hyperbolic geometries.

A point is its radius a and m = sinh(a) u, with u its direction. With h = sinh^2(d/2),

    h = sinh^2((a-b)/2) + sinh(a) sinh(b) (1 - u.w) / 2,    d = 2 asinh(sqrt(h)),

the hyperbolic law of cosines without its cancellation. The backward passes are written out: the
whole radial derivative goes to a and the tangential one to m, so neither is the difference of two
large numbers, and the gradient is right at the origin too, where u is taken as 0.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hardball.manifolds.scalars_torch import dot, length, unit

Residuals = tuple[Tensor, ...]


def dist(a: Tensor, m: Tensor, b: Tensor, n: Tensor) -> Tensor:
    """Distances between points (..., D), leading axes broadcast; 1 - u.w = |u - w|^2 / 2."""
    shape = torch.broadcast_shapes(m.shape, n.shape)
    a, b = a.expand(shape[:-1]), b.expand(shape[:-1])
    return _Dist.apply(a, m.expand(shape), b, n.expand(shape))


def half_sinh_squared(a: Tensor, m: Tensor, b: Tensor, n: Tensor) -> Tensor:
    """h = sinh^2(d/2) = (cosh(d) - 1) / 2, for formulas that need it beside d; not differentiable
    at coincident points of large radius any better than its terms are."""
    step = unit(n) - unit(m)
    return torch.sinh((a - b) / 2) ** 2 + length(m) * length(n) * torch.sum(step * step, -1) / 4


def matrix(a: Tensor, m: Tensor, b: Tensor, n: Tensor) -> Tensor:
    """All distances (B, M) from points (B, D) to points (M, D), by matrix products.

    sinh((a-b)/2) comes from outer products of exp(+-a/2), and sinh(a) sinh(b) - m.n is clipped
    at 0; its rounding is the float's resolution times sinh(a) sinh(b).
    """
    return _Matrix.apply(a, m, b, n)


class _Dist(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, m: Tensor, b: Tensor, n: Tensor) -> Tensor:
        h = half_sinh_squared(a, m, b, n)
        ctx.save_for_backward(a, m, b, n, h)
        return 2 * torch.asinh(torch.sqrt(h))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Residuals:
        a, m, b, n, h = ctx.saved_tensors
        u, w, sa, sb = unit(m), unit(n), length(m), length(n)
        step = w - u
        cosine_gap = torch.sum(step * step, dim=-1) / 2
        scaled = _over_sinh(g, h)
        radial = torch.sinh(a - b)
        grad_a = scaled * (radial + torch.cosh(a) * sb * cosine_gap)
        grad_b = scaled * (torch.cosh(b) * sa * cosine_gap - radial)
        grad_m = -(scaled * sb)[..., None] * (step - dot(u, step) * u)
        grad_n = (scaled * sa)[..., None] * (step - dot(w, step) * w)
        return grad_a, grad_m, grad_b, grad_n


class _Matrix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, m: Tensor, b: Tensor, n: Tensor) -> Tensor:
        angular = torch.outer(length(m), length(n)).addmm_(m, n.T, alpha=-1).clamp_(min=0)
        h = _half_difference(a, b, -1).square_().add_(angular, alpha=0.5)
        ctx.save_for_backward(a, m, b, n, h, angular)
        return torch.sqrt(h).asinh_().mul_(2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Residuals:
        a, m, b, n, h, angular = ctx.saved_tensors
        scaled = _over_sinh(g, h)
        radial = _half_difference(a, b, -1).mul_(_half_difference(a, b, 1)).mul_(scaled).mul_(2)
        angular = scaled * angular
        grad_a = radial.sum(1) + _coth(a) * angular.sum(1)
        grad_b = _coth(b) * angular.sum(0) - radial.sum(0)
        return grad_a, _across(m, -(scaled @ n)), grad_b, _across(n, -(scaled.T @ m))


def _over_sinh(g: Tensor, h: Tensor) -> Tensor:
    """g / sinh(d) with sinh(d) = 2 sqrt(h) sqrt(1 + h); 0 at coincident points."""
    # Two roots: the product h (1 + h) would overflow.
    size = torch.sqrt(h).mul_(torch.sqrt(1 + h)).mul_(2)
    return torch.where(h > 0, g / size, 0)


def _half_difference(a: Tensor, b: Tensor, sign: int) -> Tensor:
    """sinh((a-b)/2) for sign -1, cosh((a-b)/2) for sign 1, as (B, M) outer products."""
    up, down = torch.exp(a / 2), torch.exp(-a / 2)
    return torch.outer(up / 2, torch.exp(-b / 2)).addr_(down / 2, torch.exp(b / 2), alpha=sign)


def _coth(a: Tensor) -> Tensor:
    """coth(a); 0 at 0, where the radial derivative has no direction to act in."""
    return torch.where(a > 0, 1 / torch.tanh(torch.where(a > 0, a, 1)), 0)


def _across(m: Tensor, g: Tensor) -> Tensor:
    """The part of g (B, D) perpendicular to m; all of it where m = 0."""
    u = unit(m)
    return g - dot(u, g) * u
