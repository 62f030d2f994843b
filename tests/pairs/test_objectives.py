"""The objectives and the schedules of terms: arithmetic by hand; JAX against PyTorch."""

import functools
from itertools import combinations

import numpy as np
import pytest

from hardball.arrays.namespace import namespace
from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.methods.schedules import read, schedule

NAMES = [entry.name for entry in registry.entries("objective")]


def products(gradients):
    return gradients @ gradients.T


def surgery(gradients):
    """Algorithm 1 of Yu et al. 2020 on the gradients themselves, the others in their order."""
    found = gradients.copy()
    for i, mine in enumerate(found):
        for j, other in enumerate(gradients):
            if i != j and mine @ other < 0:
                mine -= (mine @ other) / (other @ other) * other
    return found.sum(axis=0)


def test_sum_by_hand(half):
    found = half.call(half.load("objective", "sum"), np.array([4.0, 0.5, 0.0]))
    np.testing.assert_array_equal(found, [1, 1, 1])


def test_balanced_by_hand(half):
    # A fifth of |-4| is 0.8: terms of 0.2 and -1.6 take 4 and 0.5; one of 0 as if it were 0.1.
    given = np.array([-4.0, 0.2, -1.6, 0.0])
    found = half.call(half.load("objective", "balanced"), given, share=0.2, floor=0.1)
    np.testing.assert_allclose(found, [1, 4, 0.5, 8], rtol=1e-15)
    np.testing.assert_allclose(np.abs(found * given)[:3], [4, 0.8, 0.8], rtol=1e-15)


def test_balanced_goes_the_way_of_the_geometric_mean_where_the_share_is_one(half):
    """d (L_0 L_1 L_2)^(1/3) = (L_0 L_1 L_2)^(1/3) / 3 sum_i dL_i / L_i, and f_i = L_0 / L_i."""
    given = np.array([3.0, 0.5, 7.0])
    found = half.call(half.load("objective", "balanced"), given, share=1.0)
    np.testing.assert_allclose(found, 3.0 / given, rtol=1e-15)


def test_pcgrad_by_hand(half):
    # <(1, 0), (-1, 1)> = -1 < 0. The first loses -1/2 (-1, 1) and is (1/2, 1/2); the second loses
    # -1/1 (1, 0) and is (0, 1). Together (1/2, 3/2) = 2 (1, 0) + 3/2 (-1, 1).
    pcgrad = half.load("objective", "pcgrad")
    gradients = np.array([[1.0, 0.0], [-1.0, 1.0]])
    factors = half.call(pcgrad, products(gradients))
    np.testing.assert_allclose(factors, [2, 1.5], rtol=1e-15)
    np.testing.assert_allclose(factors @ gradients, [0.5, 1.5], rtol=1e-15)
    # At an acute angle, or a right one, nothing is in the way.
    for other in ([1.0, 1.0], [0.0, 1.0]):
        found = half.call(pcgrad, products(np.array([[1.0, 0.0], other])))
        np.testing.assert_array_equal(found, [1, 1])


def test_of_opposite_gradients_nothing_is_left_and_nothing_conflicts_with_none(half):
    pcgrad = half.load("objective", "pcgrad")
    found = half.call(pcgrad, products(np.array([[1.0, 2.0], [-3.0, -6.0]])))
    np.testing.assert_allclose(found @ [[1.0, 2.0], [-3.0, -6.0]], [0, 0], atol=1e-15)
    found = half.call(pcgrad, products(np.array([[1.0, 0.0], [0.0, 0.0], [-1.0, 1.0]])))
    np.testing.assert_allclose(found, [2, 1, 1.5], rtol=1e-15)


@pytest.mark.parametrize("terms", [1, 2, 3, 6])
def test_products_are_enough_for_the_published_algorithm(half, terms):
    conflicts = 0
    for seed in range(20):
        gradients = np.random.default_rng(seed).normal(size=(terms, 8))
        conflicts += sum(a @ b < 0 for a, b in combinations(gradients, 2))
        found = half.call(half.load("objective", "pcgrad"), products(gradients)) @ gradients
        np.testing.assert_allclose(found, surgery(gradients), rtol=0, atol=1e-12)
    assert conflicts >= 5 * (terms - 1)


@pytest.mark.parametrize(
    ("name", "factors"),
    [
        ("constant", [1, 1, 1, 1, 1]),
        ("decay", [1, 0.75, 0.5, 0.25, 0]),
        ("ramp", [0, 0.25, 0.5, 0.75, 1]),
        ("late_ramp", [0, 0, 0, 0.5, 1]),
        ("exp(0.0625)", [1, 0.5, 0.25, 0.125, 0.0625]),
        ("linear(2,1)", [2, 1.75, 1.5, 1.25, 1]),
        ("piecewise(0.25:0,0.5:1,1:0.5)", [0, 0, 1, 0.75, 0.5]),
        ("piecewise(0.5:3)", [3, 3, 3, 3, 3]),
        ("decay floor 0.4", [1, 0.75, 0.5, 0.4, 0.4]),
        ("exp(0.0625) floor 0.25", [1, 0.5, 0.25, 0.25, 0.25]),
    ],
)
def test_schedules_by_hand(half, name, factors):
    function = functools.partial(schedule, namespace(half.framework))
    found = half.call(function, np.linspace(0, 1, 5), name)
    np.testing.assert_allclose(found, factors, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        *("soon", "exp(0)", "exp(-1)", "exp()", "linear(1)", "linear(1,2,3)", "linear(nan,1)"),
        *("piecewise()", "piecewise(0.5:1,0.5:2)", "piecewise(0:1,1.5:2)", "piecewise(0)"),
        *("ramp floor", "ramp floor -1", "ramp floor inf", "exp(2", "linear(1,inf)", ""),
    ],
)
def test_a_schedule_that_cannot_be_read_is_one_line(text):
    with pytest.raises(HardballError, match="allowed are constant, decay, ramp") as caught:
        read(text)
    assert str(caught.value).count("\n") == 0
