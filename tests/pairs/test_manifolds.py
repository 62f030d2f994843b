"""Manifolds: one interface, and the same numbers from JAX and PyTorch."""

import ast
import functools
import importlib.util
import types
from pathlib import Path

import numpy as np
import pytest

from hardball.arrays.namespace import namespace
from hardball.core.errors import HardballError
from hardball.methods.contract import Entry, Manifold

MANIFOLDS = ["poincare", "lorentz", "tangent", "euclidean"]
INTERFACE = (
    "coordinates exp0 log0 radius dist dist_matrix exp_map log_map transport retract "
    "egrad_to_rgrad norm project touches"
)
TRAINED = ("exp0", "radius", "dist", "dist_matrix")
ARRAYS = ["polar", "scalars", "straight"]


def source(module: str) -> ast.Module:
    return ast.parse(Path(importlib.util.find_spec(f"hardball.{module}").origin).read_text())


def public(tree: ast.Module) -> list[tuple[str, str, str | None]]:
    """Name, signature and docstring of the public functions, in order, framework types unified."""
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name[0] != "_"]
    return [
        (
            f.name,
            f"{ast.unparse(f.args)} -> {ast.unparse(f.returns)}".replace("Tensor", "Array"),
            ast.get_docstring(f),
        )
        for f in functions
    ]


def points(half, manifold, rng, count, dtype, largest=4.0, c=1.0):
    """Points of radius up to `largest`, uniformly, in every direction; as that half makes them."""
    v = rng.normal(size=(count, 5))
    v *= rng.uniform(0.01, largest, size=(count, 1)) / np.linalg.norm(v, axis=1, keepdims=True)
    return half.call(half.load("manifold", manifold).exp0, v, c).astype(dtype)


def speeds(half, manifold, rng, x, c=1.0):
    """Unit tangent vectors at x: the directions of the gradients of random linear functions."""
    module = half.load("manifold", manifold)
    v = half.call(module.egrad_to_rgrad, x, rng.normal(size=x.shape), c)
    return (v / half.call(module.norm, x, v, c)[:, None]).astype(x.dtype)


@pytest.mark.parametrize("module", ARRAYS)
def test_both_namespaces_have_the_same_functions_signatures_and_docstrings(module):
    jax, torch = (source(f"arrays.on_{framework}.{module}") for framework in ("jax", "torch"))
    assert public(jax) == public(torch)


@pytest.mark.parametrize("manifold", MANIFOLDS)
def test_every_manifold_has_the_whole_interface_in_order(manifold):
    names = [name for name, _, _ in public(source(f"methods.manifolds.{manifold}"))]
    farther = ["far_dist", "far_dist_matrix"] if manifold == "tangent" else []
    assert names == [*INTERFACE.split(), *farther]
    assert {*INTERFACE.split()} == {*Manifold.__annotations__} - {"MAX_RADIUS", "FLAT"}


def test_a_manifold_without_an_operation_is_refused_when_it_is_loaded():
    text = Path(importlib.util.find_spec("hardball.methods.manifolds.euclidean").origin).read_text()
    module = types.ModuleType("lame")
    body = text.split("declare(\n")[0].replace("def norm(", "def _norm(").replace("FLAT =", "_F =")
    exec(body, module.__dict__)
    entry = Entry("manifold", "lame", "R^d without a norm", "hardball: a test", body=module)
    with pytest.raises(HardballError, match=r"^manifold lame lacks FLAT, norm: define them$"):
        entry.bind(namespace("torch"))


@pytest.mark.parametrize("manifold", MANIFOLDS)
def test_both_halves_have_the_same_largest_radii(manifold, halves):
    jax, torch = (half.load("manifold", manifold).MAX_RADIUS for half in halves)
    assert jax == torch
    assert set(jax) == {"float32", "float64"}


def cases(half, manifold, dtype, c):
    """Each function of the interface with arguments it takes."""
    rng = np.random.default_rng(7)
    x, y = (points(half, manifold, rng, 40, dtype, c=c) for _ in range(2))
    v = speeds(half, manifold, rng, x, c)
    return {
        "exp0": (np.asarray(rng.normal(size=(40, 5)), dtype), c),
        "log0": (x, c),
        "radius": (x, c),
        "dist": (x[:, None], y[:30], c),
        "dist_matrix": (x, y[:30], c),
        "exp_map": (x, v, c),
        "log_map": (x, y, c),
        "transport": (x, y, v, c),
        "retract": (x, v, c),
        "egrad_to_rgrad": (x, np.asarray(rng.normal(size=x.shape), dtype), c),
        "norm": (x, v, c),
        "project": (x, c),
    }


