"""Points as float64 radius and direction, and the key that orders all distances exactly."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np

from hardball.core.errors import HardballError
from hardball.metrics import kernels
from hardball.metrics.charts import chart

MAX_RADIUS = 350.0
MAX_COORDINATE = 1e150


class Table(NamedTuple):
    """What the kernels read: x (d, N), and per node p = exp(a/2), m = exp(-a/2), s = sinh a."""

    x: np.ndarray
    p: np.ndarray
    m: np.ndarray
    s: np.ndarray


@dataclass(frozen=True, eq=False)
class Polar:
    """Points in float64.

    radius: (N,) distance to the origin times sqrt(c), so in units of 1/sqrt(c); |x| in R^d.
    direction: (N, d) unit vectors, zero at the origin.
    table: the arrays of the kernels.
    """

    radius: np.ndarray
    direction: np.ndarray
    c: float
    hyperbolic: bool
    table: Table

    @property
    def n_nodes(self) -> int:
        return len(self.radius)


def to_polar(points: np.ndarray, manifold: str, c: float = 1.0) -> Polar:
    """Radius and direction of points of a manifold, by its chart, see `charts`.

    a = 2 artanh(sqrt(c) |x|) on the ball, arsinh(sqrt(c) |x_1..d|) on the hyperboloid (x_0 is not
    read), sqrt(c) |v| in tangent coordinates, |x| in R^d, where c is not read.
    points: (N, D). Raises HardballError on values that are not finite (the run diverged), on points
    outside the ball, on coordinates or radii beyond MAX_COORDINATE, MAX_RADIUS, and on an unknown
    manifold.
    Source: Nickel & Kiela 2018, section 3.
    """
    read = chart(manifold)
    x = np.array(points, np.float64)
    finite = np.isfinite(x).all(axis=1)
    if not finite.all():
        raise HardballError(
            f"diverged: {int((~finite).sum())} of {len(x)} points are not finite; "
            "lower the learning rate, or clip"
        )
    x = x[:, read.dependent :]
    if np.abs(x).max(initial=0) > MAX_COORDINATE:
        raise HardballError(
            f"diverged: a coordinate of {np.abs(x).max():.4g}, where float64 distances end at "
            f"{MAX_COORDINATE:g}; lower the learning rate, or clip"
        )
    norm = np.sqrt(np.square(x).sum(axis=1))
    direction = np.divide(x, norm[:, None], out=np.zeros_like(x), where=norm[:, None] > 0)
    if read.flat:
        # p = m = 0 and s = 2 turn the key into |x - y|^2, exactly
        nothing = np.zeros(len(x))
        table = Table(np.ascontiguousarray(x.T), nothing, nothing, np.full(len(x), 2.0))
        return Polar(norm, direction, 0.0, False, table)
    if not c > 0:
        raise HardballError(f"c={c!r}: curvature -c needs c > 0")
    radius = read.radius(np.sqrt(c) * norm)
    if len(radius) and radius.max() > MAX_RADIUS:
        raise HardballError(
            f"diverged: radius {radius.max():.4g} / sqrt(c), where float64 distances end at "
            f"{MAX_RADIUS:g}; lower the learning rate, or clip"
        )
    table = Table(
        np.ascontiguousarray(direction.T), np.exp(radius / 2), np.exp(-radius / 2), np.sinh(radius)
    )
    return Polar(radius, direction, float(c), True, table)


def part(polar: Polar, nodes: np.ndarray) -> Polar:
    """The points of some nodes alone, in their order; nodes: (n,) ids."""
    table = Table(*(np.ascontiguousarray(array[..., nodes]) for array in polar.table))
    rows = polar.radius[nodes], polar.direction[nodes]
    return Polar(*rows, polar.c, polar.hyperbolic, table)


def keys(polar: Polar, nodes: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Keys of pairs: float64 (B,), ascending in distance, symmetric bit for bit.

    sinh^2((a - b)/2) + sinh a sinh b |u - w|^2 / 4 with direct differences; |x - y|^2 in R^d.
    nodes, candidates: (B,) ids.
    Source: the half-angle form of the distance of Nickel & Kiela 2018, section 3.
    """
    return kernels.keys_of(*polar.table, np.asarray(nodes), np.asarray(candidates))


def distances(polar: Polar, nodes: np.ndarray) -> np.ndarray:
    """Distances of each node to all: float64 (B, N), in the manifold's own units.

    2 asinh(sqrt(key)) / sqrt(c); sqrt(key) in R^d. nodes: (B,) ids.
    Source: Nickel & Kiela 2018, section 3.
    """
    return _length(polar, kernels.key_rows(*polar.table, np.asarray(nodes)))


def between(polar: Polar, nodes: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Distances of pairs: float64 (B,), in the manifold's own units; nodes, candidates: (B,) ids.

    2 asinh(sqrt(key)) / sqrt(c); sqrt(key) in R^d. Source: Nickel & Kiela 2018, section 3.
    """
    return _length(polar, keys(polar, nodes, candidates))


def tangent(polar: Polar) -> np.ndarray:
    """Tangent vectors at the origin that lead to the points, log0: float64 (N, d).

    Their length is the distance to the origin in the manifold's own units; the points of R^d
    themselves. Source: Ganea, Bécigneul & Hofmann 2018, Hyperbolic Neural Networks, Lemma 2.
    """
    scale = 1 / np.sqrt(polar.c) if polar.hyperbolic else 1.0
    return scale * polar.radius[:, None] * polar.direction


def _length(polar: Polar, key: np.ndarray) -> np.ndarray:
    root = np.sqrt(key)
    return 2 * np.arcsinh(root) / np.sqrt(polar.c) if polar.hyperbolic else root


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Run the kernels on `count` threads (None: as many as numba was given), then restore."""
    before = numba.get_num_threads()
    if count is not None:
        numba.set_num_threads(max(1, min(count, numba.get_num_threads())))
    try:
        yield
    finally:
        numba.set_num_threads(before)
