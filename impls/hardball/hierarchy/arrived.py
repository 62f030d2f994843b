"""What a hierarchy was before some of its nodes arrived."""

import numpy as np

from hardball.hierarchy import graph
from hardball.hierarchy.closure import Csr, from_pairs, nodes_of
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.graph import Int32
from hardball.hierarchy.training_graph import by_pairs


def arrived(h: Hierarchy, closure: Csr, here: np.ndarray) -> tuple[Hierarchy, Int32]:
    """The hierarchy of some nodes, and the row in `h` of each node of it: (n,).

    here: bool (N,). Its pairs are those of the closure of `h` between these nodes, and its edges
    those pairs that no chain of others implies, so a node hangs from its nearest ancestors that are
    here. It follows from the pairs of these nodes alone. Of all nodes it is `h` itself.
    Raises HardballError where `from_edges` does.
    """
    if here.all():
        return h, np.arange(h.n_nodes, dtype=np.int32)
    node = nodes_of(closure)
    both = here[node] & here[closure.indices]
    known = from_pairs(np.stack([node[both], closure.indices[both]], axis=1), h.n_nodes)
    node = nodes_of(known)
    basic = ~graph.implied(known.indptr, known.indices, node, known.indices)
    edges = np.stack([node[basic], known.indices[basic]], axis=1)
    return by_pairs(h, edges, np.flatnonzero(here))
