"""InfoNCE: the softmax of the positive against the negatives."""

from hardball.methods.declare import loss
from hardball.methods.parameter import real
from hardball.methods.sources import NICKEL_2017, OORD_2018


@loss(
    summary="softmax of the positive against the negatives; Nickel & Kiela's at temperature 1",
    source=f"{NICKEL_2017}, Eq. 6; {OORD_2018}",
    parameters={
        "temperature": real(
            1.0, "divides all distances; the lower, the more the nearest negative counts", above=0
        )
    },
    sums=True,
    kernel="softmax",
)
def infonce(xp, d_pos, d_neg, weight, *, temperature):
    """Softmax of the positive against the negatives, per example (B,).

    -log(e^(-d+/T) / (e^(-d+/T) + sum_k w_k e^(-d_k/T))) = log(1 + sum_k w_k e^((d+ - d_k)/T)).
    d_pos (B,), d_neg (B, K): distances; weight (B, K): a multiplicity, 0 masks. Without negatives
    it is 0. The largest exponent is taken out of the sum, so that nothing overflows.

    A negative as near as the positive is taken for it half of the time, -log(1/2):

    >>> import torch
    >>> from hardball.methods import registry
    >>> loss = registry.load("loss", "infonce", "torch")
    >>> loss(torch.tensor([2.0]), torch.tensor([[2.0]]), torch.tensor([[1.0]]))
    tensor([0.6931])
    """
    gap = xp.sign(weight) * (d_pos[:, None] - d_neg) / temperature
    top = xp.max_or(xp.stop_gradient(gap), 0)
    total = xp.exp(-top) + xp.sum(weight * xp.exp(gap - top[:, None]), axis=1)
    return top + xp.log(total)


@infonce.override("torch")
def _(xp):
    """The gradient written by hand, in place: 3.9 times as fast at 1024 x 1024.

    Recorded step by step, it would cost eight more passes over (B, K).
    """

    def forward(d_pos, d_neg, weight, temperature):
        gap = (d_pos[:, None] - d_neg).mul_(xp.sign(weight)).div_(temperature)
        top = xp.max_or(gap, 0)
        terms = gap.sub_(top[:, None]).exp_().mul_(weight)
        negative = xp.sum(terms, axis=1)
        total = xp.exp(-top) + negative
        return top + xp.log(total), (terms, negative, total)

    def backward(temperature, saved, g):
        terms, negative, total = saved
        scaled = g / total / temperature
        return scaled * negative, terms * -scaled[:, None], None

    written = xp.differentiable(forward, backward, numbers=1)

    def infonce(d_pos, d_neg, weight, *, temperature):
        return written(d_pos, d_neg, weight, temperature)

    return infonce
