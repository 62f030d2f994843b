"""The radius at which a run holds each node."""

from typing import TYPE_CHECKING

import numpy as np

from hardball.core.errors import HardballError

if TYPE_CHECKING:
    from hardball.hierarchy.dag import Hierarchy


def by_depth(hierarchy: "Hierarchy", target: float = 1.0, slope: float = 0.0) -> np.ndarray:
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
