"""Runs that go on from an earlier one: where they begin, what mattered there, what is forgotten."""

import dataclasses
import importlib
import shutil

import numpy as np
import pytest
from covering import part

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.data import store
from hardball.data.points import save_points
from hardball.hierarchy.dag import from_edges
from hardball.methods.starts import earlier
from hardball.metrics.evaluate import validate
from hardball.runs import code
from hardball.runs.spec import RunSpec
from hardball.training import fisher, problem
from hardball.training.train import train

FRAMEWORKS = ["jax", "torch"]


def spec_of(framework="torch", **given):
    base = {"dataset": "tree", "seed": 1, "dim": 2, "dtype": "float64", "batch_size": 8}
    base |= {"negatives": 4, "epochs": 4, "lr": 0.1}
    return RunSpec(framework=framework, **{**base, **given})


@pytest.fixture
def older():
    """The tree before e, h and all below c came, without which i's parent is unknown too."""
    return from_edges("older", list("bcdf"), list("aabb"))


@pytest.fixture
def saved(older, tmp_path, monkeypatch):
    """(points, manifold, c) -> a file of them under results/, which lie in a folder of the test."""
    monkeypatch.setattr(paths, "results", lambda: tmp_path)
    monkeypatch.setattr(store, "open_hierarchy", lambda name: older)

    def write(points, manifold="tangent", c=1.0, suite="mine", h=older):
        file = tmp_path / "work" / suite / "points" / "once.npz"
        save_points(file, np.asarray(points), manifold, c, h.ids)
        return file

    return write


VECTORS = {"a": [0, 0], "b": [1, 0], "c": [0, 2], "d": [3, 0], "f": [4, 1]}
BEGUN = {"name": "run", "points": "once", "of": "older"}


def rows(older):
    return np.array([VECTORS[node] for node in older.ids], float)


def test_known_nodes_are_carried_over_and_new_ones_begin_at_their_parents(saved, older, tree):
    saved(rows(older))
    noise = np.arange(18.0).reshape(9, 2) / 100
    found = dict(zip(tree.ids, earlier.run(tree, noise, points="once", of="older"), strict=True))
    added = dict(zip(tree.ids, noise, strict=True))
    for node, place in VECTORS.items():
        np.testing.assert_array_equal(found[node], place)
    np.testing.assert_allclose(found["e"], VECTORS["b"] + added["e"])
    np.testing.assert_allclose(found["h"], VECTORS["d"] + added["h"])
    np.testing.assert_allclose(found["g"], VECTORS["c"] + added["g"])
    # i is below g, which is new itself.
    np.testing.assert_allclose(found["i"], VECTORS["c"] + added["g"] + added["i"])


def test_a_new_root_begins_at_its_noise(saved, older):
    saved(rows(older))
    later = from_edges("later", list("by"), list("az"), nodes=list("abyz"))
    noise = np.full((4, 2), 0.25)
    found = dict(zip(later.ids, earlier.run(later, noise, points="once", of="older"), strict=True))
    np.testing.assert_array_equal(found["z"], [0.25, 0.25])
    np.testing.assert_array_equal(found["y"], [0.5, 0.5])


@pytest.mark.parametrize("space", ["poincare", "lorentz", "tangent", "euclidean"])
def test_points_of_any_manifold_become_tangent_vectors(saved, older, space):
    """At c = 1/4 on the ball and the hyperboloid; a run there begins in the very same places."""
    import torch

    from hardball.methods import registry

    module, c = registry.load("manifold", space, "torch"), 0.25
    points = module.exp0(torch.tensor(rows(older)), c).numpy()
    saved(points, space, c)
    found = earlier.run(older, np.zeros((5, 2)), points="once")
    np.testing.assert_allclose(found, rows(older), rtol=0, atol=1e-14)


