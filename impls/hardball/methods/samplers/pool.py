"""Host arrays of the shared pool."""

import numpy as np

from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy


def pool_index(h: Hierarchy, known: Csr, *, negatives: int) -> dict[str, np.ndarray]:
    """n_nodes, int32 scalar. Source: hardball, level order and rings."""
    return {"n_nodes": np.array(h.n_nodes, np.int32)}
