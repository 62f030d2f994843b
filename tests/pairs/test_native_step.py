"""The compiled step is the plain step: same path, same totals, for all that it can do."""

import dataclasses
import importlib

import numba
import numpy as np
import pytest
from covering import crossed, diagonal, part

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.runs.spec import RunSpec
from hardball.training import loop, problem
from hardball.training.native import settings
from hardball.training.words import words_per_step

STEPS = 60
GEOMETRIES = ["tangent", "poincare", "lorentz"]
OPTIMIZERS = {
    # A faster one reaches the ball's edge, where rounding is blown up.
    "adam": {"optimizer": {"name": "adam", "b2": 0.9}, "lr": 0.02},
    "rmsprop": {"optimizer": {"name": "rmsprop", "b2": 0.9}, "lr": 0.02},
    "rsgd": {"optimizer": "rsgd", "lr": 5.0},
    "clipped": {"optimizer": "rsgd", "lr": 20.0, "clip": 0.003},
}
# What the step of rows without first moments does beside the softmax at temperature 1.
LOSSES = [
    {"name": "infonce", "temperature": 0.3},
    {"name": "margin", "margin": 0.7},
    {"name": "triplet", "margin": 0.9},
    {"name": "fermi_dirac", "radius": 0.5, "temperature": 0.7},
    {"name": "focal", "radius": 0.5, "temperature": 0.7, "alpha": 0.4, "gamma": 1.5},
]
FORMS = {
    "pool": {"sampler": "pool", "negatives": 24, "fade": 0.01},
    "uniform": {"sampler": "uniform", "negatives": 7},
    # Rings may be too small: some draws are not valid.
    "siblings": {"sampler": {"name": "siblings", "replace": False}, "negatives": 3},
    "mixed": {
        "sampler": "pool",
        "negatives": 16,
        "hard": [
            {"sampler": {"name": "siblings", "replace": False}, "negatives": 3},
            {"sampler": "uniform", "negatives": 2, "after": 0.5},
        ],
    },
}
# Samplers that look at the points: candidates of each anchor, or of all; every way to choose.
CHOICES = {
    "nearest": {"name": "distance_hard", "hops": 2},
    "batch": {"name": "distance_hard", "candidates": "batch", "oversample": 8},
    "ring": {"name": "distance_hard", "candidates": "siblings", "hops": 0},
    "top": {"name": "distance_hard", "choose": "top", "top": 7},
    "temperature": {"name": "distance_hard", "choose": "temperature", "temperature": 0.5},
    "semi_hard": {"name": "mined"},
    "hardest": {"name": "mined", "rule": "hardest", "candidates": "batch"},
    "neighbors": {"name": "neighbors", "top": 9, "every": 20},
}
FORMS |= {name: {"sampler": sampler, "negatives": 4} for name, sampler in CHOICES.items()}

DTYPES = ["float32", "float64"]
# One form of every four, in one of the dtypes.
IN_TURN = [each for place, each in enumerate(diagonal(DTYPES, [*FORMS])) if place % 4 == 0]


def spec_of(**changes):
    base = {"dataset": "random", "framework": "torch", "seed": 3, "dim": 3, "dtype": "float64"}
    base |= {"batch_size": 20, "epochs": 1, "init_scale": 0.1, "burn_in": 0}
    return RunSpec(**{**base, **changes})


def prepared(graph, steps=STEPS, start=None, **changes):
    """An engine, and a chunk of `steps` steps for it."""
    spec = spec_of(**changes)
    task = problem.build(spec, graph)
    if start is not None:
        task = dataclasses.replace(task, start=start)
    engine = importlib.import_module(f"hardball.training.engine_{spec.framework}").Engine(
        task, steps
    )
    order = problem.Batches(spec.seed, len(task.positives), spec.batch_size).take(0, steps)
    drawn = random_bits.block(spec.seed, "negatives", 0, steps, words_per_step(spec))
    lr, fade = np.linspace(1, 0.5, steps) * spec.lr, np.geomspace(1, spec.fade, steps)
    chunk = problem.Chunk(0, order, drawn, lr, fade)
    # The rate of the last step, at which points not touched since are brought up to date.
    task.__dict__["rates"] = chunk.lr
    return engine, chunk