# Largest |difference| over max(1, |value|) at radii up to 4, measured: 1.4e-14 in values and
# 7.4e-14 in gradients; in float32, what training differentiates: 4.4e-07 and 1.6e-05.
@pytest.mark.full
@pytest.mark.parametrize(
    ("dtype", "c", "near", "near_gradient"),
    [
        pytest.param(np.float64, 0.3, 1e-13, 1e-12, id="float64"),
        pytest.param(np.float32, 1.0, 3e-6, 1e-4, id="float32", marks=pytest.mark.full),
    ],
)
@pytest.mark.parametrize("manifold", MANIFOLDS)
def test_both_halves_give_the_same_values_and_gradients(
    manifold, c, dtype, near, near_gradient, halves
):
    jax, torch = halves
    for name, args in cases(torch, manifold, dtype, c).items():
        if dtype == np.float32 and name not in TRAINED:
            continue
        ours, theirs = (getattr(half.load("manifold", manifold), name) for half in halves)
        shape = torch.call(theirs, *args).shape
        cotangent = np.random.default_rng(8).normal(size=shape).astype(dtype)
        a, slopes_a = jax.both(ours, cotangent, *args)
        b, slopes_b = torch.both(theirs, cotangent, *args)
        assert a.dtype == b.dtype == dtype, name
        assert difference(a, b) < near, name
        for g, h in zip(slopes_a, slopes_b, strict=True):
            assert g.dtype == h.dtype == dtype, name
            assert difference(g, h) < near_gradient, name


def difference(a, b):
    return np.max(np.abs(a - b) / np.maximum(1, np.abs(b)))


@pytest.mark.parametrize("manifold", MANIFOLDS)
def test_touches_agrees_and_is_boolean(manifold, halves):
    for half in halves:
        module = half.load("manifold", manifold)
        largest = module.MAX_RADIUS["float32"]
        v = np.array([[1.0, 0.0], [3 * largest, 0.0]], np.float32)
        x = half.call(module.project, half.call(module.exp0, v, 1.0), 1.0)
        assert half.call(module.touches, x, 1.0).tolist() == [False, True]


@pytest.mark.parametrize("manifold", MANIFOLDS)
def test_coordinates_is_the_width_of_a_row(manifold, half):
    module = half.load("manifold", manifold)
    for dim in (2, 7):
        assert half.call(module.exp0, np.ones((3, dim)), 1.0).shape == (3, module.coordinates(dim))


# Pairs up to 8 apart, and 20 within 0.01. Measured: values 6.4e-15 (euclidean 8.4e-13), gradients
# 2.0e-11 (euclidean 1.5e-09).
@pytest.mark.parametrize("manifold", MANIFOLDS)
def test_the_matrix_form_agrees_with_the_gathered_one(manifold, half):
    rng = np.random.default_rng(3)
    module = half.load("manifold", manifold)
    x, y = (points(half, manifold, rng, 60, np.float64) for _ in range(2))
    y[:20] = half.call(module.project, x[:20] * 1.001, 1.0)
    cotangent = rng.normal(size=(60, 60))
    matrix, gathered = (x, y, 1.0), (x[:, None], y, 1.0)
    a, ours = half.both(module.dist_matrix, cotangent, *matrix)
    b, theirs = half.both(module.dist, cotangent, *gathered)
    np.testing.assert_allclose(a, b, atol=1e-11)
    np.testing.assert_allclose(ours[0], theirs[0][:, 0], atol=1e-8, rtol=1e-8)
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-8, rtol=1e-8)


def on_arrays(f, *arrays):
    return f(*arrays, 0.3)


@pytest.mark.parametrize("manifold", MANIFOLDS)
def test_float32_stays_float32_where_64_bits_are_on(manifold, halves):
    import jax

    half, torch = halves
    module = half.load("manifold", manifold)
    for name, args in cases(torch, manifold, np.float32, 0.3).items():
        with jax.enable_x64(True):
            found = jax.eval_shape(functools.partial(on_arrays, getattr(module, name)), *args[:-1])
        assert found.dtype == np.float32, name
