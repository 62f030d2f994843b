"""The losses: arithmetic by hand, masks, multiplicities, extremes; JAX against PyTorch."""

import inspect
from math import exp, log

import numpy as np
import pytest

from hardball import catalog

LOSSES = ["infonce", "fermi_dirac", "margin", "triplet"]
D_POS = np.array([1.0, 3.0])
D_NEG = np.array([[2.0, 0.5], [1.0, 4.0]])
ONES = np.ones((2, 2))


def test_infonce_by_hand(half):
    # Row 0: -log(e^-1 / (e^-1 + e^-2 + e^-0.5)); T = 2 halves every distance.
    infonce = half.load("loss", "infonce")
    expected = [
        -log(exp(-1) / (exp(-1) + exp(-2) + exp(-0.5))),
        -log(exp(-3) / (exp(-3) + exp(-1) + exp(-4))),
    ]
    np.testing.assert_allclose(half.call(infonce, D_POS, D_NEG, ONES), expected, rtol=1e-14)
    halved = half.call(infonce, D_POS, D_NEG, ONES, temperature=2.0)
    np.testing.assert_allclose(halved, half.call(infonce, D_POS / 2, D_NEG / 2, ONES), rtol=1e-14)


def test_fermi_dirac_by_hand(half):
    # P(d) = 1 / (e^((d - 2) / 0.5) + 1); row 0 has d+ = 1 and negatives 2, 0.5.
    def probability(d):
        return 1 / (exp((d - 2.0) / 0.5) + 1)

    expected = [
        -log(probability(1)) - (log(1 - probability(2)) + log(1 - probability(0.5))) / 2,
        -log(probability(3)) - (log(1 - probability(1)) + log(1 - probability(4))) / 2,
    ]
    found = half.call(
        half.load("loss", "fermi_dirac"), D_POS, D_NEG, ONES, radius=2.0, temperature=0.5
    )
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_margin_by_hand(half):
    # Row 0: 0.5 + 1 - 2 < 0 and 0.5 + 1 - 0.5 = 1; row 1: 0.5 + 3 - 1 = 2.5 and 0.5 + 3 - 4 < 0.
    found = half.call(half.load("loss", "margin"), D_POS, D_NEG, ONES, margin=0.5)
    np.testing.assert_allclose(found, [(0 + 1) / 2, (2.5 + 0) / 2], rtol=1e-15)


def test_triplet_by_hand(half):
    # Row 0: 0.5 + 1 - 4 < 0 and 0.5 + 1 - 0.25 = 1.25; row 1: 0.5 + 9 - 1 = 8.5, 0.5 + 9 - 16 < 0.
    found = half.call(half.load("loss", "triplet"), D_POS, D_NEG, ONES, margin=0.5)
    np.testing.assert_allclose(found, [(0 + 1.25) / 2, (8.5 + 0) / 2], rtol=1e-15)


