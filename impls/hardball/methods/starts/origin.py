"""Every node at the origin."""

import numpy as np

from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import start
from hardball.methods.sources import NICKEL_2017


@start(
    summary="every node at the origin, but for the noise of init_scale",
    source=NICKEL_2017,
)
def origin(hierarchy: Hierarchy, noise: np.ndarray) -> np.ndarray:
    """Every node at the origin but for the noise: (N, dim) as given."""
    return noise
