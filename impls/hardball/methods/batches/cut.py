"""Batches that are cut from a stream of pairs."""

from typing import Protocol

import numpy as np

from hardball.methods.declare import batches
from hardball.methods.handed import Problem
from hardball.methods.pairs.streams import Stream
from hardball.methods.sources import NICKEL_2017


class Steps(Protocol):
    """What a run takes its batches from."""

    def take(self, first_step: int, steps: int) -> np.ndarray:
        """Rows in `Problem.positives` of the pairs of `steps` steps: int32 (steps, B)."""
        ...


class Cut:
    """A stream cut into batches of B pairs: place i of step s is place s B + i of the stream."""

    def __init__(self, stream: Stream, size: int) -> None:
        self.stream, self.size = stream, size

    def take(self, first_step: int, steps: int) -> np.ndarray:
        """Rows in `Problem.positives` of the pairs of `steps` steps: int32 (steps, B)."""
        start, stop = first_step * self.size, (first_step + steps) * self.size
        return self.stream.rows(start, stop).reshape(steps, self.size)


@batches(
    name="pairs",
    summary="cut from the pairs as they come",
    source=f"{NICKEL_2017}, section 4.1",
)
def cut(task: Problem, stream: Stream) -> Cut:
    """Batches cut from the stream as it comes. Source: Nickel & Kiela 2017, section 4.1."""
    return Cut(stream, task.spec.batch_size)
