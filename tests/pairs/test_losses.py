"""The losses: arithmetic by hand, masks, multiplicities, extremes; JAX against PyTorch."""

from math import asin, exp, log

import numpy as np
import pytest

from hardball.arrays.namespace import namespace
from hardball.methods import facts as table
from hardball.training import measures

LOSSES = [
    *("infonce", "multi_hop_contrastive", "local_contrastive"),
    *("fermi_dirac", "focal"),
    *("margin", "margin_by_depth", "triplet", "triplet_hard"),
    *("distance_preserving", "adjacency"),
    *("entailment_cones", "angle_preserving"),
]
D_POS = np.array([1.0, 3.0])
D_NEG = np.array([[2.0, 0.5], [1.0, 4.0]])
ONES = np.ones((2, 2))


def facts(loss, size, dtype=float, edges=(1, 2), without=()):
    """What the loss is told of `size` pairs: hops 1, 2, 3, 1, ... or depths 0, 1, 2, ...

    edges: from the first anchor to its negatives; from the second twice, from the third thrice.
    """
    hops, depth = 1 + np.arange(size) % 3, np.arange(size)
    made = {"hops": hops, "depth": depth, "absent": 10 + np.arange(size)}
    made |= {"tree_pos": hops, "tree_neg": np.outer(hops, edges)}
    made |= {"depth_pos": at_the_end(depth, hops)}
    made |= {"depth_neg": at_the_end(depth[:, None], made["tree_neg"])}
    made |= {"norm_pos": hops / 2, "norm_neg": made["tree_neg"] / 2}
    return [
        made[name].astype(dtype) for name in table.takes(loss) if name in set(made) - set(without)
    ]


def at_the_end(depth, edges):
    """Depth of a node so many edges away: straight up, or by the root and down again."""
    return np.where(edges <= depth, depth - edges, edges - depth)


def test_infonce_by_hand(half):
    # Row 0: -log(e^-1 / (e^-1 + e^-2 + e^-0.5)); T = 2 halves every distance.
    infonce = half.load("loss", "infonce")
    expected = [
        -log(exp(-1) / (exp(-1) + exp(-2) + exp(-0.5))),
        -log(exp(-3) / (exp(-3) + exp(-1) + exp(-4))),
    ]
    np.testing.assert_allclose(half.call(infonce, D_POS, D_NEG, ONES), expected, rtol=1e-14)
    halved = half.call(infonce, D_POS, D_NEG, ONES, temperature=2.0)
    np.testing.assert_allclose(halved, half.call(infonce, D_POS / 2, D_NEG / 2, ONES), rtol=1e-14)


@pytest.mark.parametrize("c", [1.0, 2.5])
def test_squared_lorentzian_by_hand(half, c):
    """Of points of the hyperboloid: s = |x - y|_L^2 = -2/c - 2 <x,y>_L."""
    loss = half.load("loss", "squared_lorentzian")

    def on_the_hyperboloid(d):
        """Two points at distance d, one of them (1, 0) / sqrt(c)."""
        x = np.array([1.0, 0.0]) / c**0.5
        y = np.array([np.cosh(c**0.5 * d), np.sinh(c**0.5 * d)]) / c**0.5
        gap = x - y
        return gap[1] ** 2 - gap[0] ** 2

    near = [on_the_hyperboloid(d) for d in D_POS]
    far = [[on_the_hyperboloid(d) for d in row] for row in D_NEG]
    expected = [
        log(1 + sum(exp((s - each) / 2.0) for each in row))
        for s, row in zip(near, far, strict=True)
    ]
    found = half.call(loss, D_POS, D_NEG, ONES, c, temperature=2.0)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_fermi_dirac_by_hand(half):
    # P(d) = 1 / (e^((d - 2) / 0.5) + 1); row 0 has d+ = 1 and negatives 2, 0.5.
    def probability(d):
        return 1 / (exp((d - 2.0) / 0.5) + 1)

    expected = [
        -log(probability(1)) - (log(1 - probability(2)) + log(1 - probability(0.5))) / 2,
        -log(probability(3)) - (log(1 - probability(1)) + log(1 - probability(4))) / 2,
    ]
    found = half.call(
        half.load("loss", "fermi_dirac"), D_POS, D_NEG, ONES, radius=2.0, temperature=0.5
    )
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_margin_by_hand(half):
    # Row 0: 0.5 + 1 - 2 < 0 and 0.5 + 1 - 0.5 = 1; row 1: 0.5 + 3 - 1 = 2.5 and 0.5 + 3 - 4 < 0.
    found = half.call(half.load("loss", "margin"), D_POS, D_NEG, ONES, margin=0.5)
    np.testing.assert_allclose(found, [(0 + 1) / 2, (2.5 + 0) / 2], rtol=1e-15)


