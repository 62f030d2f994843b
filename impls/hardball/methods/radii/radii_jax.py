"""Where a run holds its points: put along their ray from the origin, after every step.

A point at the origin has no direction and stays there; none goes beyond the manifold's largest
radius. The curvature is c > 0, meaning -c.
"""

from types import ModuleType

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.scalars import unit


def free(manifold: ModuleType, rows: Array, radius: Array, c: float) -> Array:
    """The rows (R, D) as they are: radius (R,) is not read.

    Source: Nickel & Kiela 2017, whose points are bounded by the ball alone.
    """
    return rows


def exact(manifold: ModuleType, rows: Array, radius: Array, c: float) -> Array:
    """exp0(r t / |t|) with t = log0(x): each point at its radius r; (R, D), (R,) -> (R, D).

    Hard normalisation, beside the soft one of `norm_target`. Radii are hyperbolic, norms in R^d.
    Source: Ranjan, Castillo & Chellappa 2017, L2-constrained Softmax Loss, Eq. 3, in tangent
    vectors.
    """
    ray = unit(manifold.log0(rows, c))
    return manifold.project(manifold.exp0(radius[:, None] * ray, c), c)


def at_most(manifold: ModuleType, rows: Array, radius: Array, c: float) -> Array:
    """Points beyond their radius put at it, the others as they are; (R, D), (R,) -> (R, D).

    Source: Srivastava et al. 2014, Dropout, section 5.1 (max-norm).
    """
    beyond = manifold.radius(rows, c) > radius
    return jnp.where(beyond[:, None], exact(manifold, rows, radius, c), rows)
