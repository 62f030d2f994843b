"""The regularisers: arithmetic by hand, extremes, memory; JAX against PyTorch."""

import functools
from math import tanh

import numpy as np
import pytest

from hardball.arrays.namespace import namespace
from hardball.methods import facts, registry
from hardball.methods.regularizers.ewc import ewc_of_layers

ENTRIES = {entry.name: entry for entry in registry.entries("regularizer")}
# Every regulariser with its defaults, and what its parameters switch between.
CASES = [(name, {}) for name in ENTRIES]
CASES += [("laplacian", {"form": "tangent"}), ("laplacian_normalized", {"form": "tangent"})]
CASES += [("orthogonality", {"form": "scaled"}), ("radius_penalty", {"free": 2.0})]
CASES += [("feature_reconstruction", {"form": form}) for form in ("bce", "categorical")]
CASES += [(name, {"target": 0.5, "slope": 0.05}) for name in ("norm_target", "ball_penalty")]
NAMES = [":".join([name, *map(str, params.values())]) for name, params in CASES]
SPACES = ["poincare", "lorentz", "tangent", "euclidean"]
OWNED = ("kernel", "bias", "inner", "inner_bias", "log_c")
MOVING = ("radii", "d_pos", "tangent", "vectors", *OWNED)

# The pairs (0, 2) and (1, 3): anchors first, then their positives.
TANGENT = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 2.0], [1.0, -1.0]])
D_POS = np.array([2.0, 3.0])
DEGREES = np.array([4.0, 1.0, 9.0, 16.0])


def asked(function):
    """The names of a function's arguments, in order."""
    return facts.takes(function)


def call(half, name, given, cotangent=None, **params):
    """Value of a regulariser, or value and gradients, for the arguments that it names."""
    function = half.load("regularizer", name)
    args = [given[key] for key in asked(function) if key in given]
    if cotangent is None:
        return half.call(function, *args, **params)
    return half.both(function, cotangent, *args, **params)


def test_radius_penalty_by_hand(half):
    # 0.1 x (3 - 2)^2 beyond a free radius of 2, nothing within.
    given, params = {"radii": np.array([0.0, 2.0, 3.0])}, {"weight": 0.1, "free": 2.0}
    value, (slope,) = call(half, "radius_penalty", given, np.ones(3), **params)
    np.testing.assert_allclose(value, [0, 0, 0.1], rtol=1e-15)
    np.testing.assert_allclose(slope, [0, 0, 0.2], rtol=1e-15)


def test_ball_penalty_by_hand(half):
    # At c = 4 a radius of 0.5 is tanh(0.5) of the ball's: squared, or less 0.1 + 0.2 x depth 2.
    given = {"radii": np.array([0.0, 0.5]), "depths": np.array([0.0, 2.0]), "c": 4.0}
    norm = tanh(0.5)
    value, (slope, _) = call(half, "ball_penalty", given, np.ones(2), weight=0.1)
    np.testing.assert_allclose(value, [0, 0.1 * norm**2], rtol=1e-14)
    # d tanh(r) / dr = 1 - tanh(r)^2.
    np.testing.assert_allclose(slope, [0, 0.2 * norm * (1 - norm**2)], rtol=1e-14)
    found = call(half, "ball_penalty", given, weight=0.1, target=0.1, slope=0.2)
    np.testing.assert_allclose(found, [0.1 * 0.1**2, 0.1 * (norm - 0.5) ** 2], rtol=1e-13)


def test_ball_penalty_is_the_norm_of_the_poincare_point(half):
    points = np.array([[0.3, 0.4], [0.0, 0.1]])
    radii = half.call(half.load("manifold", "poincare").radius, points, 1.0)
    found = call(half, "ball_penalty", {"radii": radii, "depths": np.zeros(2), "c": 1.0})
    np.testing.assert_allclose(found, [0.1 * 0.5**2, 0.1 * 0.1**2], rtol=1e-14)


def test_norm_target_by_hand(half):
    # Targets 2 + 0.5 x depth: 2 and 3. 0.1 x (5 - 2)^2 and 0.1 x (1 - 3)^2.
    given = {"radii": np.array([5.0, 1.0]), "depths": np.array([0.0, 2.0])}
    params = {"weight": 0.1, "target": 2.0, "slope": 0.5}
    value, (slope, _) = call(half, "norm_target", given, np.ones(2), **params)
    np.testing.assert_allclose(value, [0.9, 0.4], rtol=1e-15)
    np.testing.assert_allclose(slope, [0.2 * 3, 0.2 * -2], rtol=1e-15)


