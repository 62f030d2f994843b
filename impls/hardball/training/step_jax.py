"""One training step in JAX: the loss of a batch, its gradient, the update of its rows."""

import functools
from typing import Any

import jax
import jax.numpy as jnp

from hardball.arrays import on_jax as xp
from hardball.methods.optimizers import rows as layout
from hardball.training import batch_loss, term_values
from hardball.training.draws_jax import Data, Draws, Table, beside, current, instructions
from hardball.training.methods import Methods
from hardball.training.native import calls_jax
from hardball.training.problem import STALLED
from hardball.training.term_values import Heads

Totals = dict[str, jax.Array]


def loss(
    how: Methods,
    rows: jax.Array,
    heads: Heads,
    offset: jax.Array,
    weight: jax.Array,
    **told: Any,
) -> tuple[tuple[jax.Array, ...], tuple[jax.Array, ...]]:
    """See `batch_loss.loss`."""
    parts, values = batch_loss.loss(xp, how, rows, heads, offset, weight, told)
    return parts, values


def gradient(
    how: Methods,
    rows: jax.Array,
    heads: Heads,
    draws: Draws,
    fade: jax.Array,
    **told: Any,
) -> tuple[list[jax.Array], Heads, Totals]:
    """Gradients in the rows of anchors, positives and draws, in heads, and the step's totals.

    In the rows one of each of the parts that `loss` gives, in what terms own that of their sum; the
    negatives' shares are those of the first. fade: what multiplies the weights in the loss; told:
    see `facts`.
    """
    weight = beside(draws.shared_weight, draws.own_weight)

    def part(place: int, rows: jax.Array, heads: Heads, offset: jax.Array) -> tuple[jax.Array, Any]:
        parts, values = loss(how, rows, heads, offset, fade * weight, **told)
        return parts[place], (sum(parts[1:], parts[0]), values)

    def slope(place: int, of: tuple[int, ...]) -> Any:
        one = functools.partial(part, place)
        return jax.grad(one, of, has_aux=True)(rows, heads, jnp.zeros_like(weight))

    (first, own, each), (value, values) = slope(0, (0, 1, 2))
    grads = [first]
    for place in range(1, len(values)) if how.apart else ():
        (other, more), _ = slope(place, (0, 1))
        grads.append(other)
        own = jax.tree.map(jnp.add, own, more)
    added = totals(draws, draws.masked, value, *measure(weight, each))
    return grads, own, added | dict(zip(how.tracked, values, strict=False))


def measure(weight: jax.Array, each: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The sum of the negatives' shares of the gradient, and the weight of those below STALLED."""
    each = jnp.abs(each) * each.shape[0]
    return jnp.sum(each), jnp.sum(weight * (each < STALLED * weight))


def totals(
    draws: Draws, masked: jax.Array, value: jax.Array, pull: jax.Array, stalled: jax.Array
) -> Totals:
    """What a step adds to the chunk's sums: see `problem.COUNTS`."""
    return {
        "drawn": draws.drawn,
        "masked": masked,
        "widened": draws.widened,
        "broken": jnp.logical_not(jnp.isfinite(value)).astype(jnp.int32),
        "loss": value,
        "pull": pull,
        "stalled": stalled,
    }


def update(
    how: Methods,
    table: Table,
    anchors: jax.Array,
    positives: jax.Array,
    draws: Draws,
    lr: jax.Array,
    fade: jax.Array,
    before: jax.Array,
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
    ids = jnp.concatenate([anchors, positives, draws.shared, draws.own.reshape(-1)])
    if table.rows.shape[0] <= ids.shape[0]:
        held, old = current(how, table.rows, before, lr)
        grads, own, added = gradient(how, held[ids], heads, draws, fade, **told)
        heads = term_values.move(xp, how, table.heads, own, before, lr)
        sums = [jnp.zeros_like(held).at[ids].add(each) for each in grads]
        new = optimise(how, held, term_values.together(xp, how, sums, sums), old, lr)
        touched = jnp.zeros((held.shape[0], 1), bool).at[ids].set(True)
        return table._replace(rows=jnp.where(touched, new, table.rows), heads=heads), added
    held, old = current(how, table.rows[ids], before, lr)
    grads, own, added = gradient(how, held, heads, draws, fade, **told)
    heads = term_values.move(xp, how, table.heads, own, before, lr)
    buffer, sums = table.buffer, []
    for each in grads:
        buffer = buffer.at[ids].add(each)
        sums.append(buffer[ids])
        # Zeros made of what was read: XLA sees that the reading comes first, and copies nothing.
        buffer = buffer.at[ids].set(jnp.minimum(jnp.abs(sums[-1]), 0))
    new = optimise(how, held, term_values.together(xp, how, grads, sums), old, lr)
    return Table(table.rows.at[ids].set(new), buffer, table.lists, heads), added


def native_update(
    how: Methods,
    data: Data,
    table: Table,
    anchors: jax.Array,
    positives: jax.Array,
    draws: Draws,
    lr: jax.Array,
    fade: jax.Array,
    before: jax.Array,
) -> tuple[Table, Totals]:
    """`update` by the compiled step."""
    settings, codes = instructions(data, before, lr, fade)
    known = data.known_indptr, data.known_indices
    shared = draws.shared, draws.shared_weight.reshape(-1)
    own = draws.own, draws.own_weight
    rows, sums = calls_jax.train(
        *(table.rows, anchors, positives, *shared, *own, *known),
        *(data.powers, settings, codes, how.kernel, how.precision),
    )
    masked = sums[1].astype(jnp.int32)
    return table._replace(rows=rows), totals(draws, masked, sums[0], sums[2], sums[3])


def optimise(
    how: Methods, rows: jax.Array, grads: jax.Array, state: layout.State, lr: jax.Array
) -> jax.Array:
    """Rows (R, W) after one step of the run's optimiser along `grads` (R, D), clipped if asked."""
    if how.spec.clip:
        grads = layout.clip(xp, how.manifold, rows, grads, how.spec.clip, how.c)
    params = how.spec.optimizer.params
    rows, moved = how.optimise(how.manifold, rows, grads, state, lr, how.c, **params)
    return layout.pack(xp, rows, {**state, **moved})
