"""A softmax loss whose negatives are reweighted to hard ones and freed of false ones."""

from hardball.methods.declare import loss
from hardball.methods.losses.common import shares
from hardball.methods.parameter import real
from hardball.methods.sources import ROBINSON_2021


@loss(
    summary="softmax loss; negatives weigh e^(beta s), less the share tau of false ones among them",
    source=f"{ROBINSON_2021}, Eq. 4; Chuang et al. 2020, Debiased Contrastive Learning, Eq. 7",
    parameters={
        "beta": real(1.0, "how much the nearest negatives weigh; 0: all alike", at_least=0),
        "tau": real(0.0, "the share of draws that are false negatives", at_least=0, below=1),
        "temperature": real(1.0, "divides all distances", above=0),
    },
    sums=True,
)
def debiased(xp, d_pos, d_neg, weight, *, beta, tau, temperature):
    """log(1 + g), g = n max(0, (h - tau) / (1 - tau)), per example (B,).

    With x_k = e^((d+ - d_k)/T), a negative over the positive, n = sum_k w_k and the weights
    v_k = w_k e^(-beta d_k/T) / sum: h = sum_k v_k x_k is the mean of hard negatives, of which the
    share tau is as near as the positive. beta = tau = 0 is `infonce`.
    d_pos (B,), d_neg (B, K): distances; weight (B, K): a multiplicity, 0 masks. Without negatives
    it is 0. In logarithms, so that nothing overflows.

    Two negatives at the positive's distance are 2 of 3 parts of the softmax:

    >>> import torch
    >>> from hardball.methods import registry
    >>> loss = registry.load("loss", "debiased", "torch")
    >>> loss(torch.tensor([2.0]), torch.tensor([[2.0, 2.0]]), torch.ones(1, 2))
    tensor([1.0986])
    """
    kept = xp.sign(weight)
    gap = kept * (d_pos[:, None] - d_neg) / temperature
    share = shares(xp, -beta * d_neg / temperature, weight)
    top = xp.max_or(xp.stop_gradient(gap), 0)
    mean = xp.sum(share * xp.exp(gap - top[:, None]), axis=1)
    left = xp.relu(mean - tau * xp.exp(-top)) * (xp.sum(weight, axis=1) / (1 - tau))
    return top + xp.log(xp.exp(-top) + left)
