"""Sorting, searching and picking along rows, and loops over steps and blocks, over PyTorch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

float32 = torch.float32
# What a random word is held as: torch has no arithmetic in uint32.
word = torch.int64

cumsum = torch.cumsum


def sort(x: Tensor) -> Tensor:
    """x (C,) in ascending order."""
    return torch.sort(x).values


def cast(x: Tensor, dtype: Any) -> Tensor:
    """x in another type: one of `integer`, `boolean`, `float32` and `word`."""
    return x.to(dtype)


def gather(x: Tensor, places: Tensor) -> Tensor:
    """x[b, places[b, k]]: (B, C), (B, K) -> (B, K)."""
    return x.gather(1, places)


def smallest(x: Tensor, count: int) -> Tensor:
    """Places (B, count) of the smallest of each row (B, C), smallest first."""
    return torch.topk(x, count, dim=1, largest=False).indices


def searchsorted(ascending: Tensor, values: Tensor, right: bool = False) -> Tensor:
    """How many entries are below each value, with `right` below or equal: in (C,), of any shape.

    In rows (B, C) of their own for values (B, K).
    """
    return torch.searchsorted(ascending, values, right=right)


def set_column(x: Tensor, column: int, values: Tensor) -> Tensor:
    """x (B, K) with one column replaced; the array that was given may be written over."""
    x[:, column] = values
    return x


def loop(count: int, step: Callable[[Any, Any], Any], state: Any) -> Any:
    """state = step(i, state) for i = 0, ..., count - 1."""
    for i in range(count):
        state = step(i, state)
    return state


def in_blocks(f: Callable[[Tensor], Tensor], nodes: Tensor, size: int) -> Tensor:
    """f of nodes 0..N-1 as one array (N, T), of `size` at a time."""
    return torch.cat([f(rows) for rows in nodes.split(size)])