def test_sparsity_by_hand(half):
    # |3| + |4| = 7, 0, |2| = 2, |1| + |-1| = 2. The slope is the sign, and 0 at 0.
    value, (slope,) = call(half, "sparsity", {"tangent": TANGENT}, np.ones(4), weight=0.5)
    np.testing.assert_allclose(value, [3.5, 0, 1, 1], rtol=1e-15)
    np.testing.assert_array_equal(slope, [[0.5, 0.5], [0, 0], [0, 0.5], [0.5, -0.5]])


def test_laplacian_by_hand(half):
    # Distances 2 and 3 squared; tangents (3, 4) - (0, 2) = (3, 2) and (0, 0) - (1, -1) = (-1, 1).
    given = {"d_pos": D_POS, "tangent": TANGENT}
    value, (slope, idle) = call(half, "laplacian", given, np.ones(2), weight=0.1)
    np.testing.assert_allclose(value, [0.4, 0.9], rtol=1e-15)
    np.testing.assert_allclose(slope, [0.4, 0.6], rtol=1e-15)
    assert not idle.any()
    params = {"weight": 0.1, "form": "tangent"}
    value, (idle, slope) = call(half, "laplacian", given, np.ones(2), **params)
    np.testing.assert_allclose(value, [0.1 * (9 + 4), 0.1 * (1 + 1)], rtol=1e-15)
    np.testing.assert_allclose(slope, 0.2 * np.array([[3, 2], [-1, 1], [-3, -2], [1, -1]]))
    assert not idle.any()


def test_laplacian_normalized_by_hand(half):
    # Degrees (4, 9) and (1, 16): 2^2 / sqrt(36) and 3^2 / sqrt(16). Tangents over 2, 1, 3, 4:
    # (1.5, 2) - (0, 2/3) = (1.5, 4/3) and (0, 0) - (0.25, -0.25) = (-0.25, 0.25).
    given = {"d_pos": D_POS, "tangent": TANGENT, "degrees": DEGREES}
    value, (slope, *_) = call(half, "laplacian_normalized", given, np.ones(2), weight=0.1)
    np.testing.assert_allclose(value, [0.4 / 6, 0.9 / 4], rtol=1e-15)
    np.testing.assert_allclose(slope, [0.4 / 6, 0.6 / 4], rtol=1e-15)
    params = {"weight": 0.1, "form": "tangent"}
    value, (_, slope, _) = call(half, "laplacian_normalized", given, np.ones(2), **params)
    np.testing.assert_allclose(value, [0.1 * (2.25 + 16 / 9), 0.1 * 0.125], rtol=1e-15)
    gap = np.array([[1.5, 4 / 3], [-0.25, 0.25]])
    scale = np.array([[2], [1], [3], [4]])
    np.testing.assert_allclose(slope, 0.2 * np.concatenate([gap, -gap]) / scale, rtol=1e-14)


def test_a_graphs_quadratic_forms_are_sums_over_its_pairs(half):
    """The path 0 - 1 - 2: tr(T^T L T) and tr(T^T D^-1/2 L D^-1/2 T), D = diag(1, 2, 1)."""
    laplacian = np.array([[1.0, -1, 0], [-1, 2, -1], [0, -1, 1]])
    degrees = np.array([1.0, 2, 1])
    root = np.diag(degrees**-0.5)
    vectors = np.array([[3.0, 4.0], [0.5, 1.0], [-2.0, 2.0]])
    ends = [0, 1, 1, 2]
    given = {"d_pos": np.zeros(2), "tangent": vectors[ends], "degrees": degrees[ends]}
    for name, matrix in (
        ("laplacian", laplacian),
        ("laplacian_normalized", root @ laplacian @ root),
    ):
        found = call(half, name, given, weight=1.0, form="tangent")
        np.testing.assert_allclose(found.sum(), np.trace(vectors.T @ matrix @ vectors), rtol=1e-14)


def test_orthogonality_by_hand(half):
    # T^T T = [[10, 11], [11, 21]], over 4 rows; less I: [[1.5, 2.75], [2.75, 4.25]].
    given = {"tangent": TANGENT}
    off = np.array([[1.5, 2.75], [2.75, 4.25]])
    value, (slope,) = call(half, "orthogonality", given, np.array(1.0), weight=0.1)
    np.testing.assert_allclose(value, 0.1 * (1.5**2 + 2 * 2.75**2 + 4.25**2), rtol=1e-14)
    # d |T^T T / n - I|^2 / dT = 4 T (T^T T / n - I) / n.
    np.testing.assert_allclose(slope, 0.1 * TANGENT @ off, rtol=1e-14)
    # The diagonal's mean is (10 + 21) / 2 / 4: what is left is [[20, 22], [22, 42]] / 31 - I.
    found = call(half, "orthogonality", given, weight=0.1, form="scaled")
    np.testing.assert_allclose(found, 0.1 * (11**2 + 2 * 22**2 + 11**2) / 31**2, rtol=1e-13)


