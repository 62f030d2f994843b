"""Holding points at a radius: arithmetic by hand, extremes; JAX against PyTorch; whole runs."""

import dataclasses
from math import sqrt, tanh

import numpy as np
import pytest
from covering import crossed

from hardball.core.errors import HardballError
from hardball.methods.radii.radii import by_depth
from hardball.runs.spec import RunSpec
from hardball.training import loop, problem
from hardball.training.native import settings
from hardball.training.train import train

SPACES = ["poincare", "lorentz", "tangent", "euclidean"]
FORMS = ["free", "exact", "at_most"]
HELD = [{"name": "exact", "target": 2.0, "slope": 0.5}, {"name": "at_most", "target": 0.5}]
C = 0.25
WAYS = ["jax", "torch"], ["adam", "rsgd"], [20, 120]


def held(half, form, module, rows, radius, c=C):
    """A form on rows, the manifold and the curvature closed over."""
    function = half.load("radius", form)
    return half.call(lambda x, r: function(module, x, r, c), rows, radius)


@pytest.mark.parametrize("space", ["tangent", "euclidean"])
def test_in_tangent_coordinates_and_flat_space_only_the_length_changes(half, space):
    # |(3, 4)| = 5 and |(0, -2)| = 2: to length 1 and 3, or to 1 where they are beyond it.
    rows, radius = np.array([[3.0, 4.0], [0.0, -2.0]]), np.array([1.0, 3.0])
    module = half.load("manifold", space)
    np.testing.assert_array_equal(held(half, "free", module, rows, radius), rows)
    found = held(half, "exact", module, rows, radius)
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, -3]], rtol=1e-15)
    found = held(half, "at_most", module, rows, radius)
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, -2]], rtol=1e-15)


def test_on_the_ball_and_the_hyperboloid_by_hand(half):
    # At c = 1/4 radius 2 is norm tanh(sqrt(c) 2 / 2) / sqrt(c) = 2 tanh(1/2) of the ball of radius
    # 2, and on the hyperboloid sinh(1) / sqrt(c) = 2 sinh(1) beside x_0 = 2 cosh(1).
    radius, ray = np.array([2.0]), np.array([0.6, 0.8])
    found = held(half, "exact", half.load("manifold", "poincare"), np.array([[0.3, 0.4]]), radius)
    np.testing.assert_allclose(found[0], 2 * tanh(0.5) * ray, rtol=1e-14)
    row = np.array([[sqrt(4 + 25), 3.0, 4.0]])
    found = held(half, "exact", half.load("manifold", "lorentz"), row, radius)
    np.testing.assert_allclose(
        found[0], 2 * np.array([np.cosh(1), *(np.sinh(1) * ray)]), rtol=1e-14
    )


def at(half, module, vectors, c=C):
    return half.call(lambda v: module.exp0(v, c), vectors)


# Measured at most, over the largest of what is compared: 1.8e-15 and 3.7e-07.
@pytest.mark.full
@pytest.mark.parametrize(
    ("dtype", "near"), [(np.float64, 1e-13), (np.float32, 1e-5)], ids=["float64", "float32"]
)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("space", SPACES)
def test_both_halves_put_points_in_the_same_places(space, form, dtype, near, halves):
    """At the radius asked for, along the same ray; doing it again changes nothing."""
    rng = np.random.default_rng(3)
    vectors, radius = rng.normal(0, 2, (64, 3)).astype(dtype), rng.uniform(0, 6, 64).astype(dtype)
    both = []
    for half in halves:
        module = half.load("manifold", space)
        rows = at(half, module, vectors)
        found = held(half, form, module, rows, radius)
        assert found.dtype == dtype
        again = held(half, form, module, found, radius)
        np.testing.assert_allclose(again, found, rtol=near, atol=near)
        reached = half.call(lambda x, m=module: m.radius(x, C), found)
        begun = half.call(lambda x, m=module: m.radius(x, C), rows)
        aim = {"free": begun, "exact": radius, "at_most": np.minimum(begun, radius)}[form]
        np.testing.assert_allclose(reached, aim, rtol=10 * near, atol=10 * near)
        turned = half.call(lambda x, m=module: m.log0(x, C), found)
        np.testing.assert_allclose(
            turned * np.linalg.norm(vectors, axis=1)[:, None],
            vectors * np.linalg.norm(turned, axis=1)[:, None],
            rtol=0,
            atol=100 * near,
        )
        both.append(found)
    np.testing.assert_allclose(*both, rtol=near, atol=near)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("space", SPACES)
def test_finite_at_the_origin_and_no_farther_than_the_largest_radius(space, form, dtype, half):
    module = half.load("manifold", space)
    largest = min(module.MAX_RADIUS[np.dtype(dtype).name], 1e9)
    vectors = np.array([[0, 0], [0, 2 * largest], [1, 0]], dtype)
    start = half.call(lambda v: module.project(module.exp0(v, 1.0), 1.0), vectors)
    found = held(half, form, module, start, np.full(3, 2 * largest, dtype), 1.0)
    assert np.isfinite(found).all()
    radii = half.call(lambda x: module.radius(x, 1.0), found)
    assert radii[0] == 0
    limit = module.MAX_RADIUS[np.dtype(dtype).name]
    assert (radii <= limit * 1.1).all()


