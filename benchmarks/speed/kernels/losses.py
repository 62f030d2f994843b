"""Losses and regularisers, forward and backward, for several B x K."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

from hardball.methods import facts, registry

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
    """Value and gradient for usual values of what a method asks for, one negative in 20 masked."""
    import numpy as np

    fw = framework(half)
    rng = np.random.default_rng(0)
    method = registry.load(entry.kind, entry.name, half)
    function = functools.partial(method, **facts.options(method, entry.parameters))
    if entry.kind == "regularizer":
        return of_nodes(fw, function, entry, shape[0] * shape[1])
    sizes = dict(zip("BK", shape, strict=True))
    asked = [facts.FACTS["loss"][name] for name in facts.named(method, "loss")]
    given = {fact.name: fact.sample(rng, **sizes) for fact in asked}
    given["weight"] = rng.random(shape) >= 0.05
    return fw.gradient(function, 2, *(fw.array(a.astype(np.float32)) for a in given.values()))


def of_nodes(
    fw: Jax | Torch, regularizer: Callable[..., Any], entry: registry.Entry, nodes: int
) -> Call:
    """Value and gradient for a batch of so many nodes, in half as many pairs."""
    import numpy as np

    rng = np.random.default_rng(0)
    known = dict(facts.FACTS["regularizer"]) | {fact.name: fact for fact in entry.owns}
    asked = [known[name] for name in facts.takes(regularizer) if name in known and name != "c"]
    if "c" in facts.takes(regularizer):
        regularizer = functools.partial(regularizer, c=1.0)
    sizes = {"B": nodes // 2, "R": nodes, "d": DIM, "C": COLUMNS, "F": COLUMNS, "H": HIDDEN}
    arrays = [fw.array(fact.sample(rng, **sizes).astype(np.float32)) for fact in asked]
    # What moves comes before what is known of a node.
    return fw.gradient(regularizer, sum(fact.moves for fact in asked), *arrays)
