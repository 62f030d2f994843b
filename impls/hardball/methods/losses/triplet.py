"""Triplet losses: over all negatives, and over the nearest alone."""

from hardball.methods.declare import loss
from hardball.methods.losses.common import mean_hinge
from hardball.methods.parameter import real
from hardball.methods.sources import FACENET_2015


@loss(
    summary="triplet loss on squared distances, averaged over the negatives",
    source=FACENET_2015,
    parameters={"margin": real(0.5, "how much nearer, as a squared distance", at_least=0)},
    kernel="triplet",
)
def triplet(xp, d_pos, d_neg, weight, *, margin):
    """Triplet loss, per example (B,): sum_k w_k max(0, margin + d+^2 - d_k^2) / sum_k w_k.

    The published sum over the negatives is a mean here. d_pos (B,), d_neg (B, K): distances; weight
    (B, K): a multiplicity, 0 masks. Without negatives it is 0.
    """
    far = xp.sign(weight) * d_neg
    return mean_hinge(xp, margin + (d_pos * d_pos)[:, None] - far * far, weight)


@loss(
    summary="triplet loss of the nearest negative alone",
    source="Hermans, Beyer & Leibe 2017, In Defense of the Triplet Loss, Eq. 5",
    parameters={"margin": real(0.5, "how much nearer, as a distance", at_least=0)},
)
def triplet_hard(xp, d_pos, d_neg, weight, *, margin):
    """Triplet loss of the nearest negative, per example (B,): max(0, margin + d+ - min_k d_k).

    Negatives that are equally near share the gradient. d_pos (B,), d_neg (B, K): distances; weight
    (B, K): 0 masks, any other weight counts once. Without negatives it is 0. The published form has
    the farthest of several positives; here there is one.
    """
    nearest = xp.min_or(xp.where(weight > 0, d_neg, xp.inf), xp.inf)
    return xp.relu(margin + d_pos - nearest)
