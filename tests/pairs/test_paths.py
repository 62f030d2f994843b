"""Lengths of paths along the spanning tree, against networkx, in both frameworks."""

import networkx as nx
import numpy as np
import pytest

from hardball.arrays.namespace import namespace
from hardball.hierarchy.dag import from_edges
from hardball.hierarchy.tree_paths import paths_index
from hardball.training.paths import path_lengths


def lengths(half, h, nodes, others):
    """`path_lengths` of one framework."""
    xp = namespace(half.framework)
    index = paths_index(h)

    def of_arrays(nodes, others, *arrays):
        return path_lengths(xp, dict(zip(index, arrays, strict=True)), nodes, others)

    return half.call(of_arrays, nodes, others, *index.values())


def by_networkx(h):
    """All lengths (N, N) in the spanning tree, whose roots hang on one node more."""
    graph = nx.Graph((node, int(parent)) for node, parent in enumerate(h.parent))
    found = dict(nx.all_pairs_shortest_path_length(graph))
    return np.array([[found[u][v] for v in range(h.n_nodes)] for u in range(h.n_nodes)])


def test_lengths_by_hand(forest, half):
    # a > b, c; b > d and p > q > r, and the node z alone; roots are as if siblings.
    def between(u, v):
        ends = (np.array([forest.ids.tolist().index(name)]) for name in (u, v))
        return lengths(half, forest, *ends).tolist()

    for pair, edges in {"da": 2, "db": 1, "dc": 3, "bc": 2, "dd": 0, "rp": 2, "zz": 0}.items():
        assert between(*pair) == between(*pair[::-1]) == [edges], pair
    # depth(d) + depth(r) + 2, and of two roots 0 + 0 + 2.
    for pair, edges in {"dr": 2 + 2 + 2, "az": 2, "dz": 2 + 0 + 2}.items():
        assert between(*pair) == between(*pair[::-1]) == [edges], pair


@pytest.mark.parametrize("extra", [0, 0.5], ids=["forest", "dag"])
@pytest.mark.parametrize(
    ("nodes", "roots"), [(1, 0), (2, 0), (2, 1), (64, 0.1), (90, 0), (129, 0.3)]
)
def test_lengths_are_those_of_networkx(nodes, roots, extra, random_dag, half):
    h = random_dag(nodes, nodes, roots=roots, extra=extra)
    every = np.arange(nodes, dtype=np.int32)
    found = lengths(half, h, every[:, None], every[None])
    assert np.array_equal(found, by_networkx(h))
    # Whatever the shapes are that are broadcast.
    assert np.array_equal(lengths(half, h, every, every[::-1].copy()), np.diag(found[:, ::-1]))
    assert lengths(half, h, every[:, None], every[None, :0]).shape == (nodes, 0)


@pytest.mark.parametrize(("depth", "kind"), [(127, np.int8), (300, np.int16)])
def test_a_long_chain_takes_wider_integers(depth, kind, half):
    names = np.arange(depth + 1)
    h = from_edges("chain", names[1:], names[:-1])
    assert paths_index(h)["least"].dtype == kind
    every = np.arange(depth + 1, dtype=np.int32)
    found = lengths(half, h, every[:, None], every[None])
    assert np.array_equal(found, np.abs(every[:, None] - every))
