"""What is computed once, on the host: hierarchies, closures, splits, words, samplers' arrays."""

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from hardball.methods import registry

from . import samplers, trees
from .kernel import HOST, Call, Kernel

SMALL = trees.SIZES[:2]
WORDS = 2**20


def kernels() -> Iterator[Kernel]:
    for entry in registry.entries("sampler"):
        for n in samplers.sizes(entry):
            yield _kernel(f"index.{entry.name}", n, functools.partial(index, entry, n), entry)
    for entry in registry.entries("task"):
        for n in SMALL:
            yield _kernel(f"split.{entry.name}", n, functools.partial(split, entry, n), entry)
    for entry in registry.entries("start"):
        for n in SMALL:
            yield _kernel(f"start.{entry.name}", n, functools.partial(start, entry, n), entry)
    for entry in registry.entries("strategy"):
        for n in SMALL:
            make = functools.partial(arrivals, entry, n)
            yield _kernel(f"strategy.{entry.name}", n, make, entry)
    for kind in ("pairs", "batches"):
        for entry in registry.entries(kind):
            for n in SMALL:
                make = functools.partial(take, entry, n)
                yield _kernel(f"{kind}.{entry.name}", n, make, entry)
    for name, build, sizes in (
        ("closure", closure, trees.SIZES),
        ("from_edges", from_edges, SMALL),
        ("permutation", permutation, SMALL),
        ("words", words, SMALL[:1]),
    ):
        for n in sizes:
            yield _kernel(name, n, functools.partial(build, n))


def _kernel(
    name: str, n: int, build: Callable[[], Call], entry: registry.Entry | None = None
) -> Kernel:
    return Kernel(
        family="hierarchies",
        name=name,
        size=n,
        framework=HOST,
        units=WORDS if name == "words" else n,
        unit="words" if name == "words" else "nodes",
        build=build,
        entry=(entry.kind, entry.name) if entry else (),
        memory=n == trees.NCBI,
    )


def index(entry: registry.Entry, n: int) -> Call:
    """A sampler's arrays, those of all parts of a composed one."""
    from hardball.methods.method import Method
    from hardball.methods.samplers.compose import parts

    tree, known = trees.tree(n), trees.known(n)
    made = parts(Method(name=entry.name).resolved("sampler"), samplers.NEGATIVES)
    makers: list[Any] = [
        functools.partial(
            registry.builder("sampler", part.method.name),
            negatives=part.negatives,
            **part.method.params,
        )
        for part in made
    ]
    return lambda: [make(tree, known) for make in makers]


def split(entry: registry.Entry, n: int) -> Call:
    """A task's split of the closure; labels are the branches below the root."""
    from hardball.data import cards, groups

    known = trees.known(n)
    tree = groups.add(trees.tree(n), [cards.Group(name="branch", by="depth", k=1)])
    make = registry.builder(entry.kind, entry.name)
    params: Any = entry.parameters
    return lambda: make(tree, known, 0, **params)


def start(entry: registry.Entry, n: int) -> Call:
    """Where training starts, in ten dimensions."""
    import numpy as np

    tree = trees.tree(n)
    noise = np.zeros((n, 10))
    if entry.name == "run":
        from hardball.methods.starts.earlier import Earlier, carried

        # A tree of which the earlier run knew every other node.
        rows = np.arange(n)
        found = Earlier(tree, noise, np.where(rows % 2, -1, rows))
        return lambda: carried(tree, noise, found)
    params: Any = entry.parameters
    make = registry.builder(entry.kind, entry.name)
    return lambda: make(tree, noise, **params)


def arrivals(entry: registry.Entry, n: int) -> Call:
    """When each node comes to a run; in random order, since the tree has no earlier version."""
    tree = trees.tree(n)
    params: Any = {**entry.parameters}
    params |= {"order": "random"} if "order" in params else {}
    make = registry.builder(entry.kind, entry.name)
    return lambda: make(tree, 0, **params)


def take(entry: registry.Entry, n: int) -> Call:
    """The batches of 64 steps of 256 pairs, from arrays that are made, as far on as a chunk is."""
    from hardball.runs.spec import RunSpec
    from hardball.training import problem

    given = {"dataset": "tree", "framework": "jax", "seed": 0, entry.kind: entry.name}
    task = problem.build(RunSpec.model_validate(given), trees.tree(n), trees.known(n))
    batches, first = problem.batches_of(task), itertools.count()
    return lambda: batches.take(64 * next(first), 64)


def closure(n: int) -> Call:
    """All ancestors of all nodes."""
    from hardball.hierarchy import closure as closures

    tree = trees.tree(n)
    return lambda: closures.closure(tree)


def from_edges(n: int) -> Call:
    """A hierarchy from its edges."""
    import numpy as np

    from hardball.hierarchy import dag

    parent = trees.tree(n).parent
    children = np.flatnonzero(parent >= 0)
    return lambda: dag.from_edges("tree", children, parent[children])


def permutation(n: int) -> Call:
    """The order of an epoch of n pairs."""
    from hardball.core import random_bits as streams

    return lambda: streams.permutation(0, "speed/order", 0, n)


def words(n: int) -> Call:
    """The random words of four steps of pairs, or of a thousand pools."""
    from hardball.core import random_bits as streams

    return lambda: streams.block(0, "speed/words", 0, 4, WORDS // 4)
