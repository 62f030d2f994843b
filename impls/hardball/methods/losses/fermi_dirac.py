"""Cross-entropy of links whose probability falls with distance, after Fermi and Dirac."""

from hardball.methods.declare import loss
from hardball.methods.losses.common import mean_over_negatives
from hardball.methods.parameter import real
from hardball.methods.sources import NICKEL_2017


@loss(
    summary="binary cross-entropy of Fermi-Dirac link probabilities, computed on their logits",
    source=f"{NICKEL_2017}, Eq. 7",
    parameters={
        "radius": real(2.0, "distance r at which a link is as likely as not", at_least=0),
        "temperature": real(1.0, "how gradually the probability falls around r", above=0),
    },
    kernel="fermi_dirac",
)
def fermi_dirac(xp, d_pos, d_neg, weight, *, radius, temperature):
    """Cross-entropy of links with P(d) = 1 / (e^((d - r)/t) + 1), per example (B,).

    -log P(d+) - sum_k w_k log(1 - P(d_k)) / sum_k w_k, on the logits z = (r - d)/t:
    softplus(-z+) + sum_k w_k softplus(z_k) / sum_k w_k.
    d_pos (B,), d_neg (B, K): distances; weight (B, K): a multiplicity, 0 masks. Without negatives
    it is the positive term alone.
    """
    near = xp.softplus((d_pos - radius) / temperature)
    far = xp.softplus((radius - xp.sign(weight) * d_neg) / temperature)
    return near + mean_over_negatives(xp, far, weight)
