"""Cross-entropy of the graph's own edges."""

from hardball.methods.declare import loss
from hardball.methods.parameter import real
from hardball.methods.sources import NICKEL_2017


@loss(
    summary="binary cross-entropy of direct edges, the negatives standing for all other non-edges",
    source=(
        f"Kipf & Welling 2016, Variational Graph Auto-Encoders, section 2; {NICKEL_2017}, Eq. 7"
    ),
    parameters={
        "positive_weight": real(1.0, "how often an edge counts", at_least=0),
        "radius": real(2.0, "distance r at which an edge is as likely as not", at_least=0),
        "temperature": real(1.0, "how gradually the probability falls around r", above=0),
    },
)
def adjacency(xp, d_pos, d_neg, weight, hops, absent, *, positive_weight, radius, temperature):
    """Cross-entropy of "is a direct edge", with a sample of the non-edges, per example (B,).

    With P(d) = 1 / (e^((d - r)/t) + 1), on logits: -positive_weight log P(d+) where hops is 1, and
    -log(1 - P(d+)) beyond; for the negatives -absent sum_k w_k log(1 - P(d_k)) / sum_k w_k.
    hops (B,): edges of the shortest path from the anchor up to its positive. absent (B,): what its
    negatives stand for, the nodes that are neither the anchor nor known to be above it, over the
    number of its training pairs. With uniform negatives, the sum over all training pairs is on
    average the cross-entropy of the rows of the N x N adjacency matrix of nodes with a pair.
    d_pos (B,), d_neg (B, K): distances; weight (B, K): a multiplicity, 0 masks. Without negatives
    it is the positive term alone.
    """
    logit = (radius - d_pos) / temperature
    near = xp.where(hops == 1, positive_weight * xp.softplus(-logit), xp.softplus(logit))
    far = xp.softplus((radius - xp.sign(weight) * d_neg) / temperature)
    total = xp.sum(weight, axis=1)
    return near + absent * xp.sum(weight * far, axis=1) / xp.where(total > 0, total, 1)
