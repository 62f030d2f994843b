"""Heads on fixed points: their loss, what they tell, and that no example is asked and learnt."""

import functools
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import check_grad

from hardball.core.errors import HardballError
from hardball.data import groups
from hardball.data.cards import Group
from hardball.hierarchy import drawing, labels, splits
from hardball.hierarchy.closure import closure, contains, from_pairs, pairs
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.hierarchy.pieces import pieces, runs
from hardball.methods.tasks.graph_classification import graph_classification
from hardball.methods.tasks.link_prediction import link_prediction
from hardball.methods.tasks.node_classification import node_classification
from hardball.metrics import classes, link_head, logistic
from hardball.metrics.evaluate import evaluate
from hardball.metrics.logistic import Examples, Head
from hardball.metrics.polar import tangent, to_polar
from hardball.runs.spec import RunSpec
from hardball.training.train import train

TWO = Examples(np.array([[1.0], [-1.0]]), np.array([1, 0]))


def branches(h: Hierarchy, k: int = 1) -> Hierarchy:
    """The hierarchy with each node's ancestor at depth k as its label."""
    return groups.add(h, [Group(name="branch", by="depth", k=k)])


@pytest.fixture
def two_kinds() -> tuple[Hierarchy, np.ndarray]:
    """20 nodes of kind a at (1, 0), 10 of kind b at (-1, 0), the root at the origin without one.

    With holdout 0.2 the test is 2 of a and 1 of b.
    """
    kinds = [None, *"a" * 20, *"b" * 10]
    h = from_edges(
        "kinds", np.arange(1, 31), np.zeros(30, int), nodes=np.arange(31), groups={"kind": kinds}
    )
    return h, np.array([[0.0, 0.0], *[[1.0, 0.0]] * 20, *[[-1.0, 0.0]] * 10])


def test_loss_at_zero_is_the_logarithm_of_the_classes() -> None:
    """p = 1/2 for x = 1 (class 1) and x = -1 (class 0): dL/dw_0 = (1 (1/2) - 1 (1/2 - 1)) / 2."""
    value, slope = logistic.loss(np.zeros(4), *TWO, 2, 0.0)
    assert value == pytest.approx(np.log(2), rel=1e-15)
    assert slope.tolist() == [0.5, -0.5, 0.0, 0.0]


def test_the_penalty_is_on_the_weights_alone() -> None:
    """l2/2 |W|^2 = 0.1/2 (9 + 16) = 1.25, gradient 0.1 W; nothing of the bias (7, 7)."""
    flat = np.array([3.0, 4.0, 7.0, 7.0])
    plain, slope = logistic.loss(flat, *TWO, 2, 0.0)
    value, penalised = logistic.loss(flat, *TWO, 2, 0.1)
    assert value - plain == pytest.approx(1.25, rel=1e-14)
    np.testing.assert_allclose(penalised - slope, [0.3, 0.4, 0, 0], atol=1e-15)


def test_the_gradient_is_that_of_the_value() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(50, 3)), rng.integers(0, 4, 50)
    flat = rng.normal(size=16)
    error = check_grad(
        lambda at: logistic.loss(at, *data, 4, 0.3)[0],
        lambda at: logistic.loss(at, *data, 4, 0.3)[1],
        flat,
    )
    assert error < 1e-6


def test_blocks_of_rows_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    data = rng.normal(size=(50, 3)), rng.integers(0, 4, 50)
    flat = rng.normal(size=16)
    value, slope = logistic.loss(flat, *data, 4, 0.3)
    monkeypatch.setattr("hardball.metrics.logistic.CELLS", 28)
    in_blocks = logistic.loss(flat, *data, 4, 0.3)
    assert in_blocks[0] == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(in_blocks[1], slope, rtol=1e-12, atol=1e-15)


def test_large_scores_stay_finite() -> None:
    """z = (-1000, 1000) and its reverse, both right: log(1 + e^-2000) = 0."""
    value, slope = logistic.loss(np.array([-1000.0, 1000.0, 0.0, 0.0]), *TWO, 2, 0.0)
    assert value == 0
    assert not slope.any()


