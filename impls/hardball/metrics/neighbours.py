"""The graph of nearest neighbours of an embedding, and how far apart its points are."""

import numpy as np
from scipy import sparse

from hardball.core import random_bits
from hardball.metrics.declare import INF, Metric, measures
from hardball.metrics.polar import Polar, between, distances, part

NEAREST = 10
MOST = 5_000
PAIRS = 100_000
ROWS = 256


@measures(
    Metric("neighbor_closure", "none", 0, 1, "closed triples in the graph of 10 neighbours",
           "3 triangles / paths of two edges"),
    Metric("modularity_<group>", "max", -0.5, 1, "modularity of the labels in that graph",
           "sum over labels of [edges within / edges - (degrees within / 2 edges)^2]"),
)  # fmt: skip
def graph_figures(polar: Polar, groups: dict[str, np.ndarray], seed: int) -> dict[str, float]:
    """Closed triples, and the modularity of every group's labels, of the graph of neighbours.

    Two nodes are joined where one is among the NEAREST of the other. Of more than MOST nodes so
    many seeded ones are taken, and the graph is that among them. Modularity is of the part of the
    graph that carries labels; left out where that has no edge.
    Source: Newman & Girvan 2004, Finding and evaluating community structure in networks, Eq. 5;
    Newman 2003, The structure and function of complex networks, Eq. 3.
    """
    nodes = random_bits.subset(seed, "metrics/neighbours", polar.n_nodes, MOST)
    if len(nodes) < 3:
        return {}
    graph = neighbour_graph(part(polar, nodes))
    out = {"neighbor_closure": closure(graph)}
    for name, codes in groups.items():
        labelled = np.flatnonzero(codes[nodes] >= 0)
        told = graph[labelled][:, labelled]
        if told.nnz:
            out[f"modularity_{name}"] = modularity(told, codes[nodes][labelled])
    return out


@measures(
    Metric("distance_q10", "none", 0, INF, "10 % quantile of the distance of two nodes",
           "10 % quantile of d(u, v)"),
    Metric("distance_q50", "none", 0, INF, "median distance of two nodes",
           "50 % quantile of d(u, v)"),
    Metric("distance_q90", "none", 0, INF, "90 % quantile of the distance of two nodes",
           "90 % quantile of d(u, v)"),
)  # fmt: skip
def distance_quantiles(polar: Polar, seed: int) -> dict[str, float]:
    """Quantiles of the distances of PAIRS seeded pairs of two nodes, in the space's own units."""
    n = polar.n_nodes
    if n < 2:
        return {}
    drawn = random_bits.words(seed, "metrics/distances", 0, 2 * PAIRS).astype(np.int64)
    one, step = drawn[:PAIRS] * n >> 32, drawn[PAIRS:] * (n - 1) >> 32
    found = between(polar, one, (one + 1 + step) % n)
    return {
        f"distance_q{round(100 * q)}": float(value)
        for q, value in zip((0.1, 0.5, 0.9), np.quantile(found, (0.1, 0.5, 0.9)), strict=True)
    }


def neighbour_graph(polar: Polar) -> sparse.csr_array:
    """Which nodes are joined: 0 or 1, symmetric, (N, N)."""
    n = polar.n_nodes
    k = min(NEAREST, n - 1)
    ends = []
    for first in range(0, n, ROWS):
        block = distances(polar, np.arange(first, min(first + ROWS, n)))
        rows = np.arange(len(block))
        block[rows, first + rows] = np.inf
        ends.append(np.argpartition(block, k - 1, axis=1)[:, :k].copy())
    columns = np.concatenate(ends).ravel()
    ones = np.ones(len(columns))
    graph = sparse.csr_array((ones, (np.repeat(np.arange(n), k), columns)), shape=(n, n))
    return ((graph + graph.T) > 0).astype(np.float64).tocsr()


def closure(graph: sparse.csr_array) -> float:
    """3 triangles / paths of two edges of an undirected graph; 0 where it has no such path."""
    degrees = graph.sum(axis=1)
    paths = float((degrees * (degrees - 1)).sum())
    return float((graph @ graph).multiply(graph).sum()) / paths if paths else 0.0


def modularity(graph: sparse.csr_array, labels: np.ndarray) -> float:
    """sum over labels of [edges within / m - (degrees within / 2 m)^2] of a graph with edges."""
    degrees, twice = graph.sum(axis=1), float(graph.sum())
    entries = graph.tocoo()
    within = float((labels[entries.row] == labels[entries.col]).sum())
    of_label = np.bincount(labels, weights=degrees)
    return within / twice - float(np.square(of_label / twice).sum())
