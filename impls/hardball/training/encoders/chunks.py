"""The course of an encoder's training: chunks of steps, the losses, the seconds."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from hardball.methods.study import Arrays, Words

# Words of some steps, (steps, ...) each, and the rate of each step.
Chunk = tuple[Words, np.ndarray]
STEPS = 100
_ENCODER = "encoder."


@dataclass
class Course:
    """losses: of each chunk (steps,), means over a batch before each step; seconds by the clock."""

    losses: list[np.ndarray] = field(default_factory=list)
    seconds: float = 0.0
    compile_seconds: float = 0.0

    @property
    def steps(self) -> int:
        """Steps that were taken."""
        return sum(map(len, self.losses))

    @contextmanager
    def training(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began

    @contextmanager
    def compiling(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.compile_seconds += time.perf_counter() - began


# Sees the course after each chunk; False ends the training.
Watch = Callable[[Course], bool]


def ranges(steps: int) -> list[tuple[int, int]]:
    """(first step, steps) of each chunk: STEPS at a time."""
    return [(at, min(STEPS, steps - at)) for at in range(0, steps, STEPS)]


def joined(own: Mapping[str, np.ndarray], encoder: Mapping[str, np.ndarray]) -> Arrays:
    """All arrays by name, those of the encoder under `encoder.`."""
    named = {f"{_ENCODER}{name}": array for name, array in encoder.items()}
    return {**{name: np.asarray(array) for name, array in own.items()}, **named}


def apart(arrays: Mapping[str, np.ndarray]) -> tuple[Arrays, Arrays]:
    """What `joined` put together: the pretext's own arrays, and the encoder's."""
    own = {name: array for name, array in arrays.items() if not name.startswith(_ENCODER)}
    encoder = {
        name.removeprefix(_ENCODER): array
        for name, array in arrays.items()
        if name.startswith(_ENCODER)
    }
    return own, encoder
