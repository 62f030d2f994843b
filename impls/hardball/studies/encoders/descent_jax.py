"""Steps of Adam on words, timed."""

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

Loss = Callable[..., Array]


def indices(array: np.ndarray) -> Array:
    """Integers, words and bools on the device, of the type that indices have there."""
    return jnp.asarray(array)


def descend(
    loss: Loss, params: Any, data: Any, drawn: Iterable[tuple[np.ndarray, ...]], lr: float
) -> tuple[Any, tuple[np.ndarray, float, float]]:
    """Steps of Adam on loss(params, data, *words), one for each row of words.

    params: dicts of arrays; theirs is the memory that the result has. drawn: chunks, each a tuple
    of arrays (steps, ...), and one call to the device. Gives the parameters, and with them the
    losses before each step (steps in all,), seconds of training and of compilation.
    Source: Kingma & Ba 2015, Adam, Algorithm 1.
    """
    state = optax.adam(lr).init(params)
    losses, seconds, compile_seconds = [], 0.0, 0.0
    compiled: dict[int, Any] = {}
    for chunk in drawn:
        words = tuple(map(indices, chunk))
        steps = len(chunk[0])
        if steps not in compiled:
            began = time.perf_counter()
            compiled[steps] = _steps.lower(loss, lr, params, state, data, words).compile()
            compile_seconds += time.perf_counter() - began
        began = time.perf_counter()
        params, state, found = compiled[steps](params, state, data, words)
        losses.append(np.asarray(found))
        seconds += time.perf_counter() - began
    return params, (np.concatenate(losses), seconds, compile_seconds)


@partial(jax.jit, static_argnums=(0, 1), donate_argnums=(2, 3))
def _steps(
    loss: Loss, lr: float, params: Any, state: Any, data: Any, drawn: tuple[Array, ...]
) -> tuple[Any, Any, Array]:
    adam = optax.adam(lr)

    def step(carry: tuple[Any, Any], words: tuple[Array, ...]) -> tuple[tuple[Any, Any], Array]:
        params, state = carry
        value, gradient = jax.value_and_grad(loss)(params, data, *words)
        change, state = adam.update(gradient, state)
        return (optax.apply_updates(params, change), state), value

    (params, state), losses = jax.lax.scan(step, (params, state), drawn)
    return params, state, losses
