"""Terms with arrays of their own in a run: how these begin, move, are kept, and what is refused."""

import importlib
from math import log, sqrt

import numpy as np
import pytest
from covering import part

from hardball.core.errors import HardballError
from hardball.data import features, groups
from hardball.data.cards import Group
from hardball.hierarchy.labels import node_labels
from hardball.methods.regularizers.feature_reconstruction import targets
from hardball.runs.spec import RunSpec
from hardball.training import heads, loop, methods, problem
from hardball.training.train import train

FRAMEWORKS = ["jax", "torch"]
# Both frameworks take the same steps by the contract of runs.
MOSTLY_TORCH = part(FRAMEWORKS, ["torch"])
ALL = [
    {"name": "node_classification", "holdout": 0.5},
    {"name": "feature_reconstruction", "features": "depth", "hidden": 3},
    {"name": "curvature_penalty", "target": 2.0},
]


def spec_of(framework="torch", **settings):
    base = {"dataset": "random", "seed": 1, "dim": 3, "dtype": "float64", "batch_size": 16}
    base |= {"negatives": 4, "epochs": 2, "init_scale": 1.0, "kernels": "plain", "lr": 0.1}
    return RunSpec(framework=framework, **{**base, **settings})


@pytest.fixture(scope="module")
def graph(random_dag):
    """120 nodes labelled by the root's child they are below, or the one that they are."""
    return groups.add(random_dag(120, 5, roots=0.0), [Group(name="branch", by="depth", k=1)])


class Run:
    """A run's engine, and its table after some steps."""

    def __init__(self, graph, framework="torch", steps=0, **settings):
        self.problem = problem.build(spec_of(framework, **settings), graph)
        module = importlib.import_module(f"hardball.training.engine_{framework}")
        self.engine = module.Engine(self.problem, max(steps, 1))
        self.table = self.engine.start()
        self.totals = {}
        if steps:
            self.take(0, steps)

    def take(self, first, steps):
        chunk = problem.chunk(self.problem, problem.batches_of(self.problem), first, steps)
        self.engine.compile(self.table, chunk)
        self.table, totals = self.engine.run(self.table, chunk)
        self.totals = self.engine.read(totals)
        self.batch = self.problem.positives[chunk.batch[-1]]

    @property
    def arrays(self):
        return self.engine.heads(self.table)

    @property
    def moments(self):
        """The first moments of what terms own: a tenth of the gradient, after one step."""
        packed = self.engine.export(self.table)
        return {n.removeprefix("heads_"): a[1] for n, a in packed.items() if n != "rows"}


def test_a_head_learns_from_the_training_nodes_alone(graph):
    task = problem.build(spec_of(regularizers=ALL[:1]), graph)
    asked = node_labels(graph, 1, holdout=0.5)
    told = task.heads["node_classification"].nodes["labels"]
    assert len(asked.test)
    np.testing.assert_array_equal(np.flatnonzero(told >= 0), asked.train)
    np.testing.assert_array_equal(told[asked.train], asked.codes[asked.train])


def test_arrays_begin_within_glorots_bounds_and_follow_from_the_seed(graph):
    start, same, other = (
        problem.build(spec_of(seed=seed, regularizers=ALL[1:2]), graph).heads[ALL[1]["name"]].start
        for seed in (1, 1, 2)
    )
    columns = features.depth(graph).shape[1]
    assert {name: array.shape for name, array in start.items()} == {
        "inner": (3, 3), "inner_bias": (3,), "kernel": (3, columns), "bias": (columns,)
    }  # fmt: skip
    limit = sqrt(6 / (3 + columns))
    assert 0.7 * limit < np.abs(start["kernel"]).max() < limit
    assert not start["bias"].any()
    np.testing.assert_array_equal(start["kernel"], same["kernel"])
    assert (start["kernel"] != other["kernel"]).all()


def test_features_are_scaled_to_what_is_to_be_reconstructed():
    table = np.array([[0.0, 2.0, 5.0], [3.0, 1.0, 5.0], [0.0, 0.0, 5.0]], np.float32)
    np.testing.assert_array_equal(targets((table,), "mse", 2), table)
    # Columns over their ranges 0..3, 0..2 and 5..5; rows over their sums 7, 9 and 5.
    found = targets((table,), "bce", 2)
    np.testing.assert_allclose(found, [[0, 1, 0], [1, 0.5, 0], [0, 0, 0]])
    found = targets((table,), "categorical", 2)
    np.testing.assert_allclose(found, [[0, 2 / 7, 5 / 7], [3 / 9, 1 / 9, 5 / 9], [0, 0, 1]])
    with pytest.raises(HardballError, match="form=mse or bce"):
        targets((-table,), "categorical", 2)


