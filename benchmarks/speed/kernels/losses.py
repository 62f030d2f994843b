"""Losses and regularisers, forward and backward, for several B x K."""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from hardball.methods import registry

from .frameworks import Jax, Torch, framework
from .kernel import FRAMEWORKS, Call, Kernel

# K negatives a pair in a small and a large batch, and a shared pool.
SHAPES = ((256, 50), (1024, 50), (1024, 1024))
DIM = 10
# Classes or features of a head, and units of its hidden layer.
COLUMNS, HIDDEN = 16, 16


def kernels() -> Iterator[Kernel]:
    for entry in [*registry.entries("loss"), *registry.entries("regularizer")]:
        for shape in SHAPES:
            for half in FRAMEWORKS:
                yield Kernel(
                    family="losses",
                    name=entry.name,
                    size=f"{shape[0]}x{shape[1]}",
                    framework=half,
                    units=shape[0] * shape[1],
                    unit="scorings" if entry.kind == "loss" else "nodes",
                    build=functools.partial(build, entry, shape, half),
                    entry=(entry.kind, entry.name),
                    memory=shape == SHAPES[-1],
                )


def build(entry: registry.Entry, shape: tuple[int, int], half: str) -> Call:
    """Value and gradient for distances, or angles, in 0..10, one negative in twenty masked.

    Positives are 1 to 8 hops from anchors that lie 1 to 8 levels deep; other facts are 1 to 8 too.
    """
    import numpy as np

    from hardball.training.methods import FACTS, NORMS

    fw = framework(half)
    rng = np.random.default_rng(0)
    method = registry.load(entry.kind, entry.name, half)
    takes = inspect.signature(method).parameters
    own = {name: given for name, given in entry.parameters.items() if name in takes}
    function = functools.partial(method, **own)
    if entry.kind == "regularizer":
        return of_nodes(fw, function, shape[0] * shape[1])
    far = rng.uniform(0, 10, shape).astype(np.float32)
    near = rng.uniform(0, 10, shape[0]).astype(np.float32)
    weight = (rng.random(shape) >= 0.05).astype(np.float32)
    told = [name for name in takes if name in (*FACTS, *NORMS)]
    shapes = [shape if name.endswith("_neg") else shape[:1] for name in told]
    facts = [rng.integers(1, 9, each).astype(np.float32) for each in shapes]
    return fw.gradient(function, 2, *map(fw.array, (near, far, weight, *facts)))


def of_nodes(fw: Jax | Torch, regularizer: Callable[..., Any], nodes: int) -> Call:
    """Value and gradient for a batch of so many nodes, in half as many pairs."""
    import numpy as np

    rng = np.random.default_rng(0)
    asked = inspect.signature(regularizer).parameters
    given = {
        "radii": rng.uniform(0, 10, nodes),
        "d_pos": rng.uniform(0, 10, nodes // 2),
        "tangent": rng.normal(0, 3, (nodes, DIM)),
        "vectors": rng.normal(0, 3, (nodes, DIM)),
        "start": rng.normal(0, 3, (nodes, DIM)),
        "fisher": rng.uniform(0, 1, (nodes, DIM)),
        "degrees": rng.integers(1, 100, nodes),
        "depths": rng.integers(0, 12, nodes),
        "kernel": rng.normal(0, 0.3, (HIDDEN if "inner" in asked else DIM, COLUMNS)),
        "bias": rng.normal(0, 0.3, COLUMNS),
        "inner": rng.normal(0, 0.3, (DIM, HIDDEN)),
        "inner_bias": rng.normal(0, 0.3, HIDDEN),
        "log_c": rng.normal(),
        "labels": rng.integers(-1, COLUMNS, nodes),
        "targets": rng.dirichlet(np.ones(COLUMNS), nodes),
    }
    if "c" in asked:
        regularizer = functools.partial(regularizer, c=1.0)
    arrays = {n: fw.array(np.asarray(given[n], np.float32)) for n in asked if n in given}
    # What moves comes before what is known of a node.
    known = {"degrees", "depths", "labels", "targets", "start", "fisher"}
    moving = len(arrays.keys() - known)
    return fw.gradient(regularizer, moving, *arrays.values())
