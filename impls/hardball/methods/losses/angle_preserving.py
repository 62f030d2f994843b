"""Angles at the origin as wide as those of the hierarchy's triangles."""

from hardball.methods.declare import loss
from hardball.methods.manifolds.angles import at_origin
from hardball.methods.parameter import real


@loss(
    summary="squared error of angles at the origin against those of the spanning tree's triangles",
    source=(
        "Gromov 1987, Hyperbolic Groups; Bridson & Haefliger 1999, Metric Spaces of Non-Positive "
        "Curvature, I.2.15 (comparison angles); as a loss hardball's"
    ),
    parameters={"scale": real(1.0, "length of an edge, in the space of curvature -1", above=0)},
)
def angle_preserving(
    xp, theta_pos, theta_neg, weight, depth, tree_pos, tree_neg, depth_pos, depth_neg, *, scale
):
    """How far angles at the origin are from those of the tree, per example (B,).

    ((theta+ - t+)^2 + sum_k w_k (theta_k - t_k)^2) / (1 + sum_k w_k), t = `comparison_angle` of the
    triangle of a root above all roots and the two nodes, its sides in edges times `scale`.
    theta_pos (B,), theta_neg (B, K): radians. depth, depth_pos (B,), depth_neg (B, K): of the
    anchors, positives and negatives, edges from a root; tree_pos (B,), tree_neg (B, K): edges along
    the spanning tree from the anchors to the others. weight (B, K): a multiplicity, 0 masks.
    Without negatives it is the positive term alone. It does not depend on radii.
    """
    ours = scale * (depth + 1)
    near = theta_pos - comparison_angle(xp, ours, scale * (depth_pos + 1), scale * tree_pos)
    there = comparison_angle(xp, ours[:, None], scale * (depth_neg + 1), scale * tree_neg)
    far = xp.sign(weight) * (theta_neg - there)
    return (near * near + xp.sum(weight * far * far, axis=1)) / (1 + xp.sum(weight, axis=1))


def comparison_angle(xp, a, b, opposite):
    """Angle between sides a, b > 0 of a hyperbolic triangle (c = 1), from all three; broadcasts.

    With p half of their sum, tan^2(t/2) = sinh(p - a) sinh(p - b) / (sinh(p) sinh(p - opposite)),
    top and bottom divided by e^(a + b): finite at any length. 0 where a node is above the other, pi
    where the way between them leads through the corner.
    Source: Bridson & Haefliger 1999, Metric Spaces of Non-Positive Curvature, I.2.7.
    """
    p = (a + b + opposite) / 2
    top = xp.sqrt(_grown(xp, p - a) * _grown(xp, p - b)) * xp.exp(opposite - p)
    return at_origin(xp, top, xp.sqrt(_grown(xp, p) * _grown(xp, p - opposite)))


def _grown(xp, x):
    """2 e^-x sinh(x) = 1 - e^-2x, 0 for x < 0."""
    return xp.maximum(-xp.expm1(-2 * x), 0)