def test_radius_penalty_by_hand(half):
    # 0.1 x (3 - 2)^2 beyond a free radius of 2, nothing within.
    penalty = half.load("regularizer", "radius_penalty")
    found = half.call(penalty, np.array([1.0, 2.0, 3.0]), weight=0.1, free=2.0)
    np.testing.assert_allclose(found, [0, 0, 0.1], rtol=1e-15)
    (slope,) = half.gradients(penalty, np.ones(3), np.array([0.0, 2.0, 3.0]), weight=0.1, free=2.0)
    np.testing.assert_allclose(slope, [0, 0, 0.2], rtol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_a_weight_counts_a_negative_as_often_as_it_says(name, half):
    loss = half.load("loss", name)
    repeated = D_NEG[:, [0, 0, 0, 1]]
    weighted = half.call(loss, D_POS, D_NEG, np.array([[3.0, 1.0], [3.0, 1.0]]))
    np.testing.assert_allclose(
        weighted, half.call(loss, D_POS, repeated, np.ones((2, 4))), rtol=1e-14
    )


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("masked", [0.0, 1e-3, 1e4])
def test_weight_zero_is_as_if_the_negative_were_not_there(name, masked, half):
    loss = half.load("loss", name)
    d_neg = np.column_stack([D_NEG, [masked, masked]])
    weight = np.column_stack([ONES, [0.0, 0.0]])
    assert np.array_equal(
        half.call(loss, D_POS, d_neg, weight), half.call(loss, D_POS, D_NEG, ONES)
    )
    with_it = half.gradients(loss, np.ones(2), D_POS, d_neg, weight)
    without = half.gradients(loss, np.ones(2), D_POS, D_NEG, ONES)
    assert np.array_equal(with_it[0], without[0])
    assert np.array_equal(with_it[1], np.column_stack([without[1], [0.0, 0.0]]))


@pytest.mark.parametrize(
    ("name", "value", "slope"),
    [
        ("infonce", 0.0, 0.0),
        ("margin", 0.0, 0.0),
        ("triplet", 0.0, 0.0),
        # The positive term alone: log(1 + e^(1 - 2)), with slope 1 / (1 + e^(2 - 1)).
        ("fermi_dirac", log(1 + exp(-1)), 1 / (1 + exp(1))),
    ],
)
def test_a_row_without_negatives_is_finite(name, value, slope, half):
    loss = half.load("loss", name)
    args = np.ones(1), np.array([[0.0, 2.0]]), np.zeros((1, 2))
    np.testing.assert_allclose(half.call(loss, *args), [value], atol=1e-15)
    d_pos, d_neg, _ = half.gradients(loss, np.ones(1), *args)
    np.testing.assert_allclose(d_pos, [slope], atol=1e-15)
    assert np.array_equal(d_neg, [[0.0, 0.0]])


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("params", [{}, {"temperature": 0.01}])
def test_extreme_distances_stay_finite_in_float32(name, params, half):
    if params and name not in ("infonce", "fermi_dirac"):
        pytest.skip("no temperature")
    loss = half.load("loss", name)
    d_pos = np.array([0.0, 80.0, 0.0, 80.0], np.float32)
    d_neg = np.array([[0.0, 80.0], [0.0, 0.0], [80.0, 80.0], [80.0, 80.0]], np.float32)
    args = d_pos, d_neg, np.full((4, 2), 1024, np.float32)
    value = half.call(loss, *args, **params)
    assert value.dtype == np.float32
    assert np.isfinite(value).all()
    assert (value >= 0).all()
    for gradient in half.gradients(loss, np.ones(4, np.float32), *args, **params)[:2]:
        assert gradient.dtype == np.float32
        assert np.isfinite(gradient).all()


def test_infonce_at_a_small_temperature_is_the_gap_to_the_nearest_negative(half):
    # log(1 + sum e^((d+ - d_k) / T)) -> (d+ - min d_k) / T: (80 - 10) / 0.01 = 7000.
    found = half.call(
        half.load("loss", "infonce"),
        np.array([80.0]),
        np.array([[10.0, 50.0]]),
        np.ones((1, 2)),
        temperature=0.01,
    )
    np.testing.assert_allclose(found, [7000.0], rtol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_the_slopes_of_the_values(name, half):
    loss = half.load("loss", name)
    rng = np.random.default_rng(5)
    d_pos, d_neg = rng.uniform(0, 5, 6), rng.uniform(0, 5, (6, 4))
    weight = rng.integers(0, 3, (6, 4)).astype(float)
    cotangent = rng.normal(size=6)
    along, across = rng.normal(size=6), rng.normal(size=(6, 4))
    step = 1e-6
    up = half.call(loss, d_pos + step * along, d_neg + step * across, weight)
    down = half.call(loss, d_pos - step * along, d_neg - step * across, weight)
    slope = np.sum(cotangent * (up - down)) / (2 * step)
    found = half.gradients(loss, cotangent, d_pos, d_neg, weight)
    # Measured difference: 3e-9, that of the finite step.
    np.testing.assert_allclose(
        np.sum(found[0] * along) + np.sum(found[1] * across), slope, rtol=1e-6
    )


# Measured: values 3.7e-16 and 2.2e-07 relative, gradients 2.7e-15 and 9.5e-07 absolute.
@pytest.mark.parametrize(
    ("dtype", "near"), [(np.float64, 1e-14), (np.float32, 5e-6)], ids=["float64", "float32"]
)
@pytest.mark.parametrize("name", LOSSES)
def test_both_halves_give_the_same_values_and_gradients(name, dtype, near, halves):
    rng = np.random.default_rng(6)
    args = (
        rng.uniform(0, 9, 64).astype(dtype),
        rng.uniform(0, 9, (64, 30)).astype(dtype),
        rng.integers(0, 3, (64, 30)).astype(dtype),
    )
    cotangent = rng.normal(size=64).astype(dtype)
    values, gradients = [], []
    for half in halves:
        loss = half.load("loss", name)
        values.append(half.call(loss, *args))
        gradients.append(half.gradients(loss, cotangent, *args)[:2])
    np.testing.assert_allclose(*values, rtol=near)
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_allclose(a, b, rtol=near, atol=near)


@pytest.mark.parametrize("kind", ["loss", "regularizer"])
def test_defaults_are_those_of_the_catalogue(kind, half):
    for entry in catalog.entries(kind):
        signature = inspect.signature(half.load(kind, entry.name))
        defaults = {
            p.name: p.default for p in signature.parameters.values() if p.default is not p.empty
        }
        assert defaults == dict(entry.parameters)
