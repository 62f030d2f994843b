"""Margin ranking: the positive is nearer than each negative by a margin."""

from hardball.methods.declare import loss
from hardball.methods.losses.common import mean_hinge
from hardball.methods.parameter import real


@loss(
    summary="margin ranking: the positive nearer than each negative by `margin`",
    source="Bordes et al. 2013, Translating Embeddings, Eq. 1",
    parameters={"margin": real(0.5, "how much nearer, as a distance", at_least=0)},
    kernel="margin",
)
def margin(xp, d_pos, d_neg, weight, *, margin):
    """Margin ranking, per example (B,): sum_k w_k max(0, margin + d+ - d_k) / sum_k w_k.

    The published sum over the negatives is a mean here. d_pos (B,), d_neg (B, K): distances; weight
    (B, K): a multiplicity, 0 masks. Without negatives it is 0.

    The first negative is far enough; the second lies as near as the positive and costs the margin:

    >>> import torch
    >>> from hardball.methods import registry
    >>> loss = registry.load("loss", "margin", "torch")
    >>> loss(torch.tensor([1.0]), torch.tensor([[3.0, 1.0]]), torch.ones(1, 2), margin=0.5)
    tensor([0.2500])
    """
    return mean_hinge(xp, margin + d_pos[:, None] - xp.sign(weight) * d_neg, weight)
