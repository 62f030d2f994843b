"""Where training starts, by hand on a tree of nine nodes."""

import numpy as np
import pytest

from hardball.core import random_bits
from hardball.hierarchy import drawing
from hardball.hierarchy.dag import from_edges
from hardball.methods.method import Method
from hardball.metrics.evaluate import evaluate
from hardball.metrics.floors import floors
from hardball.runs.spec import RunSpec
from hardball.training import problem

LEAVES = Method(name="leaf_parent").resolved("task")


def test_a_subtree_gets_its_share_of_the_circle(tree):
    # Preorder a, b, d, h, e, f, c, g, i: c's three nodes are the last third of the circle.
    found = drawing.sectors(tree, np.zeros((9, 2)), stretch=2.0)
    place = {node: found[row] for row, node in enumerate(tree.ids)}
    np.testing.assert_allclose(place["a"], [0, 0], atol=1e-15)
    radius, angle = 2 * np.log(9 / 3), 2 * np.pi * 7.5 / 9
    np.testing.assert_allclose(place["c"], [radius * np.cos(angle), radius * np.sin(angle)])
    # i, a leaf at the end of the preorder: one ninth, its middle half a ninth before the end.
    radius, angle = 2 * np.log(9), 2 * np.pi * 8.5 / 9
    np.testing.assert_allclose(place["i"], [radius * np.cos(angle), radius * np.sin(angle)])


def test_stretch_scales_the_radius_and_other_coordinates_keep_the_noise(tree):
    noise = np.arange(36.0).reshape(9, 4)
    one, three = (drawing.sectors(tree, noise, stretch=s) for s in (1.0, 3.0))
    np.testing.assert_allclose(three[:, :2], 3 * one[:, :2])
    np.testing.assert_array_equal(one[:, 2:], noise[:, 2:])
    assert noise[0, 0] == 0


def test_several_roots_share_the_circle(forest):
    found = drawing.sectors(forest, np.zeros((8, 2)))
    roots = np.flatnonzero(forest.parent == -1)
    assert len(np.unique(np.round(np.arctan2(*found[roots].T), 9))) == len(roots) == 3


def test_a_run_starts_where_its_spec_says(tree):
    given = {"dataset": "tree", "framework": "jax", "seed": 4, "dim": 3, "init_scale": 0.5}
    noise = 0.5 * random_bits.normal(4, "initialise", (9, 3))
    begun = problem.build(RunSpec(**given), tree).start
    np.testing.assert_array_equal(begun, noise)
    begun = problem.build(RunSpec(**given, start={"name": "sectors", "stretch": 1.5}), tree).start
    np.testing.assert_array_equal(begun, drawing.sectors(tree, noise, stretch=1.5))


def test_the_drawing_alone_ranks_ancestors_of_a_tree_well(random_dag):
    """Two dimensions hold a tree of 300 nodes without any training."""
    tree = random_dag(300, 2, roots=0.0, extra=0.0)
    spec = RunSpec(dataset="x", framework="jax", seed=0, dim=2, start="sectors")
    task = problem.build(spec, tree)
    found = evaluate(task.start, "tangent", 1.0, tree, task.split, task.closure)
    # Measured: 0.93; points in random order have 0.06.
    assert found["map"] == pytest.approx(0.93, abs=0.05)
    # It is a floor of every reconstruction table: what needs no training.
    shown = floors(tree, task.closure, task.split)["drawing"]
    assert shown["map"] == pytest.approx(task_map := found["map"], abs=1e-12)
    # Of a held-out task the training graph is drawn, and nothing shows what is held out.
    held_out = problem.build(spec.model_copy(update={"task": LEAVES}), tree)
    shown = floors(tree, held_out.closure, held_out.split)["drawing"]
    drawn = held_out.asked(drawing.sectors(held_out.hierarchy, np.zeros((300, 2))))
    found = evaluate(drawn, "tangent", 1.0, tree, held_out.split, held_out.closure)
    assert shown["map"] == pytest.approx(found["map"], abs=1e-12)
    assert shown["map"] < task_map / 2


def test_a_node_with_two_parents_is_drawn_below_the_narrower(random_dag):
    """pear: a food, of which there are many, and a pome, of which there are two."""
    below = ["food", "pome", "bread", "cheese", "pear", "pear", "apple"]
    above = ["entity", "entity", "food", "food", "food", "pome", "pome"]
    h = from_edges("fruit", below, above)
    place = {node: row for row, node in enumerate(h.ids)}
    found = drawing.narrow_sectors(h, np.zeros((h.n_nodes, 2)))
    assert h.ids[h.parent[place["pear"]]] == "food"

    def apart(one, other):
        gap = np.subtract(*(np.arctan2(*found[place[node]][::-1]) for node in (one, other)))
        return abs((gap + np.pi) % (2 * np.pi) - np.pi)

    # Seven nodes share the circle: pear and apple halve what pome leaves of its three parts.
    assert apart("pear", "pome") < 2 * np.pi / 7
    assert apart("pear", "food") > 2 * np.pi / 7
    # Where no node has two parents both starts are the same.
    tree = random_dag(60, 3, extra=0.0)
    given = tree, random_bits.normal(1, "initialise", (60, 3))
    np.testing.assert_array_equal(drawing.narrow_sectors(*given), drawing.sectors(*given))


def test_narrow_sectors_rank_ancestors_of_a_dag_better(random_dag):
    dag = random_dag(400, 3, roots=0.0, extra=0.1)
    task = problem.build(RunSpec(dataset="x", framework="jax", seed=0, dim=2), dag)
    found = floors(dag, task.closure, task.split)
    assert found["narrow_drawing"]["mean_rank"] < found["drawing"]["mean_rank"]
    # Without second parents it would only say the same again.
    tree = random_dag(60, 3, extra=0.0)
    task = problem.build(RunSpec(dataset="x", framework="jax", seed=0, dim=2), tree)
    assert "narrow_drawing" not in floors(tree, task.closure, task.split)
