"""Where a run holds its points: put along their ray from the origin, after every step.

A point at the origin has no direction and stays there; none goes beyond the manifold's largest
radius. The curvature is c > 0, meaning -c.
"""

from typing import Any

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.methods.contract import Manifold
from hardball.methods.declare import radius
from hardball.methods.parameter import real
from hardball.methods.sources import NICKEL_2017, RANJAN_2017, SRIVASTAVA_2014

PARAMETERS = {
    "target": real(1.0, "radius of the roots, in hyperbolic length", at_least=0),
    "slope": real(0.0, "radius added at every edge away from the roots"),
}


def within_the_space(spec: Any, *, target: float, slope: float) -> None:
    """Raises HardballError where even the roots would lie beyond the run's largest radius."""
    space = registry.load("manifold", spec.manifold.name, spec.framework)
    c = float(spec.manifold.params.get("c", 1.0))
    largest = (spec.max_radius or space.MAX_RADIUS[spec.dtype]) / c**0.5
    if target > largest:
        raise HardballError(
            f"radius {spec.radius.name}: target={target:g} is beyond the largest radius of "
            f"{spec.manifold.name}, {largest:g}: lower it, or raise max_radius"
        )


def by_depth(hierarchy: Hierarchy, target: float, slope: float) -> np.ndarray:
    """target + slope depth of every node, in hyperbolic length: float64 (N,).

    depth: edges from the nearest root. Raises HardballError where that is below 0.
    """
    radii = target + slope * hierarchy.depth.astype(np.float64)
    lowest = int(radii.argmin())
    if radii[lowest] < 0:
        raise HardballError(
            f"radius: {target:g} + {slope:g} x depth is {radii[lowest]:g} at depth "
            f"{hierarchy.depth[lowest]} of {hierarchy.name}, allowed is 0 or more: raise target"
        )
    return radii


@radius(summary="points lie wherever training takes them", source=NICKEL_2017)
def free(xp: Namespace, manifold: Manifold, rows: Array, radius: Array, c: float) -> Array:
    """The rows (R, D) as they are: radius (R,) is not read.

    Source: Nickel & Kiela 2017, whose points are bounded by the ball alone.
    """
    return rows


@radius(
    summary="after every step each point is put at radius `target` + `slope` x depth",
    source=RANJAN_2017,
    parameters=PARAMETERS,
    build=by_depth,
    fits=within_the_space,
)
def exact(xp: Namespace, manifold: Manifold, rows: Array, radius: Array, c: float) -> Array:
    """exp0(r t / |t|) with t = log0(x): each point at its radius r; (R, D), (R,) -> (R, D).

    Hard normalisation, beside the soft one of `norm_target`. Radii are hyperbolic, norms in R^d.
    Source: Ranjan, Castillo & Chellappa 2017, L2-constrained Softmax Loss, Eq. 3, in tangent
    vectors.
    """
    ray = xp.unit(manifold.log0(rows, c))
    return manifold.project(manifold.exp0(radius[:, None] * ray, c), c)


@radius(
    summary="after every step points beyond that radius are put at it",
    source=SRIVASTAVA_2014,
    parameters=PARAMETERS,
    build=by_depth,
    fits=within_the_space,
)
def at_most(xp: Namespace, manifold: Manifold, rows: Array, radius: Array, c: float) -> Array:
    """Points beyond their radius put at it, the others as they are; (R, D), (R,) -> (R, D).

    Source: Srivastava et al. 2014, Dropout, section 5.1 (max-norm).
    """
    beyond = manifold.radius(rows, c) > radius
    return xp.where(beyond[:, None], exact(xp, manifold, rows, radius, c), rows)
