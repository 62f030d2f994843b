"""How nodes that were there before fare while others arrive, and how those do."""

import numpy as np

from hardball.hierarchy.closure import Csr, closure, pairs
from hardball.hierarchy.dag import Hierarchy
from hardball.metrics.declare import INF, Metric, declares
from hardball.metrics.evaluate import validate


@declares(
    Metric("old_map", "max", 0, 1, "MAP of the nodes that were there before any arrival",
           "map over these nodes, with these nodes alone as candidates"),
    Metric("old_mean_rank", "min", 1, INF, "mean rank of their ancestors",
           "mean_rank of the same pairs and candidates"),
    Metric("new_map", "max", 0, 1, "MAP of the nodes that arrived",
           "map over these nodes, with all nodes that are there as candidates"),
    Metric("new_mean_rank", "min", 1, INF, "mean rank of their ancestors",
           "mean_rank of the same pairs and candidates"),
    Metric("forgetting", "min", -1, 1, "what arrivals took from the MAP of old nodes",
           "old_map before the first arrival - old_map after the last"),
    Metric("seconds_a_node", "min", 0, INF, "training since the first arrival, a node that arrived",
           "seconds of the steps after it, or of a training anew / nodes that arrived"),
)  # fmt: skip
def figures(
    points: np.ndarray,
    manifold: str,
    c: float,
    now: Hierarchy,
    before: Hierarchy,
    old: np.ndarray,
) -> dict[str, float]:
    """MAP and mean rank of old nodes, and of new ones where there are any: "old_map" and so on.

    points (N, D) of the nodes of `now`, coordinates of `manifold`, curvature -c; before: the
    hierarchy of the old nodes; old: the row in `now` of each of them.
    Raises HardballError where points are not finite.
    """
    here = np.ones(now.n_nodes, bool)
    here[old] = False
    found = ranked("old", points[old], manifold, c, before, np.ones(before.n_nodes, bool))
    return found | (ranked("new", points, manifold, c, now, here) if here.any() else {})


def ranked(
    which: str, points: np.ndarray, manifold: str, c: float, h: Hierarchy, asked: np.ndarray
) -> dict[str, float]:
    """MAP and mean rank of all pairs of the nodes `asked`, bool (N,): "<which>_map" and so on."""
    relations: Csr = closure(h)
    every = pairs(relations)
    told = validate(points, manifold, c, h, every[asked[every[:, 0]]], relations)
    return {f"{which}_{name}": told[name] for name in ("map", "mean_rank") if name in told}
