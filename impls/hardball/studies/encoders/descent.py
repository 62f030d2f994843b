"""What trainings of an encoder share: how many steps a call takes, and what comes back."""

from typing import NamedTuple

import numpy as np

Arrays = dict[str, np.ndarray]
CHUNK = 500


class Trained(NamedTuple):
    """arrays: all that was trained, by the names of the task's `start`.

    losses (steps,): mean over a batch, before each step. seconds: of training, without compile.
    """

    arrays: Arrays
    losses: np.ndarray
    seconds: float
    compile_seconds: float


def chunks(steps: int) -> list[tuple[int, int]]:
    """(first step, steps) of each call to the device: CHUNK at a time."""
    return [(at, min(CHUNK, steps - at)) for at in range(0, steps, CHUNK)]
