"""A method as a check sees it, and what two outcomes must have in common."""

import functools
from dataclasses import dataclass
from typing import Any

import calls
import numpy as np

from hardball.methods import registry
from hardball.methods.contract import Entry


@dataclass(frozen=True, eq=False)
class Subject:
    """A method and its bound function in each framework, one of which may be a mutant."""

    entry: Entry
    jax: Any
    torch: Any

    def function(self, framework: str) -> Any:
        return getattr(self, framework)


@functools.cache
def subject(entry: Entry) -> Subject:
    """A method as the registry gives it."""
    return Subject(entry, *(registry.load(entry.kind, entry.name, f) for f in calls.FRAMEWORKS))


def same(one: Any, other: Any, said: str, near: float = 1e-12) -> None:
    """Values and gradients that agree to `near`, relative to the largest of an array."""
    (value, gradients), (theirs, their_gradients) = one, other
    pairs = {"value": (value, theirs)}
    pairs |= {f"gradient in {n}": (g, their_gradients[n]) for n, g in gradients.items()}
    for name, (ours, others) in pairs.items():
        assert ours.dtype == others.dtype, f"{said}: {name} is {ours.dtype}, not {others.dtype}"
        assert ours.shape == others.shape, f"{said}: {name} is {ours.shape}, not {others.shape}"
        scale = near * max(1, np.abs(others).max(initial=0))
        np.testing.assert_allclose(
            ours, others, rtol=near, atol=scale, err_msg=f"{said}: {name}", equal_nan=False
        )