def test_triplet_by_hand(half):
    # Row 0: 0.5 + 1 - 4 < 0 and 0.5 + 1 - 0.25 = 1.25; row 1: 0.5 + 9 - 1 = 8.5, 0.5 + 9 - 16 < 0.
    found = half.call(half.load("loss", "triplet"), D_POS, D_NEG, ONES, margin=0.5)
    np.testing.assert_allclose(found, [(0 + 1.25) / 2, (8.5 + 0) / 2], rtol=1e-15)


def test_focal_by_hand(half):
    # P(d) = 1 / (e^((d - 2) / 0.5) + 1); row 0 has d+ = 1 and negatives 2, 0.5.
    def missed(d):
        p = 1 / (exp((d - 2.0) / 0.5) + 1)
        return -0.25 * (1 - p) ** 3 * log(p)

    def found_wrongly(d):
        p = 1 / (exp((d - 2.0) / 0.5) + 1)
        return -0.75 * p**3 * log(1 - p)

    expected = [
        missed(1) + (found_wrongly(2) + found_wrongly(0.5)) / 2,
        missed(3) + (found_wrongly(1) + found_wrongly(4)) / 2,
    ]
    found = half.call(
        half.load("loss", "focal"), D_POS, D_NEG, ONES, alpha=0.25, gamma=3.0, temperature=0.5
    )
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_focal_without_focus_is_half_of_fermi_dirac(half):
    focal, fermi_dirac = half.load("loss", "focal"), half.load("loss", "fermi_dirac")
    args = D_POS, D_NEG, np.array([[2.0, 1.0], [0.0, 3.0]])
    found = half.call(focal, *args, alpha=0.5, gamma=0.0)
    np.testing.assert_allclose(2 * found, half.call(fermi_dirac, *args), rtol=1e-15)


