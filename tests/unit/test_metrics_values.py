"""Metrics of hand-made examples, with the arithmetic written out."""

import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.data.store import open_hierarchy
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.methods.tasks.leaf_parent import leaf_parent
from hardball.methods.tasks.reconstruction import reconstruction
from hardball.metrics import kernels
from hardball.metrics.depth import ties
from hardball.metrics.evaluate import evaluate, validate
from hardball.metrics.floors import floors
from hardball.metrics.polar import Polar, to_polar


def line(*positions: float) -> np.ndarray:
    """Points of R^2 on a line."""
    return np.stack([np.array(positions, float), np.zeros(len(positions))], axis=1)


def measure(h: Hierarchy, points: np.ndarray, manifold: str = "euclidean", **options) -> dict:
    above = closure(h)
    return evaluate(points, manifold, 1.0, h, reconstruction(h, above, 0), above, **options)


@pytest.fixture
def family() -> Hierarchy:
    r"""    r          positions on a line:
           / \         b    r    a c    d
          a   b       -2    0    2 3    6
         / \
        c   d
    """
    return from_edges("family", list("abcd"), list("rraa"), nodes=list("rabcd"))


@pytest.fixture
def found(family: Hierarchy) -> dict:
    return measure(family, line(0, 2, -2, 3, 6))


def test_ranks(found: dict) -> None:
    """a->r: c is nearer, 2.  b->r: 1.  c->a: 1.  c->r: d ties, 1.5.  d->a, d->r: c is nearer, 2."""
    assert found["mean_rank"] == pytest.approx((2 + 1 + 1 + 1.5 + 2 + 2) / 6)
    assert found["median_rank"] == (1.5 + 2) / 2
    assert found["ties"] == 1


def test_map_counts_the_ith_positive_over_i_and_the_nearer_others(found: dict) -> None:
    ap_a, ap_b = 1 / 2, 1 / 1
    ap_c = (1 / 1 + 2 / 2.5) / 2
    ap_d = (1 / 2 + 2 / 3) / 2
    assert found["map"] == pytest.approx((ap_a + ap_b + ap_c + ap_d) / 4)


def test_auc_is_one_minus_the_share_of_nearer_others(found: dict) -> None:
    """Non-positives: 3 of a, 3 of b, 2 of c, 2 of d."""
    pairs = [1 - 1 / 3, 1 - 0 / 3, 1 - 0 / 2, 1 - 0.5 / 2, 1 - 1 / 2, 1 - 1 / 2]
    assert found["auc"] == pytest.approx(np.mean(pairs))
    assert found["auc_near"] == pytest.approx(np.mean(pairs)), "fewer than 50 others: all of them"


def test_auc_against_a_positives_own_depth_and_siblings(family: Hierarchy) -> None:
    """Only c->a and d->a have another node (b) at the positive's depth; c lies nearer to b."""
    found = measure(family, line(0, 2, -2, -1, 6))
    assert found["auc_depth_matched"] == (0 + 1) / 2
    assert found["auc_siblings"] == (0 + 1) / 2


def test_precision_recall_and_hits(found: dict) -> None:
    """Nearest of a is c, of b is r, of c is a, of d is c: two nodes hit."""
    assert found["hits_at_1"] == found["precision_at_1"] == 2 / 4
    assert found["recall_at_1"] == (0 + 1 / 1 + 1 / 2 + 0) / 4
    assert found["precision_at_10"] == pytest.approx((1 + 1 + 2 + 2) / 10 / 4)
    assert found["recall_at_10"] == 1


def test_all_pairs_ranked_together(found: dict) -> None:
    """Of 10 pairs 6 are positive; the nearest is a-c."""
    assert found["global_precision_at_1"] == 1
    assert found["global_recall_at_1"] == pytest.approx(1 / 6)
    assert found["vs_random_at_1"] == pytest.approx(1 / (6 / 10))
    assert found["global_precision_at_10"] == pytest.approx(6 / 10)
    assert found["global_recall_at_100"] == 1


def test_neighbour_recall(found: dict) -> None:
    """r: a, b of 2 nearest. a: c, r, and d ties with b for the third. b, c: yes. d: c is nearer."""
    assert found["neighbor_recall"] == pytest.approx((1 + 2.5 / 3 + 1 + 1 + 0) / 5)


