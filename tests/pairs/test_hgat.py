"""The graph attention encoder and its training: arithmetic by hand, JAX against PyTorch."""

import importlib
from dataclasses import replace
from math import exp, expm1

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from covering import part
from encoder_runs import descended, prepared

from hardball.arrays.namespace import namespace
from hardball.hierarchy.blankets import CHILD, COPARENT, PARENT, SELF
from hardball.hierarchy.dag import from_edges
from hardball.methods import registry
from hardball.methods.encoders import hgat
from hardball.methods.pretexts import blankets
from hardball.methods.samplers.blanket import broken

HALVES = ("jax", "torch")
DTYPES = pytest.mark.parametrize(
    # Measured, over the largest: values 1.3e-15 and 3.0e-7, gradients 6.8e-16 and 3.6e-7.
    ("dtype", "near", "near_gradient"),
    [("float64", 1e-13, 1e-13), ("float32", 1e-6, 2e-6)],
)


def half_of(framework):
    return importlib.import_module(f"hardball.arrays.on_{framework}.attention")


def encode(framework, arrays, points, kinds, mask, cotangent=None, dtype="float64", **sizes):
    """The encoding; with a cotangent also gradients by name, that of the points among them."""
    half = half_of(framework)
    dim = arrays["out"].shape[1]
    module = registry.load("encoder", "hgat", framework)(dim, **sizes)
    if framework == "torch":
        params = half.from_arrays(module, arrays, dtype)
        kinds, mask = torch.tensor(kinds.copy()), torch.tensor(mask.copy())
        x = torch.tensor(points.copy(), dtype=getattr(torch, dtype), requires_grad=True)
        out = half.encode(module, params, x, kinds, mask)
        if cotangent is None:
            return out.detach().numpy()
        out.backward(torch.tensor(cotangent, dtype=out.dtype))
        named = {name: p.grad.numpy() for name, p in params.items()}
        return out.detach().numpy(), {**named, "points": x.grad.numpy()}
    with jax.enable_x64(dtype == "float64"):
        params, x = half.from_arrays(module, arrays, dtype), jnp.asarray(points, dtype)

        def f(params, x):
            return half.encode(module, params, x, jnp.asarray(kinds), jnp.asarray(mask))

        if cotangent is None:
            return np.asarray(jax.jit(f)(params, x))

        def both(params, x):
            out, back = jax.vjp(f, params, x)
            return out, *back(jnp.asarray(cotangent, dtype))

        out, of_params, of_points = jax.jit(both)(params, x)
        return np.asarray(out), {**half.to_arrays(of_params), "points": np.asarray(of_points)}


def drawn(dim, coordinates, views=2, batch=5, width=6, seed=0):
    """Points near the origin, kinds and masks of a batch; the last blanket is empty."""
    rng = np.random.default_rng(seed)
    points = 0.2 * rng.normal(size=(batch, 1, width, dim))
    if coordinates > dim:
        points = np.concatenate([np.sqrt(1 + (points**2).sum(-1, keepdims=True)), points], -1)
    kinds = rng.integers(PARENT, COPARENT + 1, (batch, 1, width))
    mask = rng.random((batch, views, width)) < 0.6
    mask[-1] = False
    return points, kinds, mask


@pytest.mark.parametrize("framework", HALVES)
def test_one_layer_with_one_head_by_hand(framework):
    arrays = {
        "layers_0.weight": np.array([[[2.0]]]),
        "layers_0.query": np.array([[5.0]]),
        "layers_0.key": np.array([[-1.0]]),
        "layers_0.kind": np.array([[0.1], [0.7], [-0.3], [9.0]]),
        "layers_0.value": np.array([[[0.0]], [[0.5]], [[0.0]], [[0.0]]]),
        "layers_0.bias": np.array([[-2.0]]),
        "out": np.array([[3.0]]),
        "out_bias": np.array([0.25]),
    }
    points, kinds = np.array([[0.4], [0.2]]), np.array([PARENT, CHILD])
    sizes = {"heads": 1, "hidden": 1, "layers": 1}
    found = encode(framework, arrays, points, kinds, np.array([True, True]), **sizes)
    # z: self 0, parent 2 x .4 + .5 = 1.3, child .4. Logits, negative ones times .2: self .1,
    # parent -1.3 + .7 = -.6 -> -.12, child -.4 - .3 = -.7 -> -.14.
    own, parent, child = exp(0.1), exp(-0.12), exp(-0.14)
    mixed = (1.3 * parent + 0.4 * child) / (own + parent + child)
    np.testing.assert_allclose(found, [3 * expm1(mixed - 2) + 0.25], rtol=1e-12)
    # Without the parent; then without either, where the hidden node attends to itself alone.
    lone = encode(framework, arrays, points, kinds, np.array([False, True]), **sizes)
    mixed = 0.4 * child / (own + child)
    np.testing.assert_allclose(lone, [3 * expm1(mixed - 2) + 0.25], rtol=1e-12)
    empty = encode(framework, arrays, points, kinds, np.array([False, False]), **sizes)
    np.testing.assert_allclose(empty, [3 * expm1(-2) + 0.25], rtol=1e-12)


