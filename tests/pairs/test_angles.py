"""Angles of triangles with a corner at the origin, and the cones and comparison angles of them."""

import functools

import numpy as np
import pytest

from hardball.arrays.namespace import namespace
from hardball.methods.contract import Bound
from hardball.methods.losses.angle_preserving import comparison_angle
from hardball.methods.losses.entailment_cones import half_opening
from hardball.methods.manifolds import angles as manifolds_angles

APERTURE = 0.1
# Measured: 2e-15 and 3e-6 relative to pi.
NEAR = {np.float64: 1e-13, np.float32: 2e-5}


def angles_of(half):
    return Bound(manifolds_angles, namespace(half.framework))


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def paper(x, y):
    """Xi and psi in the ball, by the published formulas.

    Xi = arccos((<x,y>(1 + |x|^2) - |x|^2 (1 + |y|^2))
                / (|x| |x - y| sqrt(1 + |x|^2 |y|^2 - 2 <x,y>))), psi = arcsin(K (1 - |x|^2) / |x|).
    """
    xy, xx, yy = (x * y).sum(-1), (x * x).sum(-1), (y * y).sum(-1)
    above = xy * (1 + xx) - xx * (1 + yy)
    below = np.sqrt(xx) * np.linalg.norm(x - y, axis=-1) * np.sqrt(1 + xx * yy - 2 * xy)
    return np.arccos(above / below), np.arcsin(APERTURE * (1 - xx) / np.sqrt(xx))


def triangles(rng, count, low=0.3, high=4.0, dim=3):
    """Radii and directions of apexes and of nodes."""
    radii = rng.uniform(low, high, (2, count))
    return *radii, *unit(rng.normal(size=(2, count, dim)))


def at_apex(half):
    angles = angles_of(half)
    return lambda a, b, u, w: angles.at_apex(a, b, *angles.half_angles(u, w))


def test_the_angle_at_an_apex_and_its_cone_are_the_published_ones(half):
    a, b, u, w = triangles(np.random.default_rng(1), 500)
    x, y = np.tanh(a / 2)[:, None] * u, np.tanh(b / 2)[:, None] * w
    xi, psi = paper(x, y)
    np.testing.assert_allclose(half.call(at_apex(half), a, b, u, w), xi, rtol=1e-11)
    # |x| / (1 - |x|^2) = tanh(a/2) cosh(a/2)^2 = sinh(a) / 2.
    opening = functools.partial(half_opening, namespace(half.framework))
    np.testing.assert_allclose(half.call(opening, np.sinh(a) / 2, APERTURE), psi, rtol=1e-12)


def test_the_angle_at_an_apex_in_flat_space_is_the_published_one(half):
    # cos Xi = (|y|^2 - |x|^2 - |x - y|^2) / (2 |x| |x - y|).
    a, b, u, w = triangles(np.random.default_rng(2), 500)
    apart = np.linalg.norm(a[:, None] * u - b[:, None] * w, axis=1)
    xi = np.arccos((b * b - a * a - apart * apart) / (2 * a * apart))
    angles = angles_of(half)

    def flat(a, b, u, w):
        return angles.at_apex_flat(a, b, *angles.half_angles(u, w))

    np.testing.assert_allclose(half.call(flat, a, b, u, w), xi, rtol=1e-11)


