"""Held-out links told from corrupted ones: the draws, the scores, the threshold."""

import functools
import time

import numpy as np
import pytest

from hardball.arrays.namespace import namespace
from hardball.hierarchy.closure import closure, contains, from_pairs, pairs
from hardball.hierarchy.dag import from_edges
from hardball.methods.losses.entailment_cones import half_opening
from hardball.methods.manifolds import angles
from hardball.methods.tasks.leaf_parent import leaf_parent
from hardball.methods.tasks.link_prediction import link_prediction
from hardball.methods.tasks.reconstruction import reconstruction
from hardball.metrics.classify import (
    CORRUPTED,
    best_threshold,
    cone_energy,
    f1,
    held_links,
    is_a,
    link_figures,
    scored_link_figures,
    with_corrupted,
)
from hardball.metrics.floors import floors
from hardball.metrics.polar import to_polar


def corrupted(h, held, seed=0):
    above = closure(h)
    below = from_pairs(pairs(above)[:, ::-1], h.n_nodes)
    return above, with_corrupted(held, above, below, seed, "test")


def test_five_pairs_have_another_ancestor_and_five_another_node(random_dag):
    h = random_dag(80, 4)
    held = pairs(closure(h))[::3]
    above, (links, true) = corrupted(h, held)
    t = len(held)
    np.testing.assert_array_equal(links[:t], held)
    assert true[:t].all()
    assert not true[t:].any()
    ancestors, nodes = links[t : t + CORRUPTED * t], links[t + CORRUPTED * t :]
    np.testing.assert_array_equal(ancestors[:, 0], np.repeat(held[:, 0], CORRUPTED))
    np.testing.assert_array_equal(nodes[:, 1], np.repeat(held[:, 1], CORRUPTED))
    assert not contains(above, *links[t:].T).any()
    assert (links[:, 0] != links[:, 1]).all()


def test_every_pair_outside_of_the_closure_is_equally_likely(tree):
    # d > b > a, of nine nodes: d has other ancestors than itself, b and a in six nodes, and b is
    # not above a, c, g, i, and itself it is no link: four.
    d, b = tree.ids.tolist().index("d"), tree.ids.tolist().index("b")
    held = np.tile(np.array([[d, b]], np.int32), (4000, 1))
    _, (links, _) = corrupted(tree, held)
    for drawn, count in ((links[4000:24000, 1], 6), (links[24000:, 0], 4)):
        found = np.unique(drawn, return_counts=True)[1]
        assert len(found) == count
        # Of 20,000 draws; three standard deviations.
        assert np.abs(found - 20000 / count).max() < 3.5 * (20000 / count) ** 0.5


def test_an_ancestor_of_all_nodes_has_no_other_node(tree):
    """The root stands above everything, so only the node's other ancestors are drawn."""
    held = pairs(closure(tree))
    held = held[held[:, 1] == 0]
    _, (links, true) = corrupted(tree, held)
    assert len(links) == len(held) * (1 + CORRUPTED)
    assert true.sum() == len(held)


def test_draws_depend_on_the_seed_alone(random_dag):
    h = random_dag(60, 5)
    held = pairs(closure(h))[:40]
    ours, again, others = (corrupted(h, held, seed)[1].pairs for seed in (1, 1, 2))
    np.testing.assert_array_equal(ours, again)
    assert not np.array_equal(ours, others)


def test_the_threshold_of_the_best_f1():
    # In order 5 true, 4 false, 3 true, 3 true, 2 false, 1 true. F1 = 2 TP / (called + true):
    # 2/5, 2/6, 6/8 of the two at 3 together, 6/9, 8/10.
    scores, true = np.array([3.0, 5, 1, 4, 3, 2]), np.array([1, 1, 1, 0, 1, 0], bool)
    assert best_threshold(scores, true) == (1.0, 0.8)
    # Without the last 2/4, 2/5, 6/7, 6/8.
    assert best_threshold(scores[[0, 1, 3, 4, 5]], true[[0, 1, 3, 4, 5]]) == (3.0, 6 / 7)