def test_the_fitted_head_is_the_minimum() -> None:
    """W = (-w, w) for x = -1, 1 in classes 0, 1: L = log(1 + e^-2w) + l2 w^2.

    dL/dw = -2 / (1 + e^2w) + 2 l2 w is 0 at w = 1 where l2 = 1 / (1 + e^2).
    """
    head = logistic.best(TWO, TWO, 2, l2=1 / (1 + np.exp(2)))
    np.testing.assert_allclose(head.weights, [[-1, 1]], atol=1e-5)
    np.testing.assert_allclose(head.bias, [0, 0], atol=1e-5)


def test_a_head_takes_vectors_as_they_are_given() -> None:
    """x = 2, 8 has mean 5 and deviation 3: W = (-1, 1) of the standardised is (-1, 1) / 3."""
    moved = Examples(5 + 3 * TWO.vectors, TWO.classes)
    head = logistic.best(moved, moved, 2, l2=1 / (1 + np.exp(2)))
    np.testing.assert_allclose(head.weights, [[-1 / 3, 1 / 3]], atol=1e-5)
    np.testing.assert_allclose(head.bias, [5 / 3, -5 / 3], atol=1e-4)


def test_three_directions_are_told_apart() -> None:
    angles = np.repeat([0.0, 2.0, 4.0], 5) + np.tile([-0.2, -0.1, 0, 0.1, 0.2], 3)
    apart = Examples(np.stack([np.cos(angles), np.sin(angles)], axis=1), np.repeat([0, 1, 2], 5))
    assert logistic.accuracy(logistic.best(apart, apart, 3), apart) == 1


def test_a_negative_penalty_is_refused() -> None:
    with pytest.raises(HardballError, match=r"l2=-0\.1, allowed are 0"):
        logistic.best(TWO, TWO, 2, l2=-0.1)


def test_macro_f1_is_the_mean_over_classes() -> None:
    """0: 2 of 3 found, 3 told: 4/6. 1: 1 right, 2 told, 2 true: 2/4. 2: 2/2. 3 is nowhere."""
    true, found = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 2])
    assert classes.macro_f1(found, true, 4) == pytest.approx((4 / 6 + 2 / 4 + 1) / 3)


@pytest.mark.parametrize(
    ("manifold", "point"),
    [
        ("tangent", [0.6, 0.8]),
        ("euclidean", [0.6, 0.8]),
        ("poincare", [np.tanh(1) / 2 * 0.6, np.tanh(1) / 2 * 0.8]),
        ("lorentz", [np.cosh(2) / 2, np.sinh(2) / 2 * 0.6, np.sinh(2) / 2 * 0.8]),
    ],
)
def test_tangent_vectors_are_as_long_as_the_radius(manifold: str, point: list[float]) -> None:
    """c = 4: radius 1 is 2 artanh(2 |x|) / 2 on the ball, arsinh(2 |x|) / 2 on the hyperboloid."""
    found = tangent(to_polar(np.array([point]), manifold, 4.0))
    np.testing.assert_allclose(found, [[0.6, 0.8]], rtol=1e-13)


def measured(h: Hierarchy, points: np.ndarray, task: Callable, **params) -> dict[str, float]:
    above = closure(h)
    return evaluate(points, "tangent", 1.0, h, task(h, above, 0, **params), above)


def test_kinds_that_lie_apart_are_told(two_kinds: tuple[Hierarchy, np.ndarray]) -> None:
    found = measured(*two_kinds, node_classification)
    assert found["label_accuracy"] == 1
    assert found["label_macro_f1"] == 1
    assert found["label_majority"] == pytest.approx(2 / 3)
    assert "map" in found, "what reconstruction measures is there too"


def test_points_at_one_place_tell_the_majority(two_kinds: tuple[Hierarchy, np.ndarray]) -> None:
    """Of a 2 of 2 are found and 3 told: 4/5; of b none."""
    h, points = two_kinds
    found = measured(h, points * 0, node_classification)
    assert found["label_accuracy"] == found["label_majority"] == pytest.approx(2 / 3)
    assert found["label_macro_f1"] == pytest.approx((4 / 5 + 0) / 2)