def test_scaled_orthogonality_is_zero_for_an_even_spread_of_any_length(half):
    """Along the radius it has no slope, however the spread is."""
    even = np.array([[5.0, 0.0], [0.0, 5.0], [-5.0, 0.0], [0.0, -5.0]])
    value, (slope,) = call(half, "orthogonality", {"tangent": even}, np.array(1.0), form="scaled")
    np.testing.assert_allclose(value, 0, atol=1e-30)
    np.testing.assert_allclose(slope, 0, atol=1e-15)
    _, (slope,) = call(half, "orthogonality", {"tangent": TANGENT}, np.array(1.0), form="scaled")
    assert np.abs(slope).max() > 1e-4
    np.testing.assert_allclose(np.sum(slope * TANGENT), 0, atol=1e-15)


def test_ewc_by_hand(half):
    # (3, 4) from (1, 4): 0.5 / 2 x (3 x 2^2 + 5 x 0); (0, 0) from (0, 2): 0.5 / 2 x 7 x 2^2.
    given = {"vectors": TANGENT[:2], "start": np.array([[1.0, 4.0], [0.0, 2.0]])}
    given["fisher"] = np.array([[3.0, 5.0], [1.0, 7.0]])
    value, (slope, *_) = call(half, "ewc", given, np.ones(2), weight=0.5)
    np.testing.assert_allclose(value, [3, 7], rtol=1e-15)
    # weight F (t - t*).
    np.testing.assert_allclose(slope, [[0.5 * 3 * 2, 0], [0, 0.5 * 7 * -2]], rtol=1e-15)


def consolidation(half):
    """`ewc_of_layers`, as a function of arrays alone."""
    function = functools.partial(ewc_of_layers, namespace(half.framework))

    def of_two(one, two, *, weights):
        start = {"map": 0 * one, "bias": 0 * two + 1}
        fisher = {"map": 0 * one + 3, "bias": 0 * two + 0.5}
        return function({"map": one, "bias": two}, start, fisher, weights)

    return of_two


def test_ewc_of_named_arrays_has_a_weight_a_layer(half):
    one, two = np.array([[1.0, 2.0]]), np.array([3.0])
    # 3 (1 + 4) / 2 = 7.5 and 0.5 (3 - 1)^2 / 2 = 1: twice the first and ten times the second.
    function = consolidation(half)
    for weights, expected in (
        ({"map": 2.0, "bias": 10.0}, 25.0),
        ({"map": 2.0}, 15.0),
        ({"bias": 1.0}, 1.0),
        ({}, 0.0),
    ):
        found = half.call(lambda a, b, w=weights: function(a, b, weights=w), one, two)
        assert found == pytest.approx(expected, rel=1e-15)


def test_of_a_quadratic_loss_ewc_is_training_on_both(half):
    """Loss a / 2 |p - p_A - noise / sqrt(a)|^2: gradients at p_A are -sqrt(a) noise, so F = a.

    L_B = b / 2 |p - p_B|^2 with the penalty then has its minimum where L_A + L_B has: at
    (a p_A + b p_B) / (a + b).
    """
    a, b = np.array([4.0, 0.25, 0.0]), np.array([1.0, 0.75, 2.0])
    ours, theirs = np.array([1.0, -2.0, 3.0]), np.array([-1.0, 2.0, 5.0])
    noise = np.random.default_rng(1).normal(size=(200_000, 3))
    gradients = a * (ours - (ours + noise / np.sqrt(np.maximum(a, 1e-9))))
    information = np.mean(gradients**2, axis=0)
    np.testing.assert_allclose(information, a, rtol=0.02)
    both = (a * ours + b * theirs) / (a + b)
    given = {"vectors": both[None], "start": ours[None], "fisher": a[None]}
    _, (slope, *_) = call(half, "ewc", given, np.ones(1), weight=1.0)
    np.testing.assert_allclose(slope[0] + b * (both - theirs), 0, atol=1e-14)


