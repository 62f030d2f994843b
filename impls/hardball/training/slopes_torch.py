"""The gradient of a batch in all nodes at once, in PyTorch."""

import torch

from hardball.training.draws_torch import Data, Table, beside, draw, facts
from hardball.training.methods import Methods
from hardball.training.step_torch import loss
from hardball.training.term_values import owned


def slopes(
    how: Methods,
    data: Data,
    table: Table,
    vectors: torch.Tensor,
    pairs: torch.Tensor,
    words: torch.Tensor,
    before: torch.Tensor,
    lr: torch.Tensor,
) -> torch.Tensor:
    """The gradient of a batch's mean loss in the tangent vectors (N, dim) of all nodes; (N, dim).

    Of the main loss, without regularisers. pairs (B,): rows of Data.positives; words (W,): those of
    one step; table, before and lr: see `draw`.
    """
    ends = data.positives[pairs]
    draws = draw(how, data, table, ends[:, 0], ends[:, 1], words, before, lr)
    told = facts(how, data, pairs, ends[:, 0], draws, before)
    ids = torch.cat([ends.T.reshape(-1), draws.shared, draws.own.reshape(-1)])
    weight = beside(draws.shared_weight, draws.own_weight)
    vectors = vectors.detach().requires_grad_()
    with torch.enable_grad():
        points = how.manifold.project(how.manifold.exp0(vectors[ids], how.c), how.c)
        mean = loss(how, points, owned(table.heads), torch.zeros_like(weight), weight, **told)[0][0]
        (found,) = torch.autograd.grad(mean, vectors)
    return found
