"""Draws of negatives: every sampler, with and without replacement, for 1 k to 2.6 M nodes."""

import functools
import inspect
from collections.abc import Iterator

from hardball import catalog

from . import trees
from .frameworks import framework
from .kernel import FRAMEWORKS, Call, Kernel

BATCH = 1024
NEGATIVES = 50
POOL = 1024
# These hold N x N numbers.
DENSE = ("matrix",)
# This one compares every node with every other.
COMPARED = ("similarity_hard",)


def variants(entry: catalog.Entry) -> dict[str, dict[str, catalog.Value]]:
    """Names of an entry's kernels, each with its parameters."""
    found: dict[str, dict[str, catalog.Value]] = {entry.name: {}}
    if entry.parameters.get("replace") is True:
        found[f"{entry.name}.no_replacement"] = {"replace": False}
    return found


def sizes(entry: catalog.Entry) -> tuple[int, ...]:
    """The numbers of nodes an entry is measured at."""
    if entry.name in COMPARED:
        return trees.SIZES[:2]
    return trees.SIZES[:1] if entry.name in DENSE else trees.SIZES


def kernels() -> Iterator[Kernel]:
    for entry in catalog.entries("sampler"):
        for name, given in variants(entry).items():
            for n in sizes(entry):
                for half in FRAMEWORKS:
                    yield Kernel(
                        family="samplers",
                        name=name,
                        size=n,
                        framework=half,
                        units=POOL if entry.form == "pool" else BATCH * NEGATIVES,
                        unit="draws",
                        build=functools.partial(build, entry, given, n, half),
                        entry=(entry.kind, entry.name),
                        memory=n == trees.NCBI,
                    )


def build(entry: catalog.Entry, given: dict[str, catalog.Value], n: int, half: str) -> Call:
    """Draws for a batch of random anchors; for a pool, one pool."""
    import numpy as np

    from hardball import words

    fw = framework(half)
    params = catalog.parameters(entry.kind, entry.name, given)
    arrays = catalog.builder(entry.kind, entry.name)(
        trees.tree(n), trees.known(n), negatives=NEGATIVES, **params
    )
    index = {key: fw.array(np.asarray(array)) for key, array in arrays.items()}
    draw = catalog.load(entry.kind, entry.name, half)
    taken = inspect.signature(draw).parameters
    draw = functools.partial(draw, **{k: v for k, v in params.items() if k in taken})
    if entry.form == "pool":
        return fw.call(draw, index, fw.words(words.words(0, "speed/words", 0, POOL)))
    drawn = words.words(0, "speed/words", 0, BATCH * NEGATIVES).reshape(BATCH, NEGATIVES)
    anchors = (words.words(0, "speed/anchors", 0, BATCH) % n).astype(np.int32)
    nodes = fw.array(anchors if half == "jax" else anchors.astype(np.int64))
    return fw.call(draw, index, nodes, fw.words(drawn))
