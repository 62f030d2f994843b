"""Points of a hyperbolic space of any dimension drawn in the hyperbolic plane.

Method: hydra+ (Keller-Ressel & Nargang 2020, Hydra: strain-minimizing hyperbolic embedding). The
Lorentz Gram matrix cosh(s d_ij) is cut to its leading time-like and two space-like eigenvectors,
which start a descent of the stress. No random numbers: the same points give the same picture.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, stats

Floats = NDArray[np.float64]

OUTERMOST = 5.0
STEPS = 100
# Distances below this, in the picture, count as this in the weights.
NEAR = 0.05
_BAND = 64


class Plane(NamedTuple):
    """disk: (n, 2) points of the unit disk, curvature -1. scale: picture length over true length.

    stress: sqrt(sum (d' - s d)^2 / sum (s d)^2) over pairs (Kruskal). relative_error: mean of
    |d'/(s d) - 1|. rank_correlation: Spearman of d' and d. Exact pictures have 0, 0 and 1.
    """

    disk: Floats
    scale: float
    stress: float
    relative_error: float
    rank_correlation: float

    @property
    def exact(self) -> bool:
        return self.stress == 0.0


def distances(radius: Floats, direction: Floats) -> Floats:
    """(n, n) hyperbolic distances, d = 2 asinh(sqrt(sinh^2((a-b)/2) + sinh a sinh b |u-w|^2/4))."""
    chord = np.maximum(2.0 - 2.0 * direction @ direction.T, 0.0)
    half = np.sinh((radius[:, None] - radius[None, :]) / 2)
    grown = np.sinh(radius)
    found = 2 * np.arcsinh(np.sqrt(half**2 + grown[:, None] * grown[None, :] * chord / 4))
    np.fill_diagonal(found, 0.0)
    return found


def to_disk(radius: Floats, direction: Floats) -> Floats:
    """Poincaré disk points tanh(r/2) u of a plane's polar coordinates."""
    return np.tanh(radius / 2)[:, None] * direction


def project(
    radius: Floats, direction: Floats, *, outermost: float = OUTERMOST, reach: float | None = None
) -> Plane:
    """The points as they are in two dimensions, else by hydra+; the origin stays the centre.

    radius (n,) in units of 1/sqrt(c), direction (n, d) of unit length. In more than two dimensions
    lengths are scaled so that the radius `reach`, by default the 95 % quantile, is drawn at
    `outermost`, which is to draw in a plane of curvature -c / s^2. Time and memory grow with n^2:
    2 s for 1,200 points.
    """
    if direction.shape[1] == 2:
        return Plane(to_disk(radius, direction), 1.0, 0.0, 0.0, 1.0)
    scale = outermost / max(reach_of(radius) if reach is None else reach, 1e-12)
    wanted = scale * distances(radius, direction)
    drawn = scale * radius
    tangent = _descend(_hydra(wanted, drawn), wanted, drawn)
    found = np.linalg.norm(tangent, axis=1)
    unit = tangent / np.maximum(found, 1e-12)[:, None]
    return Plane(to_disk(found, unit), scale, *_quality(found, unit, wanted))


def reach_of(radius: Floats) -> float:
    """The radius that all but a twentieth of the points lie within."""
    return float(np.quantile(radius, 0.95))


def _hydra(wanted: Floats, reach: Floats) -> Floats:
    """Tangent vectors of the two leading space-like eigenvectors, seen from the origin.

    The origin joins as one more point; an isometry brings its image back to the origin. Radii are
    the true ones, only directions are taken from the eigenvectors.
    """
    n = len(reach)
    gram = np.empty((n + 1, n + 1))
    gram[:n, :n] = np.cosh(wanted)
    gram[n, :n] = gram[:n, n] = np.cosh(reach)
    gram[n, n] = 1.0
    low, low_vectors = linalg.eigh(gram, subset_by_index=(0, 1))
    high, high_vectors = linalg.eigh(gram, subset_by_index=(n, n))
    space = _signed(low_vectors) * np.sqrt(np.maximum(-low, 0.0))
    time = _signed(high_vectors)[:, 0] * np.sqrt(high[0])
    if time[n] < 0:
        time = -time
    centre = np.concatenate([[time[n]], space[n]])
    seen = _boost(np.column_stack([time, space])[:n], centre)
    length = np.linalg.norm(seen, axis=1)
    return seen / np.maximum(length, 1e-12)[:, None] * reach[:, None]


def _signed(vectors: Floats) -> Floats:
    """Eigenvectors with their largest entry positive: their sign is arbitrary otherwise."""
    largest = np.abs(vectors).argmax(axis=0)
    return vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])


