"""Subtrees that arrive with a few nodes known: what is held out, what is told, what is learned."""

import dataclasses
import importlib

import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import from_edges
from hardball.hierarchy.subtrees import disjoint_subtrees
from hardball.methods import registry
from hardball.methods.strategies.few_shot import ASK, CHOOSE, LEARN
from hardball.metrics.few_shot import SHOTS
from hardball.runs.row import VOLATILE
from hardball.runs.spec import RunSpec
from hardball.training import loop
from hardball.training.few_shot import parameters, rules, run
from hardball.training.few_shot.batches import asking, learning
from hardball.training.few_shot.outer import Outer
from hardball.training.few_shot.rules import Lengths
from hardball.training.train import train

META = {
    "name": "few_shot", "by": "maml", "inner_steps": 2, "rates": "0.1 0.5", "outer_steps": 3,
    "smallest": 4, "largest": 12, "share": 0.7, "candidates": 8, "hidden": 4, "subtrees": 2,
}  # fmt: skip
SETTINGS = {
    "dataset": "planted", "seed": 1, "dim": 3, "dtype": "float64", "batch_size": 16,
    "negatives": 6, "epochs": 10, "lr": 0.1, "kernels": "plain", "manifold": "tangent",
}  # fmt: skip
FRAMEWORKS = ("jax", "torch")


def spec_of(framework="torch", strategy=None, **given):
    strategy = {**META, **(strategy or {})}
    return RunSpec(framework=framework, **{**SETTINGS, "strategy": strategy, **given})


def planted(families=16, seed=0):
    """Families of three genera with three species each, called like their genus but one letter."""
    rng = np.random.default_rng(seed)
    edges, names = [], {"root": "life"}
    for family in range(families):
        top = f"f{family}"
        edges.append((top, "root"))
        names[top] = f"family {family}"
        for genus in range(3):
            called = "".join(rng.choice(list("abcdefghiklmnoprstuvz"), 9))
            edges.append((f"{top}g{genus}", top))
            names[f"{top}g{genus}"] = called
            for species in range(3):
                edges.append((f"{top}g{genus}s{species}", f"{top}g{genus}"))
                names[f"{top}g{genus}s{species}"] = f"{called}{'xyw'[species]}"
    child, parent = zip(*edges, strict=True)
    return from_edges("planted", child, parent, names=names)


@pytest.fixture(scope="module")
def h():
    return planted()


def drawn(h, dim=3, seed=1):
    """The data of a run whose table lies at random points, no nearer to one another than chance."""
    spec = spec_of(dim=dim, seed=seed)
    arrival = registry.builder("strategy", "few_shot")(h, seed, **spec.strategy.params)
    relations = closure(h)
    rows = np.flatnonzero(arrival == 0)
    points = np.random.default_rng(seed).normal(size=(len(rows), dim))
    points += 0.3 * h.depth[rows, None] * points / np.linalg.norm(points, axis=1, keepdims=True)
    here, rows = run.arrived(h, relations, arrival == 0)
    return run._data(spec, h, relations, arrival, here, rows, points, 1.0)


def meta(framework):
    return importlib.import_module(f"hardball.training.few_shot.meta_{framework}")


def engine(framework):
    return importlib.import_module(f"hardball.training.few_shot.engine_{framework}")


def begun(data, hidden=4):
    width = data.parts[LEARN][0].features.shape[1]
    arrays = parameters.start(3, width, hidden, data.spec.dim, Lengths(0.8, 0.6, 2.0))
    # Away from where the top alone counts, so that every array has a gradient.
    return arrays | {"alike": np.array([1.0, 0.5, 0.3, 0.2])}


OUTER = Outer(steps=2, rate=0.3, exact=True, outer_rate=0.01, c=1.0)


def test_a_subtree_is_whole_and_hangs_from_one_place_alone():
    """a > b > c, d and a > e > f, g; with g below b too neither b nor e can be taken out."""
    child, parent = list("bcdefg"), list("abbaee")
    tree = from_edges("tree", child, parent)
    limits = {"smallest": 2, "largest": 3, "share": 0.9}
    found = disjoint_subtrees(tree, closure(tree), 0, **limits)
    assert {"".join(sorted(tree.ids[nodes])) for nodes in found} == {"bcd", "efg"}
    assert {str(tree.ids[nodes[0]]) for nodes in found} == {"b", "e"}
    dag = from_edges("dag", [*child, "g"], [*parent, "b"])
    assert disjoint_subtrees(dag, closure(dag), 0, **limits) == []


