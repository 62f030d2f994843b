"""Boxes: what lies in what, by hand and to all digits; the loss; runs that know none."""

import mpmath
import numpy as np
import pytest

from hardball.arrays import on_numpy
from hardball.arrays.namespace import namespace
from hardball.core.errors import HardballError
from hardball.methods.losses import boxes
from hardball.methods.manifolds.boxes import outside
from hardball.metrics.polar import to_polar
from hardball.runs.spec import RunSpec
from hardball.training import loop


def box(*corners):
    """The point that is read as the box of these (lowest, highest) corners."""
    sides = np.array([high - low for low, high in corners], float)
    return np.concatenate([[float(low) for low, _ in corners], np.log(np.expm1(sides))])


def exact(node, other):
    """-log P(other | node) of one dimension, to fifty digits."""
    with mpmath.workdps(50):
        log, exp = mpmath.log, mpmath.exp
        (z, t), (u, v) = (map(mpmath.mpf, map(float, each)) for each in (node, other))

        def soft(x):
            return log(1 + exp(x))

        end, their_end = z + soft(t), u + soft(v)
        low, high = log(exp(z) + exp(u)), -log(exp(-end) + exp(-their_end))
        return float(log(soft(end - z)) - log(soft(high - low)))


def test_of_large_boxes_it_is_the_share_of_the_volume():
    # 100 by 200, of which 50 by 150 lie in the other: 3/8.
    node, other = box((0, 100), (0, 200)), box((50, 300), (-400, 150))
    near = outside(on_numpy, node, other)
    # Softly: log 2 at most is missing from an end, of sides of 50 and more.
    np.testing.assert_allclose(near, np.log(8 / 3), atol=1e-9)
    # The other way round it is 50 of 250 and 150 of 550.
    np.testing.assert_allclose(outside(on_numpy, other, node), np.log(5 * 550 / 150), atol=1e-9)


def test_a_box_far_outside_is_as_far_as_the_gap():
    found = outside(on_numpy, box((0, 5)), box((105, 110)))
    np.testing.assert_allclose(found, 100 + np.log(np.log1p(np.exp(5))), rtol=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_it_keeps_its_digits_from_deep_inside_to_far_outside(seed):
    rng = np.random.default_rng(seed)
    node = rng.normal(0, [5, 3])
    other = rng.normal(0, [30, 3]) if seed % 2 else node + np.array([-20, 30]) * rng.random(2)
    expected = exact(node, other)
    assert expected > 0
    # Measured: 1.4e-15 at most.
    np.testing.assert_allclose(outside(on_numpy, node, other), expected, rtol=1e-13)


@pytest.mark.parametrize("seed", range(10))
def test_it_keeps_them_in_single_precision_and_has_a_slope_everywhere(half, seed):
    rng = np.random.default_rng(seed)
    node = rng.normal(0, [3, 3]).astype(np.float32)
    other = (node + np.array([-9, 14]) * rng.random(2)).astype(np.float32)

    def energy(node, other):
        return outside(namespace(half.framework), node[None], other[None])

    value, (of_node, of_other) = half.both(energy, np.ones(1, np.float32), node, other)
    # Measured: 3.6e-7 at most.
    np.testing.assert_allclose(value, [exact(node, other)], rtol=3e-6)
    for slope in (of_node, of_other):
        assert np.isfinite(slope).all()
        assert (slope != 0).all()


def test_the_loss_by_hand(half):
    # P of the positive 1/2; of the negatives 1/4 and, twice, 1/8.
    found = half.call(
        half.load("loss", "boxes"),
        np.log([2.0]),
        np.log([[4.0, 8.0]]),
        np.array([[1.0, 2.0]]),
        against=3.0,
    )
    expected = np.log(2) - 3 * (np.log(3 / 4) + 2 * np.log(7 / 8)) / 3
    np.testing.assert_allclose(found, [expected], rtol=1e-12)


def test_links_are_told_by_it():
    points = np.stack([box((0, 10), (0, 10)), box((2, 4), (3, 5)), box((20, 25), (0, 10))])
    polar = to_polar(points, "euclidean")
    inside, wrong_way, apart = boxes.energy(polar, np.array([[1, 0], [0, 1], [2, 0]]))
    assert inside < 1 < wrong_way < apart


@pytest.mark.parametrize(
    "settings", [{"manifold": "tangent", "dim": 4}, {"manifold": "euclidean", "dim": 5}]
)
def test_spaces_without_boxes_are_refused(settings):
    spec = RunSpec(dataset="d", framework="torch", seed=0, loss="boxes", **settings)
    with pytest.raises(HardballError, match="allowed are euclidean and an even dim"):
        loop.check(spec)
