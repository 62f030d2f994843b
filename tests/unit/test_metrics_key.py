"""Points become radius and direction; the key orders distances exactly."""

import mpmath
import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.metrics import kernels
from hardball.metrics.polar import distances, keys, to_polar

RNG = np.random.default_rng(5)


def as_points(v: np.ndarray, manifold: str, c: float) -> np.ndarray:
    """The points at distance |v| from the origin in direction v."""
    norm = np.linalg.norm(v, axis=1, keepdims=True)
    unit, a = v / norm, np.sqrt(c) * norm
    if manifold == "poincare":
        return np.tanh(a / 2) * unit / np.sqrt(c)
    if manifold == "lorentz":
        return np.concatenate([np.cosh(a), np.sinh(a) * unit], axis=1) / np.sqrt(c)
    return v


def naive_distances(x: np.ndarray, manifold: str, c: float) -> np.ndarray:
    """The textbook formulas, with their cancellations."""
    if manifold == "euclidean":
        return np.linalg.norm(x[:, None] - x[None], axis=2)
    if manifold == "lorentz":
        inner = x[:, 1:] @ x[:, 1:].T - np.outer(x[:, 0], x[:, 0])
        return np.arccosh(np.maximum(-c * inner, 1)) / np.sqrt(c)
    square = np.square(x[:, None] - x[None]).sum(axis=2)
    room = 1 - c * np.square(x).sum(axis=1)
    return np.arccosh(1 + 2 * c * square / np.outer(room, room)) / np.sqrt(c)


@pytest.mark.parametrize("c", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("dim", [2, 5, 10])
@pytest.mark.parametrize("manifold", ["poincare", "lorentz", "tangent", "euclidean"])
def test_distances_agree_with_the_textbook_formula(manifold: str, dim: int, c: float) -> None:
    """Radii up to 5; 2e-9 measured, all of it the textbook's own cancellation."""
    v = RNG.normal(size=(40, dim)) * 1.5 / np.sqrt(dim)
    x = as_points(v, manifold, c)
    other = "poincare" if manifold == "tangent" else manifold
    naive = naive_distances(as_points(v, other, c), other, c)
    np.fill_diagonal(naive, 0)
    found = distances(to_polar(x, manifold, c), np.arange(40))
    np.testing.assert_allclose(found, naive, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("manifold", ["poincare", "lorentz", "tangent"])
def test_the_radius_is_in_units_of_one_over_root_c(manifold: str) -> None:
    """At c = 4 a point at distance 3 has radius sqrt(4) * 3 = 6."""
    x = as_points(np.array([[0.0, 3.0]]), manifold, 4.0)
    assert to_polar(x, manifold, 4.0).radius[0] == pytest.approx(6.0, rel=1e-10)


@pytest.mark.parametrize("dim", [2, 3, 4, 7, 10])
@pytest.mark.parametrize("manifold", ["tangent", "euclidean"])
def test_keys_are_symmetric_bit_for_bit_whichever_loop_computes_them(
    manifold: str, dim: int
) -> None:
    points = RNG.normal(size=(300, dim)) * 5
    points[100] = points[200]
    polar = to_polar(points, manifold)
    rows = kernels.key_rows(*polar.table, np.arange(300))
    np.testing.assert_array_equal(rows, rows.T)
    u, w = np.divmod(np.arange(300 * 300), 300)
    np.testing.assert_array_equal(keys(polar, u, w), rows.ravel())
    assert rows[100, 200] == 0
    assert (np.diag(rows) == 0).all()


def test_no_digits_are_lost_between_close_points_far_out() -> None:
    """Radius 30, angle 1e-6, where an inner product of 1e26 has no digit left.

    Relative error against 60 digits: 1e-10 measured, the rounding of a direction (1e-16 / 1e-6).
    """
    angle, a, b = 1e-6, 30.0, 29.5
    points = np.array([[a, 0.0], [b * np.cos(angle), b * np.sin(angle)]])
    with mpmath.workdps(60):
        x, y = [[mpmath.mpf(float(value)) for value in row] for row in points]
        exact_a, exact_b = mpmath.hypot(*x), mpmath.hypot(*y)
        cosine = (x[0] * y[0] + x[1] * y[1]) / exact_a / exact_b
        product = mpmath.sinh(exact_a) * mpmath.sinh(exact_b) * cosine
        exact = mpmath.acosh(mpmath.cosh(exact_a) * mpmath.cosh(exact_b) - product)
        expected_key = float(mpmath.sinh(exact / 2) ** 2)
        expected = float(exact)
    polar = to_polar(points, "tangent", 1.0)
    assert distances(polar, np.array([0]))[0, 1] == pytest.approx(expected, rel=1e-11)
    assert keys(polar, np.array([0]), np.array([1]))[0] == pytest.approx(expected_key, rel=1e-9)


def test_the_origin_has_no_direction() -> None:
    """From the origin the distance is the radius."""
    polar = to_polar(np.array([[0.0, 0.0], [3.0, 4.0]]), "tangent", 1.0)
    assert polar.direction.tolist() == [[0.0, 0.0], [0.6, 0.8]]
    assert distances(polar, np.array([0]))[0] == pytest.approx([0.0, 5.0], rel=1e-15)


@pytest.mark.parametrize(
    ("points", "manifold", "message"),
    [
        ([[0.0, np.nan], [1.0, 0.0]], "tangent", "diverged: 1 of 2 points are not finite"),
        ([[np.inf, 0.0]], "lorentz", "diverged: 1 of 1"),
        ([[0.8, 0.6]], "poincare", "lie outside the ball"),
        ([[400.0, 0.0]], "tangent", "diverged: radius 400"),
        ([[1e200, 0.0]], "euclidean", "diverged: a coordinate of 1e.200"),
        ([[1.0, 0.0]], "sphere", "unknown manifold 'sphere': allowed are poincare"),
    ],
)
def test_points_that_have_no_distances_are_refused(
    points: list, manifold: str, message: str
) -> None:
    with pytest.raises(HardballError, match=message):
        to_polar(np.array(points), manifold, 1.0)


def test_a_curvature_that_is_not_positive_is_refused() -> None:
    with pytest.raises(HardballError, match="c > 0"):
        to_polar(np.zeros((1, 2)), "tangent", 0.0)
