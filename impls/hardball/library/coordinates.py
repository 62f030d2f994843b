"""Points in the coordinates that somebody asks for, in float64, and a refusal where it rounds."""

import numpy as np

from hardball.core.errors import HardballError, unknown
from hardball.metrics.polar import Polar

SPACES = ("tangent", "poincare", "lorentz", "euclidean")
# Beyond it 1 - |x|^2 of a ball's point is lost in float64: 4 e^-r is 2^-52.
BALL_RADIUS = 36.0
HYPERBOLOID_RADIUS = 350.0


def coordinates(polar: Polar, space: str, c: float = 1.0) -> np.ndarray:
    """Rows (N, D) of a space of curvature -c, float64.

    tangent: vectors at the origin, as long as the distance to it. poincare: tanh(a / 2) / sqrt(c)
    along them, a = sqrt(c) radius. lorentz: (cosh a, sinh a u) / sqrt(c). euclidean: the points of
    R^d themselves. Raises HardballError on another space, on one that is flat where the points are
    not or the reverse, and where float64 would round points onto the edge.
    """
    if space not in SPACES:
        raise unknown("space", space, SPACES)
    flat = space == "euclidean"
    if flat == polar.hyperbolic:
        has = "hyperbolic" if polar.hyperbolic else "Euclidean"
        allowed = ", ".join(SPACES[:3]) if polar.hyperbolic else "euclidean"
        raise HardballError(f"points are {has}: no {space} coordinates; allowed are {allowed}")
    a, root = polar.radius[:, None], np.sqrt(c)
    if flat:
        return a * polar.direction
    largest = float(polar.radius.max(initial=0))
    most = {"poincare": BALL_RADIUS, "lorentz": HYPERBOLOID_RADIUS}.get(space, np.inf)
    if largest > most:
        raise HardballError(
            f"a point lies at radius {largest:.1f}, where {space} coordinates in float64 end at "
            f"{most:g}: take tangent coordinates, or train with max_radius={most:g} or less"
        )
    if space == "tangent":
        return a * polar.direction / root
    if space == "poincare":
        return np.tanh(a / 2) * polar.direction / root
    return np.concatenate([np.cosh(a), np.sinh(a) * polar.direction], axis=1) / root
