"""One training step in PyTorch: the loss of a batch, its gradient, the update of its rows."""

import torch

from hardball.native import calls_torch
from hardball.optimizers import rows_torch
from hardball.trainers import terms_torch
from hardball.trainers.draws_torch import Data, Draws, Table, beside, instructions
from hardball.trainers.methods import Methods
from hardball.trainers.problem import STALLED

Totals = dict[str, torch.Tensor]


def loss(
    how: Methods,
    rows: torch.Tensor,
    offset: torch.Tensor,
    weight: torch.Tensor,
    **told: torch.Tensor,
) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
    """What a step takes gradients of, and the mean loss of a batch beside its regularisers'.

    From the rows of anchors, positives and draws; the first: see `terms_torch.parts`.

    rows (2B + M + B K, D). offset (B, M + K) is zero and added to the distances of the negatives:
    its gradient is that of each negative, since |grad d| = 1 on any manifold. told: see `facts`.
    """
    size, count = weight.shape
    ends = [size, 2 * size, 2 * size + how.shared]
    anchors, positives, shared, own = rows.tensor_split(ends)
    near = how.manifold.dist(anchors, positives, how.c)
    if how.shared:
        far = how.manifold.dist_matrix(anchors, shared, how.c)
    if count > how.shared:
        own = own.reshape(size, count - how.shared, -1)
        each = how.manifold.dist(anchors[:, None], own, how.c)
        far = beside(far, each) if how.shared else each
    mine = {name: told[name] for name in how.facts}
    main = torch.mean(how.loss(near, far + offset, weight, **mine, **how.spec.loss.params))
    values = (main, *terms_torch.values(how, rows, near, told))
    return terms_torch.parts(how, values, told), tuple(value.detach() for value in values)


def gradient(
    how: Methods, rows: torch.Tensor, draws: Draws, fade: torch.Tensor, **told: torch.Tensor
) -> tuple[list[torch.Tensor], Totals]:
    """Gradients in the rows of anchors, positives and draws, and the step's totals.

    One of each of the parts that `loss` gives; the negatives' shares are those of the first. fade:
    what multiplies the weights in the loss; told: see `facts`.
    """
    rows = rows.detach().requires_grad_()
    weight = beside(draws.shared_weight, draws.own_weight)
    offset = torch.zeros_like(weight, requires_grad=True)
    with torch.enable_grad():
        (first, *others), values = how.pieces.loss(rows, offset, fade * weight, **told)
    both = torch.autograd.grad(first, (rows, offset), retain_graph=bool(others))
    more = [torch.autograd.grad(other, rows, retain_graph=True)[0] for other in others]
    pull, stalled = how.pieces.measure(weight, both[1])
    added = totals(draws, draws.masked, sum(others, first).detach(), pull, stalled)
    return [both[0], *more], added | dict(zip(how.tracked, values, strict=False))


def measure(weight: torch.Tensor, each: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The sum of the negatives' shares of the gradient, and the weight of those below STALLED."""
    each = each.abs() * each.shape[0]
    return each.sum(), (weight * (each < STALLED * weight)).sum()


def totals(
    draws: Draws,
    masked: torch.Tensor,
    value: torch.Tensor,
    pull: torch.Tensor,
    stalled: torch.Tensor,
) -> Totals:
    """What a step adds to the chunk's sums: see `problem.COUNTS`."""
    return {
        "drawn": draws.drawn,
        "masked": masked,
        "widened": draws.widened,
        "broken": (~torch.isfinite(value)).to(torch.int64),
        "loss": value,
        "pull": pull,
        "stalled": stalled,
    }


def update(
    how: Methods,
    table: Table,
    anchors: torch.Tensor,
    positives: torch.Tensor,
    draws: Draws,
    lr: torch.Tensor,
    fade: torch.Tensor,
    before: torch.Tensor,
    **told: torch.Tensor,
) -> tuple[Table, Totals]:
    """One optimiser step on the rows that the batch touches, and the step's totals.

    fade: see `problem.fading`; before: how many steps have been taken, which the rows are first
    brought up to; told: see `facts`.

    Rows that occur more than once get the sum of their gradients: every occurrence holds the same
    total, so all of them write the same row. Plain code adds into the buffer and reads back; with
    fewer nodes than occurrences it updates all nodes and keeps the touched ones.
    """
    ids = torch.cat([anchors, positives, draws.shared, draws.own.reshape(-1)])
    if table.rows.shape[0] <= ids.shape[0]:
        held, old = how.pieces.coast(table.rows, before, lr)
        grads, added = gradient(how, held[ids], draws, fade, **told)
        sums = [torch.zeros_like(held).index_add_(0, ids, each) for each in grads]
        new = how.pieces.optimise(held, terms_torch.together(how, sums, sums), old, lr)
        touched = torch.zeros_like(held[:, :1], dtype=torch.bool).index_fill_(0, ids, True)
        return table._replace(rows=torch.where(touched, new, table.rows)), added
    held, old = how.pieces.coast(table.rows[ids], before, lr)
    grads, added = gradient(how, held, draws, fade, **told)
    buffer, sums = table.buffer, []
    for each in grads:
        sums.append(buffer.index_add_(0, ids, each)[ids])
        buffer.index_fill_(0, ids, 0)
    new = how.pieces.optimise(held, terms_torch.together(how, grads, sums), old, lr)
    return Table(table.rows.index_copy_(0, ids, new), buffer, table.lists), added


def native_update(
    how: Methods,
    data: Data,
    table: Table,
    anchors: torch.Tensor,
    positives: torch.Tensor,
    draws: Draws,
    lr: torch.Tensor,
    fade: torch.Tensor,
    before: torch.Tensor,
) -> tuple[Table, Totals]:
    """`update` by the compiled step."""
    settings, codes = instructions(data, before, lr, fade)
    known = data.known_indptr, data.known_indices
    shared = draws.shared.to(torch.int32), draws.shared_weight.reshape(-1)
    pairs = anchors.to(torch.int32), positives.to(torch.int32)
    own = draws.own.to(torch.int32), draws.own_weight
    rows, sums = calls_torch.train(
        table.rows, *pairs, *shared, *own, *known, data.powers, settings, codes
    )
    masked = sums[1].to(torch.int64)
    return table._replace(rows=rows), totals(draws, masked, sums[0], sums[2], sums[3])


def optimise(
    how: Methods, rows: torch.Tensor, grads: torch.Tensor, state: rows_torch.State, lr: torch.Tensor
) -> torch.Tensor:
    """Rows (R, W) after one step of the run's optimiser along `grads` (R, D), clipped if asked."""
    if how.spec.clip:
        grads = rows_torch.clip(how.manifold, rows, grads, how.spec.clip, how.c)
    params = how.spec.optimizer.params
    rows, moved = how.optimise(how.manifold, rows, grads, state, lr, how.c, **params)
    return rows_torch.pack(rows, {**state, **moved})
