"""One training step in PyTorch: the loss of a batch, its gradient, the update of its rows."""

import functools
from typing import Any

import torch

from hardball.arrays import on_torch as xp
from hardball.methods.facts import NORMS
from hardball.methods.optimizers import rows as layout
from hardball.training import term_values
from hardball.training.draws_torch import Data, Draws, Table, beside, instructions
from hardball.training.measures import across, between, norms
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
    """What a step takes gradients of, and the mean loss of a batch beside its regularisers'.

    From the rows of anchors, positives and draws; the first: see `term_values.parts`.

    rows (2B + M + B K, D). heads: what terms own. offset (B, M + K) is zero and added to what the
    loss compares of the negatives: where these are distances its gradient is that of each negative,
    since |grad d| = 1 on any manifold. told: see `facts`.
    """
    size, count = weight.shape
    if how.curved:
        # The space of curvature -c is that of -1 with all lengths over sqrt(c).
        root = torch.exp(heads[how.curved]["log_c"] / 2)
        scaled = how.manifold.project(root * rows, 1.0)
        near, far = (d / root for d in compared(how, scaled, size, count, 1.0))
    else:
        near, far = compared(how, rows, size, count, how.c)
    mine = {name: told[name] for name in how.facts}
    if how.norms:
        found = dict(zip(NORMS, lengths(how, rows, size, count), strict=True))
        mine |= {name: found[name] for name in how.norms}
    main = torch.mean(how.loss(near, far + offset, weight, **mine, **how.spec.loss.params))
    if how.measure != "d" and how.regularizers:
        near = how.manifold.dist(rows[:size], rows[size : 2 * size], how.c)
    values = (main, *term_values.values(xp, how, rows, near, heads, told))
    return term_values.parts(xp, how, values, told), tuple(value.detach() for value in values)


def compared(
    how: Methods, rows: torch.Tensor, size: int, count: int, c: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Measures of each of `size` anchors and its positive, (B,), and its `count` negatives.

    The second (B, M + K); rows as in `loss`.
    """
    ends = [size, 2 * size, 2 * size + how.shared]
    anchors, positives, shared, own = rows.tensor_split(ends)
    near = between(xp, how, anchors, positives, c)
    if how.shared:
        far = across(xp, how, anchors, shared, c)
    if count > how.shared:
        own = own.reshape(size, count - how.shared, -1)
        each = between(xp, how, anchors[:, None], own, c)
        far = beside(far, each) if how.shared else each
    return near, far


def lengths(
    how: Methods, rows: torch.Tensor, size: int, count: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """`norms` of the positives, (B,), and of each anchor's negatives, (B, M + K)."""
    _, positives, shared, own = rows.tensor_split([size, 2 * size, 2 * size + how.shared])
    theirs = norms(xp, how, shared).expand(size, -1)
    if count > how.shared:
        own = own.reshape(size, count - how.shared, -1)
        theirs = beside(theirs, norms(xp, how, own))
    return norms(xp, how, positives), theirs


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
    heads = {term: {n: packed[0] for n, packed in own.items()} for term, own in table.heads.items()}
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
        table.rows, *pairs, *shared, *own, *known, data.powers, settings, codes, how.precision
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