def path(graph, steps=STEPS, start=None, **changes):
    """Points after `steps` steps, their totals, and whether the compiled step took them."""
    engine, chunk = prepared(graph, steps, start, **changes)
    table = engine.start()
    engine.compile(table, chunk)
    table, totals = engine.run(table, chunk)
    return engine.points(table, steps), engine.read(totals), engine.how.native


@pytest.fixture(scope="module")
def graph(random_dag):
    """More nodes than a batch touches, so that rows are left behind and catch up."""
    return random_dag(400, 5)


@pytest.mark.parametrize(
    ("manifold", "optimizer", "form"),
    # Each compiles a kernel of its own.
    crossed(GEOMETRIES, [*OPTIMIZERS], [*FORMS]),
)
def test_it_follows_the_plain_step(graph, manifold, optimizer, form):
    given = {"manifold": manifold, **OPTIMIZERS[optimizer], **FORMS[form]}
    if form in CHOICES:
        # Between nearest neighbours a high rate doubles a rounding error every other step.
        given["lr"] /= 10
    points, totals, native = path(graph, kernels="native", **given)
    expected, counted, plain = path(graph, kernels="plain", **given)
    assert native
    assert not plain
    # Points that stand still would agree with anything.
    start = path(graph, steps=1, kernels="plain", **given)[0]
    assert np.median(np.abs(expected - start).max(axis=1)) > 1e-3
    # Measured: 2e-14 at most.
    np.testing.assert_allclose(points, expected, rtol=0, atol=1e-11)
    assert counted["masked"] > 0 or form == "siblings" or form in CHOICES
    assert totals["stalled"] == pytest.approx(counted["stalled"], abs=2)
    for name in ("drawn", "masked", "widened", "broken"):
        assert totals[name] == counted[name], name
    for name in ("loss", "pull"):
        assert totals[name] == pytest.approx(counted[name], rel=1e-10), name


@pytest.mark.parametrize("form", ["pool", "uniform", "mixed"])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss["name"])
def test_the_lean_step_follows_the_plain_one_by_any_of_its_losses(graph, loss, form):
    given = {"loss": loss, **OPTIMIZERS["rmsprop"], **FORMS[form]}
    points, totals, native = path(graph, kernels="native", **given)
    expected, counted, plain = path(graph, kernels="plain", **given)
    assert native
    assert not plain
    start = path(graph, steps=1, kernels="plain", **given)[0]
    assert np.median(np.abs(expected - start).max(axis=1)) > 1e-3
    np.testing.assert_allclose(points, expected, rtol=0, atol=1e-11)
    assert totals["stalled"] == pytest.approx(counted["stalled"], abs=2)
    for name in ("loss", "pull"):
        assert totals[name] == pytest.approx(counted[name], rel=1e-10), name


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss["name"])
def test_the_lean_step_in_single_precision_too(graph, loss):
    given = {"loss": loss, "dtype": "float32", **OPTIMIZERS["rmsprop"], **FORMS["mixed"]}
    points, totals, _ = path(graph, steps=10, kernels="native", **given)
    expected, counted, _ = path(graph, steps=10, kernels="plain", **given)
    np.testing.assert_allclose(points, expected, rtol=0, atol=3e-5)
    assert totals["loss"] == pytest.approx(counted["loss"], rel=1e-5)


