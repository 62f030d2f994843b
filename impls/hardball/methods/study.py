"""What a pretext says of itself beside its loss: what an encoder is trained on, and asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Arrays = dict[str, np.ndarray]
Words = tuple[np.ndarray, ...]

# (function of the study, arrays, *given, **parameters) -> what it gives of these arrays in the
# run's framework, as NumPy's.
Ask = Callable[..., tuple[np.ndarray, ...]]


class Settings(Protocol):
    """The settings of a run that a study reads; manifold: a `method.Method`."""

    @property
    def dataset(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def dim(self) -> int: ...
    @property
    def batch_size(self) -> int: ...


class Task(Protocol):
    """What an encoder is trained on.

    examples: how many there are, an epoch shows as many. data: what steps read, arrays by name;
    integers and bools as they are, reals in the run's precision.
    """

    @property
    def examples(self) -> int: ...
    @property
    def data(self) -> Mapping[str, np.ndarray]: ...


@dataclass(frozen=True)
class Study:
    """Functions of one pretext, each with those of its parameters as keywords that it names.

    On the host:
    build: (hierarchy, settings) -> its Task.
    start: (task, settings) -> the arrays that are trained beside the encoder's, float64, by name.
    words: (task, settings, first step, steps) -> arrays (steps, ...), a row a step.
    scored: (settings) -> how many examples are compared with each of a batch.
    figures: (ask, task, settings, split, begun, ended) -> metrics by name; begun, ended: all arrays
    before and after training.

    In a framework, over its namespace; encode(points (..., W, D), kinds (..., W), mask (..., W)) ->
    points (..., D) is the encoder, space a manifold of curvature -c, arrays what `start` made:
    step: (xp, space, c, encode, arrays, data, *words) -> the loss of a step, ().
    points: (xp, space, c, encode, arrays, data) -> where all nodes lie, (N, D).
    """

    build: Callable[..., Any]
    start: Callable[..., Arrays]
    words: Callable[..., Words]
    scored: Callable[..., int]
    figures: Callable[..., dict[str, float]]
    step: Callable[..., Any]
    points: Callable[..., Any]
