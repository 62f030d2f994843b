"""Nothing that a run is built from follows from what is held out.

Two hierarchies differ in one edge alone, the parent of the leaf u: p in one, q in the other, both
children of g. A task holds that edge out, so that the training pairs are the same: u is below g and
all above g. Then a run on one is a run on the other, draw for draw.
"""

import numpy as np
import pytest
import torch

from hardball.core.errors import HardballError
from hardball.data import groups
from hardball.data.cards import Group
from hardball.hierarchy.closure import closure, contains, nodes_of
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.hierarchy.splits import TEST, TRAIN, VALIDATION, by_role
from hardball.hierarchy.training_graph import training_graph
from hardball.methods import registry
from hardball.methods.declare import task
from hardball.runs.spec import RunSpec
from hardball.training import engine_torch, negatives, problem
from hardball.training.train import train

BASE = {"dataset": "h", "framework": "torch", "seed": 3, "task": "without_u", "dim": 3}
BASE |= {"dtype": "float64", "batch_size": 8, "negatives": 6, "epochs": 2, "kernels": "plain"}
# Methods that go on from an earlier run.
LATER = {("start", "run"), ("regularizer", "ewc")}


def hierarchy_of(parent: str) -> Hierarchy:
    """Sixty nodes below r, some with two parents, beside g with its children p and q, and u."""
    rng = np.random.default_rng(2)
    edges = [("g", "n0"), ("p", "g"), ("q", "g"), ("p1", "p"), ("p2", "p"), ("q1", "q")]
    edges += [("v", "p"), ("w", "v"), ("x", "q"), ("u", parent)]
    for node in range(60):
        above = {int(rng.integers(node)) for _ in range(1 + (rng.random() < 0.2))} if node else []
        edges += [(f"n{node}", f"n{each}") for each in above] or [("n0", "r")]
    made = from_edges("h", *zip(*edges, strict=True))
    return groups.add(made, [Group(name="depth", by="depth", k=2)])


@pytest.fixture(autouse=True)
def _without_u():
    @task(summary="u's parent held out, and w's", source="hardball: a test")
    def without_u(h, closure, seed):
        role = np.full(closure.indices.size, TRAIN, np.int8)
        node = h.ids[nodes_of(closure)]
        above = h.ids[closure.indices]
        role[(node == "u") & np.isin(above, ["p", "q"])] = TEST
        role[(node == "w") & (above == "v")] = VALIDATION
        return by_role("without_u", closure, role)


def built(parent: str, **settings) -> problem.Problem:
    return problem.build(RunSpec(**{**BASE, **settings}), hierarchy_of(parent))


def arrays_of(made: problem.Problem) -> dict[str, np.ndarray]:
    """All that an engine and the builders of methods read."""
    named = {
        "ids": made.hierarchy.ids.astype(str),
        "positives": made.positives,
        "known_indptr": made.known_indptr,
        "known_indices": made.known_indices,
        "start": made.start,
        "hops": made.hops,
        "depth": made.depth,
        "degrees": made.degrees,
        "absent": made.absent,
        **{f"paths {name}": array for name, array in made.paths.items()},
    }
    if problem.held(made.spec):
        named["radii"] = made.radii
    for place, index in enumerate(made.indexes):
        named |= {f"sampler {place} {name}": array for name, array in index.items()}
    for term, head in made.heads.items():
        named |= {f"{term} {name}": array for name, array in {**head.start, **head.nodes}.items()}
    return named


def assert_same(one: problem.Problem, other: problem.Problem) -> None:
    left, right = arrays_of(one), arrays_of(other)
    assert left.keys() == right.keys()
    for name, array in left.items():
        np.testing.assert_array_equal(array, right[name], err_msg=name)


def drawn(made: problem.Problem) -> list[tuple[np.ndarray, np.ndarray]]:
    """Negatives and their weights, 0 where masked, of a few steps of the run."""
    engine = engine_torch.Engine(made, 1)
    table, asked = engine.refresh(engine.start(), 0), negatives.plan(made)
    return [engine.sample(table, 0, asked.rows, words) for words in asked.words[:3]]


SAMPLERS = [entry.name for entry in registry.entries("sampler")]