def test_whole_subtrees_are_for_learning_choosing_or_asking(h):
    build = registry.builder("strategy", "few_shot")
    given = spec_of().strategy.params
    found = build(h, 0, **given)
    # 0.7 of 209 nodes are 11.3 families of 13: twelve, of which round(3.6) are asked about and
    # round(2.4) choose.
    counts = [len(np.unique(h.first[(found == part) & (h.depth == 1)])) for part in (1, 2, 3)]
    assert counts == [6, 2, 4]
    family = np.array([str(name)[: str(name).find("g")] if "g" in str(name) else str(name)
                       for name in h.ids])  # fmt: skip
    for name in np.unique(family):
        assert len(np.unique(found[family == name])) == 1
    assert (found != build(h, 1, **given)).any()
    with pytest.raises(HardballError, match="has 1 subtrees of 4 to 12 nodes below their top"):
        build(h, 0, **{**given, "share": 0.05})


def test_a_parent_is_shown_before_its_children_and_half_is_never_shown(h):
    for one in drawn(h).parts[ASK]:
        assert one.most == 6
        assert (one.parent < np.arange(len(one.nodes))).all()
        assert h.parent[one.nodes[1:]].tolist() == one.nodes[one.parent[1:]].tolist()
        assert sorted(one.nodes[1 + 6 :]) == sorted(one.asked)


def test_the_table_knows_no_subtree(h):
    data = drawn(h)
    inside = np.concatenate([one.nodes for part in data.parts.values() for one in part])
    assert len(np.intersect1d(inside, data.known)) == 0
    assert np.isnan(data.vectors[inside]).all()
    for shots in SHOTS:
        for batch in asking(data.maker, data.parts[ASK], 1, shots, 2):
            assert np.isfinite(batch.table).all()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_no_pair_of_an_asked_node_moves_a_point(h, framework):
    """All that is true of nodes that are not shown is turned into its opposite."""
    data = drawn(h)
    (batch, *_) = asking(data.maker, data.parts[ASK], 1, 5, 2)
    lies = {name: ~getattr(batch, name) for name in ("asked_above", "asked_others")}
    told = batch._replace(**lies)
    one, two = (
        engine(framework).place(meta(framework).begin(begun(data), each, 1.0), each, 0.3, 2, 1.0)
        for each in (batch, told)
    )
    assert np.isfinite(one).all()
    assert one.tobytes() == two.tobytes()
    # What is shown does move them.
    other = batch._replace(
        shown_above=batch.shown_above & (np.arange(batch.table.shape[1] + 21) < 1)
    )
    moved = engine(framework).place(
        meta(framework).begin(begun(data), other, 1.0), other, 0.3, 2, 1.0
    )
    assert not np.allclose(one, moved)


def test_learning_reads_the_subtrees_to_learn_from_alone(h):
    data = drawn(h)
    frame = run.Framework(data.spec)
    alone = dataclasses.replace(data, parts={LEARN: data.parts[LEARN], CHOOSE: [], ASK: []})
    one, two = (run._learned(each, frame, OUTER, run.Spent(), False) for each in (data, alone))
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)


def losses(data, arrays, outer):
    """The loss of the first batch by arrays."""
    (batch,) = learning(data.maker, data.parts[LEARN], 1, 0, 1, 2)
    return meta("torch").slopes(arrays, batch, outer)[0]


def test_the_exact_gradient_is_that_of_finite_differences(h):
    data = drawn(h)
    arrays = begun(data)
    (batch,) = learning(data.maker, data.parts[LEARN], 1, 0, 1, 2)
    for framework in FRAMEWORKS:
        _, slope = meta(framework).slopes(arrays, batch, OUTER)
        for name, place in (("out", (1, 2)), ("out_bias", (0,)), ("spread", ()), ("alike", (0,))):
            sides = []
            for change in (1e-5, -1e-5):
                moved = {key: array.copy() for key, array in arrays.items()}
                moved[name][place] += change
                sides.append(losses(data, moved, OUTER))
            expected = (sides[0] - sides[1]) / 2e-5
            assert slope[name][place] == pytest.approx(expected, rel=1e-5, abs=1e-8), name


