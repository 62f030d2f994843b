"""Every operation of every manifold, and distances with their gradients."""

import functools
from collections.abc import Iterator
from typing import Any

from hardball.methods import registry

from .frameworks import framework
from .kernel import FRAMEWORKS, Call, Kernel

BATCH, NEGATIVES, POOL, DIM = 1024, 50, 1024, 10
ROWS = BATCH * NEGATIVES
LARGEST_RADIUS = 8.0

# What each operation takes: points x and y, tangent vectors v at x and t at the origin,
# gradients g, all (R, D); or a batch of points and its negatives or their pool.
OPERATIONS = {
    "exp0": "t",
    "log0": "x",
    "radius": "x",
    "dist": "anchors negatives",
    "dist_matrix": "batch pool",
    "exp_map": "x v",
    "log_map": "x y",
    "transport": "x y v",
    "retract": "x v",
    "egrad_to_rgrad": "x g",
    "norm": "x v",
    "project": "x",
    "touches": "x",
}
# Trained through, so measured backward too.
TRAINED = ("dist", "dist_matrix")


def kernels() -> Iterator[Kernel]:
    for entry in registry.entries("manifold"):
        for operation in OPERATIONS:
            matrix = operation == "dist_matrix"
            for backward in (False, True) if operation in TRAINED else (False,):
                for half in FRAMEWORKS:
                    yield Kernel(
                        family="manifolds",
                        name=f"{entry.name}.{operation}" + ("+grad" if backward else ""),
                        size=f"d{DIM}",
                        framework=half,
                        units=BATCH * POOL if matrix else ROWS,
                        unit="distances" if operation in TRAINED else "rows",
                        build=functools.partial(build, entry, operation, backward, half),
                        entry=(entry.kind, entry.name),
                        memory=backward,
                    )


def build(entry: registry.Entry, operation: str, backward: bool, half: str) -> Call:
    """An operation on float32 rows of radius up to 8, in every direction."""
    fw = framework(half)
    manifold = registry.load(entry.kind, entry.name, half)
    c = float(entry.parameters.get("c", 1.0))
    rows = _rows(fw, manifold, c)
    arrays = [rows[name] for name in OPERATIONS[operation].split()]

    def function(*given: Any) -> Any:
        return getattr(manifold, operation)(*given, c)

    return fw.gradient(function, len(arrays), *arrays) if backward else fw.call(function, *arrays)


def _rows(fw: Any, manifold: Any, c: float) -> dict[str, Any]:
    import numpy as np

    rng = np.random.default_rng(0)
    points = []
    for _ in range(2):
        direction = rng.normal(size=(ROWS, DIM))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        vectors = direction * rng.uniform(0.01, LARGEST_RADIUS, size=(ROWS, 1))
        points.append(fw.array(vectors.astype(np.float32)))
    x, y = (manifold.exp0(vectors, c) for vectors in points)
    width = manifold.coordinates(DIM)
    gradient = fw.array(rng.normal(size=(ROWS, width)).astype(np.float32))
    return {
        "x": x,
        "y": y,
        "t": points[0],
        "v": manifold.egrad_to_rgrad(x, 0.1 * gradient, c),
        "g": gradient,
        "batch": x[:BATCH],
        "anchors": x[:BATCH, None],
        "pool": y[:POOL],
        "negatives": y.reshape(BATCH, NEGATIVES, width),
    }
