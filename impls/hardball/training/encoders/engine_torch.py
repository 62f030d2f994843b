"""An encoder on a pretext in PyTorch: steps of Adam, and what is asked of it."""

import os
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hardball.arrays import on_torch as xp
from hardball.arrays.on_torch.attention import encode, from_arrays, to_arrays
from hardball.methods import facts, registry
from hardball.methods.study import Arrays
from hardball.runs.spec import RunSpec
from hardball.training.encoders.chunks import Chunk, Course, Watch, apart, joined

Params = dict[str, Any]


class Engine:
    """One run's encoder; arrays go in and out as NumPy's, those of the encoder among them."""

    def __init__(self, spec: RunSpec, study: Any, data: Mapping[str, np.ndarray]) -> None:
        pretext, made_by = spec.pretext, spec.encoder
        assert pretext is not None
        assert made_by is not None
        # The evaluator's threads are of the same library: it leaves their number behind.
        given = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
        if given.isdigit() and int(given):
            torch.set_num_threads(int(given))
        self.threads = torch.get_num_threads()
        self._dtype, self._parameters = spec.dtype, pretext.params
        self._real = getattr(torch, spec.dtype)
        self._c = float(spec.manifold.params.get("c", 1.0))
        self._space = registry.load("manifold", spec.manifold.name, "torch")
        make = registry.load("encoder", made_by.name, "torch")
        self._module = make(spec.dim, **made_by.params, manifold=spec.manifold.name, c=self._c)
        self._step = study.step
        self._data = {name: self._put(array) for name, array in data.items()}

    def train(self, arrays: Arrays, chunks: Iterable[Chunk], watch: Watch) -> tuple[Arrays, Course]:
        """Takes a step of Adam for each row of the chunks; `watch` sees the losses of each chunk.

        Adam of b1 = .9, b2 = .999, eps = 1e-8 on all arrays. Source: Kingma & Ba 2015, Algorithm 1.
        """
        params = self._params(arrays)
        adam = torch.optim.Adam([*params["own"].values(), *params["encoder"].values()])
        course = Course()
        for words, rates in chunks:
            placed = tuple(map(self._put, words))
            losses = []
            with course.training():
                for *row, rate in zip(*placed, rates.tolist(), strict=True):
                    adam.param_groups[0]["lr"] = rate
                    adam.zero_grad()
                    value = self._call(self._step, {}, params, *row)
                    value.backward()
                    adam.step()
                    losses.append(value.detach())
                course.losses.append(torch.stack(losses).numpy())
            if not watch(course):
                break
        own = {name: array.detach().numpy().copy() for name, array in params["own"].items()}
        return joined(own, to_arrays(params["encoder"])), course

    @torch.no_grad()
    def ask(self, function: Any, arrays: Arrays, *given: np.ndarray, **named: Any) -> Any:
        """What a function of the study gives of these arrays, as a tuple of NumPy's."""
        found = self._call(function, named, self._params(arrays), *map(self._put, given))
        return tuple(part.numpy() for part in (found if isinstance(found, tuple) else (found,)))

    def touching(self, points: np.ndarray) -> int:
        """How many of `points` lie at the largest radius of the space."""
        return int(self._space.touches(self._put(points), self._c).sum())

    def _call(self, function: Any, named: Mapping[str, Any], params: Params, *given: Tensor) -> Any:
        parameters = {**facts.options(function, self._parameters), **named}
        encoder = partial(encode, self._module, params["encoder"])
        return function(
            xp, self._space, self._c, encoder, params["own"], self._data, *given, **parameters
        )

    def _params(self, arrays: Arrays) -> Params:
        own, encoder = apart(arrays)
        made = from_arrays(self._module, encoder, self._dtype)
        return {"own": {k: self._put(v).requires_grad_() for k, v in own.items()}, "encoder": made}

    def _put(self, array: np.ndarray) -> Tensor:
        """On the device: reals in the run's precision, whole numbers as int64."""
        if array.dtype == bool:
            return torch.tensor(array)
        return torch.tensor(array, dtype=self._real if array.dtype.kind == "f" else torch.int64)
