"""Steps of Adam on words, timed."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

Loss = Callable[..., Tensor]


def indices(array: np.ndarray) -> Tensor:
    """Integers, words and bools on the device, of the type that indices have there."""
    return torch.tensor(array if array.dtype == bool else array.astype(np.int64))


def descend(
    loss: Loss, params: Any, data: Any, drawn: Iterable[tuple[np.ndarray, ...]], lr: float
) -> tuple[Any, tuple[np.ndarray, float, float]]:
    """Steps of Adam on loss(params, data, *words), one for each row of words.

    params: dicts of arrays; theirs is the memory that the result has. drawn: chunks, each a tuple
    of arrays (steps, ...), and one call to the device. Gives the parameters, and with them the
    losses before each step (steps in all,), seconds of training and of compilation.
    Source: Kingma & Ba 2015, Adam, Algorithm 1.
    """
    adam = torch.optim.Adam(_leaves(params), lr=lr)
    losses, seconds = [], 0.0
    for chunk in drawn:
        words = map(indices, chunk)
        began = time.perf_counter()
        found = []
        for row in zip(*words, strict=True):
            adam.zero_grad()
            value = loss(params, data, *row)
            value.backward()
            adam.step()
            found.append(value.detach())
        losses.append(torch.stack(found).numpy())
        seconds += time.perf_counter() - began
    return params, (np.concatenate(losses), seconds, 0.0)


def _leaves(params: Any) -> list[Tensor]:
    if isinstance(params, Tensor):
        return [params]
    return [leaf for part in params.values() for leaf in _leaves(part)]
