"""Candidates for the nearest nodes from graphs that are searched greedily (HNSW).

hnswlib compares vectors by |x - y|. Hyperbolic distance is ordered otherwise, but at one radius it
grows with the angle at the origin alone: so the nodes are parted into shells by their radius, and
each shell has a graph of its nodes' directions. The nearest of every shell, together, hold nearly
all nearest nodes, which exact distances then rank.
"""

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.core import optional
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import sampler
from hardball.methods.parameter import whole
from hardball.methods.samplers.common import RELATIVE_TO, Index
from hardball.methods.samplers.neighbors import LISTED, neighbor_lists, neighbors
from hardball.methods.samplers.space import Space
from hardball.metrics.polar import to_polar

# Edges of a node of the graph, and how many nodes are looked at while it is built.
_EDGES, _EFFORT = 8, 40


def candidates(points: np.ndarray, manifold: str, c: float, *, top: int, shells: int) -> np.ndarray:
    """The `top` nodes of each shell that lie nearest to each node by their angle: int32 (N, C).

    points: (N, D) of a manifold. Shells are `shells` intervals of equal length between the least
    and the largest radius; in R^d there is one, of the points themselves. Of a shell with few nodes
    all are candidates. Where fewer are found the node itself stands in. Raises HardballError
    without hnswlib. Source: Malkov & Yashunin 2018, Efficient and Robust Approximate Nearest
    Neighbor Search; shells: hardball.
    """
    place = to_polar(points, manifold, c)
    if place.hyperbolic:
        rows = place.direction.astype(np.float32)
        edges = np.linspace(place.radius.min(), place.radius.max(), shells + 1)[1:-1]
        shell = np.searchsorted(edges, place.radius)
    else:
        rows, shell = points.astype(np.float32), np.zeros(len(points), int)
    found = [_nearest(rows, np.flatnonzero(shell == each), top + 1) for each in np.unique(shell)]
    return np.concatenate(found, axis=1)


def _nearest(rows: np.ndarray, members: np.ndarray, count: int) -> np.ndarray:
    """The nearest members to each row: int32 (N, count), or all of them where they are few."""
    if len(members) <= count:
        return np.tile(members.astype(np.int32), (len(rows), 1))
    hnswlib = _library()
    graph = hnswlib.Index("l2", rows.shape[1])
    # One thread, so that the same points give the same graph.
    graph.init_index(len(members), M=_EDGES, ef_construction=_EFFORT, random_seed=1)
    graph.set_num_threads(1)
    graph.add_items(rows[members], members)
    graph.set_ef(max(count, _EFFORT))
    try:
        found, _ = graph.knn_query(rows, count)
    except RuntimeError:
        # Where many points coincide, the graph falls apart and too few are reached.
        exact = hnswlib.BFIndex("l2", rows.shape[1])
        exact.init_index(len(members))
        exact.add_items(rows[members], members)
        found, _ = exact.knn_query(rows, count)
    return found.astype(np.int32)


def _library():  # type: ignore[no-untyped-def]
    with optional.needing("sampler hnsw (unlike neighbors)"):
        import hnswlib
    return hnswlib


def no_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    top: int,
    every: int,
    temperature: float,
    shells: int,
    relative_to: str,
) -> Index:
    """Nothing: the lists are made from the points. Source: see `candidates`."""
    return {}


@sampler(
    summary="the nearest nodes of the embedding, nearly all of them found by a search graph",
    source="Malkov & Yashunin 2018, Efficient and Robust Approximate Nearest Neighbor Search",
    parameters={
        **LISTED,
        "shells": whole(16, "into how many intervals of the radius nodes are parted", at_least=1),
        "relative_to": RELATIVE_TO,
    },
    build=no_index,
    form="pairs",
    refresh=neighbor_lists,
    search=candidates,
    looks=True,
    cost="O(top N); O(top D / K), and N shells top distances a refresh",
    formula="p(n | u) ~ exp(-d(u, n) / temperature) over the top nearest that were found",
)
def hnsw(
    xp: Namespace,
    index: dict[str, Array],
    anchors: Array,
    words: Array,
    space: Space,
    *,
    temperature: float,
) -> tuple[Array, Array]:
    """As `neighbors` draws, from lists that a search graph finds: ids (B,K), valid (B,K).

    index["lists"] (N,T): of `candidates` the `top` that are nearest by their exact distances and no
    known positives. anchors (B,), words (B,K). Source: Malkov & Yashunin 2018, algorithms 1 to 5.
    """
    return neighbors(xp, index, anchors, words, space, temperature=temperature)