def test_all_the_same_score_is_chance():
    # One in eleven is true, and all are called true: 2 / (11 + 1).
    assert best_threshold(np.zeros(11), np.arange(11) == 3) == (0.0, pytest.approx(1 / 6))


def test_cones_of_points_on_rays():
    # At radius 1 a cone of K = 0.1 opens by arcsin(0.2 / sinh 1) on each side; the point at radius
    # 3 on its ray lies in it, the one at a right angle is off by pi - arctan(tanh 3 / sinh 1).
    points = np.array([[1.0, 0], [3, 0], [0, 3], [0, 0]])
    links = np.array([[1, 0], [2, 0], [0, 1], [2, 3]])
    psi = [np.arcsin(0.2 / np.sinh(r)) for r in (1, 3)]
    expected = [0, np.pi - np.arctan(np.tanh(3) / np.sinh(1)) - psi[0], np.pi - psi[1], 0]
    found = cone_energy(to_polar(points, "tangent"), links, aperture=0.1)
    np.testing.assert_allclose(found, expected, atol=1e-15)
    # On the plane psi = arcsin(K / |x|), and Xi = pi - arctan(3 / 1).
    flat = [0, np.pi - np.arctan(3) - np.arcsin(0.1), np.pi - np.arcsin(0.1 / 3), 0]
    found = cone_energy(to_polar(points, "euclidean"), links, aperture=0.1)
    np.testing.assert_allclose(found, flat, atol=1e-15)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_cones_are_those_that_runs_train(framework):
    """The energies of the loss, of random points in float64."""
    xp = namespace(framework)
    rng = np.random.default_rng(0)
    points, links = rng.normal(size=(200, 4)) * 3, rng.integers(0, 200, (500, 2))
    polar = to_polar(points, "tangent")
    node, apex = links.T
    given = polar.radius[apex], polar.radius[node], polar.direction[apex], polar.direction[node]

    def energy(put):
        a, b, u, w = map(put, given)
        xi = angles.at_apex(xp, a, b, *angles.half_angles(xp, u, w))
        return np.maximum(np.asarray(xi - half_opening(xp, put(np.sinh(given[0]) / 2), 0.1)), 0)

    if framework == "jax":
        import jax

        with jax.enable_x64(True):
            expected = energy(jax.numpy.asarray)
    else:
        import torch

        expected = energy(torch.tensor)
    np.testing.assert_allclose(cone_energy(polar, links, aperture=0.1), expected, atol=1e-13)


def test_is_a_by_hand():
    # On one ray distances are differences of radii; norms in the ball are tanh(r / 2).
    points, links = np.array([[1.0, 0], [3, 0]]), np.array([[1, 0], [0, 1]])
    gap = np.tanh(0.5) - np.tanh(1.5)
    expected = [-(1 + 10 * gap) * 2, -(1 - 10 * gap) * 2]
    np.testing.assert_allclose(is_a(to_polar(points, "tangent"), links, 10.0), expected, rtol=1e-13)
    found = is_a(to_polar(points, "euclidean"), links, 10.0)
    np.testing.assert_allclose(found, [-(1 - 20) * 2, -(1 + 20) * 2], rtol=1e-13)


