"""Softmax of cosines: what is compared is directions alone, as on the unit sphere."""

from hardball.methods.declare import loss
from hardball.methods.parameter import real
from hardball.methods.sources import OORD_2018


@loss(
    summary="softmax of the cosines of directions from the origin, as on the unit sphere",
    source=f"{OORD_2018}; Wang & Isola 2020, Understanding Contrastive Representation Learning",
    parameters={"temperature": real(0.1, "what the cosines are divided by", above=0)},
    sums=True,
)
def cosine(xp, theta_pos, theta_neg, weight, *, temperature):
    """log(1 + sum_k w_k e^((cos theta_k - cos theta+) / temperature)), per example (B,).

    theta_pos (B,), theta_neg (B, K): angles at the origin, radians; weight (B, K): a multiplicity,
    0 masks. Without negatives it is 0. Radii do not matter: with the manifold euclidean and the
    radius exact(target=1), ranks by distance are ranks by cosine. Two nodes on one ray, or on
    opposite ones, have no direction to turn in, and get no gradient.
    """
    score = xp.where(weight > 0, (xp.cos(theta_neg) - xp.cos(theta_pos)[:, None]) / temperature, 0)
    top = xp.relu(xp.max_or(xp.stop_gradient(score), 0))
    total = xp.exp(-top) + xp.sum(weight * xp.exp(score - top[:, None]), axis=1)
    return top + xp.log(total)
