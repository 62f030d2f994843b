"""What several losses share."""

# An exponent that leaves nothing: what is masked has no share of a softmax.
_LEAST = -1e30


def shares(xp, score, weight):
    """w_k e^score_k / sum_k w_k e^score_k; (B, K), (B, K) -> (B, K), 0 for a row without weight.

    The largest exponent of what is not masked is taken out of the sum, so that nothing overflows.
    """
    score = xp.where(weight > 0, score, _LEAST)
    top = xp.max_or(xp.stop_gradient(score), _LEAST)
    share = weight * xp.exp(score - top[:, None])
    total = xp.sum(share, axis=1)
    return share / xp.where(total > 0, total, 1)[:, None]


def mean_over_negatives(xp, each, weight):
    """sum_k w_k each_k / sum_k w_k; (B, K), (B, K) -> (B,), 0 for a row without weight."""
    total = xp.sum(weight, axis=1)
    return xp.sum(weight * each, axis=1) / xp.where(total > 0, total, 1)


def mean_hinge(xp, excess, weight):
    """sum_k w_k max(0, excess_k) / sum_k w_k; (B, K), (B, K) -> (B,), 0 for a row without weight.

    The mean of 1 and of 0, since max(0, -2) = 0:

    >>> import torch
    >>> from hardball.arrays import on_torch
    >>> mean_hinge(on_torch, torch.tensor([[1.0, -2.0]]), torch.ones(1, 2))
    tensor([0.5000])
    """
    return mean_over_negatives(xp, xp.relu(excess), weight)


def softmax_hinge(xp, near, excess, weight):
    """max(0, near) + log(sum_k w_k e^max(0, excess_k) / sum_k w_k); (B,), (B, K), (B, K) -> (B,).

    Of many negatives those that are most in the wrong count most. Without negatives the first term.
    """
    held = xp.where(weight > 0, xp.relu(excess), 0)
    top = xp.max_or(xp.stop_gradient(held), 0)
    total = xp.sum(weight, axis=1)
    mean = xp.sum(weight * xp.exp(held - top[:, None]), axis=1) / xp.where(total > 0, total, 1)
    return xp.relu(near) + xp.where(total > 0, top + xp.log(xp.where(total > 0, mean, 1)), 0)