@pytest.mark.parametrize("radius", [0.0, 1e-6, 1e-3, 0.4, 0.6, 5.0, 39.0])
def test_exponentials_in_vector_registers_are_exact_to_single_precision(radius):
    from hardball.training.native import lean_rows, rows

    square = np.full(64, np.float32(radius) ** 2)
    form, stretch = np.empty((rows.FORM, 64), np.float32), np.empty((4, 64), np.float32)
    lean_rows.tangent_form(square, form, stretch)
    a = np.sqrt(square[0].astype(float))
    assert form[rows.SINH] == pytest.approx(np.sinh(a), rel=4e-7)
    assert form[rows.UP] == pytest.approx(np.exp(a / 2) / 2, rel=2e-7)
    assert form[rows.DOWN] == pytest.approx(np.exp(-a / 2) / 2, rel=2e-7)
    assert form[rows.COTH] == pytest.approx(1 / np.tanh(a) if a else 0, rel=5e-7)


@pytest.mark.full
@pytest.mark.parametrize("sampler", part([*CHOICES], ["semi_hard"]))
def test_negatives_are_chosen_by_it_whatever_the_loss(graph, sampler):
    given = {"loss": "margin", "framework": "jax", **OPTIMIZERS["adam"], **FORMS[sampler]}
    engine, _ = prepared(graph, **given)
    assert engine.how.chooses
    assert not engine.how.native
    points, totals, _ = path(graph, kernels="native", **given)
    expected, counted, _ = path(graph, kernels="plain", **given)
    # Measured: 2e-14 at most.
    np.testing.assert_allclose(points, expected, rtol=0, atol=1e-11)
    assert totals["drawn"] == counted["drawn"]


@pytest.mark.parametrize("manifold", GEOMETRIES)
def test_in_single_precision_too(graph, manifold):
    given = {"manifold": manifold, "dtype": "float32", **OPTIMIZERS["adam"], **FORMS["pool"]}
    points, totals, _ = path(graph, steps=10, kernels="native", **given)
    expected, counted, _ = path(graph, steps=10, kernels="plain", **given)
    # Measured: 3e-6 at most.
    np.testing.assert_allclose(points, expected, rtol=0, atol=3e-5)
    assert totals["loss"] == pytest.approx(counted["loss"], rel=1e-5)


@pytest.mark.parametrize(("dtype", "form"), crossed(DTYPES, [*FORMS], quick=IN_TURN))
def test_both_frameworks_end_in_the_same_bytes(graph, dtype, form):
    given = {"dtype": dtype, **OPTIMIZERS["clipped"], **FORMS[form]}
    ours, totals, _ = path(graph, framework="jax", **given)
    theirs, counted, _ = path(graph, framework="torch", **given)
    assert ours.tobytes() == theirs.tobytes()
    assert totals["masked"] == counted["masked"]


@pytest.mark.parametrize("manifold", GEOMETRIES)
def test_from_one_table_both_frameworks_end_in_the_same_bytes(graph, manifold):
    """First points, and Adam's last catching-up, are each framework's own: tables have neither."""
    given = {"manifold": manifold, "dtype": "float32", **OPTIMIZERS["adam"], **FORMS["pool"]}
    both = [prepared(graph, framework=half, **given) for half in ("jax", "torch")]
    first = both[0][0].export(both[0][0].start())
    ended = []
    for engine, chunk in both:
        table = engine.restore(first)
        engine.compile(table, chunk)
        ended.append(engine.export(engine.run(table, chunk)[0])["rows"].tobytes())
    assert ended[0] == ended[1]
    assert ended[0] != first["rows"].tobytes()


def far(graph, radius):
    """Tangent vectors of length `radius` in all directions."""
    noise = random_bits.normal(3, "far", (graph.n_nodes, 3))
    return radius * noise / np.linalg.norm(noise, axis=1, keepdims=True)


