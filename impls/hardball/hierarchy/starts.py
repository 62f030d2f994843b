"""Where training starts: tangent vectors at the origin, one a node."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hardball.hierarchy.dag import Hierarchy


def origin(hierarchy: "Hierarchy", noise: np.ndarray) -> np.ndarray:
    """Every node at the origin but for the noise: (N, dim) as given."""
    return noise


def sectors(hierarchy: "Hierarchy", noise: np.ndarray, stretch: float = 2.0) -> np.ndarray:
    """The spanning tree drawn in the plane of the first two coordinates: float64 (N, dim).

    A subtree of s of all N nodes gets s / N of the circle, inside its parent's part. Its root lies
    in the middle of that, at radius stretch ln(N / s): at stretch 1 the arcs of all subtrees are
    about equally long at their roots; more pulls siblings apart. Several roots share the circle.
    The other coordinates are those of the noise.
    Source: after Sarkar 2011, with sectors by size and one pass instead of edges of one length.
    """
    n = hierarchy.n_nodes
    first, last = hierarchy.first.astype(np.float64), hierarchy.last.astype(np.float64)
    angle = np.pi * (first + last) / n
    radius = stretch * np.log(n / (last - first))
    out = noise.copy()
    out[:, 0], out[:, 1] = radius * np.cos(angle), radius * np.sin(angle)
    return out
