"""Host arrays of relatives and descendants: how to climb from a node, what lies below each."""

import numpy as np

from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy


def relatives_index(
    h: Hierarchy, known: Csr, *, negatives: int, relative_to: str = "anchor"
) -> dict[str, np.ndarray]:
    """depth int32 (N,), up int32 (L, N), and what `descendants_index` gives.

    up[l]: the ancestor 2^l levels up in the spanning tree; a root's is itself.
    Source: Bender & Farach-Colton 2004, The Level Ancestor Problem Simplified, section 3.
    """
    nodes = np.arange(h.n_nodes, dtype=np.int32)
    up = [np.where(h.parent < 0, nodes, h.parent)]
    while 2 ** len(up) <= h.max_depth:
        up.append(up[-1][up[-1]])
    below = descendants_index(h, known, negatives=negatives)
    return {"depth": h.depth, "up": np.stack(up).astype(np.int32, copy=False), **below}


def descendants_index(
    h: Hierarchy, known: Csr, *, negatives: int, relative_to: str = "anchor"
) -> dict[str, np.ndarray]:
    """first, last int32 (N,): preorder interval of a node's subtree; order (N,): nodes by preorder.

    Source: hardball, level order and rings.
    """
    order = np.empty(h.n_nodes, np.int32)
    order[h.first] = np.arange(h.n_nodes, dtype=np.int32)
    return {"first": h.first, "last": h.last, "order": order}