def test_a_run_begins_there_and_its_name_is_what_it_was_given(saved, older, tree):
    file = saved(rows(older))
    spec = spec_of(start=BEGUN)
    begun = problem.build(spec, tree).start
    np.testing.assert_array_equal(begun[tree.rows(["d"])], [VECTORS["d"]])
    # By path too; the name follows from what is written, the code's hash from the points as well.
    by_path = spec_of(start={**BEGUN, "points": "work/mine/points/once.npz"})
    np.testing.assert_array_equal(problem.build(by_path, tree).start, begun)
    assert spec.config_id != by_path.config_id
    first = code.code_sha256(spec)
    assert first == code.code_sha256(by_path) != code.code_sha256(spec_of())
    file.unlink()
    assert code.code_sha256(spec) == code.code_sha256(spec_of(start={**BEGUN, "points": "other"}))
    assert code.code_sha256(spec) != first


def test_what_cannot_be_gone_on_from(saved, older, tree, tmp_path):
    file = saved(rows(older))
    noise = np.zeros((9, 2))
    for points, of, said in (
        ("", "", "no points ''"),
        ("twice", "", "no points 'twice': name a run whose points lie in"),
        ("work/mine/points/twice.npz", "", "no points"),
        (str(file), "older", "allowed is a run's id, or a path below"),
        ("once", "", "belongs to other nodes"),
    ):
        with pytest.raises(HardballError, match=said):
            earlier.run(tree, noise, points=points, of=of)
    with pytest.raises(HardballError, match=r"have 2 dimensions, this run has 3: set dim=2"):
        earlier.run(tree, np.zeros((9, 3)), points="once", of="older")
    other = from_edges("other", list("yz"), list("xx"))
    with pytest.raises(HardballError, match="older, which once was trained on, and other have no"):
        earlier.run(other, np.zeros((3, 2)), points="once", of="older")
    # Equal files under one id are one; different ones are not.
    again = tmp_path / "work" / "again" / "points" / "once.npz"
    again.parent.mkdir(parents=True)
    shutil.copy(file, again)
    assert earlier.points_file("once").name == "once.npz"
    saved(rows(older) + 1, suite="again")
    with pytest.raises(HardballError, match="2 files of once differ"):
        earlier.points_file("once")


def test_ewc_wants_an_earlier_run(tree):
    with pytest.raises(HardballError, match="regularizer ewc, 1 times, with start origin"):
        train(spec_of(regularizers=["ewc"]), hierarchy=tree, progress=False)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_information_is_the_mean_square_of_what_steps_go_along(framework, random_dag):
    """In flat space a step of descent is lr x the gradient: 3 batches of 8 from one place."""
    graph, lr = random_dag(60, 3), 0.1
    flat = {"manifold": "euclidean", "optimizer": "rsgd", "kernels": "plain", "init_scale": 1.0}
    task = problem.build(spec_of(framework, **flat), graph)
    engine = importlib.import_module(f"hardball.training.engine_{framework}").Engine(task, 1)
    stream, moved = problem.batches_of(task), []
    for step in range(3):
        table = engine.start()
        chunk = problem.chunk(task, stream, step, 1, endless=True)
        if not step:
            engine.compile(table, chunk)
        table, _ = engine.run(engine.start(), chunk)
        moved.append((task.start - engine.points(table, 1)) / lr)
    expected = 8 * np.mean(np.square(moved), axis=0)
    assert (expected > 0).mean() > 0.5
    np.testing.assert_allclose(fisher.diagonal(task, 3), expected, rtol=1e-9, atol=1e-13)