def test_angles_of_special_triangles(half):
    # Out along the ray 0; back along it, to the origin, and to the other side, pi; at one place 0.
    a, b = np.array([2.0, 2, 2, 2, 2]), np.array([3.0, 1, 0, 3, 2])
    u = np.tile([1.0, 0], (5, 1))
    w = np.array([[1.0, 0], [1, 0], [0, 0], [-1, 0], [1, 0]])
    np.testing.assert_allclose(
        half.call(at_apex(half), a, b, u, w), [0, np.pi, np.pi, np.pi, 0], atol=1e-15
    )
    # At a right angle: tan(pi - Xi) = tanh(b) / sinh(a).
    found = half.call(at_apex(half), a[:1], b[:1], u[:1], np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(found, [np.pi - np.arctan(np.tanh(3) / np.sinh(2))], rtol=1e-14)


def test_angles_at_the_origin(half):
    angles = angles_of(half)

    def at_origin(u, w):
        return angles.at_origin(*angles.half_angles(u, w))

    theta = np.array([0, 1e-9, 1.0, np.pi / 2, np.pi - 1e-9, np.pi])
    w = np.stack([np.cos(theta), np.sin(theta)], axis=1)
    u = np.tile([1.0, 0], (6, 1))
    np.testing.assert_allclose(half.call(at_origin, u, w), theta, rtol=1e-14, atol=1e-15)
    # Between the origin and another point it is a right one, at the origin none.
    np.testing.assert_allclose(half.call(at_origin, u[:1], 0 * u[:1]), [np.pi / 2], rtol=1e-15)
    assert np.array_equal(half.call(at_origin, 0 * u[:1], 0 * u[:1]), [0.0])


def test_at_radius_40_float32_is_what_float64_says_of_the_same_numbers(half):
    rng = np.random.default_rng(3)
    a, b, u, w = (each.astype(np.float32) for each in triangles(rng, 4000, 0.0, 40.0))
    # From the same ray to all sides: turned by e^-3 down to e^-18.
    turn = np.exp(-rng.uniform(3, 18, 4000))[:, None]
    w[:2000] = unit(u + turn * w)[:2000]
    u, w = (unit(each.astype(float)).astype(np.float32) for each in (u, w))
    found = half.call(at_apex(half), a, b, u, w)
    assert found.dtype == np.float32
    exact = half.call(at_apex(half), *(each.astype(float) for each in (a, b, u, w)))
    # Measured: 1e-6.
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-5)
    for gradient in half.gradients(at_apex(half), np.ones(4000, np.float32), a, b, u, w):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_are_finite_where_points_coincide_and_at_the_origin(half, dtype):
    largest = 40 if dtype == np.float32 else 340
    radii = np.array([0, 1e-30, 1e-3, 1, largest], dtype)
    a, b, i, j = (g.ravel() for g in np.meshgrid(radii, radii, np.arange(5), np.arange(5)))
    rays = np.array([[0, 0], [1, 0], [1, 1e-7], [-1, 0], [0, 1]], dtype)
    u, w = rays[i], rays[j]
    value, gradients = half.both(at_apex(half), np.ones(len(a), dtype), a, b, u, w)
    assert np.isfinite(value).all()
    assert ((value >= 0) & (value <= dtype(np.pi))).all()
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_both_halves_agree_one_by_one_and_by_matrices(dtype, halves):
    a, b, u, w = (each.astype(dtype) for each in triangles(np.random.default_rng(4), 40, high=9.0))
    cotangent = np.random.default_rng(5).normal(size=(40, 40)).astype(dtype)
    found = []
    for half in halves:
        angles = angles_of(half)

        def one(a, b, u, w, angles=angles):
            return angles.at_apex(a[:, None], b, *angles.half_angles(u[:, None], w))

        def every(a, b, u, w, angles=angles):
            return angles.at_apex(a[:, None], b, *angles.half_angles_matrix(u, w))

        found += [half.both(f, cotangent, a, b, u, w) for f in (one, every)]
    for value, gradients in found[1:]:
        np.testing.assert_allclose(value, found[0][0], rtol=0, atol=NEAR[dtype])
        for ours, theirs in zip(gradients, found[0][1], strict=True):
            size = np.abs(theirs).max()
            np.testing.assert_allclose(ours / size, theirs / size, rtol=0, atol=10 * NEAR[dtype])


def test_gradients_are_the_slopes_of_the_angles(half):
    rng = np.random.default_rng(6)
    given = triangles(rng, 30)
    steps = [1e-6 * rng.normal(size=each.shape) for each in given]
    cotangent = rng.normal(size=30)
    gradients = half.gradients(at_apex(half), cotangent, *given)
    up, down = (
        half.call(at_apex(half), *(g + sign * s for g, s in zip(given, steps, strict=True)))
        for sign in (1, -1)
    )
    slope = sum((g * s).sum() for g, s in zip(gradients, steps, strict=True))
    np.testing.assert_allclose(slope, (cotangent * (up - down)).sum() / 2, rtol=1e-6)


def test_comparison_angles_follow_from_the_law_of_cosines(half):
    # cos t = (cosh a cosh b - cosh T) / (sinh a sinh b).
    rng = np.random.default_rng(7)
    a, b = rng.uniform(0.5, 4, (2, 300))
    opposite = rng.uniform(np.abs(a - b), a + b)
    t = np.arccos((np.cosh(a) * np.cosh(b) - np.cosh(opposite)) / (np.sinh(a) * np.sinh(b)))
    angle = functools.partial(comparison_angle, namespace(half.framework))
    np.testing.assert_allclose(half.call(angle, a, b, opposite), t, rtol=1e-9)
    # Straight up 0, through the corner pi, with sides of any length.
    sides = np.array([3.0, 3.0, 1000.0, 1000.0], np.float32)
    ends = np.array([1.0, 1.0, 990.0, 990.0], np.float32)
    across = np.array([2.0, 4.0, 10.0, 1990.0], np.float32)
    found = half.call(angle, sides, ends, across)
    np.testing.assert_allclose(found, [0, np.pi, 0, np.pi], rtol=1e-6)