def test_gradients_between_the_farthest_points_are_no_subnormal_numbers(graph):
    """XLA counts those as 0, PyTorch does not: at d = 78 the frameworks would go different ways."""
    given = {"dtype": "float32", **OPTIMIZERS["rsgd"], **FORMS["pool"], "fade": 1e-4}
    given |= {"start": far(graph, 39), "steps": 5, "lr": 1e5}
    ours, totals, _ = path(graph, framework="jax", **given)
    theirs = path(graph, framework="torch", **given)[0]
    assert totals["stalled"] < totals["drawn"]
    assert (np.linalg.norm(ours - far(graph, 39), axis=1) > 1e-3).mean() > 0.2
    assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("form", FORMS)
def test_threads_do_not_change_the_bytes(graph, form):
    given = {"framework": "torch", **OPTIMIZERS["adam"], **FORMS[form]}
    one = path(graph, **given)[0]
    numba.set_num_threads(2)
    try:
        many = path(graph, **given)[0]
    finally:
        numba.set_num_threads(1)
    assert one.tobytes() == many.tobytes()


@pytest.mark.parametrize("kernels", ["native", "plain"])
def test_a_loss_that_is_not_finite_is_seen(graph, kernels):
    start = np.zeros((graph.n_nodes, 3))
    start[graph.n_nodes // 2 :] = np.nan
    totals = path(graph, start=start, kernels=kernels, **OPTIMIZERS["adam"], **FORMS["pool"])[1]
    assert totals["broken"] > 0


@pytest.mark.parametrize("kernels", ["native", "plain"])
def test_far_points_are_pulled_in_single_precision_too(graph, kernels):
    """At d = 60 a share of the softmax over sinh(d) is 1e-52, below all float32."""
    start = far(graph, 30)
    # JAX, since XLA counts numbers too small for full precision as 0.
    given = {"framework": "jax", "kernels": kernels, "start": start, "steps": 1, **FORMS["pool"]}
    moved = {}
    for dtype in ("float32", "float64"):
        points = path(graph, dtype=dtype, **OPTIMIZERS["rsgd"], **given)[0]
        moved[dtype] = np.linalg.norm(points - start, axis=1)
    pulled = moved["float64"] > 1e-3
    assert pulled.sum() > 20
    # Measured: 1e-4, from the rounding of the coordinates.
    np.testing.assert_allclose(moved["float32"][pulled], moved["float64"][pulled], rtol=5e-3)


@pytest.mark.parametrize("kernels", ["native", "plain"])
def test_steps_whose_squares_overflow_end_at_the_largest_radius(graph, kernels):
    given = {"kernels": kernels, **OPTIMIZERS["rsgd"], **FORMS["pool"], "lr": 1e200}
    points, totals, _ = path(graph, steps=3, **given)
    assert not totals["broken"]
    assert np.linalg.norm(points, axis=1).max() == pytest.approx(40.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "margin"},
        {"loss": {"name": "infonce", "temperature": 0.5}},
        {"manifold": "euclidean"},
        {"manifold": {"name": "poincare", "c": 2.0}},
        {"optimizer": "radam"},
        {"regularizers": ["radius_penalty"]},
        {"device": "gpu"},
    ],
    ids=str,
)
def test_what_it_cannot_do_is_left_to_plain_code(changes):
    assert settings.has_kernel(spec_of(**FORMS["pool"]))
    assert not settings.has_kernel(spec_of(**FORMS["pool"], **changes))


@pytest.mark.parametrize("largest", [1, 7, 2**11, 2**22 + 5, 2**31])
def test_nodes_named_more_than_once_are_one_row(largest):
    from hardball.training.native import step

    ids = np.random.default_rng(0).integers(0, largest, 3000).astype(np.int32)
    slots, unique = np.empty(3000, np.int32), np.empty(3000, np.int32)
    order, bounds = np.empty(3000, np.int32), np.empty(3001, np.int32)
    count = step.number(ids, slots, unique, order, bounds)
    expected, places = np.unique(ids, return_inverse=True)
    np.testing.assert_array_equal(order, np.argsort(ids, kind="stable"))
    np.testing.assert_array_equal(np.diff(bounds[: count + 1]), np.bincount(places))
    np.testing.assert_array_equal(unique[:count], expected)
    np.testing.assert_array_equal(slots, places)


