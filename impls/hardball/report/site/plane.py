"""Every node of an embedding, of any dimension, in the hyperbolic plane.

Points of two dimensions are what they are. Of more dimensions the nodes with most descendants are
drawn by hydra+, see `plots.projection`; each other node keeps its radius and takes the direction
that fits its distances to the drawn nodes nearest to it.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from hardball.hierarchy.dag import Hierarchy
from hardball.metrics.polar import Polar
from hardball.report.plots import projection

Floats = NDArray[np.float64]

DRAWN = 800
NEAREST = 12
HALVINGS = 24


class Drawn(NamedTuple):
    """radius, angle: (N,) float64, polar coordinates in the plane. said: how, in sentences."""

    radius: Floats
    angle: Floats
    said: str


def drawn(tree: Hierarchy, polar: Polar, limit: int = DRAWN) -> Drawn:
    """Where each node lies in the picture; time grows with N, and with the square of `limit`."""
    if polar.direction.shape[1] == 2:
        angle = np.arctan2(polar.direction[:, 1], polar.direction[:, 0])
        return Drawn(polar.radius.astype(np.float64), angle, "Drawn as it is, in two dimensions.")
    size = tree.last - tree.first
    order = np.lexsort((np.arange(tree.n_nodes), tree.depth, -size))
    first, rest = order[:limit], order[limit:]
    found = projection.project(polar.radius[first], polar.direction[first])
    radius, angle = np.empty(tree.n_nodes), np.empty(tree.n_nodes)
    # artanh loses what lies at the rim; hydra+ draws at radii of about 5, far from where it ends.
    length = np.minimum(np.linalg.norm(found.disk, axis=1), 1 - 1e-15)
    radius[first] = 2 * np.arctanh(length)
    angle[first] = np.arctan2(found.disk[:, 1], found.disk[:, 0])
    radius[rest] = found.scale * polar.radius[rest]
    if len(rest):
        angle[rest] = _angles(rest, first, *polar.table, radius, angle, found.scale)
    return Drawn(radius, angle, _said(polar, found, len(first), tree.n_nodes))


def _said(polar: Polar, found: projection.Plane, first: int, total: int) -> str:
    text = (
        f"Trained in {polar.direction.shape[1]} dimensions, drawn in the plane by hydra+ "
        f"(Keller-Ressel & Nargang 2020), lengths × {found.scale:.2f}: mean relative error of "
        f"distances {found.relative_error:.0%}, rank correlation {found.rank_correlation:.2f}."
    )
    if first == total:
        return text
    return (
        f"{text} That is of the {first:,} nodes with most descendants; each other node lies at its "
        f"own radius, in the direction that fits its distances to the {NEAREST} nearest of them."
    )


@numba.njit(cache=True)
def _nearest(
    node: int, first: NDArray[np.intp], x: Floats, p: Floats, m: Floats, s: Floats, count: int
) -> tuple[NDArray[np.intp], Floats]:
    """The drawn nodes nearest to a node, and sinh^2 of half their distances, nearest first.

    x, p, m, s: as in `metrics.polar.Table`.
    """
    near, keys = np.zeros(count, np.intp), np.full(count, np.inf)
    for other in first:
        chord = 0.0
        for axis in range(len(x)):
            gap = x[axis, node] - x[axis, other]
            chord += gap * gap
        half = (p[node] * m[other] - m[node] * p[other]) / 2
        key = half * half + s[node] * s[other] * chord / 4
        if key >= keys[count - 1]:
            continue
        place = count - 1
        while place > 0 and keys[place - 1] > key:
            near[place], keys[place] = near[place - 1], keys[place - 1]
            place -= 1
        near[place], keys[place] = other, key
    return near, keys


@numba.njit(cache=True)
def _stress(
    turn: float, reach: float, radius: Floats, angle: Floats, wanted: Floats, near: NDArray[np.intp]
) -> float:
    """Sum of squared relative errors of a node's distances to its nearest drawn nodes."""
    total = 0.0
    grown = np.sinh(reach)
    for k in range(len(near)):
        half = np.sin((turn - angle[near[k]]) / 2)
        between = np.sinh((reach - radius[near[k]]) / 2)
        key = between * between + grown * np.sinh(radius[near[k]]) * half * half
        error = 2 * np.arcsinh(np.sqrt(key)) / wanted[k] - 1
        total += error * error
    return total


@numba.njit(cache=True)
def _angles(
    rest: NDArray[np.intp],
    first: NDArray[np.intp],
    x: Floats,
    p: Floats,
    m: Floats,
    s: Floats,
    radius: Floats,
    angle: Floats,
    scale: float,
) -> Floats:
    """The angle of each node of `rest` with the least stress among those that are tried.

    Tried are the angles of its nearest drawn nodes, then steps of half the size from the best.
    """
    out = np.empty(len(rest))
    for place in range(len(rest)):
        node = rest[place]
        near, keys = _nearest(node, first, x, p, m, s, min(NEAREST, len(first)))
        wanted = np.maximum(scale * 2 * np.arcsinh(np.sqrt(keys)), 0.05)
        best, least = angle[near[0]], np.inf
        for other in near:
            found = _stress(angle[other], radius[node], radius, angle, wanted, near)
            if found < least:
                best, least = angle[other], found
        step = 0.5
        for _ in range(HALVINGS):
            for side in (-1.0, 1.0):
                tried = best + side * step
                found = _stress(tried, radius[node], radius, angle, wanted, near)
                if found < least:
                    best, least = tried, found
            step /= 2
        out[place] = best
    return out
