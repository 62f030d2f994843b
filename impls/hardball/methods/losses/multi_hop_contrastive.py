"""InfoNCE of every pair, near ones first."""

from hardball.methods.declare import loss
from hardball.methods.losses.infonce import infonce
from hardball.methods.parameter import real
from hardball.methods.sources import NICKEL_2017


@loss(
    summary="InfoNCE of every pair, multiplied by decay^(hops - 1)",
    source=f"hardball: a softmax by hops; {NICKEL_2017}, Eq. 6",
    parameters={
        "decay": real(0.5, "factor for each further edge between the pair", at_least=0, at_most=1),
        "temperature": real(1.0, "divides all distances, as of `infonce`", above=0),
    },
    sums=True,
)
def multi_hop_contrastive(xp, d_pos, d_neg, weight, hops, *, decay, temperature):
    """decay^(hops - 1) times `infonce`, per example (B,).

    hops (B,): edges of the shortest path from the anchor up to its positive, 1 for a parent. d_pos,
    d_neg, weight: as of `infonce`. A batch is averaged over its B pairs, not over the sum of their
    factors: what a pair contributes does not depend on the others; decay = 1 is `infonce`.
    """
    return decay ** (hops - 1) * infonce(xp, d_pos, d_neg, weight, temperature=temperature)
