"""Deep Graph Infomax: the loss by hand, its training, JAX against PyTorch."""

import functools
import importlib
from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from covering import part

from hardball.arrays.namespace import namespace
from hardball.hierarchy.dag import from_edges
from hardball.methods.pretexts import infomax as pretext
from hardball.studies.encoders import infomax
from hardball.studies.encoders.infomax import Settings

FRAMEWORKS = ("jax", "torch")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def loss_of(half):
    return half.load("pretext", "infomax")


def function(half, name):
    """`readout`, `logits` or the loss itself, in a framework."""
    return functools.partial(getattr(pretext, name), namespace(half.framework))


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


SMALL = Settings(
    dim=6, steps=50, batch=16, width=5, heads=2, hidden=3, lr=0.01, dtype="float64"
)  # fmt: skip


def trained(framework, task, how, seed=1):
    half = importlib.import_module(f"hardball.studies.encoders.infomax_{framework}")
    return half, half.train(task, seed, how)


CHANGES = [{}, {"own": False, "features": "degree"}]
CHANGES += [{"manifold": m} for m in ("poincare", "lorentz")]


# Measured: up to 4.7e-11 in the arrays. Adam divides by the size of gradients, and where those of
# an entry are tiny, as of queries, their rounding counts.
@pytest.mark.parametrize("change", part(CHANGES, [CHANGES[1], CHANGES[2]]))
def test_both_halves_take_the_same_steps(change):
    h, how = branches(), replace(SMALL, **change)
    task = infomax.build(h, 1, how)
    (jax_half, one), (torch_half, other) = (trained(f, task, how) for f in FRAMEWORKS)
    assert one.losses.shape == other.losses.shape == (50,)
    np.testing.assert_allclose(one.losses, other.losses, rtol=0, atol=1e-11)
    assert one.arrays.keys() == other.arrays.keys() == infomax.start(1, how).keys()
    for name, array in one.arrays.items():
        np.testing.assert_allclose(array, other.arrays[name], rtol=0, atol=1e-9, err_msg=name)
    (order,) = infomax.held_out(1, h.n_nodes, 1)
    for function in ("encodings", "verdicts"):
        found = [getattr(half, function)(task, how, one.arrays, order) for half in
                 (jax_half, torch_half)]  # fmt: skip
        np.testing.assert_allclose(*found, rtol=0, atol=1e-11)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_loss_of_a_step_is_that_of_the_encodings(framework):
    """The first step's loss, from all nodes' encodings by NumPy."""
    how = replace(SMALL, steps=1)
    task = infomax.build(branches(), 1, how)
    half, found = trained(framework, task, how)
    arrays, nodes = infomax.start(1, how), len(task.inputs)
    words, (order,) = infomax.step_words(1, how, nodes, 0, 1)
    drawn = (words[0].astype(np.int64) * nodes) >> 32
    true, false = (half.encodings(task, how, arrays, o)[drawn] for o in (np.arange(nodes), order))
    s = sigmoid(true.mean(axis=0))
    d_true, d_false = (sigmoid(h @ arrays["bilinear"] @ s) for h in (true, false))
    expected = -(np.log(d_true).sum() + np.log(1 - d_false).sum()) / 32
    np.testing.assert_allclose(found.losses, [expected], rtol=1e-12)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_verdicts_are_by_the_summary_of_all_true_encodings(framework):
    task = infomax.build(branches(), 1, SMALL)
    half = importlib.import_module(f"hardball.studies.encoders.infomax_{framework}")
    arrays, nodes = infomax.start(1, SMALL), len(task.inputs)
    (order,) = infomax.held_out(1, nodes, 1)
    true, false = (half.encodings(task, SMALL, arrays, o) for o in (np.arange(nodes), order))
    mapped = arrays["bilinear"] @ sigmoid(true.mean(axis=0))
    found = half.verdicts(task, SMALL, arrays, order)
    np.testing.assert_allclose(found, [true @ mapped, false @ mapped], rtol=0, atol=1e-14)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_hidden_node_is_encoded_by_its_blanket_alone(framework):
    half = importlib.import_module(f"hardball.studies.encoders.infomax_{framework}")
    h, arrays = branches(), infomax.start(1, SMALL)
    for own in (True, False):
        how = replace(SMALL, own=own)
        task = infomax.build(h, 1, how)
        order = np.arange(h.n_nodes)
        before = half.encodings(task, how, arrays, order)
        # Node 9 takes the features of node 50, and nothing else changes.
        order[9] = 50
        moved = np.flatnonzero((half.encodings(task, how, arrays, order) != before).any(axis=1))
        found = infomax.build(h, 1, replace(how, own=False)).blankets
        near = {row for row in range(h.n_nodes) if 9 in found.members[row][found.mask[row]]}
        assert set(moved) == near | ({9} if own else set())


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_training_raises_the_discriminator_above_chance_on_shuffles_never_seen(framework):
    how = replace(SMALL, steps=400, batch=32, hidden=8, dtype="float32")
    h = branches()
    task = infomax.build(h, 1, how)
    half, found = trained(framework, task, how)
    shuffles = infomax.held_out(1, h.n_nodes, 5)
    seen = [
        infomax.discrimination(half.verdicts(task, how, arrays, order) for order in shuffles)
        for arrays in (infomax.start(1, how), found.arrays)
    ]
    assert seen[0].accuracy < 0.6
    assert seen[1].accuracy > 0.8
    assert min(seen[1].true, seen[1].shuffled) > 0.6
    assert found.losses[-20:].mean() < 0.8 * log(2)
