"""Inner steps in JAX: where the nodes of subtrees end, given where they begin."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from hardball.arrays import on_jax as xp
from hardball.training.few_shot import bodies
from hardball.training.few_shot.batches import Batch
from hardball.training.few_shot.bodies import Begun, Said


def put(batch: Batch) -> Batch:
    """The arrays in the framework, reals in float64."""
    return Batch(*map(jnp.asarray, batch))


def begin(said: Said, batch: Batch, c: float) -> Begun:
    """`bodies.begun` of what a rule says, as NumPy arrays."""
    with jax.enable_x64(True):
        found = _begun(Said(*map(jnp.asarray, said)), put(batch), c)
        return Begun(*map(np.asarray, found))


def adapted(shown: Array, batch: Batch, rate: Any, steps: int, c: float, exact: bool) -> Array:
    """The end of `steps` inner steps from `shown` (T, J, D).

    exact: with a gradient that goes through the steps' own; else as if each step were a constant.
    """
    slope = jax.grad(partial(bodies.shown_loss, xp), argnums=0)
    for _ in range(steps):
        down = slope(shown, batch, c)
        shown = bodies.moved(xp, shown, down if exact else lax.stop_gradient(down), rate, c)
    return shown


def place(begun: Begun, batch: Batch, rate: float, steps: int, c: float) -> np.ndarray:
    """Where all nodes end, those that are shown first: float64 (T, J + Q, D)."""
    with jax.enable_x64(True):
        given = Begun(*map(jnp.asarray, begun))
        return np.asarray(_placed(given, put(batch), jnp.asarray(rate), steps, c))


@partial(jax.jit, static_argnums=2)
def _begun(said: Said, batch: Batch, c: float) -> Begun:
    return bodies.begun(xp, said, batch, c)


@partial(jax.jit, static_argnums=(3, 4))
def _placed(begun: Begun, batch: Batch, rate: Array, steps: int, c: float) -> Array:
    shown = adapted(begun.shown, batch, rate, steps, c, exact=False)
    return jnp.concatenate([shown, bodies.ended(xp, shown, begun, c)], axis=1)
