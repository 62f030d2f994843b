"""How well the nodes of new subtrees are placed that were not shown."""

import numpy as np

from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.metrics.declare import INF, Metric, declares
from hardball.metrics.evaluate import validate

SHOTS = (1, 5, 20)


@declares(
    *(
        metric
        for k in SHOTS
        for metric in (
            Metric(f"query_map_{k}", "max", 0, 1,
                   f"MAP of nodes not shown of new subtrees, {k} of each shown",
                   "map over these nodes, all nodes of the table and of these subtrees candidates"),
            Metric(f"query_mean_rank_{k}", "min", 1, INF,
                   f"mean rank of their ancestors, {k} of each subtree shown",
                   "mean_rank of the same pairs and candidates"),
        )
    )
)  # fmt: skip
def figures(
    points: np.ndarray, c: float, here: Hierarchy, closure: Csr, pairs: np.ndarray, shots: int
) -> dict[str, float]:
    """MAP and mean rank of pairs (node, ancestor) (P, 2) by points in tangent coordinates (N, D).

    here: the hierarchy of the table and of the new subtrees, curvature -c. shots: how many nodes of
    a subtree were shown. Raises HardballError where points are not finite.
    """
    told = validate(points, "tangent", c, here, pairs, closure)
    return {f"query_{name}_{shots}": told[name] for name in ("map", "mean_rank")}


@declares(
    Metric("meta_seconds", "min", 0, INF, "training of what new nodes begin from",
           "processor seconds of the outer steps, of every inner rate that was tried"),
    Metric("inner_rate", "none", 0, INF, "the rate of inner steps that validation subtrees chose",
           "that of the highest mean of query_map over 1, 5 and 20 shown; 0 without inner steps"),
    Metric("query_nodes", "none", 1, INF, "nodes not shown of new subtrees that are asked about"),
)  # fmt: skip
def costs(meta_seconds: float, inner_rate: float, query_nodes: int) -> dict[str, float]:
    """What placing took, under the names of its metrics."""
    return {
        "meta_seconds": meta_seconds,
        "inner_rate": inner_rate,
        "query_nodes": float(query_nodes),
    }
