"""Every loss forward and backward beside the bytes that it must move: a process a framework.

Reads a `Request` as JSON from stdin and writes a list of `Measured` to stdout.
"""

import functools
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hardball.core.provenance import cpu_name
from hardball.methods import registry
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
    """Arrays for the parameters without a default: distances in 0..10, one weight in twenty 0.

    (B, K) for `weight` and what ends in _neg, (B,) for the rest: the positive's distance, and
    facts, which are 1 to 8.
    """
    rng = np.random.default_rng(0)
    parameters = inspect.signature(function).parameters.values()
    made: dict[str, np.ndarray] = {}
    for name in (each.name for each in parameters if each.default is inspect.Parameter.empty):
        wide = name == "weight" or name.endswith("_neg")
        shape = (batch, negatives) if wide else (batch,)
        if name == "weight":
            made[name] = (rng.random(shape) >= 0.05).astype(np.float32)
        elif len(made) < 2:
            made[name] = rng.uniform(0, 10, shape).astype(np.float32)
        else:
            made[name] = rng.integers(1, 9, shape).astype(np.float32)
    return made


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
    for entry in registry.entries("loss"):
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