def test_powers_beyond_the_table_are_worked_out():
    """A row that no batch touched for longer than the table of powers reaches."""
    from hardball.training.native import rows

    powers = settings.powers(spec_of(sampler="uniform"))
    for row, base in enumerate((0.9, 0.99, 0.9 / 0.99**0.5)):
        for exponent in (1, settings.POWERS - 1, settings.POWERS, settings.POWERS + 500):
            found = rows.power(powers, row, base, exponent)
            assert found == pytest.approx(base**exponent, rel=1e-12)


def test_chunks_cut_anywhere_lead_to_the_same_end(graph):
    """The engine's loop hands the step number over, which the rows are brought up to."""
    spec = spec_of(epochs=3, **OPTIMIZERS["adam"], **FORMS["pool"])
    task = problem.build(spec, graph)
    module = importlib.import_module("hardball.training.engine_jax")
    whole = loop.run(task, module.Engine(task, loop.capacity(task)), progress=False)
    engine = module.Engine(task, 7)
    table, first = engine.start(), 0
    while first < task.total_steps:
        steps = min(7, task.total_steps - first)
        (chunk,) = loop._chunks(task, [(first, steps)])
        if not first:
            engine.compile(table, chunk)
        table, _ = engine.run(table, chunk)
        first += steps
    assert engine.points(table, first).tobytes() == whole.points.tobytes()


@pytest.mark.parametrize(
    ("dtype", "form", "framework"),
    crossed(
        ["float32", "float64"],
        ["pool", "mixed", "nearest"],
        ["jax", "torch"],
        # Each compiles a kernel of its own.
        quick=[],
    ),
)
def test_compiled_and_plain_steps_agree_beyond_radius_forty(graph, dtype, form, framework):
    given = {"framework": framework, "dtype": dtype, "max_radius": 300, **FORMS[form]}
    given |= {**OPTIMIZERS["adam"], "lr": 0.5}
    # From circles of radius 60 to 90, so that no exponential of a radius sum is a float32.
    rng = np.random.default_rng(2)
    start = rng.normal(size=(400, 3))
    start *= np.linspace(60, 90, 400)[:, None] / np.linalg.norm(start, axis=1, keepdims=True)
    points, totals, native = path(graph, steps=6, start=start, kernels="native", **given)
    expected, counted, plain = path(graph, steps=6, start=start, kernels="plain", **given)
    assert native
    assert not plain
    assert np.abs(expected - start).max() > 0.5
    # Measured: 1e-4 of coordinates of up to 90, and 2e-10.
    np.testing.assert_allclose(points, expected, rtol=0, atol=2e-3 if dtype == "float32" else 1e-8)
    assert totals["loss"] == pytest.approx(counted["loss"], rel=1e-4)


@pytest.mark.parametrize("framework", ["jax", "torch"])
@pytest.mark.parametrize("kernels", ["native", "plain"])
def test_no_point_of_a_run_lies_beyond_its_largest_radius(graph, kernels, framework):
    given = {"framework": framework, "kernels": kernels, "max_radius": 1.5, **FORMS["pool"]}
    points, _, _ = path(graph, **{**given, **OPTIMIZERS["adam"], "lr": 1.0})
    radii = np.linalg.norm(points, axis=1)
    assert radii.max() == pytest.approx(1.5, rel=1e-9)
    assert np.median(radii) > 1.0


def test_a_radius_that_a_space_does_not_hold_is_refused():
    loop.check(spec_of(max_radius=300))
    with pytest.raises(HardballError, match=r"max_radius=301: tangent holds points up to 300"):
        loop.check(spec_of(max_radius=301))
    with pytest.raises(HardballError, match=r"max_radius=20: poincare holds points up to 14"):
        loop.check(spec_of(max_radius=20, manifold="poincare", dtype="float32"))
