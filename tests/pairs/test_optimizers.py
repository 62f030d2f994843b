"""Row optimisers: arithmetic written out, JAX against PyTorch, and against geoopt and optax."""

import functools
import math

import geoopt
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

from hardball.arrays.namespace import namespace
from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.methods.contract import Bound
from hardball.methods.declare import declare
from hardball.methods.optimizers import adam as adam_module
from hardball.methods.optimizers import rows as rows_module
from hardball.methods.parameter import real
from hardball.runs.spec import RunSpec
from hardball.training import problem

MANIFOLDS = ("poincare", "lorentz", "tangent", "euclidean")
NAMES = ("rsgd", "radam", "adam", "rmsprop")
GENERATOR = np.random.default_rng(7)
VECTORS = GENERATOR.normal(size=(6, 3))
GRADIENTS = GENERATOR.normal(size=(20, 6, 4))


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True), torch.no_grad():
        yield


def manifold(name, framework):
    return registry.load("manifold", name, framework)


def array_of(framework):
    return jnp.asarray if framework == "jax" else torch.tensor


def start_of(name, framework, rows):
    """The state of an optimiser before the first step."""
    columns = registry.entry("optimizer", name).state
    return rows_module.init(namespace(framework), columns, rows)


def load(name, framework):
    return registry.load("optimizer", name, framework)


def steps(name, where, framework, count, lr=0.1, c=1.0, **params):
    """The rows after each of `count` steps from exp0(VECTORS), as NumPy."""
    array = array_of(framework)
    space = manifold(where, framework)
    width = space.coordinates(3)
    rows = space.exp0(array(VECTORS), c)
    state = start_of(name, framework, rows)
    out = []
    for gradient in GRADIENTS[:count]:
        rows, state = load(name, framework)(
            space, rows, array(gradient[:, :width].copy()), state, lr, c, **params
        )
        out.append(np.asarray(rows).copy())
    return np.stack(out)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_first_adam_step_is_the_gradient_over_its_root_mean_square(framework):
    # m^ = g and v^ = mean(g^2) after one step whatever b1 and b2 are.
    gradient = GRADIENTS[0, :, :3]
    scale = np.sqrt(np.mean(gradient**2, axis=1, keepdims=True)) + 1e-8
    expected = VECTORS - 0.1 * gradient / scale
    np.testing.assert_allclose(steps("adam", "tangent", framework, 1)[0], expected, rtol=1e-13)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_second_adam_step_written_out(framework):
    b1, b2, lr = 0.8, 0.95, 0.1
    first, second = GRADIENTS[0, 0, :3], GRADIENTS[1, 0, :3]
    m = b1 * (1 - b1) * first + (1 - b1) * second
    v = b2 * (1 - b2) * np.mean(first**2) + (1 - b2) * np.mean(second**2)
    x = VECTORS[0] - lr * first / (math.sqrt(np.mean(first**2)) + 1e-8)
    x = x - lr * (m / (1 - b1**2)) / (math.sqrt(v / (1 - b2**2)) + 1e-8)
    found = steps("adam", "euclidean", framework, 2, lr=lr, b1=b1, b2=b2)
    np.testing.assert_allclose(found[1, 0], x, rtol=1e-13)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_euclidean_rsgd_is_gradient_descent(framework):
    expected = VECTORS - 0.1 * GRADIENTS[:5, :, :3].sum(axis=0)
    np.testing.assert_allclose(steps("rsgd", "euclidean", framework, 5)[-1], expected, rtol=1e-12)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_adam_on_the_hyperboloid_descends_in_its_free_coordinates(framework):
    # f(x) = x_0 on the unit hyperboloid: df/dx_s = x_s / x_0, so every step leads to the origin.
    array = array_of(framework)
    space = manifold("lorentz", framework)
    rows = space.exp0(array(VECTORS), 1.0)
    gradient = np.tile([1.0, 0.0, 0.0, 0.0], (6, 1))
    chart_gradient = Bound(adam_module, namespace(framework)).chart_gradient
    found = np.asarray(chart_gradient(space, rows, array(gradient)))
    x = np.asarray(rows)
    np.testing.assert_allclose(found[:, 1:], x[:, 1:] / x[:, :1], rtol=1e-14)
    assert (found[:, 0] == 0).all()


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_rows_count_their_own_steps(framework):
    array = array_of(framework)
    space = manifold("tangent", framework)
    rows = array(VECTORS)
    state, adam = start_of("adam", framework, rows), load("adam", framework)
    gradient = array(GRADIENTS[0, :, :3].copy())
    fresh, _ = adam(space, rows, gradient, state, 0.1, 1.0)
    half = {name: array(np.asarray(value)[:3]) for name, value in state.items()}
    _, older = adam(space, rows[:3], gradient[:3] * 0, half, 0.1, 1.0)
    mixed = {n: array(np.concatenate([older[n], np.asarray(state[n])[3:]])) for n in state}
    moved, _ = adam(space, rows, gradient, mixed, 0.1, 1.0)
    # Rows 3.. are at their first step either way; rows ..2 have one more behind them.
    np.testing.assert_array_equal(np.asarray(moved)[3:], np.asarray(fresh)[3:])
    assert np.abs(np.asarray(moved)[:3] - np.asarray(fresh)[:3]).min(axis=1).max() > 1e-3


