"""Largest radii: one setting in every space, and distances far beyond what e^r can hold."""

import mpmath
import numpy as np
import pytest

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


def exact(v, w):
    """Distance of tangent vectors v, w and its gradient in v, by the law of cosines; 400 digits."""
    with mpmath.workdps(400):
        v, w = ([mpmath.mpf(float(t)) for t in u] for u in (v, w))

        def dist(v, w):
            a, b = (mpmath.sqrt(sum(t * t for t in u)) for u in (v, w))
            cosine = sum(s * t for s, t in zip(v, w, strict=True)) / (a * b)
            return mpmath.acosh(
                mpmath.cosh(a) * mpmath.cosh(b) - mpmath.sinh(a) * mpmath.sinh(b) * cosine
            )

        step, value = mpmath.mpf(10) ** -200, dist(v, w)
        moved = [[t + (step if i == j else 0) for i, t in enumerate(v)] for j in range(len(v))]
        return float(value), [float((dist(u, w) - value) / step) for u in moved]


def pairs_to(radius, dtype):
    """Thirty pairs, at radii from `radius` / 20 to `radius`; ten nearly in one direction."""
    rng = np.random.default_rng(5)
    v, w = (
        radius * rng.uniform(0.05, 1, (30, 1)) * u / np.linalg.norm(u, axis=1, keepdims=True)
        for u in rng.normal(size=(2, 30, 5))
    )
    w[::3] = (v * rng.uniform(0.3, 1, (30, 1)) + 1e-3 * radius * rng.normal(size=(30, 5)))[::3]
    return v.astype(dtype), w.astype(dtype)


# Measured at radius 300: 6e-5 and 2e-5 of the gradient's length in float32, 6e-14 and 3e-14.
@DTYPES
@pytest.mark.parametrize("radius", [1.0, 40.0, 300.0])
def test_far_distances_and_gradients_are_those_of_the_law_of_cosines(radius, dtype, half):
    space = half.load("manifold", "tangent")
    x, y = pairs_to(radius, dtype)
    values, slopes = (np.array(part) for part in zip(*map(exact, x, y), strict=True))
    eps = np.finfo(dtype).eps
    each = np.eye(30, dtype=dtype)
    for found, gradient in (
        (half.call(space.far_dist, x, y, 1.0),
         half.gradients(space.far_dist, np.ones(30, dtype), x, y, 1.0)[0]),
        (half.call(space.far_dist_matrix, x, y, 1.0).diagonal(),
         half.gradients(space.far_dist_matrix, each, x, y, 1.0)[0]),
    ):  # fmt: skip
        np.testing.assert_allclose(found, values, rtol=0, atol=8 * eps * max(radius, 10))
        error = np.linalg.norm(gradient - slopes, axis=1) / np.linalg.norm(slopes, axis=1)
        assert error.max() < 1000 * eps


def test_far_distances_are_the_plain_ones_where_both_hold(half):
    space = half.load("manifold", "tangent")
    x, y = pairs_to(20.0, np.float64)
    for far, plain in ((space.far_dist, space.dist), (space.far_dist_matrix, space.dist_matrix)):
        # Measured 1e-7: products lose digits that differences keep.
        np.testing.assert_allclose(
            half.call(far, x, y, 0.5), half.call(plain, x, y, 0.5), rtol=0, atol=1e-6
        )


@DTYPES
def test_points_on_one_ray_are_as_far_apart_as_their_radii(dtype, half):
    space = half.load("manifold", "tangent")
    ray = np.array([[0.6, 0.8, 0.0]], dtype)
    x, y = 256 * ray, 64 * ray
    value, (to_x, to_y) = half.both(space.far_dist, np.ones(1, dtype), x, y, 1.0)
    np.testing.assert_allclose(value, [192.0], rtol=1e-6)
    np.testing.assert_allclose(to_x, ray, rtol=1e-6)
    np.testing.assert_allclose(to_y, -ray, rtol=1e-6)
    value, gradients = half.both(space.far_dist, np.ones(1, dtype), x, x, 1.0)
    assert value == 0
    assert all(np.array_equal(g, np.zeros_like(x)) for g in gradients)


def test_the_far_gradient_at_the_origin_is_the_unit_vector_away_from_the_other_point(half):
    space = half.load("manifold", "tangent")
    origin, y = np.zeros((1, 2), np.float32), np.array([[30.0, 40.0]], np.float32)
    for far in (space.far_dist, space.far_dist_matrix):
        found = half.gradients(lambda x, y, far=far: far(x, y, 1.0).reshape(1),
                               np.ones(1, np.float32), origin, y)  # fmt: skip
        np.testing.assert_allclose(found[0], [[-0.6, -0.8]], rtol=2e-6)


@pytest.mark.parametrize("form", ["dist", "dist_matrix"])
def test_small_slopes_of_large_distances_are_not_lost(form, half):
    # At d = 80, sinh(d) is 3e34: a share of 1e-7 over it is below the normal numbers of float32.
    space = half.load("manifold", "tangent")
    x = np.array([[24.0, 32.0], [0.0, 40.0]], np.float32)
    y = np.array([[-24.0, 32.0], [40.0, 0.0]], np.float32)
    measure = getattr(space, form)
    one = np.ones(2, np.float32) if form == "dist" else np.eye(2, dtype=np.float32)
    large, small = (half.gradients(measure, g * one, x, y, 1.0) for g in (1.0, np.float32(1e-7)))
    for whole, part in zip(large, small, strict=True):
        np.testing.assert_allclose(part, 1e-7 * whole, rtol=1e-5)
        assert np.linalg.norm(whole, axis=1).min() > 0.9


@DTYPES
@pytest.mark.parametrize("manifold", ["poincare", "lorentz", "tangent", "euclidean"])
def test_a_largest_radius_means_the_same_in_every_space(manifold, dtype, half):
    kept = half.load("manifold", manifold).within(6.0)
    c = 1.0 if manifold == "euclidean" else 4.0
    v = np.array([[10.0, 0.0], [1.5, 2.0], [0.0, 0.0]]) / np.sqrt(c)
    x = half.call(kept.project, half.call(kept.exp0, v.astype(dtype), c), c)
    np.testing.assert_allclose(
        half.call(kept.radius, x, c), np.array([6.0, 2.5, 0.0]) / np.sqrt(c), rtol=1e-4
    )
    assert half.call(kept.touches, x, c).tolist() == [True, False, False]
    # A bare space keeps its own limit.
    assert not half.call(half.load("manifold", manifold).touches, x, c).any()