def test_sparse_features_are_hashed_to_columns(graph):
    (names,) = features.features(graph, "names")
    found = targets((names,), "mse", 8)
    dense = names[5].toarray().ravel()
    np.testing.assert_allclose(found[5], dense.reshape(-1, 8).sum(axis=0), rtol=1e-6)


@pytest.mark.parametrize("framework", MOSTLY_TORCH)
def test_a_head_takes_the_gradient_of_its_loss(framework, graph):
    """Of the first batch: W - lr g / |g| with g = T^T (p - y) / n over the n labelled anchors."""
    run = Run(graph, framework, 1, regularizers=[{**ALL[0], "weight": 0.5}])
    before = run.problem.heads["node_classification"].start
    labels = run.problem.heads["node_classification"].nodes["labels"]
    anchors = run.batch[labels[run.batch[:, 0]] >= 0, 0]
    scores = run.problem.start[anchors] @ before["kernel"]
    share = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    off = (share - (labels[anchors, None] == np.arange(share.shape[1]))) / len(anchors)
    slope = 0.5 * run.problem.start[anchors].T @ off
    np.testing.assert_allclose(
        run.moments["node_classification.kernel"], 0.1 * slope, rtol=1e-9, atol=1e-15
    )
    expected = before["kernel"] - 0.01 * slope / (np.abs(slope) + 1e-8)
    found = run.arrays["node_classification.kernel"]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    # The rate of a head is a share of the run's, which begins at 0.1 here.
    np.testing.assert_allclose(np.abs(found - before["kernel"]).max(), 0.01, rtol=1e-4)


@pytest.mark.parametrize("framework", MOSTLY_TORCH)
def test_a_head_follows_the_runs_rate(framework, graph):
    """A burn-in at a tenth of the rate is one of the head too."""
    settings = {"regularizers": ALL[:1], "burn_in": 1, "burn_in_factor": 0.1}
    run = Run(graph, framework, 1, **settings)
    moved = run.arrays["node_classification.bias"]
    np.testing.assert_allclose(np.abs(moved).max(), 0.001, rtol=1e-3)


@pytest.mark.parametrize("framework", MOSTLY_TORCH)
def test_terms_apart_leave_each_head_its_own_gradient(framework, graph):
    """pcgrad changes what the rows do; a head has no part in the other terms."""
    each = [
        Run(graph, framework, 1, regularizers=ALL[:2], objective=objective)
        for objective in ("sum", "pcgrad", "balanced")
    ]
    together, apart, balanced = (run.moments for run in each)
    assert len(together) == 6
    for name, moment in together.items():
        np.testing.assert_allclose(apart[name], moment, rtol=1e-12, atol=1e-17)
    # Balanced terms are a tenth of the main loss, and so are their gradients.
    totals = each[2].totals
    factor = 0.1 * totals["loss_main"] / totals["loss_node_classification"]
    name = "node_classification.bias"
    np.testing.assert_allclose(balanced[name], factor * together[name], rtol=1e-10)
    ours, theirs = (run.engine.points(run.table, 1) for run in each[:2])
    assert np.abs(ours - theirs).max() > 1e-6


def loss_at(graph, framework, c):
    manifold = {"name": "tangent", "c": c}
    return Run(graph, framework, 1, manifold=manifold).totals["loss"]


@pytest.mark.parametrize("framework", MOSTLY_TORCH)
def test_distances_are_those_of_the_learned_curvature(framework, graph):
    """At c = 2 the loss and its slope in log c, which the penalty has none of at its target."""
    manifold = {"name": "tangent", "c": 2.0}
    run = Run(graph, framework, 1, manifold=manifold, regularizers=ALL[2:])
    assert run.totals["loss"] == pytest.approx(loss_at(graph, framework, 2.0), rel=1e-12)
    up, down = (loss_at(graph, framework, 2 * np.exp(step)) for step in (1e-5, -1e-5))
    slope = (up - down) / 2e-5
    assert abs(slope) > 1e-3
    assert run.moments["curvature_penalty.log_c"] == pytest.approx(0.1 * slope, rel=1e-6)
    found = run.arrays["curvature_penalty.log_c"]
    assert found == pytest.approx(log(2) - 0.01 * np.sign(slope), rel=1e-6)


@pytest.mark.parametrize("framework", part(FRAMEWORKS, ["torch"]))
def test_what_was_learned_is_in_the_row(framework, graph):
    spec = spec_of(framework, regularizers=ALL, epochs=4, eval_every=2)
    result = train(spec, hierarchy=graph, progress=False)
    assert result.c == pytest.approx(np.exp(result.heads["curvature_penalty.log_c"]))
    assert result.c != 1
    assert result.row.metrics["curvature"] == result.c
    labels = node_labels(graph, 1, holdout=0.5)
    kernel, bias = (result.heads[f"node_classification.{n}"] for n in ("kernel", "bias"))
    told = (result.points @ kernel + bias).argmax(axis=1)[labels.test]
    right = np.mean(told == labels.codes[labels.test])
    assert result.row.metrics["joint_accuracy"] == pytest.approx(right)