def test_a_radius_beyond_what_the_space_holds_is_refused():
    beyond = {"dataset": "h", "framework": "torch", "seed": 0, "manifold": "poincare"}
    spec = RunSpec(**beyond, radius={"name": "exact", "target": 14.5})
    with pytest.raises(
        HardballError, match=r"radius exact: target=14.5 is beyond .* of poincare, 14"
    ):
        loop.check(spec)
    loop.check(spec.model_copy(update={"dtype": "float64"}))


def test_radii_by_depth(tree):
    """a lies at depth 0, b and c at 1, d to g at 2, h and i at 3."""
    np.testing.assert_allclose(by_depth(tree, 1.0, 0.5), [1, 1.5, 1.5, 2, 2, 2, 2, 2.5, 2.5])
    with pytest.raises(
        HardballError, match=r"1 \+ -0.5 x depth is -0.5 at depth 3 .* raise target"
    ):
        by_depth(tree, 1.0, -0.5)


def spec_of(framework, **given):
    base = {"dataset": "tree", "seed": 1, "dim": 3, "dtype": "float64", "batch_size": 8}
    base |= {"negatives": 2, "epochs": 4, "init_scale": 1.0, "lr": 0.1}
    return RunSpec(framework=framework, **{**base, **given})


@pytest.fixture
def seen(step_by_step):
    """The points before the first step and after each, as evaluation and samplers see them."""

    def points(framework, graph, steps=12, **given):
        task = problem.build(spec_of(framework, **given), graph)
        engines, before, after, _ = zip(*step_by_step(task, steps, endless=True), strict=True)
        return np.stack([before[0], *after]), engines[0]

    return points


# Rows that no batch touches coast under Adam; few nodes are updated as a whole.
@pytest.mark.parametrize(
    ("framework", "optimizer", "nodes"),
    crossed(*WAYS),
)
def test_every_point_is_at_its_radius_at_every_step(framework, optimizer, nodes, random_dag, seen):
    graph = random_dag(nodes, 3)
    for method in HELD:
        points, _ = seen(framework, graph, radius=method, optimizer=optimizer)
        radii = np.linalg.norm(points, axis=2)
        target = method["target"] + method.get("slope", 0) * graph.depth
        if method["name"] == "exact":
            np.testing.assert_allclose(radii, np.broadcast_to(target, radii.shape), rtol=1e-12)
        else:
            assert (radii <= target * (1 + 1e-12)).all()
            assert (radii < 0.99 * target).any()
        assert np.abs(np.diff(points, axis=0)).max(axis=(1, 2)).min() > 1e-4


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_a_step_goes_from_where_points_are_held_and_ends_there(
    framework, random_dag, seen, step_by_step
):
    """In flat space: x' = R (x - lr g) / |x - lr g|, g the gradient at the held x."""
    graph = random_dag(20, 3)
    flat = {"manifold": "euclidean", "optimizer": "rsgd", "kernels": "plain"}
    held_at = {"name": "exact", "target": 2.0}
    (begun, moved), _ = seen(framework, graph, 1, radius=held_at, **flat)
    task = problem.build(spec_of(framework, radius=held_at), graph)
    length = np.linalg.norm(task.start, axis=1, keepdims=True)
    np.testing.assert_allclose(begun, 2 * task.start / length, rtol=1e-14)
    # The same step without holding, from the same places: what the start is set to.
    free = dataclasses.replace(problem.build(spec_of(framework, **flat), graph), start=begun)
    ((_, _, plain, _),) = step_by_step(free, 1)
    expected = 2 * plain / np.linalg.norm(plain, axis=1, keepdims=True)
    assert np.abs(plain - expected).max() > 1e-3
    np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_samplers_and_a_restored_table_see_held_points(framework, random_dag, seen):
    """All nodes at one radius; what is exported and restored gives the same points."""
    given = {"radius": {"name": "exact", "target": 1.0}, "sampler": "mined"}
    points, engine = seen(framework, random_dag(120, 3), steps=3, **given)
    table = engine.restore(engine.export(engine.start()))
    np.testing.assert_array_equal(engine.points(table, 0), points[0])
    assert not engine.how.chooses


def test_a_run_that_holds_points_ends_with_them_held(tree):
    run = train(spec_of("torch", radius=HELD[0], dtype="float32"), hierarchy=tree, progress=False)
    target = 2 + 0.5 * tree.depth
    np.testing.assert_allclose(np.linalg.norm(run.points, axis=1), target, rtol=1e-6)
    assert str(run.row.spec.radius) == "exact(target=2.0,slope=0.5)"


def test_runs_that_hold_points_take_plain_code_and_free_ones_keep_their_names():
    free, held_run = spec_of("jax"), spec_of("jax", radius="at_most")
    assert settings.has_kernel(free)
    assert not settings.has_kernel(held_run)
    assert not settings.reads_rows(held_run)
    assert free.config_id == spec_of("jax", radius="free").config_id != held_run.config_id
