"""An encoder on a pretext in JAX: steps of Adam, and what is asked of it."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from hardball.arrays import on_jax as xp
from hardball.arrays.on_jax.attention import encode, from_arrays, to_arrays
from hardball.core.provenance import processors
from hardball.methods import facts, registry
from hardball.methods.study import Arrays
from hardball.runs.spec import RunSpec
from hardball.training.encoders.chunks import STEPS, Chunk, Course, Watch, apart, joined

Params = dict[str, Any]


class Engine:
    """One run's encoder; arrays go in and out as NumPy's, those of the encoder among them."""

    def __init__(self, spec: RunSpec, study: Any, data: Mapping[str, np.ndarray]) -> None:
        pretext, made_by = spec.pretext, spec.encoder
        assert pretext is not None
        assert made_by is not None
        # As in `engine_jax`: XLA takes NPROC threads, otherwise one a processor.
        self.threads = int(os.environ.get("NPROC") or processors())
        self._dtype, self._parameters = spec.dtype, pretext.params
        self._c = float(spec.manifold.params.get("c", 1.0))
        self._space = registry.load("manifold", spec.manifold.name, "jax")
        make = registry.load("encoder", made_by.name, "jax")
        self._module = make(spec.dim, **made_by.params, manifold=spec.manifold.name, c=self._c)
        self._step = partial(self._call, study.step, {})
        self._asked: dict[Any, Callable[..., Any]] = {}
        with self._precision():
            self._data = {name: self._put(array) for name, array in data.items()}

    def train(self, arrays: Arrays, chunks: Iterable[Chunk], watch: Watch) -> tuple[Arrays, Course]:
        """Takes a step of Adam for each row of the chunks; `watch` sees the losses of each chunk.

        Adam of b1 = .9, b2 = .999, eps = 1e-8 on all arrays. Source: Kingma & Ba 2015, Algorithm 1.
        """
        with self._precision():
            params = self._params(arrays)
            state = optax.scale_by_adam().init(params)
            course = Course()
            compiled: Any = None
            for words, rates in chunks:
                # One length for all, so that the loop is compiled once.
                filled = (np.resize(array, (STEPS, *array.shape[1:])) for array in words)
                given = tuple(map(self._put, filled)), self._put(np.resize(rates, STEPS))
                count = jnp.asarray(len(rates), jnp.int32)
                if compiled is None:
                    with course.compiling():
                        lowered = _steps.lower(self._step, params, state, self._data, *given, count)
                        compiled = lowered.compile()
                with course.training():
                    params, state, losses = compiled(params, state, self._data, *given, count)
                    course.losses.append(np.asarray(losses)[: len(rates)])
                if not watch(course):
                    break
            return joined(params["own"], to_arrays(params["encoder"])), course

    def ask(self, function: Any, arrays: Arrays, *given: np.ndarray, **named: Any) -> Any:
        """What a function of the study gives of these arrays, as a tuple of NumPy's."""
        with self._precision():
            key = function, *sorted(named.items())
            if key not in self._asked:
                self._asked[key] = jax.jit(partial(self._call, function, named))
            placed = map(self._put, given)
            found = self._asked[key](self._params(arrays), self._data, *placed)
        return tuple(map(np.asarray, found if isinstance(found, tuple) else (found,)))

    def touching(self, points: np.ndarray) -> int:
        """How many of `points` lie at the largest radius of the space."""
        with self._precision():
            return int(self._space.touches(self._put(points), self._c).sum())

    def _call(
        self, function: Any, named: Mapping[str, Any], params: Params, data: Any, *given: Array
    ) -> Any:
        parameters = {**facts.options(function, self._parameters), **named}
        encoder = partial(encode, self._module, params["encoder"])
        return function(
            xp, self._space, self._c, encoder, params["own"], data, *given, **parameters
        )

    def _params(self, arrays: Arrays) -> Params:
        own, encoder = apart(arrays)
        made = from_arrays(self._module, encoder, self._dtype)
        return {"own": {k: jnp.asarray(v, self._dtype) for k, v in own.items()}, "encoder": made}

    def _put(self, array: np.ndarray) -> Array:
        """On the device: reals in the run's precision, whole numbers as they are."""
        return jnp.asarray(array, self._dtype if array.dtype.kind == "f" else None)

    def _precision(self) -> AbstractContextManager[Any]:
        return jax.enable_x64(self._dtype == "float64")


@partial(jax.jit, static_argnums=0, donate_argnums=(1, 2))
def _steps(
    loss: Callable[..., Array], params: Params, state: Any, data: Any, words: tuple[Array, ...],
    rates: Array, count: Array,
) -> tuple[Params, Any, Array]:  # fmt: skip
    """The first `count` steps of a chunk: the parameters, Adam's state, losses (STEPS,)."""
    adam = optax.scale_by_adam()

    def step(i: Array, carry: tuple[Params, Any, Array]) -> tuple[Params, Any, Array]:
        params, state, losses = carry
        drawn = (array[i] for array in words)
        value, gradient = jax.value_and_grad(loss)(params, data, *drawn)
        change, state = adam.update(gradient, state)
        moved = jax.tree.map(lambda array, by: array - rates[i] * by, params, change)
        return moved, state, losses.at[i].set(value)

    return jax.lax.fori_loop(0, count, step, (params, state, jnp.zeros_like(rates)))