def test_edges_both_ways_are_ranked_among_all_nodes(found: dict) -> None:
    """r: a and b tie, first of all. a: c, r, and d ties with b for the third. d: c is nearer."""
    of_a = (1 + 1 + 3 / 3.5) / 3
    assert found["edge_map"] == pytest.approx((1 + of_a + 1 + 1 + 1 / 2) / 5)


def test_radii_that_a_limit_made_equal_are_ties() -> None:
    """Depths 0, 1, 1, 2, 2: 10 pairs, of which 8 are of unequal depth.

    Radii 1, 5, 5, 5, 9: the pairs at 5 are one of depth 1 and 1, and two of depth 1 and 2.
    """
    depth = np.array([0, 1, 1, 2, 2])
    found = ties(polar_of([1.0, 5.0, 5.0, 5.0 + 1e-9, 9.0]), depth)
    assert found == {"depth_ties": pytest.approx(2 / 8)}
    assert ties(polar_of([1.0, 2.0, 3.0, 4.0, 5.0]), depth) == {"depth_ties": 0.0}
    assert ties(polar_of([0.0] * 5), depth) == {"depth_ties": 1.0}
    assert ties(polar_of([1.0, 2.0]), np.array([3, 3])) == {}


def polar_of(radii: list[float]) -> Polar:
    """Points of these radii on one ray."""
    return to_polar(np.array([[radius, 0.0] for radius in radii]), "tangent", 1.0)


def test_radius_against_depth(family: Hierarchy) -> None:
    """Radii 0, 2, 2, 3, 3 follow the depths 0, 1, 1, 2, 2; at the start they opposed them."""
    found = measure(family, line(0, 2, -2, 3, -3), start_points=line(3, 2, -2, 0, 0))
    assert found["depth_spearman"] == pytest.approx(1)
    assert found["depth_spearman_start"] == pytest.approx(-1)
    assert found["depth_spearman_gain"] == pytest.approx(2)
    assert found["depth_pearson"] == pytest.approx(
        np.corrcoef([0, 2, 2, 3, 3], [0, 1, 1, 2, 2])[0, 1]
    )
    assert found["radius_mean"] == 2
    assert found["radius_max"] == 3
    assert found["radius_q50"] == 2


def test_separation_and_purity_of_groups() -> None:
    """Labels A: 0, 1; B: 10, 12; the root at 5 has none.

    Between: 10, 12, 9, 11, mean 10.5. Within: 1, 2, mean 1.5. Of 3 labelled others 1 is the same.
    """
    groups = {"kind": {"a": "A", "b": "A", "c": "B", "d": "B"}, "lone": {"a": "A"}}
    h = from_edges("four", list("abcd"), list("rrrr"), nodes=list("rabcd"), groups=groups)
    found = measure(h, line(5, 0, 1, 10, 12))
    assert found["separation_kind"] == pytest.approx(10.5 / 1.5)
    assert found["purity10_kind"] == pytest.approx(1 / 3)
    assert "separation_lone" not in found
    assert "separation_sources" not in found


def test_purity_shares_out_ties_at_the_tenth_place() -> None:
    """A: 0 and 8 more at 1; B: 4 at 2. Node 0 takes 8 of A and 2 of the 4: 0.8.

    A node at 1: its 7 twins at 0, then 0 and the four B at 1 tie for 3 places: 7 + 3/5 = 7.6.
    A node at 2: 3 twins, then 8 of A for 7 places, 3: (8 * 7.6 + 8 + 4 * 3) / 10 / 13.
    """
    names = [f"a{i}" for i in range(9)] + [f"b{i}" for i in range(4)]
    groups = {"kind": {name: name[0] for name in names}}
    h = from_edges("thirteen", names, ["r"] * 13, nodes=["r", *names], groups=groups)
    found = measure(h, line(50, 0, *[1] * 8, *[2] * 4))
    assert found["purity10_kind"] == pytest.approx((8 + 8 * 7.6 + 4 * 3) / 10 / 13)


