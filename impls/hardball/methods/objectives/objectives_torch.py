"""How a loss and its regularisers share a step: a factor for each of T terms.

A step goes along sum_i f_i grad L_i, the factors held fixed; L_0 is the main loss, the others are
the regularisers in the order of the run, their weights included. An objective is handed what it
names: values (T,), the terms' means over a batch, or products (T, T), the inner products of their
gradients. It gives f (T,).
"""

import torch
from torch import Tensor

from hardball.arrays.on_torch.scalars import product


def weighted_sum(values: Tensor) -> Tensor:
    """f_i = 1: the terms add up by their own weights; (T,) -> (T,).

    Source: Caruana 1997, Multitask Learning.
    """
    return torch.ones_like(values)


def balanced(values: Tensor, share: float = 0.1, floor: float = 1e-3) -> Tensor:
    """f_0 = 1, f_i = share |L_0| / max(|L_i|, floor); (T,) -> (T,).

    Every regulariser weighs `share` of the main loss, whatever its own weight, unless it is below
    `floor`. Source: Chennupati et al. 2019, MultiNet++, Geometric Loss Strategy, whose geometric
    mean of the terms has this direction at share 1; share and floor are hardball's.
    """
    size = torch.abs(values)
    factors = share * size[0] / torch.clamp(size, min=floor)
    return torch.where(torch.arange(len(values), device=values.device) == 0, 1, factors)


def pcgrad(products: Tensor) -> Tensor:
    """Each gradient less what conflicts with the others, and their sum; (T, T) -> (T,).

    g_i' = g_i; then for each j != i, where <g_i', g_j> < 0: g_i' -= <g_i', g_j> / |g_j|^2 g_j. The
    step goes along sum_i g_i', which is linear in the gradients: their products suffice. Source: Yu
    et al. 2020, Gradient Surgery for Multi-Task Learning, Algorithm 1, which takes the j in random
    order; here it is that of the terms, so that runs repeat.
    """
    count = len(products)
    kept = torch.eye(count, dtype=products.dtype, device=products.device)
    for j in range(count):
        other = torch.arange(count, device=products.device) != j
        conflict = torch.clamp(product(kept, products[:, j]), max=0) * other
        # Nothing conflicts with a gradient of length 0.
        square = torch.where(products[j, j] > 0, products[j, j], 1)
        kept = kept - torch.outer(conflict / square, (~other).to(products.dtype))
    return torch.sum(kept, dim=0)


def schedule(progress: Tensor, name: str) -> Tensor:
    """What multiplies a term at progress p, 0 at a run's first step and 1 at its last; () -> ().

    constant: 1; decay: 1 - p; ramp: p; late_ramp: max(0, 2 p - 1). Source: Bengio et al. 2009,
    Curriculum Learning, for terms that come in by and by.
    """
    if name == "decay":
        return 1 - progress
    if name == "ramp":
        return progress
    if name == "late_ramp":
        return torch.clamp(2 * progress - 1, min=0)
    return torch.ones_like(progress)
