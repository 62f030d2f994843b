"""Terms with arrays of their own: arithmetic by hand; their optimiser, against optax and torch."""

import functools
from math import exp, log

import numpy as np
import optax
import pytest
import torch

from hardball.arrays.namespace import namespace
from hardball.methods.optimizers import dense as optimizers_dense
from hardball.runs.spec import RunSpec
from hardball.training.train import train

# Anchors (1, 2), (0, 0), (3, -1) and three positives, of which nothing is asked.
TANGENT = np.array([[1.0, 2.0], [0.0, 0.0], [3.0, -1.0], [9.0, 9.0], [9.0, 9.0], [9.0, 9.0]])


def test_node_classification_by_hand(half):
    # Scores t W + b: (1, 2) and (0, 0.5). The third anchor has no label.
    kernel, bias = np.array([[1.0, 0.0], [0.0, 0.75]]), np.array([0.0, 0.5])
    labels = np.array([0, 1, -1, 0, 1, 0], np.int32)
    term = half.load("regularizer", "node_classification")
    value, slopes = half.both(term, np.array(1.0), TANGENT, kernel, bias, labels, weight=0.5)
    first, second = log(exp(1) + exp(2)) - 1, log(1 + exp(0.5)) - 0.5
    np.testing.assert_allclose(value, 0.5 * (first + second) / 2, rtol=1e-14)
    # dL/dscores = softmax less the true class: p = e / (e + e^2) of class 0, q = 1 / (1 + e^0.5).
    p, q = 1 / (1 + exp(1)), 1 / (1 + exp(0.5))
    scores = 0.5 / 2 * np.array([[p - 1, 1 - p], [q, -q]])
    expected = scores @ kernel.T, TANGENT[:2].T @ scores, scores.sum(axis=0)
    np.testing.assert_allclose(slopes[0][:2], expected[0], rtol=1e-14)
    assert not slopes[0][2:].any()
    for found, hand in zip(slopes[1:], expected[1:], strict=True):
        np.testing.assert_allclose(found, hand, rtol=1e-14)


def test_a_learned_fermi_dirac_is_the_set_one_at_its_radius_and_temperature(half):
    learned, fixed = (half.load("loss", f"fermi_dirac{end}") for end in ("_learned", ""))
    given = np.array([1.0, 3.0]), np.array([[2.0, 0.5], [1.0, 4.0]]), np.array([[1.0, 2], [0, 1]])

    def at(radius, temperature):
        return half.call(fixed, *given, radius=radius, temperature=temperature)

    logs = np.array(log(1.5)), np.array(log(0.7))
    value, slopes = half.both(learned, np.ones(2), *given, *logs)
    np.testing.assert_allclose(value, at(1.5, 0.7), rtol=1e-14)
    # Central differences in the logs, of the sum over both pairs: off by h^2.
    h = 1e-5
    for place, slope in enumerate(slopes[3:]):
        turned = np.eye(2)[place] * h
        ends = [
            at(1.5 * exp(sign * turned[0]), 0.7 * exp(sign * turned[1])).sum() for sign in (1, -1)
        ]
        assert slope == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-8)


@pytest.mark.full
def test_both_frameworks_learn_one_radius_and_one_temperature(tree):
    base = {"dataset": "tree", "seed": 1, "dim": 3, "dtype": "float64", "batch_size": 8}
    base |= {"negatives": 4, "epochs": 20, "lr": 0.05, "init_scale": 0.5}
    loss = {"name": "fermi_dirac_learned", "lr": 0.03}
    ours, theirs = (
        train(RunSpec(framework=f, loss=loss, **base), hierarchy=tree, progress=False)
        for f in ("jax", "torch")
    )
    np.testing.assert_allclose(ours.points, theirs.points, rtol=0, atol=1e-9)
    assert set(ours.heads) == {"main.log_radius", "main.log_temperature"}
    for name, begun in (("main.log_radius", log(2)), ("main.log_temperature", 0.0)):
        assert ours.heads[name] == pytest.approx(float(theirs.heads[name]), abs=1e-9)
        assert abs(ours.heads[name] - begun) > 0.01


def test_a_batch_without_labels_has_no_loss_and_no_slope(half):
    term = half.load("regularizer", "node_classification")
    given = TANGENT, np.ones((2, 2)), np.ones(2), np.full(6, -1, np.int32)
    value, slopes = half.both(term, np.array(1.0), *given)
    assert value == 0
    assert not any(slope.any() for slope in slopes)


