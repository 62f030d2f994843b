"""What a row says of its negatives, with the arithmetic written out."""

import itertools

import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.metrics.hardness import Draws, collision, hardness, uniform
from hardball.metrics.listing import metric
from hardball.runs.spec import RunSpec
from hardball.training import negatives, problem

R, A, B, C, D = range(5)


@pytest.fixture
def family() -> Hierarchy:
    r"""    r          positions on a line:
           / \         b    r    a c    d
          a   b       -2    0    2 3    6
         / \
        c   d
    """
    return from_edges("family", list("abcd"), list("rraa"), nodes=list("rabcd"))


def line(*positions: float) -> np.ndarray:
    return np.stack([np.array(positions, float), np.zeros(len(positions))], axis=1)


PLACES = line(0, 2, -2, 3, 6)


def measure(h, anchors, positives, ids, weights, **options):
    given = (np.array(array) for array in (anchors, positives, ids, weights))
    return hardness(PLACES, "euclidean", 1.0, h, *given, 0, **options)


def test_a_sibling_against_uniform_draws(family):
    """c's only sibling is d, 3 away; uniform draws are b, 5 away and one level up, or d."""
    known = closure(family)
    found = measure(family, [C], [A], [[[D, D]], [[D, D]]], np.ones((2, 1, 2)), known=known)
    drawn = Draws(np.array([C]), np.array([A]), np.zeros((1, 1, 1)), np.ones((1, 1, 1)))
    chance = uniform(family, drawn, 0, known)
    used = chance.ids[chance.counts > 0]
    assert set(used) == {B, D}
    share = np.mean(used == B)
    assert 0.3 < share < 0.7
    assert found["negative_distance"] == pytest.approx(3 / (5 * share + 3 * (1 - share)))
    assert found["negative_depth_gap"] == 0
    assert found["negative_violations"] == found["negative_violations_uniform"] == 0
    assert (found["negative_effective"], found["negative_entropy"]) == (1, 0)


def test_a_negative_nearer_than_the_positive_is_a_violation_and_a_tie_half_of_one(family):
    """From c to its positive r: 3. a, 1 away, is nearer; d ties; b, 5 away, is not."""
    found = measure(family, [C], [R], [[[A, D, B, B]]], [[[1, 1, 1, 1]]])
    assert found["negative_violations"] == pytest.approx((1 + 0.5 + 0 + 0) / 4)


def test_what_has_weight_0_does_not_count_and_a_multiplicity_counts_so_often(family):
    """c's pool is d, d, b; a is masked there: (3 + 3 + 5) / 3. d's is b alone: 8."""
    pool = [[[D, B, A]]]
    one = measure(family, [C, D], [A, A], pool, [[[2, 1, 0], [0, 1, 0]]])
    other = measure(family, [C, D], [A, A], [[[D, D, B], [B, R, R]]], [[[1, 1, 1], [1, 0, 0]]])
    assert one == other
    drawn = Draws(np.array([C, D]), np.array([A, A]), np.zeros((1, 2, 1)), np.ones((1, 2, 1)))
    chance = uniform(family, drawn, 0)
    places = PLACES[:, 0]
    away = np.abs(places[chance.ids[0]] - places[[C, D]][:, None])
    of_each = (away * chance.counts[0]).sum(1) / chance.counts[0].sum(1)
    assert one["negative_distance"] == pytest.approx(((3 + 3 + 5) / 3 + 8) / 2 / of_each.mean())


def test_an_anchor_without_draws_is_left_out_of_both_sides(family):
    alone = measure(family, [C], [A], [[[D]]], [[[1]]])
    assert alone["negative_distance"] > 0
    beside = measure(family, [R, C], [R, A], [[[R], [D]]], [[[0], [1]]])
    assert beside == alone
    assert measure(family, [R], [R], [[[R]]], [[[0]]]) == {}


