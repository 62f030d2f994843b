"""All nodes from the beginning, one training from start to end."""

import numpy as np

from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import strategy
from hardball.methods.sources import NICKEL_2017


@strategy(summary="all nodes are there from the beginning", source=NICKEL_2017)
def whole(hierarchy: Hierarchy, seed: int) -> np.ndarray:
    """Every node arrives as number 0: int32 (N,), all 0. Source: Nickel & Kiela 2017."""
    return np.zeros(hierarchy.n_nodes, np.int32)
