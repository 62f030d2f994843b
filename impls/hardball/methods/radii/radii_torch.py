"""Where a run holds its points: put along their ray from the origin, after every step.

A point at the origin has no direction and stays there; none goes beyond the manifold's largest
radius. The curvature is c > 0, meaning -c.
"""

from types import ModuleType

import torch
from torch import Tensor

from hardball.arrays.on_torch.scalars import unit


def free(manifold: ModuleType, rows: Tensor, radius: Tensor, c: float) -> Tensor:
    """The rows (R, D) as they are: radius (R,) is not read.

    Source: Nickel & Kiela 2017, whose points are bounded by the ball alone.
    """
    return rows


def exact(manifold: ModuleType, rows: Tensor, radius: Tensor, c: float) -> Tensor:
    """exp0(r t / |t|) with t = log0(x): each point at its radius r; (R, D), (R,) -> (R, D).

    Hard normalisation, beside the soft one of `norm_target`. Radii are hyperbolic, norms in R^d.
    Source: Ranjan, Castillo & Chellappa 2017, L2-constrained Softmax Loss, Eq. 3, in tangent
    vectors.
    """
    ray = unit(manifold.log0(rows, c))
    return manifold.project(manifold.exp0(radius[:, None] * ray, c), c)


def at_most(manifold: ModuleType, rows: Tensor, radius: Tensor, c: float) -> Tensor:
    """Points beyond their radius put at it, the others as they are; (R, D), (R,) -> (R, D).

    Source: Srivastava et al. 2014, Dropout, section 5.1 (max-norm).
    """
    beyond = manifold.radius(rows, c) > radius
    return torch.where(beyond[:, None], exact(manifold, rows, radius, c), rows)
