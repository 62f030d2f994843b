"""Margins on distances whose negatives weigh more the nearer they lie, after RotatE."""

from hardball.methods.declare import loss
from hardball.methods.losses.common import shares
from hardball.methods.parameter import real


@loss(
    summary="log-sigmoid margins; a negative weighs by its softmax share of e^(-d / temperature)",
    source="Sun et al. 2019, RotatE, Eq. 5 and 6",
    parameters={
        "margin": real(6.0, "distance at which a link is as likely as not", above=0),
        "temperature": real(1.0, "the lower, the more the nearest negative weighs", above=0),
    },
    detached=True,
)
def self_adversarial(xp, d_pos, d_neg, weight, *, margin, temperature):
    """-log s(m - d+) - sum_k p_k log s(d_k - m), p_k = w_k e^(-d_k/T) / sum, per example (B,).

    s is the logistic function, m the margin, T the temperature. No gradient goes through p, so
    that it weighs and does not move. d_pos (B,), d_neg (B, K): distances; weight (B, K): a
    multiplicity, 0 masks. Without negatives it is the positive term alone.

    Of two negatives the one at the margin weighs nearly all; with a positive there, 2 log 2:

    >>> import torch
    >>> from hardball.methods import registry
    >>> loss = registry.load("loss", "self_adversarial", "torch")
    >>> far = torch.tensor([[6.0, 40.0]])
    >>> loss(torch.tensor([6.0]), far, torch.ones(1, 2))
    tensor([1.3863])
    """
    far = xp.sign(weight) * d_neg
    share = shares(xp, -xp.stop_gradient(far) / temperature, weight)
    return xp.softplus(d_pos - margin) + xp.sum(share * xp.softplus(margin - far), axis=1)