@DTYPES
@pytest.mark.parametrize("manifold", ["tangent", "poincare", "lorentz"])
def test_both_halves_give_the_same_values_and_gradients(manifold, dtype, near, near_gradient):
    dim = 4
    coordinates = dim + (manifold == "lorentz")
    points, kinds, mask = drawn(dim, coordinates)
    arrays = hgat.start(1, dim, heads=3, hidden=5, layers=2)
    cotangent = np.random.default_rng(2).normal(size=(*mask.shape[:2], coordinates))
    sizes = {"heads": 3, "hidden": 5, "layers": 2, "manifold": manifold, "c": 0.7}
    if manifold == "lorentz":
        points[..., 0] = np.sqrt(1 / 0.7 + (points[..., 1:] ** 2).sum(-1))
    ours, theirs = (
        encode(f, arrays, points, kinds, mask, cotangent, dtype, **sizes) for f in HALVES
    )
    assert ours[0].dtype == theirs[0].dtype == dtype
    np.testing.assert_allclose(ours[0], theirs[0], rtol=0, atol=near * np.abs(ours[0]).max())
    assert ours[1].keys() == theirs[1].keys() == {*arrays, "points"}
    for name, gradient in ours[1].items():
        assert np.isfinite(gradient).all()
        largest = max(np.abs(gradient).max(), 1)
        np.testing.assert_allclose(
            gradient, theirs[1][name], rtol=0, atol=near_gradient * largest, err_msg=name
        )


@pytest.mark.parametrize("framework", HALVES)
def test_masked_members_and_the_order_of_members_do_not_matter(framework):
    points, kinds, mask = drawn(4, 4, views=1)
    arrays = hgat.start(1, 4)
    whole = encode(framework, arrays, points, kinds, mask)
    far = np.where(mask[..., None], points, 7.0)
    other = np.where(mask, kinds, SELF)
    np.testing.assert_allclose(
        encode(framework, arrays, far, other, mask), whole, rtol=0, atol=1e-14
    )
    turned = encode(framework, arrays, points[:, :, ::-1], kinds[..., ::-1], mask[..., ::-1])
    np.testing.assert_allclose(turned, whole, rtol=0, atol=1e-14)


@pytest.mark.parametrize("framework", HALVES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_empty_blankets_are_one_finite_point_with_finite_gradients(framework, dtype):
    points, kinds, mask = drawn(4, 4)
    arrays = hgat.start(1, 4)
    out, gradients = encode(
        framework, arrays, points, kinds, np.zeros_like(mask), np.ones((5, 2, 4)), dtype
    )
    assert np.isfinite(out).all()
    near = {"float32": 1e-6, "float64": 1e-14}[dtype]
    np.testing.assert_allclose(out, np.broadcast_to(out[0, 0], out.shape), rtol=0, atol=near)
    assert all(np.isfinite(g).all() for g in gradients.values())
    assert (gradients["points"] == 0).all()


def test_parameters_have_the_same_names_and_shapes_and_come_back():
    arrays = hgat.start(3, 6, heads=2, hidden=3, layers=3)
    assert arrays["layers_0.weight"].shape == (6, 2, 3)
    assert arrays["layers_2.weight"].shape == (6, 2, 3)
    assert arrays["out"].shape == (6, 6)
    for framework in HALVES:
        half = half_of(framework)
        module = registry.load("encoder", "hgat", framework)(6, heads=2, hidden=3, layers=3)
        with jax.enable_x64(True):
            back = half.to_arrays(half.from_arrays(module, arrays, "float64"))
        assert back.keys() == arrays.keys()
        for name, array in back.items():
            np.testing.assert_array_equal(array, arrays[name])


def breaks(framework, kinds, mask, words, drop):
    xp = namespace(framework)
    if framework == "jax":
        given = jnp.asarray(kinds), jnp.asarray(mask), jnp.asarray(words)
    else:
        given = torch.tensor(kinds), torch.tensor(mask), torch.tensor(words.astype(np.int64))
    return tuple(map(np.asarray, broken(xp, *given, drop=drop)))


@pytest.mark.parametrize("framework", HALVES)
def test_a_break_drops_one_member_of_the_kind(framework):
    kinds = np.array([[PARENT, CHILD, CHILD, COPARENT, SELF], [PARENT, SELF, SELF, SELF, SELF]])
    mask = kinds != SELF
    # The lowest and the highest word: the first and the last of the candidates.
    words = np.array([[0, 2**32 - 1]] * 2, np.uint32)
    expected = {
        "parent": ["01110", "01110", "00000", "00000"],
        "child": ["10110", "11010", "10000", "10000"],
        "coparent": ["11100", "11100", "10000", "10000"],
        "any": ["01110", "11100", "00000", "00000"],
    }
    for drop, rows in expected.items():
        masks, valid = breaks(framework, kinds, mask, words, drop)
        shown = ["".join(str(int(bit)) for bit in row) for row in masks.reshape(4, 5)]
        assert shown == rows, drop
        # The second blanket is a parent alone.
        assert valid.tolist() == [[True] * 2, [drop in ("parent", "any")] * 2]


def test_every_member_is_dropped_equally_often_and_both_halves_agree():
    rng = np.random.default_rng(0)
    kinds = np.full((1, 8), CHILD)
    mask = np.array([[True] * 5 + [False] * 3])
    words = rng.integers(0, 2**32, (1, 5000), dtype=np.uint32)
    one, other = (breaks(framework, kinds, mask, words, "child") for framework in HALVES)
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])
    dropped = (mask[:, None] & ~one[0])[0]
    assert (dropped.sum(axis=1) == 1).all()
    # 5000 / 5 = 1000 each, deviation sqrt(5000 x 1/5 x 4/5) = 28.
    assert np.abs(dropped.sum(axis=0)[:5] - 1000).max() < 5 * 28


