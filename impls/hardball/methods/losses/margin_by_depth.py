"""Margin ranking whose margin grows with depth."""

from hardball.methods.declare import loss
from hardball.methods.losses.common import mean_hinge
from hardball.methods.parameter import real


@loss(
    summary="margin ranking, the margin growing with the depth of the anchor",
    source="hardball: a margin by depth; Bordes et al. 2013, Translating Embeddings, Eq. 1",
    parameters={
        "margin": real(0.2, "how much nearer for an anchor that is a root", at_least=0),
        "growth": real(0.1, "what each level adds, as a share of `margin`", at_least=0),
    },
)
def margin_by_depth(xp, d_pos, d_neg, weight, depth, *, margin, growth):
    """Margin ranking with m = margin (1 + growth depth), per example (B,).

    sum_k w_k max(0, m + d+ - d_k) / sum_k w_k: deeper nodes have more room between them.
    depth (B,): edges from a root to the anchor. d_pos (B,), d_neg (B, K): distances; weight (B, K):
    a multiplicity, 0 masks. Without negatives it is 0. The growing margin is hardball's, as is the
    mean over the negatives.
    """
    gap = margin * (1 + growth * depth) + d_pos
    return mean_hinge(xp, gap[:, None] - xp.sign(weight) * d_neg, weight)