# (1, -1) through max(0, t A + a) = (1, 0) to (2, 1); (0, 2) through (0, 1) to (0, 4). Features
# (0.5, 0.5) and (1, 0).
NODES = np.array([[1.0, -1.0], [0.0, 2.0]])
DECODER = [np.eye(2), np.array([0.0, -1.0]), np.array([[2.0, 0.0], [0.0, 3.0]]), np.array([0.0, 1])]
TARGETS = np.array([[0.5, 0.5], [1.0, 0.0]])


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("mse", (1.5**2 + 0.5**2 + 1**2 + 4**2) / 4),
        # log(1 + e^y) - f y.
        ("bce", (log(1 + exp(2)) - 1 + log(1 + exp(1)) - 0.5 + log(2) + log(1 + exp(4))) / 4),
        # log sum e^y - f y, of rows that sum to 1.
        ("categorical", (log(exp(2) + exp(1)) - 1.5 + log(1 + exp(4))) / 2),
    ],
)
def test_feature_reconstruction_by_hand(half, form, value):
    term = half.load("regularizer", "feature_reconstruction")
    found = half.call(term, NODES, *DECODER, TARGETS, weight=0.5, form=form)
    np.testing.assert_allclose(found, 0.5 * value, rtol=1e-14)


def test_without_hidden_units_the_decoder_is_linear(half):
    # (1, -1) and (0, 2) times [[2, 0], [0, 3]] plus (0, 1): (2, -2) and (0, 7).
    term = half.load("regularizer", "feature_reconstruction")
    given = NODES, np.zeros((2, 0)), np.zeros(0), *DECODER[2:], TARGETS
    found = half.call(term, *given)
    np.testing.assert_allclose(found, (1.5**2 + 2.5**2 + 1**2 + 7**2) / 4, rtol=1e-15)


def test_a_row_of_no_features_counts_for_nothing_among_shares(half):
    term = half.load("regularizer", "feature_reconstruction")
    rows = NODES[[0, 1, 1]], np.concatenate([TARGETS, [[0.0, 0.0]]])
    more, fewer = (
        half.call(term, t, *DECODER, f, form="categorical") for t, f in (rows, (NODES, TARGETS))
    )
    np.testing.assert_allclose(more, fewer, rtol=1e-15)


def test_curvature_penalty_by_hand(half):
    # log 4 - log 2 = log 2.
    term = half.load("regularizer", "curvature_penalty")
    value, (slope,) = half.both(term, np.array(1.0), np.array(log(4)), weight=0.1, target=2.0)
    np.testing.assert_allclose(value, 0.1 * log(2) ** 2, rtol=1e-14)
    np.testing.assert_allclose(slope, 0.2 * log(2), rtol=1e-14)


def dense(half, name):
    return functools.partial(getattr(optimizers_dense, name), namespace(half.framework))


def test_the_first_step_of_adam_is_the_rate(half):
    # m^ = g and v^ = g^2 after one step: x - lr g / (|g| + eps).
    start, slope = np.array([1.0, -2.0, 0.5]), np.array([3.0, -0.1, 0.0])
    packed = half.call(dense(half, "init"), start)
    np.testing.assert_array_equal(packed, [start, [0, 0, 0], [0, 0, 0]])
    found = half.call(dense(half, "adam"), packed, slope, np.array(0), np.array(0.1))
    np.testing.assert_allclose(found[0], [0.9, -1.9, 0.5], rtol=1e-6)
    np.testing.assert_allclose(found[1:], [0.1 * slope, 0.001 * slope**2], rtol=1e-14)


def test_adam_is_that_of_optax_and_of_pytorch(halves):
    """Measured: 2e-16."""
    rng = np.random.default_rng(3)
    start, slopes = rng.normal(size=(4, 3)), rng.normal(size=(30, 4, 3))
    ends = []
    for half in halves:
        packed = half.call(dense(half, "init"), start)
        for step, slope in enumerate(slopes):
            packed = half.call(dense(half, "adam"), packed, slope, np.array(step), np.array(0.05))
        ends.append(packed[0])
    x = torch.tensor(start, requires_grad=True)
    theirs = torch.optim.Adam([x], lr=0.05)
    for slope in slopes:
        x.grad = torch.tensor(slope)
        theirs.step()
    ends.append(x.detach().numpy())
    ends.append(by_optax(start, slopes))
    for end in ends[1:]:
        np.testing.assert_allclose(end, ends[0], rtol=0, atol=1e-14)


def by_optax(start, slopes):
    import jax

    with jax.enable_x64(True):
        x, adam = jax.numpy.asarray(start), optax.adam(0.05)
        state = adam.init(x)
        for slope in slopes:
            change, state = adam.update(jax.numpy.asarray(slope), state)
            x = optax.apply_updates(x, change)
        return np.asarray(x)