def test_first_order_takes_inner_steps_as_constants(h):
    """Without inner steps both gradients are one; with them they differ."""
    data = drawn(h)
    (batch,) = learning(data.maker, data.parts[LEARN], 1, 0, 1, 2)
    first = dataclasses.replace(OUTER, exact=False)
    for framework in FRAMEWORKS:
        take = meta(framework).slopes
        exact_loss, exact = take(begun(data), batch, OUTER)
        first_loss, found = take(begun(data), batch, first)
        assert exact_loss == pytest.approx(first_loss, rel=1e-12)
        assert abs(exact["out"] - found["out"]).max() > 1e-3 * abs(exact["out"]).max()
    still = [dataclasses.replace(each, steps=0) for each in (OUTER, first)]
    one, two = (meta("torch").slopes(begun(data), batch, each)[1] for each in still)
    assert all(np.array_equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("exact", [True, False])
def test_both_frameworks_have_the_same_gradients(h, exact):
    data, outer = drawn(h), dataclasses.replace(OUTER, exact=exact)
    (batch,) = learning(data.maker, data.parts[LEARN], 1, 0, 1, 2)
    ours, theirs = (meta(each).slopes(begun(data), batch, outer) for each in FRAMEWORKS)
    assert ours[0] == pytest.approx(theirs[0], rel=1e-10)
    for name, array in ours[1].items():
        assert theirs[1][name] == pytest.approx(array, rel=1e-7, abs=1e-9), name


def test_both_frameworks_learn_the_same(h):
    data, seen = drawn(h), []
    batches = learning(data.maker, data.parts[LEARN], 1, 0, 4, 2)
    ours, theirs = (
        meta(each).train(begun(data), batches, OUTER, lambda loss, _: seen.append(loss))
        for each in FRAMEWORKS
    )
    assert seen[:4] == pytest.approx(seen[4:], rel=1e-8)
    assert len({round(each, 6) for each in seen}) == 4
    for name, array in ours.items():
        assert theirs[name] == pytest.approx(array, abs=1e-6), name
        assert not np.array_equal(array, begun(data)[name]), name


@pytest.mark.parametrize("by", ["maml", "named", "random"])
def test_both_frameworks_leave_the_same_row(h, by):
    ours, theirs = (
        train(spec_of(each, {"by": by, "outer_steps": 2}), hierarchy=h, progress=False)
        for each in FRAMEWORKS
    )
    assert np.isfinite(ours.points).all()
    assert ours.points == pytest.approx(theirs.points, abs=1e-6)
    assert ours.row.metrics.keys() == theirs.row.metrics.keys()
    for name, value in ours.row.metrics.items():
        if name not in VOLATILE:
            assert theirs.row.metrics[name] == pytest.approx(value, abs=1e-6), name
    assert {f"query_map_{k}" for k in SHOTS} | {"seconds_a_node", "old_map"} <= set(
        ours.row.metrics
    )
    assert ours.row.metrics["inner_rate"] in (0.1, 0.5)
    # Four families of twelve nodes below their top are asked about, six of each.
    assert ours.row.metrics["query_nodes"] == 24


def test_what_is_learned_wins_where_names_tell_the_genus():
    """Species are called almost like their genus, which no rule knows: they go below the family."""
    h = planted(24)
    shape = {"rates": "0.1", "hidden": 8, "inner_steps": 1, "subtrees": 3}
    given = {"epochs": 40, "dim": 4, "batch_size": 64, "lr": 0.2}

    def found(by):
        strategy = {**shape, "by": by, "outer_steps": 40, "outer_rate": 0.06}
        spec = spec_of("torch", strategy, **given)
        return train(spec, hierarchy=h, progress=False).row.metrics["query_map_20"]

    assert found("maml") > max(found("constructive"), found("named")) + 0.05


@pytest.mark.parametrize(
    ("strategy", "given", "said"),
    [
        ({"rates": "0.1 fast"}, {}, "rates='0.1 fast', allowed are different numbers above 0"),
        ({"rates": "0.1 0.1"}, {}, "rates='0.1 0.1', allowed are different numbers above 0"),
        ({"inner_steps": 0}, {}, "by=maml learns through inner steps, inner_steps=0 has none"),
        ({"smallest": 9, "largest": 8}, {}, "smallest=9 is above largest=8"),
        ({}, {"manifold": "poincare"}, "manifold=poincare, allowed is tangent"),
        ({}, {"task": "leaf_parent"}, "task=leaf_parent, allowed is reconstruction"),
    ],
)
def test_settings_that_say_nothing_are_refused(strategy, given, said):
    with pytest.raises(HardballError) as told:
        loop.check(spec_of("torch", strategy, **given))
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_the_rules_are_what_they_say(h):
    """A child at (2, 3) of a parent at (1, 0): 1 farther out, 3 to the side; a leaf at sqrt(13)."""
    tree = from_edges("line", ["b"], ["a"])
    known = rules.lengths(tree, np.array([[1.0, 0.0], [2.0, 3.0]]))
    assert known == (1, 3, pytest.approx(13**0.5))
    data = drawn(h)
    (batch, *_) = asking(data.maker, data.parts[ASK], 1, 20, 2)
    one = data.parts[ASK][0]
    start = engine("torch").begin(rules.constructive(batch, Lengths(0.5, 0.0, 1.0)), batch, 1.0)
    top, radius = start.shown[0, 0], np.linalg.norm(batch.parent[0])
    assert top == pytest.approx(batch.parent[0] * (radius + 0.5) / radius)
    deepest = int(np.argmax(one.parent[:7]))
    steps = int(one.ancestors[deepest, :7].sum())
    assert np.linalg.norm(start.shown[0, deepest]) == pytest.approx(radius + 0.5 * (1 + steps))
    still = engine("torch").begin(rules.parent(batch, Lengths(0.5, 0.4, 1.0)), batch, 1.0)
    assert np.linalg.norm(still.shown[0, :7] - batch.parent[0], axis=1).max() < 0.02