def balanced():
    """Every node has three children, five levels deep; sectors of the plane hold their subtrees."""
    n = 364
    child = np.arange(1, n)
    h = from_edges("balanced", child, (child - 1) // 3, nodes=np.arange(n))
    middle, width = np.zeros(n), np.full(n, 2 * np.pi)
    for node in range(1, n):
        parent = int(h.parent[node])
        place = (node - 1) % 3 - 1
        width[node] = width[parent] / 3
        middle[node] = middle[parent] + place * width[node]
    ray = np.stack([np.cos(middle), np.sin(middle)], axis=1)
    # Three times as many nodes a level: e^r grows alike.
    return h, np.log(3) * h.depth[:, None] * ray


def test_floors_tell_links_too():
    """What follows from the training pairs is told at once; scores of pairs by hand."""
    h, _ = balanced()
    above = closure(h)
    split = link_prediction(h, above, 0)
    found = floors(h, above, split)
    assert found["closure_rule"]["link_f1"] == 1
    assert found["drawing"]["link_f1_local"] > found["popularity"]["link_f1"]
    assert "link_f1" not in floors(h, above, reconstruction(h, above, 0))["drawing"]

    chosen, tested = held_links(split, 0)
    hops = _hops(h)
    by_hand = scored_link_figures(lambda asked: hops[asked[:, 0], asked[:, 1]], split, 0)
    assert by_hand == {k: v for k, v in found["tree_distance"].items() if k in by_hand}
    best = max(f1(hops[tuple(chosen.pairs.T)] <= t, chosen.true) for t in np.unique(hops))
    assert by_hand["link_f1_validation"] == pytest.approx(best)
    told = -hops[tuple(tested.pairs.T)] >= by_hand["link_threshold"]
    assert by_hand["link_f1"] == f1(told, tested.true)


def _hops(h):
    """Edges between any two nodes of a tree."""
    n = h.n_nodes
    far = np.full((n, n), np.inf)
    np.fill_diagonal(far, 0)
    child = np.flatnonzero(h.parent >= 0)
    far[child, h.parent[child]] = far[h.parent[child], child] = 1
    for k in range(n):
        far = np.minimum(far, far[:, [k]] + far[[k]])
    return far


def test_a_drawing_in_sectors_tells_all_links_by_cones():
    h, points = balanced()
    split = link_prediction(h, closure(h), 0)
    found = link_figures(
        to_polar(points, "tangent"), split, 0, energy=functools.partial(cone_energy, aperture=0.1)
    )
    assert found["link_f1"] > 0.9
    assert found["link_accuracy"] > 0.98
    assert "link_alpha" not in found
    by_norm = link_figures(to_polar(points, "tangent"), split, 0)
    assert by_norm["link_f1"] < found["link_f1"]
    assert by_norm["link_alpha"] >= 0


def test_points_at_one_place_are_no_better_than_chance():
    h, points = balanced()
    split = link_prediction(h, closure(h), 0)
    found = link_figures(to_polar(0 * points, "tangent"), split, 0)
    true = len(split.test)
    drawn = len(with_corrupted_of(h, split).pairs)
    assert found["link_f1"] == 2 * true / (drawn + true)
    assert found["link_accuracy"] == true / drawn


def with_corrupted_of(h, split):
    below = from_pairs(pairs(split.exclude)[:, ::-1], h.n_nodes)
    return with_corrupted(split.test, split.exclude, below, 0, "metrics/links/test")


def test_other_tasks_have_no_such_figures(random_dag):
    h = random_dag(80, 4)
    above, polar = closure(h), to_polar(np.ones((80, 2)), "tangent")
    assert link_figures(polar, reconstruction(h, above, 0), 0) == {}
    assert link_figures(polar, leaf_parent(h, above, 0), 0) == {}


def test_hundreds_of_thousands_of_pairs_take_seconds():
    n = 40_000
    child = np.arange(1, n)
    rng = np.random.default_rng(0)
    h = from_edges("wide", child, rng.integers(0, child), nodes=np.arange(n))
    split = link_prediction(h, closure(h), 0)
    polar = to_polar(rng.normal(size=(n, 5)) * 4, "tangent")
    began = time.process_time()
    found = link_figures(polar, split, 0)
    assert len(split.test) > 15_000
    # Measured: 1.3 s.
    assert time.process_time() - began < 10
    assert found["link_f1"] >= 2 / 12
