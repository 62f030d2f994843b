"""The regularisers of a run in JAX, each given what it names of a batch."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from hardball.trainers.methods import Methods


def values(
    how: Methods, ends: jax.Array, near: jax.Array, told: Mapping[str, jax.Array]
) -> list[jax.Array]:
    """The mean of each regulariser over a batch, scalars.

    ends (2B, D): rows of the anchors, then of the positives; near (B,): distances within the pairs;
    told: what the regularisers take of `methods.FACTS`.
    """
    given: dict[str, Callable[[], Any]] = {
        "radii": lambda: how.manifold.radius(ends, how.c),
        "d_pos": lambda: near,
        "tangent": lambda: how.manifold.log0(ends, how.c),
        "degrees": lambda: told["degrees"],
        "depths": lambda: told["depths"],
        "c": lambda: how.c,
    }
    return [
        jnp.mean(term.value(**{name: given[name]() for name in term.wants}, **term.params))
        for term in how.regularizers
    ]