@pytest.mark.parametrize("framework", MOSTLY_TORCH)
def test_a_restored_table_goes_on_in_the_same_bytes(framework, graph):
    settings = {"regularizers": ALL}
    whole, parts = Run(graph, framework, 6, **settings), Run(graph, framework, 3, **settings)
    kept = parts.engine.export(parts.table)
    assert {name for name in kept if name.startswith("heads_")} == {
        f"heads_{name}" for name in parts.arrays
    }
    parts.table = parts.engine.restore({name: array.copy() for name, array in kept.items()})
    parts.take(3, 3)
    ends = (run.engine.export(run.table) for run in (whole, parts))
    for ours, theirs in zip(*(sorted(end.items()) for end in ends), strict=True):
        assert ours[0] == theirs[0]
        assert ours[1].tobytes() == theirs[1].tobytes()


@pytest.mark.parametrize("framework", MOSTLY_TORCH)
def test_a_run_without_them_has_none(framework, graph):
    run = Run(graph, framework, regularizers=["laplacian"])
    assert run.table.heads == {}
    assert run.engine.data.nodes == {}
    assert set(run.engine.export(run.table)) == {"rows"}
    # The rate is an argument of the compiled step, unless terms take a share of it.
    for terms, same in ((["laplacian"], True), (ALL[:1], False)):
        specs = [spec_of(framework, lr=lr, regularizers=terms) for lr in (0.1, 0.2)]
        ids = {methods.identity(methods.resolve(spec, framework, 4)) for spec in specs}
        assert (len(ids) == 1) == same


def test_a_second_term_of_a_name_has_its_own(graph):
    terms = ["curvature_penalty", {**ALL[1]}, {**ALL[1], "features": "degree"}]
    task = problem.build(spec_of(regularizers=terms), graph)
    assert list(task.heads) == [
        "curvature_penalty", "feature_reconstruction", "feature_reconstruction_2"
    ]  # fmt: skip
    named = heads.named({name: head.start for name, head in task.heads.items()})
    assert heads.nested(named).keys() == task.heads.keys()
    assert "feature_reconstruction_2.kernel" in named


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"manifold": "poincare"}, "allowed is tangent"),
        ({"sampler": "mined"}, "take one that does not look"),
        ({"regularizers": [ALL[2], "ball_penalty"]}, "norm_target and radius_penalty"),
        ({"regularizers": [ALL[2], ALL[2]]}, "a run has one curvature"),
    ],
)
def test_what_a_learned_curvature_does_not_go_with_is_refused(settings, said):
    with pytest.raises(HardballError, match=said):
        loop.check(spec_of(**{"regularizers": ALL[2:], **settings}))


def test_a_learned_curvature_is_of_losses_on_distances():
    with pytest.raises(HardballError, match="entailment_cones, which compares angles"):
        methods.resolve(spec_of(regularizers=ALL[2:], loss="entailment_cones"), "torch", 1)


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ({**ALL[0], "lr": 0.0}, "lr=0.0, allowed are numbers 0 < x"),
        ({**ALL[0], "label": "family"}, "it has branch"),
        ({**ALL[1], "hidden": -1}, "hidden=-1, allowed are whole numbers 0 <= x"),
        ({**ALL[1], "columns": 0}, "columns=0, allowed are whole numbers 1 <= x"),
        ({**ALL[1], "features": "rank"}, "no group 'rank'"),
        ({**ALL[2], "target": 0.0}, "target=0.0, allowed are numbers 0 < x"),
    ],
)
def test_a_head_that_cannot_be_made_is_named(term, said, graph):
    with pytest.raises(HardballError, match=said):
        problem.build(spec_of(regularizers=[term]), graph).heads  # noqa: B018


def test_labels_that_a_task_tests_are_not_trained_on(graph):
    term, same = {**ALL[0], "holdout": 0.2}, {"name": "node_classification", "holdout": 0.2}
    task = problem.build(spec_of(task=same, regularizers=[term]), graph)
    told = np.flatnonzero(task.heads["node_classification"].nodes["labels"] >= 0)
    assert len(task.split.labels.test)
    assert not np.intersect1d(task.split.labels.test, told).size
    # Half of 0.9 are tested, of which the term is told more than half.
    for other in ({**same, "holdout": 0.9}, {"name": "graph_classification", "size": 2}):
        with pytest.raises(HardballError, match="trains on labels that task"):
            problem.build(spec_of(task=other, regularizers=[term]), graph).heads  # noqa: B018
