"""Charts: how the rows of a manifold are read as polar coordinates about the origin, in float64.

A chart is called as the manifold whose points it reads; a manifold of your own adds one to CHARTS,
which is done where it is declared.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hardball.core.errors import HardballError, unknown


def _inside_all(x: np.ndarray, c: float) -> tuple[bool, str]:
    return True, f"all of R^{x.shape[1]} is allowed"


@dataclass(frozen=True)
class Chart:
    """A chart of a space that looks alike in every direction from its origin.

    radius: sqrt(c) |x| (N,), x the free coordinates -> radius (N,) in units of 1/sqrt(c); it raises
    HardballError on points outside. dependent: leading columns of a row that follow from the
    others. flat: whether the space is R^d. vectors: whether a row is the tangent vector at the
    origin that leads to its point. inside: (float64 rows (N, D), c) -> whether all points lie in
    the space, and what was measured.
    """

    radius: Callable[[np.ndarray], np.ndarray]
    dependent: int = 0
    flat: bool = False
    vectors: bool = False
    inside: Callable[[np.ndarray, float], tuple[bool, str]] = _inside_all


def same(scaled: np.ndarray) -> np.ndarray:
    """Tangent coordinates: the length of the vector."""
    return scaled


def of_ball(scaled: np.ndarray) -> np.ndarray:
    """2 artanh(sqrt(c) |x|) in the ball; raises HardballError on points outside of it."""
    if (scaled >= 1).any():
        raise HardballError(
            f"diverged: {int((scaled >= 1).sum())} points lie outside the ball "
            f"(sqrt(c) |x| up to {scaled.max():.6g}, allowed is < 1)"
        )
    return np.log1p(2 * scaled / (1 - scaled))


def _in_ball(x: np.ndarray, c: float) -> tuple[bool, str]:
    """sqrt(c) |x| < 1."""
    largest = float(np.sqrt(c) * np.linalg.norm(x, axis=1).max())
    return largest < 1, f"largest sqrt(c)|x| = {largest:.9f}"


def _on_hyperboloid(x: np.ndarray, c: float) -> tuple[bool, str]:
    """<x,x> = -1/c, x0 > 0, to float32 digits."""
    expected = np.sqrt(1 / c + np.square(x[:, 1:]).sum(axis=1))
    off = float((np.abs(x[:, 0] - expected) / expected).max())
    return off < 1e-5, f"x0 off by {off:.1e} at most"


CHARTS: dict[str, Chart] = {
    "poincare": Chart(of_ball, inside=_in_ball),
    "lorentz": Chart(np.arcsinh, dependent=1, inside=_on_hyperboloid),
    "tangent": Chart(same, vectors=True),
    "euclidean": Chart(same, flat=True, vectors=True),
}


def chart(manifold: str) -> Chart:
    """The chart of a manifold; raises HardballError that lists what is allowed."""
    if manifold not in CHARTS:
        raise unknown("manifold", manifold, CHARTS)
    return CHARTS[manifold]