def test_a_head_from_elsewhere_is_asked_about_the_test_nodes(
    two_kinds: tuple[Hierarchy, np.ndarray],
) -> None:
    """Scores (x, -x): right. Scores (-x, x): wrong. A bias for a alone: the 2 of 3 that are a."""
    h, points = two_kinds
    asked = labels.node_labels(h, 0, "kind")
    right = Head(np.array([[1.0, -1.0], [0.0, 0.0]]), np.zeros(2))
    assert classes.accuracy_of(right, points, asked) == 1
    assert classes.accuracy_of(Head(-right.weights, right.bias), points, asked) == 0
    only_a = Head(np.zeros((2, 2)), np.array([1.0, 0.0]))
    assert classes.accuracy_of(only_a, points, asked) == pytest.approx(2 / 3)


def test_no_test_label_reaches_the_head(two_kinds: tuple[Hierarchy, np.ndarray]) -> None:
    """With the test nodes' classes exchanged the head is the same, so all its answers are wrong."""
    h, points = two_kinds
    above = closure(h)
    split = node_classification(h, above, 0)
    split.labels.codes[split.labels.test] = 1 - split.labels.codes[split.labels.test]
    assert evaluate(points, "tangent", 1.0, h, split, above)["label_accuracy"] == 0


def test_classification_trains_on_what_reconstruction_trains_on(
    two_kinds: tuple[Hierarchy, np.ndarray],
) -> None:
    h, _ = two_kinds
    above = closure(h)
    for task in (
        node_classification,
        functools.partial(graph_classification, size=2),
    ):
        split = task(h, above, 0)
        assert np.array_equal(split.train, pairs(above))
        assert split.test is None
        assert splits.leaks(split) == []


def test_graphs_are_runs_of_a_branch_in_preorder(tree: Hierarchy) -> None:
    """b d h e f: {b, d}, {h, e}, and f is left over; c g i: {c, g}, and i is left over."""
    h = branches(tree)
    graph_of, codes = runs(h, h.groups["branch"], 2)
    named = dict(zip(h.ids, graph_of.tolist(), strict=True))
    assert named == {"a": -1, "b": 0, "d": 0, "h": 1, "e": 1, "f": -1, "c": 2, "g": 2, "i": -1}
    assert codes.tolist() == [0, 0, 1]


def test_graphs_lie_in_one_class_and_no_node_is_in_two_parts(
    random_dag: Callable[..., Hierarchy],
) -> None:
    h = branches(random_dag(600, 4, roots=0.0))
    found = pieces(h, 0, "branch", size=4)
    assert set(np.bincount(found.graph_of[found.graph_of >= 0])) == {4}
    parts = (found.labels.train, found.labels.validation, found.labels.test)
    nodes = [set(np.flatnonzero(np.isin(found.graph_of, part)).tolist()) for part in parts]
    assert not nodes[0] & nodes[2]
    assert not nodes[0] & nodes[1]
    assert not nodes[1] & nodes[2]
    names = np.array(found.labels.names)
    for graph in np.concatenate(parts):
        inside = h.groups["branch"][found.graph_of == graph]
        own = {h.group_names["branch"][code] for code in inside}
        assert own == {names[found.labels.codes[graph]]}


def test_a_graphs_vector_is_the_mean_of_its_nodes() -> None:
    vectors = np.array([[1.0, 0.0], [9.0, 9.0], [3.0, 2.0], [5.0, 5.0]])
    found = classes.pooled(vectors, np.array([0, -1, 0, 1]))
    assert found.tolist() == [[2.0, 1.0], [5.0, 5.0]]


