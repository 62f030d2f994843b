"""Row optimisers: arithmetic written out, JAX against PyTorch, and against geoopt and optax."""

import importlib
import math

import geoopt
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

from hardball.core.errors import HardballError
from hardball.methods.optimizers import rows_jax, rows_torch

MANIFOLDS = ("poincare", "lorentz", "tangent", "euclidean")
NAMES = ("rsgd", "radam", "adam")
GENERATOR = np.random.default_rng(7)
VECTORS = GENERATOR.normal(size=(6, 3))
GRADIENTS = GENERATOR.normal(size=(20, 6, 4))


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True), torch.no_grad():
        yield


def manifold(name, framework):
    return importlib.import_module(f"hardball.methods.manifolds.{name}_{framework}")


def steps(name, where, framework, count, lr=0.1, c=1.0, **params):
    """The rows after each of `count` steps from exp0(VECTORS), as NumPy."""
    rows_module, array = (
        (rows_jax, jnp.asarray) if framework == "jax" else (rows_torch, torch.tensor)
    )
    space = manifold(where, framework)
    width = space.coordinates(3)
    rows = space.exp0(array(VECTORS), c)
    state = rows_module.init(name, rows)
    out = []
    for gradient in GRADIENTS[:count]:
        rows, state = getattr(rows_module, name)(
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
    rows_module, array = (
        (rows_jax, jnp.asarray) if framework == "jax" else (rows_torch, torch.tensor)
    )
    space = manifold("lorentz", framework)
    rows = space.exp0(array(VECTORS), 1.0)
    gradient = np.tile([1.0, 0.0, 0.0, 0.0], (6, 1))
    found = np.asarray(rows_module.chart_gradient(space, rows, array(gradient)))
    x = np.asarray(rows)
    np.testing.assert_allclose(found[:, 1:], x[:, 1:] / x[:, :1], rtol=1e-14)
    assert (found[:, 0] == 0).all()


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_rows_count_their_own_steps(framework):
    rows_module, array = (
        (rows_jax, jnp.asarray) if framework == "jax" else (rows_torch, torch.tensor)
    )
    space = manifold("tangent", framework)
    rows = array(VECTORS)
    state = rows_module.init("adam", rows)
    gradient = array(GRADIENTS[0, :, :3].copy())
    fresh, _ = rows_module.adam(space, rows, gradient, state, 0.1, 1.0)
    half = {name: array(np.asarray(value)[:3]) for name, value in state.items()}
    _, older = rows_module.adam(space, rows[:3], gradient[:3] * 0, half, 0.1, 1.0)
    mixed = {n: array(np.concatenate([older[n], np.asarray(state[n])[3:]])) for n in state}
    moved, _ = rows_module.adam(space, rows, gradient, mixed, 0.1, 1.0)
    # Rows 3.. are at their first step either way; rows ..2 have one more behind them.
    np.testing.assert_array_equal(np.asarray(moved)[3:], np.asarray(fresh)[3:])
    assert np.abs(np.asarray(moved)[:3] - np.asarray(fresh)[:3]).min(axis=1).max() > 1e-3


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
    for framework, module, array in (
        ("jax", rows_jax, jnp.asarray),
        ("torch", rows_torch, torch.tensor),
    ):
        space = manifold(where, framework)
        rows = space.exp0(array(VECTORS), c)
        scales = np.array([1e-6, 1e-3, 1.0, 10.0, 1e3, 0.0])[:, None]
        grads = array(GRADIENTS[0][:, : space.coordinates(3)] * scales)
        clipped = module.clip(space, rows, grads, limit, c)
        before = np.asarray(space.norm(rows, space.egrad_to_rgrad(rows, grads, c), c))
        after = np.asarray(space.norm(rows, space.egrad_to_rgrad(rows, clipped, c), c))
        np.testing.assert_allclose(after, np.minimum(before, limit), rtol=1e-9, atol=1e-15)
        small = before < limit
        np.testing.assert_array_equal(np.asarray(clipped)[small], np.asarray(grads)[small])
        found.append(np.asarray(clipped))
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_adam_with_one_coordinate_is_optax_adam():
    # With one coordinate a row the shared second moment is the usual one.
    optimizer = optax.adam(0.1, b1=0.9, b2=0.99, eps=1e-8)
    x = jnp.asarray(VECTORS[:, :1])
    state = optimizer.init(x)
    mine, own = x, rows_jax.init("adam", x)
    space = manifold("euclidean", "jax")
    for gradient in GRADIENTS:
        g = jnp.asarray(gradient[:, :1])
        change, state = optimizer.update(g, state)
        x = optax.apply_updates(x, change)
        mine, own = rows_jax.adam(space, mine, g, own, 0.1, 1.0)
    np.testing.assert_allclose(mine, x, rtol=1e-12)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_coasting_is_adam_without_gradients_once_bias_corrections_have_run_out(framework):
    module, array = (rows_jax, jnp.asarray) if framework == "jax" else (rows_torch, torch.tensor)
    space, rows = manifold("tangent", framework), array(VECTORS)
    settled = array(np.full((6, 1), 5000, np.int32))
    state = {"m": array(GRADIENTS[0, :, :3].copy()), "v": array(np.full((6, 1), 2.0))}
    walked, own = rows, state | {"count": settled}
    for _ in range(40):
        walked, own = module.adam(space, walked, 0 * rows, own, 0.1, 1.0, eps=0.0)
    before = array(np.asarray(5040))
    coasted, faded = module.coast(
        "adam", space, rows, state | {"count": settled}, before, 0.1, 1.0, eps=0.0
    )
    # Measured: 2e-15 relative, with 0.99^5000 = 1e-22 left of the bias corrections.
    np.testing.assert_allclose(np.asarray(coasted), np.asarray(walked), rtol=1e-13)
    for name in ("m", "v", "count"):
        np.testing.assert_allclose(np.asarray(faded[name]), np.asarray(own[name]), rtol=1e-13)
    assert np.abs(np.asarray(walked) - VECTORS).max() > 0.1


@pytest.mark.parametrize("module", [rows_jax, rows_torch])
def test_coasting_leaves_fresh_rows_and_other_optimizers_where_they_are(module):
    framework, array = ("jax", jnp.asarray) if module is rows_jax else ("torch", torch.tensor)
    space, rows = manifold("tangent", framework), array(VECTORS)
    for name in NAMES:
        state = module.init(name, rows)
        moved, _ = module.coast(name, space, rows, state, array(np.asarray(7)), 0.1, 1.0)
        np.testing.assert_array_equal(np.asarray(moved), VECTORS)
    with pytest.raises(HardballError, match=r"allowed are b1\^2 < b2"):
        module.coast("adam", space, rows, state, array(np.asarray(7)), 0.1, 1.0, b1=0.9, b2=0.8)


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
    rows, state = start, rows_torch.init(name, start)
    for gradient in GRADIENTS:
        g = torch.tensor(gradient[:, :3].copy())
        parameter.grad = g.clone()
        oracle.step()
        rows, state = getattr(rows_torch, name)(space, rows, g, state, 0.01, 1.0)
        np.testing.assert_allclose(rows, parameter.detach(), rtol=0, atol=1e-14)


@pytest.mark.parametrize("module", [rows_jax, rows_torch])
def test_unknown_optimizer_has_no_state(module):
    array = jnp.zeros((2, 3)) if module is rows_jax else torch.zeros(2, 3)
    with pytest.raises(KeyError):
        module.init("momentum", array)