def _boost(points: Floats, centre: Floats) -> Floats:
    """Space coordinates of Lorentz points (n, 3) after the boost that moves `centre` to 0."""
    norm = np.sqrt(max(centre[0] ** 2 - centre[1:] @ centre[1:], 1e-12))
    gamma, move = centre[0] / norm, centre[1:] / norm
    along = points[:, 1:] @ move
    shift = along / (gamma + 1.0) - points[:, 0]
    return points[:, 1:] + shift[:, None] * move


def _lift(tangent: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    radius = np.linalg.norm(tangent, axis=1)
    unit = tangent / np.maximum(radius, 1e-12)[:, None]
    return radius, unit, np.cosh(radius), np.sinh(radius)[:, None] * unit


def _descend(start: Floats, wanted: Floats, reach: Floats) -> Floats:
    """L-BFGS on sum_{i<j} (d'_ij / d_ij - 1)^2 plus the same of each distance to the origin.

    Weights 1/d^2 as in Kamada & Kawai 1989: relative errors, so near pairs count like far ones.
    """
    n = len(reach)
    weight = 1.0 / np.maximum(wanted, NEAR) ** 2
    np.fill_diagonal(weight, 0.0)
    # The origin stands for one node in ten, or the picture drifts off its centre.
    rim = 0.1 * n / np.maximum(reach, NEAR) ** 2

    def stress(flat: Floats) -> tuple[float, Floats]:
        radius, unit, time, space = _lift(flat.reshape(n, 2))
        value, (by_time, by_space) = _pulls(np.column_stack([time, space]), wanted, weight)
        value += float((rim * (radius - reach) ** 2).sum())
        inward = (by_space * unit).sum(axis=1)
        radial = np.sinh(radius) * by_time + time * inward + 2 * rim * (radius - reach)
        ratio = np.where(radius > 1e-9, np.sinh(radius) / np.maximum(radius, 1e-12), 1.0)
        slope = radial[:, None] * unit + ratio[:, None] * (by_space - inward[:, None] * unit)
        return value, slope.ravel()

    options = {"maxiter": STEPS, "maxfun": 2 * STEPS, "maxcor": 20}
    best = optimize.minimize(stress, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    return np.asarray(best.x, np.float64).reshape(n, 2)


def _pulls(lorentz: Floats, wanted: Floats, weight: Floats) -> tuple[float, tuple[Floats, Floats]]:
    """sum_{i<j} w_ij (d'_ij - d_ij)^2, and its slopes by time (n,) and by space (n, 2).

    lorentz (n, 3): time, then space. A band of rows at a time, from its first column on, stays in
    the processor's caches: a third of the time of whole matrices.
    """
    n = len(lorentz)
    mirrored = lorentz * [1.0, -1.0, -1.0]
    value, pulled = 0.0, np.zeros_like(lorentz)
    for first in range(0, n, _BAND):
        last = min(first + _BAND, n)
        product = np.maximum(mirrored[first:last] @ lorentz[first:].T, 1.0 + 1e-12)
        root = np.sqrt(product * product - 1.0)
        gap = np.log(product + root) - wanted[first:last, first:]
        pull = weight[first:last, first:] * gap
        # Pairs within the band stand in it twice.
        squares = pull * gap
        value += 0.5 * float(squares[:, : last - first].sum())
        value += float(squares[:, last - first :].sum())
        pull *= 2.0 / root
        pulled[first:last] += pull @ mirrored[first:]
        pulled[last:] += pull[:, last - first :].T @ mirrored[first:last]
    return value, (pulled[:, 0], pulled[:, 1:])


def _quality(radius: Floats, unit: Floats, wanted: Floats) -> tuple[float, float, float]:
    above = np.triu_indices(len(radius), 1)
    drawn, true = distances(radius, unit)[above], wanted[above]
    stress = float(np.sqrt(((drawn - true) ** 2).sum() / (true**2).sum()))
    apart = true > 1e-9
    relative = float(np.mean(np.abs(drawn[apart] / true[apart] - 1.0)))
    return stress, relative, float(stats.spearmanr(drawn, true).statistic)
