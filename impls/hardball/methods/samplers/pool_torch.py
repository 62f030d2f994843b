"""One pool of uniform nodes shared by a whole batch."""

import torch
from torch import Tensor

from hardball.arrays.on_torch.integers import mulhi


def pool(index: dict[str, Tensor], words: Tensor) -> tuple[Tensor, Tensor]:
    """Uniform nodes with replacement: ids (M,) ascending, weight float32 (M,).

    The weight is an id's multiplicity at the first of equal ids and 0 at its repeats, so that
    weighted sums over the pool are those over the M draws. words (M,).
    Source: hardball, level order and rings.
    """
    ids = torch.sort(mulhi(words, index["n_nodes"])).values
    first = torch.searchsorted(ids, ids)
    count = torch.searchsorted(ids, ids, right=True) - first
    places = torch.arange(ids.shape[0], device=ids.device)
    return ids, torch.where(first == places, count, 0).to(torch.float32)
