"""One pool of uniform nodes shared by a whole batch."""

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import declare
from hardball.methods.samplers.common import Index, tally
from hardball.methods.sources import HARDBALL


def pool_index(h: Hierarchy, known: Csr, *, negatives: int) -> Index:
    """n_nodes, int32 scalar. Source: hardball, level order and rings."""
    return {"n_nodes": np.array(h.n_nodes, np.int32)}


def pool(xp: Namespace, index: dict[str, Array], words: Array) -> tuple[Array, Array]:
    """Uniform nodes with replacement: a pool, see `tally`. words (M,).

    Source: hardball, level order and rings.
    """
    return tally(xp, xp.mulhi(words, index["n_nodes"]))


declare(
    "sampler",
    pool,
    summary="one uniform pool of nodes shared by the batch, scored as a matrix",
    source=HARDBALL,
    build=pool_index,
    form="pool",
    cost="O(1); O(log M) a node of the pool of M, whatever the batch",
    formula="p(n) = 1 / N, M nodes a step for all anchors",
)