def test_large_groups_are_sampled_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 30 of 60 sources the ratio moves by a few percent only."""
    n = 61
    kinds = ["none", *["A", "B", "C"] * 20]
    h = from_edges(
        "star", np.arange(1, n), np.zeros(n - 1, int), groups={"kind": kinds}, nodes=np.arange(n)
    )
    points = np.random.default_rng(1).normal(size=(n, 3))
    exact = measure(h, points)
    monkeypatch.setattr("hardball.metrics.separation.EXACT_LIMIT", 50)
    monkeypatch.setattr("hardball.metrics.separation.SAMPLED", 30)
    sampled = measure(h, points)
    assert sampled["separation_sources"] == 30
    assert sampled["separation_kind"] == pytest.approx(exact["separation_kind"], rel=0.1)
    assert sampled == measure(h, points), "the sample depends on the seed alone"


def test_distortion_is_free_of_scale() -> None:
    """d / hops of the path 0, 1, 3: 1, 2 and 3 / 2; s = (1 + 4 + 2.25) / 4.5 = 29 / 18."""
    h = from_edges("path", list("bc"), list("ab"))
    found = measure(h, line(0, 1, 3))
    s = 29 / 18
    assert found["distortion_mean"] == pytest.approx(
        (abs(1 / s - 1) + abs(2 / s - 1) + abs(1.5 / s - 1)) / 3
    )
    assert found["distortion_worst"] == pytest.approx(2 / 1)
    scaled = measure(h, line(0, 7, 21))
    assert scaled["distortion_mean"] == pytest.approx(found["distortion_mean"])


def test_distances_of_the_ball_enter_separation_and_distortion() -> None:
    """Tangent radii 1 and 2 on one ray: distances are differences of radii, whatever c."""
    h = from_edges("path", list("bc"), list("ab"))
    found = measure(h, line(0, 1, 2), "tangent")
    assert found["distortion_worst"] == pytest.approx(1, rel=1e-12)
    assert found["distortion_mean"] == pytest.approx(0, abs=1e-12)


def test_a_forest_measures_distortion_inside_its_trees() -> None:
    h = from_edges("forest", list("bd"), list("ac"))
    found = measure(h, line(0, 100, 1, 101))
    assert found["distortion_worst"] == 1


def test_points_that_are_not_finite_never_get_a_mean_rank_of_one(family: Hierarchy) -> None:
    """Nothing compares as nearer than NaN, so counting alone would call this perfect."""
    broken = np.full((5, 2), np.nan)
    less, tied = kernels.below(broken[:, 0], np.nan)
    assert (less, tied) == (0, 0)
    for manifold in ("poincare", "tangent", "euclidean"):
        with pytest.raises(HardballError, match="diverged"):
            measure(family, broken, manifold)
    with pytest.raises(HardballError, match="diverged"):
        measure(family, line(0, 1, 2, 3, 4), start_points=broken)


def test_points_at_one_place_get_the_mean_rank_not_the_best(family: Hierarchy) -> None:
    """All others tie: a and b have 3, c and d have 2; rank = 1 + ties / 2."""
    found = measure(family, np.zeros((5, 2)), "tangent")
    assert found["mean_rank"] == pytest.approx((2 * 2.5 + 4 * 2.0) / 6)
    assert found["auc"] == 0.5
    assert found["ties"] == 6
    assert found["global_precision_at_1"] == pytest.approx(6 / 10)
    assert "distortion_worst" not in found


def test_a_wrong_number_of_points_is_refused(family: Hierarchy) -> None:
    with pytest.raises(HardballError, match=r"\(4, 2\) for 5 nodes of family"):
        measure(family, line(0, 1, 2, 3))


def test_a_million_tied_pairs_are_no_better_than_chance(tree: tuple[Hierarchy, np.ndarray]) -> None:
    """All 1,500 * 1,499 / 2 pairs tie at every cut, more than any list of nearest pairs holds."""
    h, points = tree
    found = measure(h, points * 0, "tangent")
    for cut in (1, 10, 100, 1000):
        assert found[f"vs_random_at_{cut}"] == pytest.approx(1, rel=1e-12)


@pytest.fixture(scope="module")
def tree() -> tuple[Hierarchy, np.ndarray]:
    n = 1500
    children = np.arange(1, n)
    labels = {"half": ["AB"[i % 2] for i in range(n)]}
    h = from_edges("tree", children, (children - 1) // 4, nodes=np.arange(n), groups=labels)
    return h, np.random.default_rng(2).normal(size=(n, 5)) * 3


def test_the_number_of_threads_changes_nothing(tree: tuple[Hierarchy, np.ndarray]) -> None:
    h, points = tree
    one = measure(h, points, "tangent", threads=1)
    assert one == measure(h, points, "tangent", threads=2)
    assert one == measure(h, points, "tangent")


def test_sampled_sources_say_so_and_rank_against_all(tree: tuple[Hierarchy, np.ndarray]) -> None:
    h, points = tree
    exact = measure(h, points, "tangent")
    few = measure(h, points, "tangent", sources=400, seed=3)
    assert few["sources"] == 400
    assert "global_precision_at_1" not in few
    assert few["mean_rank"] == pytest.approx(exact["mean_rank"], rel=0.2)
    everyone = measure(h, points, "tangent", sources=10**6)
    assert everyone["sources"] == h.n_nodes - 1
    assert everyone["mean_rank"] == exact["mean_rank"]
    with pytest.raises(HardballError, match="sources=0"):
        measure(h, points, "tangent", sources=0)


def test_validation_gives_the_same_ranking_figures(tree: tuple[Hierarchy, np.ndarray]) -> None:
    h, points = tree
    above = closure(h)
    split = leaf_parent(h, above, seed=0)
    assert split.test is not None
    whole = evaluate(points, "tangent", 1.0, h, split, above)
    part = validate(points, "tangent", 1.0, h, split.test, split.exclude)
    assert part == {name: whole[name] for name in part}
    assert {"mean_rank", "map", "auc", "hits_at_10"} <= part.keys()


def test_radius_and_direction_are_what_pictures_need() -> None:
    polar = to_polar(line(0.0, 0.5), "poincare", 1.0)
    assert polar.radius[1] == pytest.approx(2 * np.arctanh(0.5))
    assert polar.direction.tolist() == [[0.0, 0.0], [1.0, 0.0]]


def test_floors_of_the_family(family: Hierarchy) -> None:
    """Popularity: r has 4 below it, a has 2, the others none.

    a: r first. b: r 1st, but a stands before nobody's positive. c, d: r, then a, both before the
    rest: all ranks 1. Tree distance: c->a ties with nothing (d is 2 away); c->r ties with d;
    a->r ties with c and d, rank 2; b->r alone.
    """
    above = closure(family)
    found = floors(family, above, reconstruction(family, above, 0))
    assert found["popularity"]["mean_rank"] == 1
    assert found["closure_rule"]["map"] == 1
    assert found["tree_distance"]["mean_rank"] == pytest.approx((2 + 1 + 1 + 1.5 + 1 + 1.5) / 6)


def test_the_closure_rule_cannot_know_held_out_parents() -> None:
    """A binary tree: every leaf pair that is held out is an edge nothing else implies."""
    children = np.arange(1, 127)
    h = from_edges("binary", children, (children - 1) // 2, nodes=np.arange(127))
    above = closure(h)
    split = leaf_parent(h, above, seed=0, holdout=0.5)
    found = floors(h, above, split)
    assert found["closure_rule"]["auc"] == pytest.approx(0.5, abs=1e-12)
    # known: the leaf hangs on its grandparent, so its parent is one of the nodes 2 hops away
    assert found["tree_distance"]["mean_rank"] < found["closure_rule"]["mean_rank"]


def test_popularity_alone_ranks_mammals_well() -> None:
    """The published floor: MAP 0.62 and a mean rank of 21 to 24 by the rule for ties."""
    h = open_hierarchy("wordnet_mammals")
    above = closure(h)
    found = floors(h, above, reconstruction(h, above, 0))["popularity"]
    assert found["map"] == pytest.approx(0.62, abs=0.005)
    assert 21 < found["mean_rank"] < 24
    assert found["auc"] == pytest.approx(0.98, abs=0.005)