@pytest.mark.full
@pytest.mark.parametrize("where", MANIFOLDS)
@pytest.mark.parametrize("name", NAMES)
def test_twenty_steps_agree_between_frameworks(name, where):
    found = steps(name, where, "jax", 20, lr=0.02), steps(name, where, "torch", 20, lr=0.02)
    # Measured: 2e-15 at most.
    np.testing.assert_allclose(*found, rtol=0, atol=1e-13)


@pytest.mark.parametrize("where", MANIFOLDS)
def test_clip_limits_the_riemannian_norm(where):
    c, limit = 0.7, 0.5
    found = []
    for framework in ("jax", "torch"):
        array, space = array_of(framework), manifold(where, framework)
        clip = functools.partial(rows_module.clip, namespace(framework))
        rows = space.exp0(array(VECTORS), c)
        scales = np.array([1e-6, 1e-3, 1.0, 10.0, 1e3, 0.0])[:, None]
        grads = array(GRADIENTS[0][:, : space.coordinates(3)] * scales)
        clipped = clip(space, rows, grads, limit, c)
        before = np.asarray(space.norm(rows, space.egrad_to_rgrad(rows, grads, c), c))
        after = np.asarray(space.norm(rows, space.egrad_to_rgrad(rows, clipped, c), c))
        np.testing.assert_allclose(after, np.minimum(before, limit), rtol=1e-9, atol=1e-15)
        small = before < limit
        np.testing.assert_array_equal(np.asarray(clipped)[small], np.asarray(grads)[small])
        found.append(np.asarray(clipped))
    np.testing.assert_allclose(*found, rtol=1e-12)


@pytest.mark.parametrize(("name", "b1"), [("adam", 0.9), ("rmsprop", 0.0)])
def test_with_one_coordinate_it_is_optax_adam(name, b1):
    # With one coordinate a row the shared second moment is the usual one.
    optimizer = optax.adam(0.1, b1=b1, b2=0.99, eps=1e-8)
    x = jnp.asarray(VECTORS[:, :1])
    state = optimizer.init(x)
    mine, own = x, start_of(name, "jax", x)
    space, move = manifold("euclidean", "jax"), load(name, "jax")
    for gradient in GRADIENTS:
        g = jnp.asarray(gradient[:, :1])
        change, state = optimizer.update(g, state)
        x = optax.apply_updates(x, change)
        mine, own = move(space, mine, g, own, 0.1, 1.0)
    np.testing.assert_allclose(mine, x, rtol=1e-12)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_without_a_gradient_rmsprop_stands_still_and_its_second_moment_fades(framework):
    array, space = array_of(framework), manifold("tangent", framework)
    rows, seen = array(VECTORS), array(np.full((6, 1), 3.0))
    coast, state = registry.coaster("rmsprop", framework), {"v": array(np.full((6, 1), 2.0))}
    moved, faded = coast(space, rows, state | {"count": seen}, array(np.asarray(7)), 0.1, 1.0)
    np.testing.assert_array_equal(np.asarray(moved), VECTORS)
    np.testing.assert_allclose(np.asarray(faded["v"]), 2 * 0.99**4, rtol=1e-14)
    np.testing.assert_array_equal(np.asarray(faded["count"]), 7)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_coasting_is_adam_without_gradients_once_bias_corrections_have_run_out(framework):
    array, adam = array_of(framework), load("adam", framework)
    space, rows = manifold("tangent", framework), array(VECTORS)
    settled = array(np.full((6, 1), 5000, np.int32))
    state = {"m": array(GRADIENTS[0, :, :3].copy()), "v": array(np.full((6, 1), 2.0))}
    walked, own = rows, state | {"count": settled}
    for _ in range(40):
        walked, own = adam(space, walked, 0 * rows, own, 0.1, 1.0, eps=0.0)
    before = array(np.asarray(5040))
    coast = registry.coaster("adam", framework)
    coasted, faded = coast(space, rows, state | {"count": settled}, before, 0.1, 1.0, eps=0.0)
    # Measured: 2e-15 relative, with 0.99^5000 = 1e-22 left of the bias corrections.
    np.testing.assert_allclose(np.asarray(coasted), np.asarray(walked), rtol=1e-13)
    for name in ("m", "v", "count"):
        np.testing.assert_allclose(np.asarray(faded[name]), np.asarray(own[name]), rtol=1e-13)
    assert np.abs(np.asarray(walked) - VECTORS).max() > 0.1


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_coasting_leaves_fresh_rows_where_they_are(framework):
    array = array_of(framework)
    space, rows = manifold("tangent", framework), array(VECTORS)
    coast, state = registry.coaster("adam", framework), start_of("adam", framework, rows)
    moved, _ = coast(space, rows, state, array(np.asarray(7)), 0.1, 1.0)
    np.testing.assert_array_equal(np.asarray(moved), VECTORS)
    with pytest.raises(HardballError, match=r"allowed are b1\^2 < b2"):
        coast(space, rows, state, array(np.asarray(7)), 0.1, 1.0, b1=0.9, b2=0.8)
    coasting = [name for name in NAMES if registry.coaster(name, framework)]
    assert coasting == ["adam", "rmsprop"]


