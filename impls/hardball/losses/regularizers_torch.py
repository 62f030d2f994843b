"""Terms added to a loss, whatever its negatives."""

import torch
from torch import Tensor


def radius_penalty(radii: Tensor, weight: float = 0.01, free: float = 0.0) -> Tensor:
    """weight max(0, r - free)^2 of each hyperbolic radius r; radii (B,) -> (B,).

    Holds points off the largest radius, leaving those within `free` alone.
    """
    beyond = torch.relu(radii - free)
    return weight * beyond * beyond
