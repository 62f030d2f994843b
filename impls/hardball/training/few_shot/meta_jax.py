"""The initialiser in JAX (Flax), trained through inner steps by Optax's Adam."""

import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from hardball.arrays import on_jax as xp
from hardball.training.few_shot import bodies
from hardball.training.few_shot.batches import Batch
from hardball.training.few_shot.bodies import Begun, Said
from hardball.training.few_shot.engine_jax import adapted, put
from hardball.training.few_shot.outer import Arrays, Outer, Watch

_Params = Mapping[str, Array]


class _Initialiser(nn.Module):
    """What new nodes begin from; the formulas are those of `parameters.start`."""

    width: int
    dim: int

    @nn.compact
    def __call__(self, features: Array, aside: Array, like: Array, there: Array) -> Said:
        def array(name: str, *shape: int) -> Array:
            return self.param(name, nn.initializers.zeros, shape)

        weights = array("hidden", features.shape[-1], self.width)
        hidden = jnp.tanh(xp.product(features, weights) + array("hidden_bias", self.width))
        out = xp.product(hidden, array("out", self.width, self.dim + 1))
        out = out + array("out_bias", self.dim + 1)
        logits = xp.product(like, array("alike", like.shape[-1]))
        share = nn.softmax(jnp.where(there[:, None, :], logits, -jnp.inf), axis=2)
        return Said(out[..., 0], out[..., 1:] + array("spread") * aside, share)


def _loss(arrays: _Params, batch: Batch, rate: Any, outer: Outer) -> Array:
    """The loss of the nodes that are not shown, after the inner steps of the others."""
    first = _begun(arrays, batch, outer.c)
    shown = adapted(first.shown, batch, rate, outer.steps, outer.c, outer.exact)
    return bodies.asked_loss(xp, shown, bodies.ended(xp, shown, first, outer.c), batch, outer.c)


def slopes(arrays: Arrays, batch: Batch, outer: Outer) -> tuple[float, Arrays]:
    """The loss of a batch and its gradient, arrays by name."""
    with jax.enable_x64(True):
        params = {name: jnp.asarray(array) for name, array in arrays.items()}
        value, found = _slopes(params, put(batch), outer.rate, outer.unrated)
        return float(value), {name: np.asarray(array) for name, array in found.items()}


def train(arrays: Arrays, batches: Iterable[Batch], outer: Outer, watch: Watch) -> Arrays:
    """Takes a step of Adam for each batch; `watch` sees its loss and processor time."""
    with jax.enable_x64(True):
        params = {name: jnp.asarray(array) for name, array in arrays.items()}
        state = optax.adam(outer.outer_rate).init(params)
        for batch in batches:
            began = time.process_time()
            params, state, value = _step(params, state, put(batch), outer.rate, outer.unrated)
            watch(float(value), time.process_time() - began)
        return {name: np.asarray(array) for name, array in params.items()}


def begin(arrays: Arrays, batch: Batch, c: float) -> Begun:
    """Where the nodes of a batch begin, as NumPy arrays."""
    with jax.enable_x64(True):
        params = {name: jnp.asarray(array) for name, array in arrays.items()}
        return Begun(*map(np.asarray, _begin(params, put(batch), c)))


@partial(jax.jit, static_argnums=4)
def _step(
    params: _Params, state: Any, batch: Batch, rate: Any, outer: Outer
) -> tuple[_Params, Any, Array]:
    value, slope = jax.value_and_grad(_loss)(params, batch, rate, outer)
    change, state = optax.adam(outer.outer_rate).update(slope, state)
    return optax.apply_updates(params, change), state, value


@partial(jax.jit, static_argnums=3)
def _slopes(params: _Params, batch: Batch, rate: Any, outer: Outer) -> tuple[Array, _Params]:
    return jax.value_and_grad(_loss)(params, batch, rate, outer)


@partial(jax.jit, static_argnums=2)
def _begin(params: _Params, batch: Batch, c: float) -> Begun:
    return _begun(params, batch, c)


def _begun(params: _Params, batch: Batch, c: float) -> Begun:
    width, columns = params["out"].shape
    given = (batch.features, batch.aside, batch.like, batch.there)
    said: Any = _Initialiser(width, columns - 1).apply({"params": dict(params)}, *given)
    return bodies.begun(xp, said, batch, c)
