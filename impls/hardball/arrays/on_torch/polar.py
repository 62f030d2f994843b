"""Hyperbolic distance (c = 1) from polar coordinates: the kernel of the hyperbolic geometries.

A point is its radius a and m = sinh(a) u, with u its direction. With h = sinh^2(d/2),

    h = sinh^2((a-b)/2) + sinh(a) sinh(b) (1 - u.w) / 2,    d = 2 asinh(sqrt(h)),

the hyperbolic law of cosines without its cancellation. The backward passes are written out: the
whole radial derivative goes to a and the tangential one to m, so neither is the difference of two
large numbers, and the gradient is right at the origin too, where u is taken as 0.

Two texts: a gradient of one's own is declared in another way in each framework, and PyTorch works
in place, which saves passes over all pairs.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hardball.arrays.on_torch.scalars import (
    dot,
    length,
    over_or_zero,
    twice_asinh,
    unit,
    weigh,
    weigh_back,
)

Residuals = tuple[Tensor, ...]

# A slope over sinh(d) is below the normal numbers of float32 from d = 70 on, where digits go. It is
# kept as a multiple of this, a power of two, which changes no digit.
_SCALE = 2.0**60


def polar_dist(a: Tensor, m: Tensor, b: Tensor, n: Tensor) -> Tensor:
    """Distances between points (..., D), leading axes broadcast, with 1 - u.w = |u - w|^2 / 2."""
    shape = torch.broadcast_shapes(m.shape, n.shape)
    a, b = a.expand(shape[:-1]), b.expand(shape[:-1])
    return _Dist.apply(a, m.expand(shape), b, n.expand(shape))


def polar_matrix(a: Tensor, m: Tensor, b: Tensor, n: Tensor) -> Tensor:
    """All distances (B, M) from points (B, D) to points (M, D), by matrix products.

    sinh((a-b)/2) comes from outer products of exp(+-a/2), 1 - u.w from `cosine_gap`.
    """
    return _Matrix.apply(a, m, b, n)


def half_versine(a: Tensor, m: Tensor, b: Tensor, n: Tensor) -> Tensor:
    """h = sinh^2(d/2) = (cosh(d) - 1) / 2, for the formulas that need it beside d."""
    step = unit(n) - unit(m)
    return torch.sinh((a - b) / 2) ** 2 + length(m) * length(n) * torch.sum(step * step, dim=-1) / 4


class _Dist(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, m: Tensor, b: Tensor, n: Tensor) -> Tensor:
        h = half_versine(a, m, b, n)
        ctx.save_for_backward(a, m, b, n, h)
        return twice_asinh(torch.sqrt(h))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Residuals:
        a, m, b, n, h = ctx.saved_tensors
        u, w, sinh_a, sinh_b = unit(m), unit(n), length(m), length(n)
        step = w - u
        gap = torch.sum(step * step, dim=-1) / 2
        # Points within the rounding of their coordinates count as one, whose gradient is 0.
        apart = h > 4 * torch.finfo(h.dtype).eps ** 2 * (a * b + sinh_a * sinh_b)
        scaled = over_or_zero(_SCALE * g, apart * _sinh_from(2 * h))
        radial = torch.sinh(a - b)
        grad_a = scaled * (radial + torch.cosh(a) * sinh_b * gap) / _SCALE
        grad_b = scaled * (torch.cosh(b) * sinh_a * gap - radial) / _SCALE
        grad_m = -(scaled * sinh_b / _SCALE)[..., None] * (step - dot(u, step) * u)
        grad_n = (scaled * sinh_a / _SCALE)[..., None] * (step - dot(w, step) * w)
        return grad_a, grad_m, grad_b, grad_n


class _Matrix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, m: Tensor, b: Tensor, n: Tensor) -> Tensor:
        angular = cosine_gap(unit(m), unit(n)).mul_(length(m)[:, None]).mul_(length(n))
        difference = _half_difference(a, b, -1)
        versine = torch.addcmul(angular, difference, difference, value=2)
        sinh = _sinh_from(versine)
        ctx.save_for_backward(a, m, b, n, angular, difference, sinh)
        return (versine + sinh).log1p_()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Residuals:
        a, m, b, n, angular, difference, sinh = ctx.saved_tensors
        scaled = over_or_zero(_SCALE * g, sinh)
        radial = _half_difference(a, b, 1).mul_(difference).mul_(scaled).mul_(2)
        angular = scaled * angular
        grad_a = (radial.sum(dim=1) + _coth(a) * angular.sum(dim=1)) / _SCALE
        grad_b = (_coth(b) * angular.sum(dim=0) - radial.sum(dim=0)) / _SCALE
        grad_m = -_across(m, weigh(scaled, n) / _SCALE)
        grad_n = -_across(n, weigh_back(scaled, m) / _SCALE)
        return grad_a, grad_m, grad_b, grad_n


def cosine_gap(u: Tensor, w: Tensor) -> Tensor:
    """1 - u.w = |u - w|^2 / 2 of unit vectors (B, D), (M, D) -> (B, M), clipped at 0.

    Each vector is a coarse part on a grid so wide that the products of coarse parts add up without
    rounding, and a fine rest; what the rounding of u and w leaves of |u|^2, |w|^2 is put right.
    The error is about 1e-11 in float32, where a plain product makes 1e-7.
    """
    step = 2.0 ** -((-int(math.log2(torch.finfo(u.dtype).eps)) - 1) // 2)
    u_coarse, w_coarse = torch.round(u / step) * step, torch.round(w / step) * step
    u_fine, w_fine = u - u_coarse, w - w_coarse
    u_defect = _defect(u_coarse, u_fine)
    w_defect = _defect(w_coarse, w_fine)
    left = torch.cat([u_coarse, u_fine, u_defect, torch.ones_like(u_defect)], dim=1)
    right = torch.cat([w_fine, w, torch.ones_like(w_defect), w_defect], dim=1)
    gap = torch.addmm(torch.ones_like(u[:, :1]), u_coarse, w_coarse.T, alpha=-1)
    return gap.addmm_(left, right.T, alpha=-1).clamp_(min=0)


def _defect(coarse: Tensor, fine: Tensor) -> Tensor:
    """(1 - |u|^2) / 2 of u = coarse + fine, as a column."""
    return ((1 - dot(coarse, coarse)) - dot(2 * coarse + fine, fine)) / 2


def _sinh_from(versine: Tensor) -> Tensor:
    """sinh(d) = sqrt(x) sqrt(x + 2) of x = cosh(d) - 1: two roots, for x (x + 2) would overflow."""
    return (versine + 2).sqrt_().mul_(torch.sqrt(versine))


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