# Measured at most, over the largest: 1.3e-15 and 2.6e-07.
@pytest.mark.parametrize(
    ("dtype", "near"), [("float64", 1e-10), ("float32", 1e-5)], ids=["float64", "float32"]
)
@pytest.mark.parametrize(
    "space", part(["poincare", "lorentz", "tangent", "euclidean"], ["lorentz", "tangent"])
)
def test_both_frameworks_find_the_same_information(space, dtype, near, random_dag):
    graph, found = random_dag(60, 3), []
    for framework in FRAMEWORKS:
        given = {"manifold": space, "dtype": dtype, "init_scale": 1.0}
        task = problem.build(spec_of(framework, **given), graph)
        found.append(fisher.diagonal(task, 4))
    np.testing.assert_allclose(*found, rtol=0, atol=near * found[0].max())
    assert found[0].max() > 1e-3


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_step_is_told_what_mattered_of_every_row(framework, saved, older, tree):
    """The penalty at points off their start: the mean over anchors, positives and draws."""
    saved(rows(older))
    task = problem.build(spec_of(framework, start=BEGUN, regularizers=["ewc"]), tree)
    known = np.isin(tree.ids, older.ids)
    told = fisher.of_run(task)
    assert told.shape == (9, 2)
    assert not told[~known].any()
    before = problem.build(spec_of(framework), older)
    before = dataclasses.replace(before, start=rows(older))
    own = dict(zip(older.ids, 9 * fisher.diagonal(before, 100), strict=True))
    for node, found in zip(tree.ids[known], told[known], strict=True):
        np.testing.assert_allclose(found, own[node], rtol=1e-12)
    engine = importlib.import_module(f"hardball.training.engine_{framework}").Engine(task, 1)
    stream, table = problem.batches_of(task), engine.start()
    first, second = (problem.chunk(task, stream, step, 1) for step in (0, 1))
    engine.compile(table, first)
    table, totals = engine.run(table, first)
    assert engine.read(totals)["loss_ewc"] == 0
    moved = engine.points(table, 1)
    ids, _ = engine.sample(table, 1, second.batch[0], second.words[0])
    touched = np.concatenate([task.positives[second.batch[0]].T.ravel(), ids.ravel()])
    each = (fisher.of_run(task) * (moved - task.start) ** 2).sum(axis=1) / 2
    found = engine.read(engine.run(table, second)[1])["loss_ewc"]
    assert found == pytest.approx(each[touched].mean(), rel=1e-10)
    assert found > 0


def halves():
    """The left half of a tree, and the right one beside the nodes, without edges, of the left."""
    rng = np.random.default_rng(2)
    children, parents = {"l": [], "r": []}, {"l": [], "r": []}
    for side in "lr":
        for i in range(60):
            children[side].append(f"{side}{i}")
            parents[side].append(f"{side}{rng.integers(i)}" if i else "root")
    nodes = ["root", *children["l"], *children["r"]]
    left = from_edges("left", children["l"], parents["l"])
    return left, from_edges("right", children["r"], parents["r"], nodes=nodes)


@pytest.mark.parametrize("framework", part(FRAMEWORKS, ["torch"]))
def test_ewc_keeps_what_was_learnt_before(framework, tmp_path, monkeypatch):
    """One half of a tree, then the other, whose training pushes the first half's nodes about."""
    one, other = halves()
    monkeypatch.setattr(paths, "results", lambda: tmp_path)
    monkeypatch.setattr(store, "open_hierarchy", lambda name: one)
    given = {"dim": 5, "batch_size": 32, "negatives": 20, "epochs": 40, "dtype": "float32"}
    given |= {"optimizer": {"name": "adam", "b2": 0.9}}

    def map_of(run, of, h):
        """Among h's own nodes, of the points of a run on `of`."""
        split = problem.build(spec_of(framework), h).split
        points = run.points[of.rows(h.ids)]
        return validate(points, "tangent", 1.0, h, split.train, split.exclude)["map"]

    first = train(spec_of(framework, **given), hierarchy=one, progress=False)
    save_points(
        tmp_path / "work" / "x" / "points" / "once.npz", first.points, "tangent", 1.0, one.ids
    )
    given["start"] = {"name": "run", "points": "once", "of": "left"}
    runs = [
        train(spec_of(framework, **given, regularizers=terms), hierarchy=other, progress=False)
        for terms in ([], [{"name": "ewc", "weight": 10.0}])
    ]
    learnt = map_of(first, one, one)
    forgotten, kept = (map_of(run, other, one) for run in runs)
    assert learnt > 0.9
    # Measured in PyTorch: .992, .786 and .958; of the other half .977 and .970.
    assert forgotten < learnt - 0.1
    assert kept > (learnt + forgotten) / 2
    free, held = (map_of(run, other, other) for run in runs)
    assert held > 0.9 * free