def some(pairs, dim, dtype, seed=6):
    """What a regulariser may ask of a batch."""
    rng = np.random.default_rng(seed)
    nodes = 2 * pairs
    given = {
        "radii": rng.uniform(0, 9, nodes),
        "d_pos": rng.uniform(0, 9, pairs),
        "tangent": rng.normal(0, 3, (nodes, dim)),
        "vectors": rng.normal(0, 3, (nodes, dim)),
        "start": rng.normal(0, 3, (nodes, dim)),
        "fisher": rng.uniform(0, 1, (nodes, dim)),
        "degrees": rng.integers(1, 50, nodes),
        "depths": rng.integers(0, 12, nodes),
        # A head of 4 classes, or of 4 columns of features behind as many units as dimensions.
        "kernel": rng.normal(size=(dim, 4)),
        "bias": rng.normal(size=4),
        "inner": rng.normal(size=(dim, dim)),
        "inner_bias": rng.normal(size=dim),
        "log_c": rng.normal(size=()),
        "targets": rng.dirichlet(np.ones(4), nodes),
    }
    given = {name: np.asarray(array, dtype) for name, array in given.items()}
    return given | {"labels": rng.integers(-1, 4, nodes).astype(np.int32), "c": 1.0}


def batches(half, module, dtype):
    """Coincident pairs, pairs at the origin, and pairs at the largest radius, at most 340."""
    largest = min(module.MAX_RADIUS[np.dtype(dtype).name], 340.0)
    rng = np.random.default_rng(9)
    away = rng.normal(size=(4, 3))
    away *= 2 * largest / np.linalg.norm(away, axis=1, keepdims=True)
    starts = {
        "coincident": np.tile([[1.0, 2.0, 0.5]], (4, 1)),
        "origin": np.zeros((4, 3)),
        "boundary": away,
    }
    for name, v in starts.items():
        points = half.call(module.exp0, v.astype(dtype), 1.0)
        yield name, half.call(module.project, points, 1.0)


@pytest.mark.full
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("space", SPACES)
def test_finite_at_coincident_points_at_the_origin_and_at_the_boundary(space, dtype, half):
    """Values, and the gradient of their sum in the points themselves, as the engine takes it."""
    module = half.load("manifold", space)
    functions = [functools.partial(half.load("regularizer", n), **params) for n, params in CASES]

    def each(rows, degrees, depths, *more):
        told = {"radii": module.radius(rows, 1.0), "tangent": module.log0(rows, 1.0)}
        told |= {"d_pos": module.dist(rows[:2], rows[2:], 1.0), "c": 1.0}
        told |= {"degrees": degrees, "depths": depths, **dict(zip(others, more, strict=True))}
        told |= {"vectors": told["tangent"], "start": told["tangent"] * 0}
        told |= {"fisher": told["start"] + 1}
        return half.stack(
            [f(**{k: told[k] for k in told if k in asked(f)}).sum() for f in functions]
        )

    made, others = some(2, 3, dtype), (*OWNED, "targets", "labels")
    known = np.ones(4, dtype), np.array([0, 1, 2, 3], dtype), *(made[name] for name in others)
    for where, points in batches(half, module, dtype):
        values, (slope, *_) = half.both(each, np.ones(len(CASES), dtype), points, *known)
        assert values.dtype == slope.dtype == dtype
        assert np.isfinite(slope).all(), where
        for value, name in zip(values, NAMES, strict=True):
            assert np.isfinite(value), (where, name)
            if where == "coincident" and name.startswith("laplacian"):
                assert value < 1e-12, name


@pytest.mark.parametrize(("name", "params"), CASES, ids=NAMES)
def test_nothing_is_as_large_as_the_batch_times_itself(name, params, halves):
    """Of 128 nodes in 5 dimensions no array of value and gradient has more than 640 numbers."""
    import jax

    given, function = some(64, 5, np.float32), halves[0].load("regularizer", name)
    moving = {key: given[key] for key in asked(function) if key in MOVING}
    known = {key: given[key] for key in asked(function) if key in given and key not in MOVING}

    def total(moving):
        return function(**moving, **known, **params).sum()

    program = jax.make_jaxpr(jax.value_and_grad(total))(moving)
    assert 0 < max(sizes(program.jaxpr)) <= 128 * 5


def sizes(program):
    """Of every array that a program of JAX makes, those of its inner programs too."""
    for step in program.eqns:
        yield from (array.aval.size for array in step.outvars)
        for inner in step.params.values():
            if hasattr(inner, "jaxpr"):
                yield from sizes(inner.jaxpr)


def test_a_form_that_is_not_there_is_named():
    from hardball.core.errors import HardballError

    with pytest.raises(HardballError, match="allowed are distance, tangent"):
        registry.parameters("regularizer", "laplacian", {"form": "hyperbolic"})
