"""Losses and regularisers, forward and backward, for several B x K."""

import functools
import inspect
from collections.abc import Iterator

from hardball import catalog

from .frameworks import framework
from .kernel import FRAMEWORKS, Call, Kernel

# K negatives a pair in a small and a large batch, and a shared pool.
SHAPES = ((256, 50), (1024, 50), (1024, 1024))


def kernels() -> Iterator[Kernel]:
    for entry in [*catalog.entries("loss"), *catalog.entries("regularizer")]:
        for shape in SHAPES:
            for half in FRAMEWORKS:
                yield Kernel(
                    family="losses",
                    name=entry.name,
                    size=f"{shape[0]}x{shape[1]}",
                    framework=half,
                    units=shape[0] * shape[1],
                    unit="scorings" if entry.kind == "loss" else "radii",
                    build=functools.partial(build, entry, shape, half),
                    entry=(entry.kind, entry.name),
                    memory=shape == SHAPES[-1],
                )


def build(entry: catalog.Entry, shape: tuple[int, int], half: str) -> Call:
    """Value and gradient for distances in 0..10, one negative in twenty masked.

    Positives are 1 to 8 hops from anchors that lie 1 to 8 levels deep.
    """
    import numpy as np

    from hardball.trainers.problem import FACTS

    fw = framework(half)
    rng = np.random.default_rng(0)
    method = catalog.load(entry.kind, entry.name, half)
    function = functools.partial(method, **entry.parameters)
    far = rng.uniform(0, 10, shape).astype(np.float32)
    if entry.kind == "regularizer":
        return fw.gradient(function, 1, fw.array(far.reshape(-1)))
    near = rng.uniform(0, 10, shape[0]).astype(np.float32)
    weight = (rng.random(shape) >= 0.05).astype(np.float32)
    told = [name for name in inspect.signature(method).parameters if name in FACTS]
    facts = rng.integers(1, 9, (len(told), shape[0])).astype(np.float32)
    return fw.gradient(function, 2, *map(fw.array, (near, far, weight, *facts)))
