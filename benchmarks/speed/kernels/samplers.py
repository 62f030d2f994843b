"""Draws of negatives: every sampler, with and without replacement, for 1 k to 2.6 M nodes."""

import functools
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from hardball.methods import facts, registry

from . import trees
from .frameworks import framework
from .kernel import FRAMEWORKS, Call, Kernel

if TYPE_CHECKING:
    import numpy as np

    from hardball.methods.samplers.compose import Part

BATCH = 1024
NEGATIVES = 50
POOL = 1024
# Where an entry's arrays or lists grow with N^2, how many of the sizes it is measured at.
FEWER = {"blend": 1, "matrix": 1, "hnsw": 2, "neighbors": 2, "nscaching": 2, "similarity_hard": 2}
DIM = 10


def variants(entry: registry.Entry) -> dict[str, dict[str, registry.Value]]:
    """Names of an entry's kernels, each with its parameters."""
    found: dict[str, dict[str, registry.Value]] = {entry.name: {}}
    if entry.parameters.get("replace") is True:
        found[f"{entry.name}.no_replacement"] = {"replace": False}
    return found


def sizes(entry: registry.Entry) -> tuple[int, ...]:
    """The numbers of nodes an entry is measured at."""
    return trees.SIZES[: FEWER.get(entry.name, len(trees.SIZES))]


def kernels() -> Iterator[Kernel]:
    for entry in registry.entries("sampler"):
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


def build(entry: registry.Entry, given: dict[str, registry.Value], n: int, half: str) -> Call:
    """Draws for a batch of random anchors; for a pool, one pool; all parts of a composed one."""
    import numpy as np

    from hardball.core import random_bits
    from hardball.methods.method import Method
    from hardball.methods.samplers.compose import parts
    from hardball.training.words import words_shape

    fw = framework(half)
    count = POOL if entry.form == "pool" else NEGATIVES
    method = Method(name=entry.name, params=given).resolved("sampler")
    drawn = (random_bits.words(0, f"speed/{end}", 0, BATCH) % n for end in ("anchors", "positives"))
    nodes = [fw.array(ids.astype(np.int32 if half == "jax" else np.int64)) for ids in drawn]
    draws, arrays = [], []
    for part in parts(method, count):
        shape = words_shape(part, BATCH)
        stream = random_bits.words(0, "speed/words", 0, math.prod(shape)).reshape(shape)
        params, name = part.method.params, part.method.name
        index = registry.builder("sampler", name)(
            trees.tree(n), trees.known(n), negatives=part.negatives, **params
        )
        if registry.entry("sampler", name).refresh:
            index |= {"lists": lists(n, int(params.get("top", 0) or params["size"]))}
        draws.append(one(part, half, n))
        arrays.append(({k: fw.array(np.asarray(a)) for k, a in index.items()}, fw.words(stream)))

    def every(anchors: Any, positives: Any, arrays: Any) -> Any:
        return [draw(*each, anchors, positives) for draw, each in zip(draws, arrays, strict=True)]

    return fw.call(every, *nodes, arrays)


def one(part: "Part", half: str, n: int) -> Callable[..., Any]:
    """(index, words, anchors, positives) -> the draws of one sampler, with all that it asks for."""
    import numpy as np

    from hardball.arrays.namespace import namespace
    from hardball.core import random_bits
    from hardball.methods.samplers.space import Space

    fw = framework(half)
    draw = registry.load("sampler", part.method.name, half)
    taken = facts.takes(draw)
    options = facts.options(draw, {**part.method.params, "negatives": part.negatives})
    if "progress" in taken:
        options["progress"] = fw.array(np.array(0.5, np.float32))
    if "space" in taken:
        points = fw.array(random_bits.normal(0, "speed/points", (n, DIM)).astype(np.float32))
        options["space"] = Space(
            registry.load("manifold", "tangent", half), 1.0, points.__getitem__
        )
    if "known" in taken:
        rows = trees.known(n)
        width = int(np.diff(rows.indptr).max(initial=0))
        kind = np.int32 if half == "jax" else np.int64
        known = functools.partial(
            namespace(half).Known,
            fw.array(rows.indptr.astype(kind)),
            fw.array(rows.indices[:]),
            width,
        )

    def draws(index: Any, stream: Any, anchors: Any, positives: Any) -> Any:
        given = dict(options)
        if "known" in taken:
            given["known"] = known(anchors)
        if "positives" in taken:
            given["positives"] = positives
        if registry.entry("sampler", part.method.name).form == "pool":
            return draw(index, stream, **given)
        return draw(index, anchors, stream, **given)

    return draws


def lists(n: int, top: int) -> "np.ndarray":
    """Any `top` nodes for each of n: where they come from does not matter for drawing."""
    import numpy as np

    from hardball.core import random_bits

    drawn = random_bits.words(0, "speed/lists", 0, n * top) % n
    return drawn.reshape(n, top).astype(np.int32)
