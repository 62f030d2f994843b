"""What other systems' evaluations say, worked out by hand on four nodes of a line."""

import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import closure, from_pairs, pairs
from hardball.hierarchy.dag import from_edges
from hardball.metrics import protocols, ranking
from hardball.metrics.polar import to_polar


@pytest.fixture
def four():
    """a above b and c, b above d; numbered a 0, b 1, c 2, d 3."""
    return from_edges("four", ["b", "c", "d"], ["a", "a", "b"])


def ranks_at(hierarchy, *places):
    """Ranks of the closure when nodes lie at these places of a line."""
    polar = to_polar(np.array([[x, 0.0] for x in places]), "euclidean", 1.0)
    known = closure(hierarchy)
    nodes = np.arange(hierarchy.n_nodes)
    counted, _ = ranking.rank(ranking.by_points(polar), hierarchy, pairs(known), known, nodes)
    return counted


def test_gensim_counts_the_node_itself(four):
    # a 0, b 1, c 1.75, d 2.5. Pairs and what is nearer:
    #   b-a at 1: c (0.75) is nearer, d (1.5) is not           rank 2, with b itself 3
    #   c-a at 1.75: b, d (0.75 each)                          rank 3, with c itself 4
    #   d-b at 1.5, d-a at 2.5: c (0.75)                       ranks 2 and 2, with d itself 3 and 3
    ranks = ranks_at(four, 0.0, 1.0, 1.75, 2.5)
    assert ranking.figures(ranks)["mean_rank"] == (2 + 3 + 2 + 2) / 4
    assert ranking.figures(ranks)["map"] == pytest.approx((1 / 2 + 1 / 3 + (1 / 2 + 2 / 3) / 2) / 3)

    assert protocols.gensim_ranks(ranks).tolist() == [3, 4, 3, 3]
    said = protocols.gensim_figures(ranks)
    assert said["mean_rank"] == (3 + 4 + 3 + 3) / 4
    # Average precision: i / (rank_i + i - 1), so 1/3, 1/4, and (1/3 + 2/4) / 2.
    assert said["map"] == pytest.approx((1 / 3 + 1 / 4 + (1 / 3 + 2 / 4) / 2) / 3)


def test_without_ties_gensim_says_exactly_one_rank_more_and_the_reference_the_same(random_dag):
    hierarchy = random_dag(60, 3)
    places = np.random.default_rng(0).permutation(hierarchy.n_nodes) ** 1.3
    ranks = ranks_at(hierarchy, *places)
    ours = ranking.figures(ranks)
    assert ours["ties"] == 0
    gensim, reference = protocols.gensim_figures(ranks), protocols.reference_figures(ranks)
    assert gensim["mean_rank"] == pytest.approx(ours["mean_rank"] + 1, rel=1e-14)
    assert gensim["map"] < ours["map"]
    assert reference == pytest.approx({name: ours[name] for name in reference}, rel=1e-14)


def test_a_positive_on_top_of_its_node_is_not_behind_it(four):
    # b lies on a: b itself is not strictly nearer than a, so b-a stays first in gensim.
    ranks = ranks_at(four, 0.0, 0.0, 5.0, 9.0)
    assert protocols.gensim_ranks(ranks)[0] == 1


def test_ties_favour_gensim_and_cost_the_reference_precision(four):
    # a 0, b 1, c 2, d 2.5: c ties with a for b. One of two orders puts c first.
    #   b-a rank 1.5; c-a: b and d nearer, 3; d-b and d-a: c nearer, 2 and 2
    ranks = ranks_at(four, 0.0, 1.0, 2.0, 2.5)
    assert protocols.gensim_ranks(ranks).tolist() == [2, 4, 3, 3]
    said = protocols.reference_figures(ranks)
    assert said["mean_rank"] == (1.5 + 3 + 2 + 2) / 4
    # At a's distance lie one ancestor and one other node: precision 1/2, where 1 / 1.5 is ours.
    assert said["map"] == pytest.approx((1 / 2 + 1 / 3 + (1 / 2 + 2 / 3) / 2) / 3)


def test_equal_positives_share_their_precision_in_the_reference(four):
    # From d at 0, a, b and c lie at 1: of the three that are no farther than each, two are above d.
    ranks = ranks_at(four, 1.0, -1.0, 1.0, 0.0)
    of_d = ranks.node == 3
    assert ranks.rank[of_d].tolist() == [1.5, 1.5]
    # b-a at 2: c ties, d (1) is nearer: 1/3. c-a at 0: nothing is nearer or tied: 1.
    assert protocols.reference_figures(ranks)["map"] == pytest.approx((1 / 3 + 1 + 2 / 3) / 3)


def test_an_epoch_of_the_reference_is_a_pass_of_each_process():
    assert protocols.reference_epochs(600, 2) == 300
    with pytest.raises(HardballError, match="processes=0"):
        protocols.reference_epochs(600, 0)


def test_share_of_draws_that_are_descendants(four):
    # Pairs b-a, c-a, d-a, d-b. b: d is one of the two nodes that are neither b nor a. c, d: none.
    assert protocols.descendant_share(closure(four)) == (1 / 2 + 0 + 0 + 0) / 4


def test_a_root_above_all_leaves_no_room_and_no_share():
    assert protocols.descendant_share(from_pairs(np.array([[1, 0]]), 2)) == 0


def test_coverage_tells_repeated_negatives_from_fresh_ones():
    # Two epochs of one batch of two draws among four nodes: fresh draws meet 4 (1 - (3/4)^4).
    expected = 4 * (1 - (3 / 4) ** 4)
    repeated = np.array([[[0, 1]], [[0, 1]]])
    fresh = np.array([[[0, 1]], [[2, 3]]])
    assert protocols.coverage(repeated, 4) == pytest.approx(2 / expected)
    assert protocols.coverage(fresh, 4) == pytest.approx(4 / expected)
    many = np.random.default_rng(1).integers(50, size=(3, 2000, 40))
    # 2,000 batches: the standard error of the mean is near 0.001.
    assert protocols.coverage(many, 50) == pytest.approx(1, abs=0.005)
    again = np.broadcast_to(many[:1], many.shape)
    seeded = (1 - 0.98**40) / (1 - 0.98**120)
    assert protocols.coverage(again, 50) == pytest.approx(seeded, abs=0.005)
