"""How an initialiser is trained: what both frameworks are told."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Arrays = dict[str, np.ndarray]

# (loss of a batch, processor seconds of its step); called after every outer step.
Watch = Callable[[float, float], None]


@dataclass(frozen=True)
class Outer:
    """Inner steps, their rate and gradient, the rate of Adam, the curvature -c.

    exact: whether gradients go through those of the inner steps (MAML), or take them as constants
    (first order).
    """

    steps: int
    rate: float
    exact: bool
    outer_rate: float
    c: float

    @property
    def unrated(self) -> "Outer":
        """The same for every inner rate, so that one compiled step serves all."""
        return dataclasses.replace(self, rate=0.0)
