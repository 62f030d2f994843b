"""The focal loss: cross-entropy of links that counts what is already right for less."""

from hardball.methods.declare import loss
from hardball.methods.losses.common import mean_over_negatives
from hardball.methods.parameter import real


@loss(
    summary="cross-entropy of Fermi-Dirac link probabilities, lower where they are right already",
    source="Lin et al. 2017, Focal Loss for Dense Object Detection, Eq. 5",
    parameters={
        "alpha": real(
            0.25, "share of the positive term, 1 - alpha of the negatives", at_least=0, at_most=1
        ),
        "gamma": real(2.0, "how much less right answers count; 0: as much as others", at_least=0),
        "radius": real(2.0, "distance r at which a link is as likely as not", at_least=0),
        "temperature": real(1.0, "how gradually the probability falls around r", above=0),
    },
    kernel="focal",
)
def focal(xp, d_pos, d_neg, weight, *, alpha, gamma, radius, temperature):
    """Cross-entropy of links, less of it where P is right already, per example (B,).

    -a (1 - P+)^g log P+ - (1 - a) sum_k w_k P_k^g log(1 - P_k) / sum_k w_k, with P of
    `fermi_dirac`, computed on its logits z: log P = -softplus(-z), log(1 - P) = -softplus(z), and
    1 - P is never formed. gamma = 0 and alpha = 1/2 give half of `fermi_dirac`.
    d_pos (B,), d_neg (B, K): distances; weight (B, K): a multiplicity, 0 masks. Without negatives
    it is the positive term alone.
    """
    near = (d_pos - radius) / temperature
    far = (radius - xp.sign(weight) * d_neg) / temperature
    each = mean_over_negatives(xp, _focal(xp, far, gamma), weight)
    return alpha * _focal(xp, near, gamma) + (1 - alpha) * each


def _focal(xp, z, gamma):
    """-Q^gamma log(1 - Q), where Q = 1 / (1 + e^-z) is the probability of the wrong answer."""
    return xp.exp(-gamma * xp.softplus(-z)) * xp.softplus(z)
