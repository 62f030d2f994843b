"""The losses on angles by hand: cones, and the angles of a tree's triangles."""

import functools
from math import asin, pi

import numpy as np

from hardball.arrays.namespace import namespace
from hardball.methods.losses.entailment_cones import half_opening
from hardball.runs.spec import RunSpec
from hardball.training.train import train

ONES = np.ones((2, 2))


def test_entailment_cones_by_hand(half):
    # With K = 0.1 an apex at norm 0.2 has psi = arcsin(1/2), at 0.1 and further in pi/2.
    # Row 0: E+ = 0.6 - pi/6, of the negatives one is 0.005 outside, one 0.3 inside.
    # Row 1: E+ = 0, inside; of the negatives one is pi/4 outside, one just inside.
    loss = half.load("loss", "entailment_cones")
    xi_pos, xi_neg = np.array([0.6, 1.5]), np.array([[pi / 6 + 0.005, 0.2], [3 * pi / 4, 1.57]])
    norms = np.array([0.2, 0.05]), np.array([[0.2, 0.1 / np.sin(0.5)], [0.1, 0.0]])
    found = half.call(loss, xi_pos, xi_neg, ONES, *norms)
    np.testing.assert_allclose(found, [0.6 - pi / 6 + 0.005 + 0.01, 0.01], rtol=1e-13)
    found = half.call(loss, xi_pos, xi_neg, ONES, *norms, form="signed")
    expected = [0.6 - pi / 6 + 0.005 + 0.31, 0.01 + pi / 2 - 1.57]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_nodes_inside_a_wrong_cone_are_pushed_in_the_signed_form_alone(half):
    loss = half.load("loss", "entailment_cones")
    args = np.array([0.6]), np.array([[0.2, 0.52, 3.0]]), np.ones((1, 3)), np.array([0.2])
    norms = np.full((1, 3), 0.1 / np.sin(0.515))
    for form, pushed in (("published", [0, -1, 0]), ("signed", [-1, -1, 0])):
        near, far, *_ = half.gradients(loss, np.ones(1), *args, norms, form=form)
        assert np.array_equal(near, [1])
        assert np.array_equal(far, [pushed])


def test_a_cone_opens_as_its_apex_moves_in_until_it_is_all(half):
    # psi = arcsin(K / n): the slope is -K / (n sqrt(n^2 - K^2)), and 0 within the ball n <= K.
    opening = functools.partial(half_opening, namespace(half.framework))
    norm = np.array([1e12, 0.5, 0.2, 0.1, 0.05, 0.0])
    value, (slope,) = half.both(opening, np.ones(6), norm, 0.1)
    expected = [1e-13, asin(0.2), pi / 6, pi / 2, pi / 2, pi / 2]
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    by_hand = [-1e-25, -0.1 / (0.5 * 0.24**0.5), -0.1 / (0.2 * 0.03**0.5), 0, 0, 0]
    np.testing.assert_allclose(slope, by_hand, rtol=1e-12)


def test_cosine_by_hand(half):
    loss = half.load("loss", "cosine")
    theta_pos, theta_neg = np.array([pi / 3, 0.0]), np.array([[pi / 2, pi], [pi / 3, 0.0]])
    # Cosines .5 and 0, -1 with weights 2 and 1; 1 and .5, 1.
    weight = np.array([[2.0, 1.0], [1.0, 0.0]])
    found = half.call(loss, theta_pos, theta_neg, weight, temperature=0.5)
    expected = [np.log(1 + 2 * np.exp(-1) + np.exp(-3)), np.log(1 + np.exp(-1))]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_on_the_unit_sphere_ranks_by_distance_are_ranks_by_cosine(tree):
    spec = RunSpec(
        dataset="tree", framework="torch", seed=1, dim=3, batch_size=8, negatives=4, epochs=5,
        lr=0.05, loss="cosine", manifold="euclidean",
        radius={"name": "exact", "target": 1.0, "slope": 0.0},
    )  # fmt: skip
    points = train(spec, hierarchy=tree, progress=False).points.astype(np.float64)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-6)
    gap = ((points[:, None] - points[None]) ** 2).sum(-1)
    np.testing.assert_allclose(gap, 2 - 2 * points @ points.T, atol=1e-5)


def test_angle_preserving_by_hand(half):
    # Row 0: the anchor at depth 1, its positive is its parent, which lies on its ray: angle 0. A
    # sibling: sides 2, 2, 2 from the root above all, cos t = cosh(2) (cosh(2) - 1) / sinh(2)^2.
    # Row 1: a root; a child on its ray, and another root: sides 1, 1, 2, a straight angle.
    loss = half.load("loss", "angle_preserving")
    sibling = np.arccos(np.cosh(2) * (np.cosh(2) - 1) / np.sinh(2) ** 2)
    told = np.array([1.0, 0.0]), np.array([1.0, 2.0]), np.array([[2.0, 1.0], [1.0, 2.0]])
    told += np.array([0.0, 0.0]), np.array([[1.0, 0.0], [1.0, 0.0]])
    args = np.array([0.1, 3.0]), np.array([[1.0, 0.2], [0.5, 2.0]]), np.array([[3.0, 1], [1, 1]])
    expected = [
        (0.1**2 + 3 * (1 - sibling) ** 2 + 0.2**2) / 5,
        ((3 - pi) ** 2 + 0.5**2 + (2 - pi) ** 2) / 3,
    ]
    np.testing.assert_allclose(half.call(loss, *args, *told), expected, rtol=1e-13)
    # Twice as long edges: the sibling at cos t = cosh(4) (cosh(4) - 1) / sinh(4)^2, nearer by.
    wider = np.arccos(np.cosh(4) * (np.cosh(4) - 1) / np.sinh(4) ** 2)
    assert wider < sibling
    expected[0] = (0.1**2 + 3 * (1 - wider) ** 2 + 0.2**2) / 5
    np.testing.assert_allclose(half.call(loss, *args, *told, scale=2.0), expected, rtol=1e-13)