def grown(n=60, extra=0.4, seed=0):
    rng = np.random.default_rng(seed)
    edges = set()
    for node in range(1, n):
        edges.add((node, int(rng.integers(max(0, node - 9), node))))
        if rng.random() < extra:
            edges.add((node, int(rng.integers(0, node))))
    children, parents = zip(*sorted(edges), strict=True)
    return from_edges("grown", children, parents)


SMALL = {"name": "blankets", "width": 6, "heldout": 0.2}
CHANGES = [
    ({}, {}),
    ({"drop": "any", "breaks": 3}, {}),
    ({"drop": "coparent", "others": False}, {}),
]
CHANGES += [({}, {"manifold": m}) for m in ("poincare", "lorentz")]


def begun(framework, changes=(), **settings):
    return prepared(grown(), framework, SMALL, changes, **{"dim": 4, **settings})


# Measured: 1.8e-15 in the losses, 4.3e-15 in the arrays.
@pytest.mark.parametrize("change", part(CHANGES, [CHANGES[1]]))
def test_both_halves_take_the_same_steps(change):
    changes, settings = change
    made = [begun(framework, changes, **settings) for framework in HALVES]
    (one, losses), (other, their_losses) = (descended(each, 50) for each in made)
    assert len(losses) == 50
    np.testing.assert_allclose(losses, their_losses, rtol=0, atol=1e-11)
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_allclose(array, other[name], rtol=0, atol=1e-11, err_msg=name)
    nodes = made[0].task.unseen
    words = np.arange(nodes.size, dtype=np.uint32)[:, None] * 10**8
    found = [each.engine.ask(blankets.distances, one, nodes, nodes, words) for each in made]
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("framework", part(HALVES, ["torch"]))
def test_breaks_of_held_out_nodes_are_never_trained_on(framework):
    def held(**changes):
        """Every anchor held back."""
        made = begun(framework, changes)
        task = made.task._replace(unbroken=made.task.anchors)
        engine = type(made.engine)(made.spec, made.study, task.data)
        return replace(made, task=task, engine=engine)

    # What is left are the other nodes' blankets, as without breaks.
    _, with_breaks = descended(held(), 50)
    _, without = descended(begun(framework, {"breaks": 0}), 50)
    np.testing.assert_allclose(with_breaks, without, rtol=1e-9)
    # And with no other nodes there is nothing at all: log(1 + 0).
    _, alone = descended(held(others=False), 3)
    np.testing.assert_array_equal(alone, 0)


@pytest.mark.parametrize("framework", HALVES)
def test_a_step_moves_the_anchor_and_the_members_of_its_blanket_alone(framework):
    made = begun(framework, batch_size=1)
    ((word,), _), _ = next(made.chunks(1))
    task = made.task
    anchor = task.anchors[int(word[0]) * task.anchors.size >> 32]
    assert anchor not in task.unbroken
    ended, _ = descended(made, 1)
    members = task.blankets.members[anchor][task.blankets.mask[anchor]]
    moved = np.flatnonzero((ended["table"] != made.begun["table"]).any(axis=1))
    assert set(moved) == {anchor, *members}
