"""Embeddings of a tree that are built, not trained: tangent vectors at the origin, one a node."""

import numpy as np
from scipy import linalg

from hardball.hierarchy.dag import Hierarchy

# Directions in the plane are known to some 1e-16, which tells points e^36 apart on a circle.
LARGEST = 34.0
DIAMETER = 20.0


def sarkar(hierarchy: Hierarchy, largest: float = LARGEST) -> np.ndarray:
    """The spanning tree with edges of one length, children evenly around their parent: (N, 2).

    Every edge is as long as `largest` over the depth of the tree, so that no point lies farther
    out. At each node the edges to its children and to its parent are at equal angles. Several
    roots stand around the origin as if it were their parent.
    Source: Sarkar 2011, Low Distortion Delaunay Embedding of Trees in Hyperbolic Plane, section 3;
    Sala et al. 2018, Representation Tradeoffs for Hyperbolic Embeddings, Algorithm 1.
    """
    parent = hierarchy.parent
    depth = hierarchy.depth + (0 if np.count_nonzero(parent < 0) == 1 else 1)
    edge = largest / max(int(depth.max(initial=0)), 1)
    radius, angle, bearing = (np.zeros(len(parent)) for _ in range(3))
    place, siblings = _places(parent)
    for level in range(int(depth.max(initial=0)) + 1):
        nodes = np.flatnonzero(depth == level)
        above = parent[nodes]
        first = (above < 0) | (radius[np.maximum(above, 0)] == 0)
        around = nodes[first & (depth[nodes] > 0)]
        radius[around] = edge
        angle[around] = 2 * np.pi * place[around] / siblings[around]
        _step(nodes[~first], above[~first], edge, place, siblings, radius, angle, bearing)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def h_mds(distances: np.ndarray, dim: int, diameter: float = DIAMETER) -> np.ndarray:
    """Hyperbolic multidimensional scaling of distances (N, N): tangent vectors, float64 (N, dim).

    Distances are scaled to `diameter`. With G = -cosh(D), the Lorentz products of points with these
    distances, the space parts are sqrt(l_i) v_i of the `dim` largest eigenvalues l_i of G, at most
    N of them; points are those of the hyperboloid above them.
    Source: Sala et al. 2018, Representation Tradeoffs for Hyperbolic Embeddings, Algorithm 2.
    """
    gram = -np.cosh(distances * (diameter / max(float(distances.max()), 1.0)))
    n = len(gram)
    values, vectors = linalg.eigh(gram, subset_by_index=[max(n - dim, 0), n - 1])
    space = vectors * np.sqrt(np.maximum(values, 0))
    length = np.linalg.norm(space, axis=1, keepdims=True)
    return space * (np.arcsinh(length) / np.where(length > 0, length, 1))


def _places(parent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each node its place among its siblings, from 0 on, and how many there are."""
    order = np.argsort(parent, kind="stable")
    ordered = parent[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-2))
    counts = np.diff(np.append(starts, len(parent)))
    place, siblings = np.empty(len(parent), np.int64), np.empty(len(parent), np.int64)
    place[order] = np.arange(len(parent)) - np.repeat(starts, counts)
    siblings[order] = np.repeat(counts, counts)
    return place, siblings


def _step(
    nodes: np.ndarray,
    above: np.ndarray,
    edge: float,
    place: np.ndarray,
    siblings: np.ndarray,
    radius: np.ndarray,
    angle: np.ndarray,
    bearing: np.ndarray,
) -> None:
    """Sets radius, angle and bearing of nodes whose parents stand away from the origin.

    bearing: at a node, the angle from the direction of the origin to that of its parent. By the
    laws of the triangle of the origin, the parent and the node, in sums of positive terms.
    """
    r = radius[above]
    turn = bearing[above] + 2 * np.pi * (place[nodes] + 1) / (siblings[nodes] + 1)
    sine, half = np.sin(turn), np.sin(turn / 2) ** 2
    far = np.sinh((r - edge) / 2) ** 2 + np.sinh(r) * np.sinh(edge) * half
    radius[nodes] = 2 * np.arcsinh(np.sqrt(far))
    outward = np.sinh(r - edge) + 2 * np.cosh(r) * np.sinh(edge) * half
    angle[nodes] = angle[above] - np.arctan2(np.sinh(edge) * sine, outward)
    back = np.sinh(edge - r) + 2 * np.cosh(edge) * np.sinh(r) * half
    bearing[nodes] = -np.arctan2(np.sinh(r) * sine, back)