def test_collision_is_the_share_of_equal_pairs_from_two_steps():
    """x x in one step, x y in the other: of 2 x 2 pairs, 2 are equal."""
    ids = np.array([[[7, 7]], [[7, 8]]])
    drawn = Draws(np.array([0]), np.array([0]), ids, np.ones((2, 1, 2)))
    assert collision(drawn) == pytest.approx(2 / 4)
    together = Draws(drawn.anchors, drawn.positives, np.array([[[7], [8]]] * 2), np.ones((2, 2, 1)))
    with_two = Draws(np.zeros(2, int), np.zeros(2, int), together.ids, together.counts)
    assert collision(with_two) == 1
    assert collision(Draws(drawn.anchors, drawn.positives, ids[:1], np.ones((1, 1, 2)))) is None


def test_collision_has_no_bias_for_draws_without_replacement():
    """Two of three nodes, without replacement: draws of two steps are equal once in three."""
    subsets = list(itertools.combinations(range(3), 2))
    found = [
        collision(Draws(np.zeros(1), np.zeros(1), np.array([[a], [b]]), np.ones((2, 1, 2))))
        for a, b in itertools.product(subsets, subsets)
    ]
    assert np.mean(found) == pytest.approx(1 / 3)


def test_figures_without_a_meaning_are_left_out(family):
    nowhere = hardness(
        np.zeros((5, 2)), "poincare", 1.0, family, *map(np.array, ([C], [A], [[[D]]], [[[1]]])), 0
    )
    assert set(nowhere) == {
        "negative_depth_gap",
        "negative_violations",
        "negative_violations_uniform",
    }
    assert nowhere["negative_violations"] == 0.5  # all tie


def test_shapes_that_do_not_fit_are_named(family):
    with pytest.raises(HardballError, match=r"draws of shape \(1, 2, 1\) with weights \(1, 1, 1\)"):
        measure(family, [C], [A], [[[D], [D]]], [[[1]]])


def drawing(task, nodes_of):
    """A `sample` that maps each word to nodes_of(anchor)'s floor(word n / 2^32)-th."""

    def sample(rows, word):
        anchors = task.positives[rows, 0]
        word = word.reshape(len(rows), -1).astype(np.uint64)
        ids = [
            nodes_of(a)[w * np.uint64(len(nodes_of(a))) >> np.uint64(32)]
            for a, w in zip(anchors, word, strict=True)
        ]
        return np.array(ids), (np.array(ids) != anchors[:, None]).astype(np.float32)

    return sample


def test_uniform_negatives_are_as_hard_as_random_ones_and_as_many_as_nodes(random_dag):
    h = random_dag(300, 3)
    spec = RunSpec(dataset="d", framework="torch", seed=1, negatives=10, epochs=1, batch_size=8)
    task = problem.build(spec, h)
    points = np.random.default_rng(0).normal(size=(300, 3)) / 10
    asked = negatives.plan(task)
    assert asked.words.shape == (103, 256 * 10)  # 103 steps of 10 are 1,030 draws an anchor
    assert asked.rows.shape == (256,)
    assert asked.rows.max() < len(task.positives)
    nodes = np.arange(300)
    found = negatives.negative_figures(task, points, drawing(task, lambda a: nodes))
    # An anchor's true ancestors are in these draws, and not in those they are compared with.
    for name in ("negative_distance", "negative_depth_gap", "negative_entropy"):
        assert found[name] == pytest.approx(1, abs=0.03)
    assert found["negative_effective"] == pytest.approx(299, rel=0.01)
    assert found["negative_violations"] == pytest.approx(
        found["negative_violations_uniform"], abs=0.03
    )
    for name, value in found.items():
        assert metric(name).low <= value <= metric(name).high

    few = negatives.negative_figures(task, points, drawing(task, lambda a: nodes[a // 4 * 4 :][:4]))
    assert few["negative_effective"] == pytest.approx(3, rel=0.02)
    assert few["negative_entropy"] == pytest.approx(np.log2(3) / np.log2(300), rel=0.02)


def test_a_large_pool_is_measured_for_fewer_pairs(random_dag):
    spec = RunSpec(
        dataset="d", framework="torch", seed=1, sampler="pool", negatives=2000, epochs=1,
        batch_size=8,
    )  # fmt: skip
    asked = negatives.plan(problem.build(spec, random_dag(50, 3)))
    assert asked.words.shape == (8, 2000)
    assert asked.rows.shape == (2**19 // (8 * 2000),)
