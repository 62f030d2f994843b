"""Deep Graph Infomax: the loss by hand, its training, JAX against PyTorch."""

import functools
from math import exp, log

import numpy as np
import pytest
from covering import part
from encoder_runs import descended, prepared

from hardball.arrays.namespace import namespace
from hardball.hierarchy.dag import from_edges
from hardball.methods.pretexts import infomax as study
from hardball.metrics.encoders import told_apart

FRAMEWORKS = ("jax", "torch")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def loss_of(half):
    return half.load("pretext", "infomax")


def function(half, name):
    """`readout`, `logits` or the loss itself, in a framework."""
    return functools.partial(getattr(study, name), namespace(half.framework))


def test_the_summary_by_hand(half):
    # The means are (1 + 3) / 2 and (-2 + 0) / 2; the second row thrice: (1 + 9) / 4, -2 / 4.
    readout, h = function(half, "readout"), np.array([[1.0, -2.0], [3.0, 0.0]])
    found = half.call(readout, h, np.ones(2))
    np.testing.assert_allclose(found, [1 / (1 + exp(-2)), 1 / (1 + exp(1))], rtol=1e-15)
    found = half.call(readout, h, np.array([1.0, 3.0]))
    np.testing.assert_allclose(found, [1 / (1 + exp(-2.5)), 1 / (1 + exp(0.5))], rtol=1e-15)


