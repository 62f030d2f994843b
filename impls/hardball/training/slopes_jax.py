"""The gradient of a batch in all nodes at once, in JAX."""

import jax
import jax.numpy as jnp

from hardball.training.draws_jax import Data, Table, beside, draw, facts
from hardball.training.methods import Methods
from hardball.training.step_jax import loss
from hardball.training.term_values import owned


def slopes(
    how: Methods,
    data: Data,
    table: Table,
    vectors: jax.Array,
    pairs: jax.Array,
    words: jax.Array,
    before: jax.Array,
    lr: jax.Array,
) -> jax.Array:
    """The gradient of a batch's mean loss in the tangent vectors (N, dim) of all nodes; (N, dim).

    Of the main loss, without regularisers. pairs (B,): rows of Data.positives; words (W,): those of
    one step; table, before and lr: see `draw`.
    """
    ends = data.positives[pairs]
    draws = draw(how, data, table, ends[:, 0], ends[:, 1], words, before, lr)
    told = facts(how, data, pairs, ends[:, 0], draws, before)
    ids = jnp.concatenate([ends.T.reshape(-1), draws.shared, draws.own.reshape(-1)])
    weight = beside(draws.shared_weight, draws.own_weight)

    def mean(vectors: jax.Array) -> jax.Array:
        points = how.manifold.project(how.manifold.exp0(vectors[ids], how.c), how.c)
        return loss(how, points, owned(table.heads), jnp.zeros_like(weight), weight, **told)[0][0]

    return jax.grad(mean)(vectors)