def test_graphs_of_branches_that_lie_apart_are_told() -> None:
    """In the drawing each of the three branches below the root is a sector of its own."""
    child = np.arange(1, 400)
    h = branches(from_edges("three", child, (child - 1) // 3, nodes=np.arange(400)))
    drawn = drawing.sectors(h, np.zeros((400, 2)))
    found = measured(h, drawn, graph_classification, size=4)
    assert found["graph_accuracy"] > 0.9 > found["graph_majority"]
    again = measured(h, drawn, graph_classification, size=4)
    assert again == found
    lost = measured(h, drawn * 0, graph_classification, size=4)
    assert lost["graph_accuracy"] == lost["graph_majority"]


@pytest.mark.parametrize(
    ("task", "params", "message"),
    [
        (graph_classification, {"size": 0}, "size=0, allowed are whole numbers 1 <= x"),
        (graph_classification, {"size": 8}, "kinds in graphs of 8 nodes: 0 of 2 classes"),
        (graph_classification, {"l2": -1.0}, r"l2=-1\.0, allowed are numbers 0 <= x"),
        (node_classification, {"l2": -1.0}, r"l2=-1\.0, allowed are numbers 0 <= x"),
        (node_classification, {"label": "order"}, "kinds has no label 'order': it has kind"),
    ],
)
def test_settings_that_cannot_work_are_named(
    two_kinds: tuple[Hierarchy, np.ndarray], task: Callable, params: dict, message: str
) -> None:
    h, _ = two_kinds
    with pytest.raises(HardballError, match=message):
        task(h, closure(h), 0, **params)


def test_auc_counts_ties_half() -> None:
    """3 > 2, 3 > 1, 1 < 2, 1 = 1: (1 + 1 + 0 + 1/2) / 4."""
    assert link_head.auc(np.array([3.0, 1.0, 2.0, 1.0]), np.array([1, 1, 0, 0], bool)) == 2.5 / 4


def test_a_corrupted_pair_is_unknown_and_differs_in_one_end(
    random_dag: Callable[..., Hierarchy],
) -> None:
    above = closure(random_dag(200, 3))
    every = pairs(above)
    found = link_head.corrupted(every, above, 0, "test")
    assert len(found) == len(every)
    assert not contains(above, found[:, 0], found[:, 1]).any()
    assert (found[:, 0] != found[:, 1]).all()
    assert (found[::2, 0] == every[::2, 0]).all(), "another ancestor"
    assert (found[1::2, 1] == every[1::2, 1]).all(), "another node"


def test_a_pair_without_a_non_pair_is_left_out() -> None:
    """b below a and nothing else: the ancestor cannot be any other node."""
    known = from_pairs(np.array([[1, 0]], np.int32), 2)
    assert link_head.corrupted(pairs(known), known, 0, "test").shape == (0, 2)


def test_features_of_a_pair() -> None:
    """3 to the right, 4 up: in R^2 distance 5 and a right angle; the origin has no angle."""
    polar = to_polar(np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]), "euclidean")
    found = link_head.features(polar, np.array([[1, 2], [1, 0]]))
    np.testing.assert_allclose(found, [[5, 3, 4, 0], [3, 3, 0, 0]], atol=1e-15)


def test_links_are_told_from_a_drawing_and_not_from_one_place(
    random_dag: Callable[..., Hierarchy],
) -> None:
    h = random_dag(300, 5, roots=0.0, extra=0.0)
    drawn = drawing.sectors(h, np.zeros((300, 2)))
    found = measured(h, drawn, link_prediction)
    assert found["link_head_auc"] > 0.8
    assert found["link_head_accuracy"] > 0.7
    lost = measured(h, drawn * 0, link_prediction)
    assert lost["link_head_auc"] == 0.5


@pytest.mark.parametrize("framework", ["jax", "torch"])
@pytest.mark.parametrize("task", ["node_classification", "graph_classification"])
def test_a_run_writes_its_accuracy_into_the_row(
    random_dag: Callable[..., Hierarchy], framework: str, task: str
) -> None:
    h = branches(random_dag(300, 4, roots=0.0))
    spec = RunSpec(
        dataset="random",
        framework=framework,
        seed=0,
        task={"name": task, **({"size": 2} if task.startswith("graph") else {})},
        batch_size=64,
        epochs=10,
    )
    metrics = train(spec, hierarchy=h, progress=False).row.metrics
    name = "label" if task.startswith("node") else "graph"
    assert metrics[f"{name}_accuracy"] > metrics[f"{name}_majority"]