def test_logits_by_hand(half):
    # W s = (1 x .5 + 2 x .25, 3 x .5 + 4 x .25) = (1, 2.5).
    h, s = np.array([[1.0, 2.0], [-1.0, 0.0]]), np.array([0.5, 0.25])
    found = half.call(function(half, "logits"), h, s, np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_allclose(found, [1 + 5, -1], rtol=1e-15)


def test_the_loss_by_hand(half):
    # D(2) and D(-1) should be 1, D(0.5) should be 0.
    def d(z):
        return 1 / (1 + exp(-z))

    true, corrupted = np.array([2.0, -1.0]), np.array([0.5])
    found = half.call(loss_of(half), true, corrupted, np.ones(2), np.ones(1))
    expected = -(log(d(2)) + log(d(-1)) + log(1 - d(0.5))) / 3
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    # The second counts thrice, the corrupted one twice: six in all.
    found = half.call(loss_of(half), true, corrupted, np.array([1.0, 3.0]), np.array([2.0]))
    expected = -(log(d(2)) + 3 * log(d(-1)) + 2 * log(1 - d(0.5))) / 6
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    # A discriminator that knows nothing: log 2.
    found = half.call(loss_of(half), np.zeros(3), np.zeros(2), np.ones(3), np.ones(2))
    np.testing.assert_allclose(found, log(2), rtol=1e-15)


def test_the_gradients_by_hand(half):
    # d/dz of -log D(z) is D - 1, of -log(1 - D(z)) it is D; both times weight over total.
    true, corrupted = np.array([2.0, -1.0]), np.array([0.5])
    weights = np.array([1.0, 3.0]), np.array([2.0])
    of_true, of_corrupted, *_ = half.gradients(
        loss_of(half), np.array(1.0), true, corrupted, *weights
    )
    expected = [(sigmoid(2.0) - 1) / 6, 3 * (sigmoid(-1.0) - 1) / 6]
    np.testing.assert_allclose(of_true, expected, rtol=1e-14)
    np.testing.assert_allclose(of_corrupted, [2 * sigmoid(0.5) / 6], rtol=1e-14)


def test_what_is_masked_does_not_count_whatever_it_holds(half):
    bad = np.array([1.0, np.nan, np.inf])
    weight = np.array([1.0, 0.0, 0.0])
    loss, one = loss_of(half), np.ones(1)
    found = half.call(loss, bad, -bad, weight, weight)
    np.testing.assert_array_equal(found, half.call(loss, one, -one, one, one))
    of_true, of_corrupted, *_ = half.gradients(loss, np.array(1.0), bad, -bad, weight, weight)
    assert np.array_equal([of_true[1:], of_corrupted[1:]], np.zeros((2, 2)))
    rows = np.array([[1.0, 2.0], [np.nan, np.inf]])
    found = half.call(function(half, "readout"), rows, weight[:2])
    np.testing.assert_array_equal(found, half.call(function(half, "readout"), rows[:1], one))


@pytest.mark.parametrize("size", [0, 3])
def test_nothing_at_all_gives_no_loss_no_gradient_and_half_a_summary(half, size):
    z, none = np.full(size, 5.0), np.zeros(size)
    value, gradients = half.both(loss_of(half), np.array(1.0), z, z, none, none)
    assert value == 0
    assert all((g == 0).all() for g in gradients[:2])
    summary = half.call(function(half, "readout"), np.ones((size, 2)), none)
    np.testing.assert_array_equal(summary, [0.5, 0.5])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sure_and_wrong_is_finite(half, dtype):
    z = np.array([1e4, -1e4], dtype)
    ones = np.ones(2, dtype)
    value, gradients = half.both(loss_of(half), np.array(1.0, dtype), z, z, ones, ones)
    # One of each two is right and costs 0, the other costs 10^4.
    assert value.dtype == dtype
    np.testing.assert_allclose(value, 1e4 / 2, rtol=1e-6)
    np.testing.assert_allclose(gradients[:2], [[0, -0.25], [0.25, 0]], rtol=1e-6)


def branches(each=20, seed=0):
    """Four branches below a root; a node's name says its branch."""
    rng = np.random.default_rng(seed)
    colours, children, parents, names = ("red", "green", "blue", "black"), [], [], {}
    for colour in colours:
        for i in range(each):
            children.append(f"{colour}{i}")
            parents.append(f"{colour}{rng.integers(i)}" if i else "root")
            names[f"{colour}{i}"] = f"{colour} {rng.integers(100)}"
    return from_edges("branches", children, parents, names=names)


SMALL = {"name": "infomax", "width": 5}


def begun(framework, changes=(), **settings):
    return prepared(branches(), framework, SMALL, changes, **{"dim": 6, **settings})


def encodings(made, arrays, order):
    """Of all nodes, node j with the features of order[j], as tangent vectors."""
    (ends,) = made.engine.ask(study.shuffled, arrays, order)
    return ends


CHANGES = [({}, {}), ({"own": False, "features": "degree"}, {})]
CHANGES += [({}, {"manifold": m}) for m in ("poincare", "lorentz")]


# Measured: up to 4.7e-11 in the arrays. Adam divides by the size of gradients, and where those of
# an entry are tiny, as of queries, their rounding counts.
@pytest.mark.parametrize("change", part(CHANGES, [CHANGES[1], CHANGES[2]]))
def test_both_halves_take_the_same_steps(change):
    changes, settings = change
    made = [begun(framework, changes, **settings) for framework in FRAMEWORKS]
    (one, losses), (other, their_losses) = (descended(each, 50) for each in made)
    assert len(losses) == 50
    np.testing.assert_allclose(losses, their_losses, rtol=0, atol=1e-11)
    assert one.keys() == other.keys() == made[0].begun.keys()
    for name, array in one.items():
        np.testing.assert_allclose(array, other[name], rtol=0, atol=1e-9, err_msg=name)
    (order,) = study.held_out(1, made[0].task.examples, 1)
    for function in (study.shuffled, study.verdicts):
        found = [each.engine.ask(function, one, order) for each in made]
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-11)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_loss_of_a_step_is_that_of_the_encodings(framework):
    """The first step's loss, from all nodes' encodings by NumPy."""
    made = begun(framework)
    _, losses = descended(made, 1)
    (words, (order,)), _ = next(made.chunks(1))
    nodes = made.task.examples
    drawn = (words[0].astype(np.int64) * nodes) >> 32
    true, false = (encodings(made, made.begun, o)[drawn] for o in (np.arange(nodes), order))
    s = sigmoid(true.mean(axis=0))
    d_true, d_false = (sigmoid(h @ made.begun["bilinear"] @ s) for h in (true, false))
    expected = -(np.log(d_true).sum() + np.log(1 - d_false).sum()) / 32
    np.testing.assert_allclose(losses, [expected], rtol=1e-12)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_verdicts_are_by_the_summary_of_all_true_encodings(framework):
    made = begun(framework)
    nodes = made.task.examples
    (order,) = study.held_out(1, nodes, 1)
    true, false = (encodings(made, made.begun, o) for o in (np.arange(nodes), order))
    mapped = made.begun["bilinear"] @ sigmoid(true.mean(axis=0))
    found = made.engine.ask(study.verdicts, made.begun, order)
    np.testing.assert_allclose(found, [true @ mapped, false @ mapped], rtol=0, atol=1e-14)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_hidden_node_is_encoded_by_its_blanket_alone(framework):
    hidden = begun(framework, {"own": False}).task.blankets
    near = {row for row, members in enumerate(hidden.members) if 9 in members[hidden.mask[row]]}
    for own in (True, False):
        made = begun(framework, {"own": own})
        order = np.arange(made.task.examples)
        before = encodings(made, made.begun, order)
        # Node 9 takes the features of node 50, and nothing else changes.
        order[9] = 50
        moved = np.flatnonzero((encodings(made, made.begun, order) != before).any(axis=1))
        assert set(moved) == near | ({9} if own else set())


@pytest.mark.full
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_training_raises_the_discriminator_above_chance_on_shuffles_never_seen(framework):
    made = begun(framework, batch_size=32, hidden=8, dtype="float32")
    ended, losses = descended(made, 400)
    shuffles = study.held_out(1, made.task.examples, 5)
    before, after = (
        told_apart(made.engine.ask(study.verdicts, arrays, order) for order in shuffles)
        for arrays in (made.begun, ended)
    )
    assert before < 0.6
    assert after > 0.8
    assert np.mean(losses[-20:]) < 0.8 * log(2)