def test_self_adversarial_by_hand(half):
    # Margin 1, temperature 1/2: shares e^-4 : e^-1 of 2 and 0.5, e^-2 : e^-8 of 1 and 4.
    loss = half.load("loss", "self_adversarial")
    near, far = exp(-1) / (exp(-4) + exp(-1)), exp(-2) / (exp(-2) + exp(-8))

    def right(d):
        return log(1 + exp(1 - d))

    expected = [
        log(1 + exp(1 - 1)) + (1 - near) * right(2) + near * right(0.5),
        log(1 + exp(3 - 1)) + far * right(1) + (1 - far) * right(4),
    ]
    given = D_POS, D_NEG, ONES
    found = half.call(loss, *given, margin=1.0, temperature=0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    # Shares are held still: the gradient of a negative is its share of that of softplus(1 - d).
    _, pushed, _ = half.gradients(loss, np.ones(2), *given, margin=1.0, temperature=0.5)
    assert pushed[0, 1] == pytest.approx(-near / (1 + exp(0.5 - 1)), rel=1e-12)
    # A masked negative has no share, however near.
    masked = half.call(loss, D_POS, D_NEG, np.array([[1.0, 0.0], [0.0, 1.0]]), margin=1.0)
    expected = [log(2) + right(2), log(1 + exp(2)) + right(4)]
    np.testing.assert_allclose(masked, expected, rtol=1e-14)


def test_debiased_by_hand(half):
    # e^(d+ - d_k): e^-1 and e^0.5; e^2 and e^-1. Weights e^(-2 d_k): shares as e^-4 : e^-1, and
    # as e^-2 : e^-8. Of two negatives the mean of those, less a tenth, over nine tenths.
    loss = half.load("loss", "debiased")
    near, far = exp(-1) / (exp(-4) + exp(-1)), exp(-2) / (exp(-2) + exp(-8))
    hard = [(1 - near) * exp(-1) + near * exp(0.5), far * exp(2) + (1 - far) * exp(-1)]
    expected = [log(1 + 2 * (mean - 0.1) / 0.9) for mean in hard]
    found = half.call(loss, D_POS, D_NEG, ONES, beta=2.0, tau=0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    # Without either it is the softmax loss; where all is taken for false, nothing is left.
    alike = half.call(half.load("loss", "infonce"), D_POS, D_NEG, ONES, temperature=0.5)
    plain = half.call(loss, D_POS, D_NEG, ONES, beta=0.0, temperature=0.5)
    np.testing.assert_allclose(plain, alike, rtol=1e-14)
    far_away = half.call(loss, np.ones(1), np.array([[9.0]]), np.ones((1, 1)), tau=0.5)
    np.testing.assert_allclose(far_away, [0.0], atol=1e-15)


def test_margin_by_depth_by_hand(half):
    # A root has the margin 0.2, at depth 4 it is 0.2 (1 + 0.5 x 4) = 0.6.
    # Row 0: 0.2 + 1 - 2 < 0 and 0.2 + 1 - 0.5 = 0.7; row 1: 0.6 + 3 - 1 = 2.6 and 0.6 + 3 - 4 < 0.
    loss, depth = half.load("loss", "margin_by_depth"), np.array([0.0, 4.0])
    found = half.call(loss, D_POS, D_NEG, ONES, depth, margin=0.2, growth=0.5)
    np.testing.assert_allclose(found, [(0 + 0.7) / 2, (2.6 + 0) / 2], rtol=1e-15)


def test_triplet_hard_by_hand(half):
    # The nearest negatives: 0.5 + 1 - 0.5 = 1 and 0.5 + 3 - 1 = 2.5; without those 0.5 + 1 - 2 < 0.
    loss = half.load("loss", "triplet_hard")
    found = half.call(loss, D_POS, D_NEG, ONES, margin=0.5)
    np.testing.assert_allclose(found, [1.0, 2.5], rtol=1e-15)
    others = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert np.array_equal(half.call(loss, D_POS, D_NEG, others, margin=0.5), [0.0, 0.0])


def test_the_nearest_negatives_share_what_triplet_hard_pushes(half):
    # Two are at 1, one at 2; the nearer one at 0 is masked.
    args = np.ones(1), np.array([[1.0, 2.0, 0.0, 1.0]]), np.array([[1.0, 1.0, 0.0, 1.0]])
    pulled, pushed, _ = half.gradients(half.load("loss", "triplet_hard"), np.ones(1), *args)
    assert np.array_equal(pulled, [1.0])
    assert np.array_equal(pushed, [[-0.5, 0.0, 0.0, -0.5]])


def test_multi_hop_contrastive_by_hand(half):
    # A parent counts in full, an ancestor three edges up 0.5^2 = 1/4.
    loss, hops = half.load("loss", "multi_hop_contrastive"), np.array([1.0, 3.0])
    expected = [
        -1.00 * log(exp(-1) / (exp(-1) + exp(-2) + exp(-0.5))),
        -0.25 * log(exp(-3) / (exp(-3) + exp(-1) + exp(-4))),
    ]
    found = half.call(loss, D_POS, D_NEG, ONES, hops, decay=0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    alike = half.call(half.load("loss", "infonce"), D_POS, D_NEG, ONES, temperature=0.5)
    found = half.call(loss, D_POS, D_NEG, ONES, hops, decay=1.0, temperature=0.5)
    np.testing.assert_array_equal(found, alike)


def test_local_contrastive_by_hand(half):
    # A parent is within one edge, an ancestor three edges up within three.
    loss, hops = half.load("loss", "local_contrastive"), np.array([1.0, 3.0])
    near = -log(exp(-1) / (exp(-1) + exp(-2) + exp(-0.5)))
    far = -log(exp(-3) / (exp(-3) + exp(-1) + exp(-4)))
    for reach, expected in ((1, [near, 0]), (2, [near, 0]), (3, [near, far])):
        found = half.call(loss, D_POS, D_NEG, ONES, hops, reach=reach)
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    pulled, pushed, *_ = half.gradients(loss, np.ones(2), D_POS, D_NEG, ONES, hops)
    assert pulled[0] > 0
    assert (pushed[0] < 0).all()
    assert np.array_equal([pulled[1], *pushed[1]], [0, 0, 0])


def test_distance_preserving_by_hand(half):
    # Of d / s t, with s = 0.5, the positives have 1 / 1 = 1 and 3 / 1.5 = 2, the negatives
    # 2 / 1 = 2 and 0.5 / 2 = 1/4, 1 / 1 = 1 and 4 / 2 = 2.
    loss = half.load("loss", "distance_preserving")
    args = D_POS, D_NEG, ONES, np.array([2.0, 3.0]), np.array([[2.0, 4.0], [2.0, 4.0]])
    found = half.call(loss, *args, scale=0.5)
    np.testing.assert_allclose(found, [(0 + 1 + 0.75**2) / 3, (1 + 0 + 1) / 3], rtol=1e-15)
    found = half.call(loss, *args, scale=0.5, form="distortion")
    np.testing.assert_allclose(found, [(0 + 3 + 15 / 16) / 3, (3 + 0 + 3) / 3], rtol=1e-15)
    # The positive alone, three edges away at distance 1: (1/3 - 1)^2 and 1 - 1/9.
    args = np.ones(1), np.zeros((1, 0)), np.zeros((1, 0)), np.array([3.0]), np.zeros((1, 0))
    np.testing.assert_allclose(half.call(loss, *args), [4 / 9], rtol=1e-15)
    np.testing.assert_allclose(half.call(loss, *args, form="distortion"), [8 / 9], rtol=1e-15)


@pytest.mark.parametrize(
    ("form", "pulled", "pushed"),
    [
        # 2 (x - 1) / t for x = d / t: of 2, of 1/4 and, where nodes coincide, of 0.
        ("stress", 2 * 1 / 1, [2 * -0.75 / 2, 2 * -1 / 4]),
        # 2 x / t outside, -2 x / t within.
        ("distortion", 2 * 2 / 1, [-2 * 0.25 / 2, 0]),
    ],
)
def test_distances_are_pulled_and_pushed_towards_those_of_the_tree(form, pulled, pushed, half):
    loss = half.load("loss", "distance_preserving")
    args = np.array([2.0]), np.array([[0.5, 0.0]]), np.ones((1, 2))
    told = np.array([1.0]), np.array([[2.0, 4.0]])
    near, far, *_ = half.gradients(loss, np.ones(1), *args, *told, form=form)
    np.testing.assert_allclose(near, [pulled / 3], rtol=1e-15)
    np.testing.assert_allclose(far, [np.array(pushed) / 3], rtol=1e-15)
    # Where all distances are right nothing moves.
    right = told[0], told[1], np.ones((1, 2)), *told
    near, far, *_ = half.gradients(loss, np.ones(1), *right, form=form)
    assert np.array_equal([*near, *far[0]], [0, 0, 0])


def test_adjacency_by_hand(half):
    # P(d) = 1 / (e^((d - 2) / 0.5) + 1). Row 0 is an edge, which counts fivefold; row 1 is none.
    # Their two negatives each stand for 40 and for 10 pairs.
    def p(d):
        return 1 / (exp((d - 2.0) / 0.5) + 1)

    expected = [
        -5 * log(p(1)) - 40 * (log(1 - p(2)) + log(1 - p(0.5))) / 2,
        -log(1 - p(3)) - 10 * (log(1 - p(1)) + log(1 - p(4))) / 2,
    ]
    loss, told = half.load("loss", "adjacency"), (np.array([1.0, 2.0]), np.array([40.0, 10.0]))
    given = {"positive_weight": 5.0, "radius": 2.0, "temperature": 0.5}
    found = half.call(loss, D_POS, D_NEG, ONES, *told, **given)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    # An ancestor that is no parent is pushed away.
    pulled, *_ = half.gradients(loss, np.ones(2), D_POS, D_NEG, ONES, *told, **given)
    assert pulled[0] > 0 > pulled[1]


# Whose positive term counts by itself.
ALONE = ("fermi_dirac", "focal", "adjacency", "entailment_cones", "angle_preserving")
# 1 - P(1), what a positive at distance 1 gets wrong.
WRONG = 1 / (1 + exp(1))


@pytest.mark.full
@pytest.mark.parametrize(
    ("name", "value", "slope"),
    [
        *((name, 0.0, 0.0) for name in LOSSES if name not in ALONE),
        # An angle of 1 where the cone ends at arcsin(0.1 / 0.5), and where the tree's is 0.
        ("entailment_cones", 1 - asin(0.2), 1.0),
        ("angle_preserving", 1.0, 2.0),
        # The positive term alone: log(1 + e^(1 - 2)), with slope 1 / (1 + e^(2 - 1)).
        ("fermi_dirac", log(1 + exp(-1)), WRONG),
        ("adjacency", log(1 + exp(-1)), WRONG),
        # With the factor q^2 / 4 for q = 1 - P: (q^2 / 4 l)' = q^2 / 4 (2 (1 - q) l + q).
        (
            "focal",
            WRONG**2 / 4 * log(1 + exp(-1)),
            WRONG**2 / 4 * (2 * (1 - WRONG) * log(1 + exp(-1)) + WRONG),
        ),
    ],
)
@pytest.mark.parametrize("count", [2, 0])
def test_a_row_without_negatives_is_finite(name, value, slope, count, half):
    """Whether all of them are masked or there are none."""
    loss = half.load("loss", name)
    told = facts(loss, 1, edges=(0, 2)[:count])
    args = np.ones(1), np.array([[0.0, 2.0]])[:, :count], np.zeros((1, count)), *told
    np.testing.assert_allclose(half.call(loss, *args), [value], atol=1e-15)
    d_pos, d_neg = half.gradients(loss, np.ones(1), *args)[:2]
    np.testing.assert_allclose(d_pos, [slope], atol=1e-15)
    assert np.array_equal(d_neg, np.zeros((1, count)))


@pytest.mark.full
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_of_points_are_finite_where_they_coincide_and_at_the_boundary(name, half):
    """All in one place, at the origin and at the largest radius; and on opposite sides."""
    loss, space = half.load("loss", name), half.load("manifold", "poincare")
    xp = namespace(half.framework)
    measure, beside = table.measure_of(loss), table.beside_measure(loss)

    def of_points(anchors, positives, negatives, *told):
        rows = measures.Rows(anchors, positives, anchors[:0], negatives)
        near, far = measures.compared(xp, space, measure, rows, 1.0)
        weight = negatives[..., 0] * 0 + 1
        named = measures.measured(xp, space, rows, beside, 1.0)
        return loss(near, far, weight, *told, **named)

    edge = np.array([[0.0, 0.0], [1e9, 0.0], [1e9, 0.0], [-1e9, 0.0]], np.float32)
    there = half.call(lambda v: space.project(space.exp0(v, 1.0), 1.0), edge)
    for positive, negative in (([0, 1, 2, 3], [0, 1, 3, 3]), ([3, 3, 3, 2], [2, 2, 2, 2])):
        args = there, there[positive], there[np.array([negative, negative]).T]
        args += tuple(facts(loss, 4, np.float32, without=beside))
        value, gradients = half.both(of_points, np.ones(4, np.float32), *args)
        assert np.isfinite(value).all()
        assert all(np.isfinite(gradient).all() for gradient in gradients[:3])


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("params", [{}, {"temperature": 0.01}])
def test_extreme_distances_stay_finite_in_float32(name, params, half):
    loss = half.load("loss", name)
    if params and "temperature" not in table.takes(loss):
        pytest.skip("no temperature")
    d_pos = np.array([0.0, 80.0, 0.0, 80.0], np.float32)
    d_neg = np.array([[0.0, 80.0], [0.0, 0.0], [80.0, 80.0], [80.0, 80.0]], np.float32)
    args = d_pos, d_neg, np.full((4, 2), 1024, np.float32), *facts(loss, 4, np.float32)
    value = half.call(loss, *args, **params)
    assert value.dtype == np.float32
    assert np.isfinite(value).all()
    assert (value >= 0).all()
    for gradient in half.gradients(loss, np.ones(4, np.float32), *args, **params)[:2]:
        assert gradient.dtype == np.float32
        assert np.isfinite(gradient).all()


def test_infonce_at_a_small_temperature_is_the_gap_to_the_nearest_negative(half):
    # log(1 + sum e^((d+ - d_k) / T)) -> (d+ - min d_k) / T: (80 - 10) / 0.01 = 7000.
    found = half.call(
        half.load("loss", "infonce"),
        np.array([80.0]),
        np.array([[10.0, 50.0]]),
        np.ones((1, 2)),
        temperature=0.01,
    )
    np.testing.assert_allclose(found, [7000.0], rtol=1e-12)
