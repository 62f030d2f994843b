"""Small numerical pieces that every geometry shares.

Two texts: the hand-written gradients of each framework call them, and divisions and products have
another quickest form in each.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def length(x: Tensor) -> Tensor:
    """Euclidean norm sqrt(sum_i x_i^2) over the last axis, (..., D) -> (...); gradient 0 at 0."""
    return root(torch.sum(x * x, dim=-1))


def root(x: Tensor) -> Tensor:
    """sqrt(x) for x > 0 and 0 elsewhere, with gradient 0 there: the double where."""
    positive = x > 0
    return torch.where(positive, torch.sqrt(torch.where(positive, x, 1)), 0)


def over(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """f(x) / x for x >= 0 and an odd f with slope 1 at 0, as sinh(x) / x; 1 below x = 1e-8."""
    # Below 1e-8 the next term, x^2 / 6, is under the resolution of float64.
    small = x < 1e-8
    safe = torch.where(small, 1, x)
    return torch.where(small, 1, f(safe) / safe)


def over_or_zero(g: Tensor, x: Tensor) -> Tensor:
    """g / x for x >= 0, and 0 where x = 0."""
    # The sign is 0 at 0 and 1 elsewhere, at a tenth of the time of a `where`.
    return torch.sign(x).mul_(g).div_(x + torch.finfo(x.dtype).tiny)


def unit(x: Tensor) -> Tensor:
    """x / |x| over the last axis; the zero vector stays zero."""
    size = length(x)
    return x / torch.where(size > 0, size, 1)[..., None]


def twice_asinh(x: Tensor) -> Tensor:
    """2 asinh(x) for x >= 0, as log1p(2 x (x + sqrt(1 + x^2))): one vectorised log."""
    return torch.log1p(2 * x * (x + torch.sqrt(1 + x * x)))


def dot(x: Tensor, y: Tensor) -> Tensor:
    """Euclidean inner product over the last axis, kept as an axis of length one."""
    return torch.sum(x * y, dim=-1, keepdim=True)


def product(x: Tensor, y: Tensor) -> Tensor:
    """Matrix product x @ y, at the full precision of its dtype on every device."""
    return x @ y


def weigh(h: Tensor, m: Tensor) -> Tensor:
    """h @ m for a wide h (B, M) and a thin m (M, D), in the quickest form on a CPU."""
    return product(m.T, h.T).T


def weigh_back(h: Tensor, m: Tensor) -> Tensor:
    """h.T @ m for a wide h (B, M) and a thin m (B, D), in the quickest form on a CPU."""
    return product(m.T, h).T


def shrink(x: Tensor, limit: float) -> Tensor:
    """x where |x| <= limit, else limit x / |x|; (..., D) -> (..., D)."""
    # Lengths are taken of x over its largest entry, where squares would overflow. The result does
    # not depend on it, so that no gradient goes through it.
    largest = x.detach().abs().amax(dim=-1, keepdim=True).clamp(min=1)
    size = length(x / largest)[..., None]
    return torch.where(size * largest > limit, x / largest * (limit / size.clamp(min=1e-9)), x)


def dtype_name(x: Tensor) -> str:
    """`float32` or `float64`: the key of a MAX_RADIUS table."""
    return str(x.dtype).removeprefix("torch.")
