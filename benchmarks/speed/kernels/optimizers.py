"""A step of every optimiser on the rows that a batch touches, on every manifold."""

import functools
from collections.abc import Iterator
from typing import Any

from hardball.arrays.namespace import namespace
from hardball.methods import registry
from hardball.methods.optimizers import rows as layout

from .frameworks import framework
from .kernel import FRAMEWORKS, Call, Kernel

ROWS, DIM = 16_384, 10


def kernels() -> Iterator[Kernel]:
    for entry in registry.entries("optimizer"):
        for space in registry.entries("manifold"):
            for half in FRAMEWORKS:
                yield Kernel(
                    family="optimizers",
                    name=f"{entry.name}.{space.name}",
                    size=f"{ROWS}x{DIM}",
                    framework=half,
                    units=ROWS,
                    unit="rows",
                    build=functools.partial(build, entry, space, half),
                    entry=(entry.kind, entry.name),
                )


def build(entry: registry.Entry, space: registry.Entry, half: str) -> Call:
    """Rows brought up to step 3 after a gap of two, then moved by one step."""
    import numpy as np

    fw = framework(half)
    manifold = registry.load(space.kind, space.name, half)
    optimise = registry.load(entry.kind, entry.name, half)
    coast = registry.coaster(entry.name, half)
    c = float(space.parameters.get("c", 1.0))
    params = dict(entry.parameters)

    rng = np.random.default_rng(0)
    vectors = fw.array(rng.normal(0, 0.3, size=(ROWS, DIM)).astype(np.float32))
    rows = manifold.exp0(vectors, c)
    grads = fw.array(rng.normal(0, 0.01, size=(ROWS, manifold.coordinates(DIM))).astype("float32"))
    lr, before = fw.array(np.array(0.01, "float32")), fw.array(np.array(3, "int32"))

    def first(rows: Any, grads: Any, lr: Any) -> Any:
        state = layout.init(namespace(half), entry.state, rows)
        return optimise(manifold, rows, grads, state, lr, c, **params)

    def step(rows: Any, grads: Any, state: Any, lr: Any, before: Any) -> Any:
        if coast is not None:
            rows, state = coast(manifold, rows, state, before, lr, c, **params)
        return optimise(manifold, rows, grads, state, lr, c, **params)

    rows, state = first(rows, grads, lr)
    return fw.call(step, rows, grads, state, lr, before)
