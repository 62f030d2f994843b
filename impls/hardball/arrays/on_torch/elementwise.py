"""Functions of single entries, reductions and shapes, over PyTorch."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

inf = torch.inf
integer = torch.int64
boolean = torch.bool

abs = torch.abs
arctan2 = torch.atan2
asinh = torch.asinh
atanh = torch.atanh
cos = torch.cos
cosh = torch.cosh
exp = torch.exp
expm1 = torch.expm1
floor = torch.floor
isfinite = torch.isfinite
log = torch.log
log1p = torch.log1p
ones_like = torch.ones_like
outer = torch.outer
power = torch.pow
relu = torch.relu
round = torch.round
sigmoid = torch.sigmoid
sign = torch.sign
sin = torch.sin
sinh = torch.sinh
sqrt = torch.sqrt
tanh = torch.tanh
where = torch.where
zeros_like = torch.zeros_like


def stop_gradient(x: Tensor) -> Tensor:
    """x, through which no gradient goes."""
    return x.detach()


def maximum(x: Tensor, y: Any) -> Tensor:
    """The larger of each pair; y an array or a number."""
    return torch.maximum(x, y) if isinstance(y, Tensor) else x.clamp(min=y)


def minimum(x: Tensor, y: Any) -> Tensor:
    """The smaller of each pair; y an array or a number."""
    return torch.minimum(x, y) if isinstance(y, Tensor) else x.clamp(max=y)


def magnitude(x: Tensor) -> Tensor:
    """|x| of each, with slope 0 at 0."""
    return torch.abs(x)


def sum(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Sum over an axis, or of all."""
    return torch.sum(x) if axis is None else torch.sum(x, dim=axis, keepdim=keepdims)


def mean(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Mean over an axis, or of all."""
    return torch.mean(x) if axis is None else torch.mean(x, dim=axis, keepdim=keepdims)


def max_or(x: Tensor, least: float) -> Tensor:
    """The largest of each row and `least`: (B, K) -> (B,), of rows that may be empty too."""
    if not x.shape[1]:
        return x.new_full(x.shape[:1], least)
    return x.amax(dim=1) if least == -inf else x.amax(dim=1).clamp(min=least)


def min_or(x: Tensor, most: float) -> Tensor:
    """The smallest of each row and `most`: (B, K) -> (B,), of rows that may be empty too."""
    if not x.shape[1]:
        return x.new_full(x.shape[:1], most)
    return x.amin(dim=1) if most == inf else x.amin(dim=1).clamp(max=most)


def logsumexp(x: Tensor, axis: int, keepdims: bool = False) -> Tensor:
    """log sum e^x over an axis."""
    return torch.logsumexp(x, dim=axis, keepdim=keepdims)


def concatenate(arrays: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Arrays one after another."""
    return torch.cat(tuple(arrays), dim=axis)


def stack(arrays: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Arrays side by side on a new axis."""
    return torch.stack(tuple(arrays), dim=axis)


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """The first and the second half of the rows."""
    first, second = torch.tensor_split(x, 2)
    return first, second


def arange(count: int, like: Tensor) -> Tensor:
    """0, 1, ..., count - 1 on the device of `like`, in the integer type of indices."""
    return torch.arange(count, device=like.device)


def eye(size: int, like: Tensor) -> Tensor:
    """The identity matrix in the type and on the device of `like`."""
    return torch.eye(size, dtype=like.dtype, device=like.device)


def zeros(shape: Sequence[int], like: Tensor) -> Tensor:
    """Zeros in the type and on the device of `like`."""
    return like.new_zeros(tuple(shape))


def full_like(x: Tensor, value: float, dtype: Any = None) -> Tensor:
    """An array of the shape of x that holds one value, in the type of x unless told otherwise."""
    return torch.full_like(x, value, dtype=dtype)


def broadcast_to(x: Tensor, shape: Sequence[int]) -> Tensor:
    """x repeated along axes of length one, without a copy."""
    return x.expand(tuple(shape))


def astype(x: Tensor, like: Tensor) -> Tensor:
    """x in the type of `like`."""
    return x.to(like.dtype)


def eps(x: Tensor) -> float:
    """The spacing of the floating-point numbers above 1 in the type of x."""
    return torch.finfo(x.dtype).eps


def softplus(x: Tensor) -> Tensor:
    """log(1 + e^x) of each, to the last digit of float64."""
    return functional.softplus(x, threshold=40.0)