@pytest.mark.parametrize("name", ["rsgd", "radam"])
def test_poincare_optimizers_follow_geoopt(name):
    # Measured: 3e-17 at most.
    ball = geoopt.PoincareBall(c=1.0)
    space = manifold("poincare", "torch")
    start = space.exp0(torch.tensor(VECTORS * 0.3), 1.0)
    with torch.enable_grad():
        parameter = geoopt.ManifoldParameter(start.clone(), manifold=ball)
    kind = geoopt.optim.RiemannianSGD if name == "rsgd" else geoopt.optim.RiemannianAdam
    settings = {} if name == "rsgd" else {"betas": (0.9, 0.99), "eps": 1e-8}
    oracle = kind([parameter], lr=0.01, **settings)
    rows, state = start, start_of(name, "torch", start)
    for gradient in GRADIENTS:
        g = torch.tensor(gradient[:, :3].copy())
        parameter.grad = g.clone()
        oracle.step()
        rows, state = load(name, "torch")(space, rows, g, state, 0.01, 1.0)
        np.testing.assert_allclose(rows, parameter.detach(), rtol=0, atol=1e-14)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_what_is_packed_is_unpacked_and_lies_as_the_compiled_kernels_read_it(framework):
    xp, array = namespace(framework), array_of(framework)
    columns = registry.entry("optimizer", "adam").state
    state = {"m": array(VECTORS + 1), "v": array(VECTORS[:, :1]), "count": array(np.ones((6, 1)))}
    packed = rows_module.pack(xp, array(VECTORS), state)
    # x, m, v, count.
    expected = np.hstack([VECTORS, VECTORS + 1, VECTORS[:, :1], np.ones((6, 1))])
    np.testing.assert_array_equal(np.asarray(packed), expected)
    rows, again = rows_module.unpack(columns, 3, packed)
    np.testing.assert_array_equal(np.asarray(rows), VECTORS)
    assert {name: np.asarray(a).tolist() for name, a in again.items()} == {
        name: np.asarray(a).tolist() for name, a in state.items()
    }


@pytest.fixture
def drifting():
    """An optimiser from outside the package: momentum, and rows that drift while untouched."""

    def coast(xp, manifold, rows, state, before, lr, c, *, keep):
        return rows + 0.001, {"speed": state["speed"], "seen": state["seen"] + 1}

    def drifting(xp, manifold, rows, grads, state, lr, c, *, keep):
        speed = keep * state["speed"] + grads
        return rows - lr * speed, {"speed": speed, "seen": state["seen"]}

    return declare(
        "optimizer",
        drifting,
        summary="momentum, and a drift of untouched rows",
        source="hardball: a test",
        parameters={"keep": real(0.5, "of the speed", at_least=0, below=1)},
        state=(("seen", 2), ("speed", "point")),
        coast=coast,
    )


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_an_optimizer_from_outside_trains_packed_and_coasted_by_what_it_declares(
    framework, drifting, random_dag, step_by_step
):
    values = {"dataset": "random", "seed": 1, "dim": 3, "dtype": "float64", "batch_size": 8}
    values |= {"negatives": 2, "epochs": 4, "init_scale": 1.0, "lr": 0.1, "optimizer": "drifting"}
    task = problem.build(RunSpec(framework=framework, **values), random_dag(40, 3))
    with torch.enable_grad():
        steps = list(step_by_step(task, 2, endless=True))
    engine, before, after, _ = steps[0]
    rows = engine.export(engine.start())["rows"]
    assert rows.shape == (40, 3 + 2 + 3)
    assert not rows[:, 3:].any()
    np.testing.assert_allclose(before, task.start + 0.001, rtol=1e-12)
    # An untouched row is given by its drift alone.
    still = np.isclose(after, before, rtol=0, atol=1e-12).all(axis=1)
    assert 0 < still.sum() < 40
