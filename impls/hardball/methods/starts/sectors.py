"""The tree drawn in a disk."""

import numpy as np

from hardball.hierarchy import drawing
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import start
from hardball.methods.parameter import real
from hardball.methods.sources import HARDBALL, SARKAR_2011

PARAMETERS = {"stretch": real(2.0, "radius over that at which arcs are equally long", above=0)}


@start(
    summary="a tree drawn in a disk: a subtree's share of the nodes sets its sector and radius",
    source=f"{SARKAR_2011}; {HARDBALL}",
    parameters=PARAMETERS,
)
def sectors(hierarchy: Hierarchy, noise: np.ndarray, *, stretch: float) -> np.ndarray:
    """`drawing.sectors`, the other coordinates those of the noise: float64 (N, dim)."""
    return drawing.sectors(hierarchy, noise, stretch)


@start(
    summary="the same of the tree with each node below its parent of the fewest descendants",
    source=f"{SARKAR_2011}; {HARDBALL}",
    parameters=PARAMETERS,
)
def narrow_sectors(hierarchy: Hierarchy, noise: np.ndarray, *, stretch: float) -> np.ndarray:
    """`drawing.narrow_sectors`, the other coordinates those of the noise: float64 (N, dim)."""
    return drawing.narrow_sectors(hierarchy, noise, stretch)
