"""InfoNCE of the pairs that are few edges apart."""

from hardball.methods.declare import loss
from hardball.methods.losses.infonce import infonce
from hardball.methods.parameter import real, whole
from hardball.methods.sources import NICKEL_2017


@loss(
    summary="InfoNCE of the pairs at most `reach` edges apart, 0 for all others",
    source=f"hardball: a softmax by hops; {NICKEL_2017}, Eq. 6",
    parameters={
        "reach": whole(1, "most edges between an anchor and its positive", at_least=1),
        "temperature": real(1.0, "divides all distances, as of `infonce`", above=0),
    },
    sums=True,
)
def local_contrastive(xp, d_pos, d_neg, weight, hops, *, reach, temperature):
    """`infonce` of the pairs at most `reach` edges apart, per example (B,); 0 for the others.

    hops (B,): edges of the shortest path from the anchor up to its positive, 1 for a parent. d_pos,
    d_neg, weight: as of `infonce`. A batch is averaged over all of its B pairs, so one with few
    pairs within reach takes a small step.
    """
    return xp.where(hops <= reach, infonce(xp, d_pos, d_neg, weight, temperature=temperature), 0)