def test_the_hierarchies_differ_where_they_are_asked():
    one, other = built("p"), built("q")
    assert one.whole.content_sha256 != other.whole.content_sha256
    named = [made.whole.ids[made.split.test].tolist() for made in (one, other)]
    assert named == [[["u", "p"]], [["u", "q"]]]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_draws_and_masks_as_if_the_edge_had_never_been(name):
    one, other = built("p", sampler=name), built("q", sampler=name)
    assert_same(one, other)
    torch.manual_seed(0)
    for (ids, weight), (same_ids, same_weight) in zip(drawn(one), drawn(other), strict=True):
        np.testing.assert_array_equal(ids, same_ids)
        np.testing.assert_array_equal(weight, same_weight)
        assert weight.any()


AROUND = [e.name for e in registry.entries("sampler") if "relative_to" in e.declared]


@pytest.mark.parametrize("name", AROUND)
def test_nor_does_one_around_the_positive(name):
    sampler = {"name": name, "relative_to": "positive"}
    assert_same(built("p", sampler=sampler), built("q", sampler=sampler))


OTHERS = [
    (entry.kind, entry.name)
    for kind in ("start", "radius", "regularizer", "loss", "pairs")
    for entry in registry.entries(kind)
    if (entry.kind, entry.name) not in LATER
]


@pytest.mark.parametrize(("kind", "name"), OTHERS)
def test_nothing_else_that_a_method_is_given_follows_from_it(kind, name):
    given = {"regularizers": [name]} if kind == "regularizer" else {kind: name}
    try:
        one = built("p", **given)
    except (HardballError, ValueError) as error:
        pytest.fail(f"{kind} {name} is asked on another hierarchy: {error}")
    assert_same(one, built("q", **given))


def test_a_run_ends_at_the_same_points():
    runs = [
        train(RunSpec(**BASE, sampler="siblings"), hierarchy=hierarchy_of(parent), progress=False)
        for parent in ("p", "q")
    ]
    ids = [hierarchy_of(parent).rows(hierarchy_of("p").ids) for parent in ("p", "q")]
    points = [run.points[rows] for run, rows in zip(runs, ids, strict=True)]
    np.testing.assert_array_equal(*points)
    assert runs[0].row.outcome.data_sha256 != runs[1].row.outcome.data_sha256


def test_a_leaf_without_its_parent_hangs_from_its_grandparent():
    """u below g, w below p; all other edges are as they were; nodes keep what belongs to them."""
    h = hierarchy_of("p")
    made = problem.build(RunSpec(**BASE), h)
    graph, number = training_graph(h, made.split.known)
    parents = {
        child: set(graph.ids[graph.parents_indices[a:b]])
        for child, a, b in zip(
            graph.ids, graph.parents_indptr, graph.parents_indptr[1:], strict=False
        )
    }
    whole = {
        child: set(h.ids[h.parents_indices[a:b]])
        for child, a, b in zip(h.ids, h.parents_indptr, h.parents_indptr[1:], strict=False)
    }
    assert parents == whole | {"u": {"g"}, "w": {"p"}}
    np.testing.assert_array_equal(graph.ids[number], h.ids)
    np.testing.assert_array_equal(graph.groups["depth"][number], h.groups["depth"])
    assert graph.whole is h


def test_where_nothing_is_held_out_the_graph_is_the_hierarchy_itself(dag):
    found, number = training_graph(dag, closure(dag))
    assert found is dag
    assert number.tolist() == list(range(dag.n_nodes))


def test_rows_go_there_and_back():
    made = built("p")
    rows = np.arange(made.n_nodes)
    np.testing.assert_array_equal(made.trained(made.asked(rows)), rows)
    np.testing.assert_array_equal(made.asked(made.hierarchy.ids), made.whole.ids)


@pytest.mark.parametrize("name", ["leaf_parent", "link_prediction"])
def test_a_held_out_edge_is_no_edge_of_the_graph(name, random_dag):
    """Of the package's own tasks, on a hierarchy with needless edges."""
    h = random_dag(300, 5)
    made = problem.build(RunSpec(**{**BASE, "task": name}), h)
    held = np.concatenate([made.split.test, made.split.validation])
    graph = made.hierarchy
    child = np.repeat(np.arange(graph.n_nodes), np.diff(graph.parents_indptr))
    edges = set(zip(child.tolist(), graph.parents_indices.tolist(), strict=True))
    assert not edges & set(map(tuple, made.number[held].tolist()))
    assert contains(made.known, *made.number[made.split.train].T).all()
