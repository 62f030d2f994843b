"""One training step in PyTorch: the loss of a batch, its gradient, the update of its rows."""

import functools
from typing import Any

import torch

from hardball.arrays import on_torch as xp
from hardball.methods.optimizers import rows as layout
from hardball.training import batch_loss, term_values
from hardball.training.draws_torch import Data, Draws, Table, beside, instructions
from hardball.training.methods import Methods
from hardball.training.native import calls_torch
from hardball.training.problem import STALLED
from hardball.training.term_values import Heads

Totals = dict[str, torch.Tensor]


def loss(
    how: Methods,
    rows: torch.Tensor,
    heads: Heads,
    offset: torch.Tensor,
    weight: torch.Tensor,
    **told: Any,
) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
    """See `batch_loss.loss`."""
    parts, values = batch_loss.loss(xp, how, rows, heads, offset, weight, told)
    return parts, tuple(value.detach() for value in values)


def gradient(
    how: Methods,
    rows: torch.Tensor,
    heads: Heads,
    draws: Draws,
    fade: torch.Tensor,
    **told: Any,
) -> tuple[list[torch.Tensor], Heads, Totals]:
    """Gradients in the rows of anchors, positives and draws, in heads, and the step's totals.

    In the rows one of each of the parts that `loss` gives, in what terms own that of their sum; the
    negatives' shares are those of the first. fade: what multiplies the weights in the loss; told:
    see `facts`.
    """
    rows = rows.detach().requires_grad_()
    heads = {
        t: {n: a.detach().requires_grad_() for n, a in own.items()} for t, own in heads.items()
    }
    leaves = [(term, name, array) for term, own in heads.items() for name, array in own.items()]
    weight = beside(draws.shared_weight, draws.own_weight)
    offset = torch.zeros_like(weight, requires_grad=True)
    with torch.enable_grad():
        (first, *others), values = how.pieces.loss(rows, heads, offset, fade * weight, **told)
    moving = [rows, *(array for *_, array in leaves)]
    # A part by itself may be none of what another term owns.
    slope = functools.partial(torch.autograd.grad, materialize_grads=how.apart or bool(leaves))
    each, *firsts = slope(first, (offset, *moving), retain_graph=bool(others))
    every = [firsts, *(slope(other, moving, retain_graph=True) for other in others)]
    grads, *owned = (list(column) for column in zip(*every, strict=True))
    own: Heads = {term: {} for term in heads}
    for (term, name, _), slopes in zip(leaves, owned, strict=True):
        own[term][name] = sum(slopes[1:], slopes[0])
    pull, stalled = how.pieces.measure(weight, each)
    added = totals(draws, draws.masked, sum(others, first).detach(), pull, stalled)
    return grads, own, added | dict(zip(how.tracked, values, strict=False))


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
    **told: Any,
) -> tuple[Table, Totals]:
    """One optimiser step on the rows that the batch touches, and the step's totals.

    fade: see `problem.fading`; before: how many steps have been taken, which the rows are first
    brought up to; told: see `facts`.

    Rows that occur more than once get the sum of their gradients: every occurrence holds the same
    total, so all of them write the same row. Plain code adds into the buffer and reads back; with
    fewer nodes than occurrences it updates all nodes and keeps the touched ones. What terms own
    takes every step.
    """
    heads = term_values.owned(table.heads)
    ids = torch.cat([anchors, positives, draws.shared, draws.own.reshape(-1)])
    if table.rows.shape[0] <= ids.shape[0]:
        held, old = how.pieces.coast(table.rows, before, lr)
        grads, own, added = gradient(how, held[ids], heads, draws, fade, **told)
        heads = term_values.move(xp, how, table.heads, own, before, lr)
        sums = [torch.zeros_like(held).index_add_(0, ids, each) for each in grads]
        new = how.pieces.optimise(held, term_values.together(xp, how, sums, sums), old, lr)
        touched = torch.zeros_like(held[:, :1], dtype=torch.bool).index_fill_(0, ids, True)
        return table._replace(rows=torch.where(touched, new, table.rows), heads=heads), added
    held, old = how.pieces.coast(table.rows[ids], before, lr)
    grads, own, added = gradient(how, held, heads, draws, fade, **told)
    heads = term_values.move(xp, how, table.heads, own, before, lr)
    buffer, sums = table.buffer, []
    for each in grads:
        sums.append(buffer.index_add_(0, ids, each)[ids])
        buffer.index_fill_(0, ids, 0)
    new = how.pieces.optimise(held, term_values.together(xp, how, grads, sums), old, lr)
    return Table(table.rows.index_copy_(0, ids, new), buffer, table.lists, heads), added


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
        *(table.rows, *pairs, *shared, *own, *known),
        *(data.powers, settings, codes, how.kernel, how.precision),
    )
    masked = sums[1].to(torch.int64)
    return table._replace(rows=rows), totals(draws, masked, sums[0], sums[2], sums[3])


def optimise(
    how: Methods, rows: torch.Tensor, grads: torch.Tensor, state: layout.State, lr: torch.Tensor
) -> torch.Tensor:
    """Rows (R, W) after one step of the run's optimiser along `grads` (R, D), clipped if asked."""
    if how.spec.clip:
        grads = layout.clip(xp, how.manifold, rows, grads, how.spec.clip, how.c)
    params = how.spec.optimizer.params
    rows, moved = how.optimise(how.manifold, rows, grads, state, lr, how.c, **params)
    return layout.pack(xp, rows, {**state, **moved})
