"""Every loss forward and backward beside the bytes that it must move: a process a framework.

Reads a `Request` as JSON from stdin and writes a list of `Measured` to stdout.
"""

import functools
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hardball.core.provenance import cpu_name
from hardball.methods import facts, registry
from hardball.studies.roofline.measure import copy_rate, fastest

WORD = 4


@dataclass(frozen=True)
class Request:
    """batch, negatives: B x K, what each loss is given; seconds: how long it is timed for."""

    framework: str
    batch: int
    negatives: int
    seconds: float


@dataclass(frozen=True)
class Measured:
    """bytes: see `least_bytes`; copy: bytes a second of a copy of as many."""

    loss: str
    framework: str
    bytes: int
    copy: float
    seconds: float
    cpu: str


def given(function: Callable[..., Any], batch: int, negatives: int) -> dict[str, np.ndarray]:
    """Usual values of what a loss asks for, see `facts.Fact`; one weight in twenty is 0."""
    rng = np.random.default_rng(0)
    asked = [facts.FACTS["loss"][name] for name in facts.named(function, "loss")]
    made = {fact.name: fact.sample(rng, B=batch, K=negatives) for fact in asked}
    made["weight"] = rng.random((batch, negatives)) >= 0.05
    return {name: array.astype(np.float32) for name, array in made.items()}


def least_bytes(arrays: Mapping[str, np.ndarray]) -> int:
    """Every argument read once, the first two's gradients and the losses (B,) written once.

    The first two are the distances. What lies between them can live in registers.
    """
    near, far, *_ = arrays.values()
    return WORD * (sum(each.size for each in arrays.values()) + near.size + far.size + near.size)


def call_of(framework: str, loss: Callable[..., Any], arrays: Mapping[str, np.ndarray]) -> Any:
    """Value and gradients of a loss: compiled as a whole in JAX, as it is written in PyTorch."""
    values = list(arrays.values())
    if framework == "jax":
        import jax
        import jax.numpy as jnp

        both = jax.jit(jax.value_and_grad(lambda *each: jnp.sum(loss(*each)), (0, 1)))
        held = [jnp.asarray(each) for each in values]
        return lambda: jax.block_until_ready(both(*held))
    import torch

    near, far, *rest = (torch.as_tensor(each) for each in values)
    moving = near.requires_grad_(), far.requires_grad_()
    return lambda: torch.autograd.grad(loss(*moving, *rest).sum(), moving)


def measure(request: Request) -> list[Measured]:
    """The fastest call of every loss with its defaults, in this process."""
    found = []
    # What trains arrays of its own is its like with set numbers, and these arrays' bytes are few.
    for entry in (each for each in registry.entries("loss") if not each.owns):
        function = registry.load("loss", entry.name, request.framework)
        arrays = given(function, request.batch, request.negatives)
        loss = functools.partial(function, **entry.parameters)
        seconds = fastest(call_of(request.framework, loss, arrays), request.seconds)
        size = least_bytes(arrays)
        found.append(
            Measured(entry.name, request.framework, size, copy_rate(size), seconds, cpu_name())
        )
    return found


if __name__ == "__main__":
    print(json.dumps([asdict(each) for each in measure(Request(**json.load(sys.stdin)))]))
