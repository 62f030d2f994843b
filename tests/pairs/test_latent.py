"""Samplers that look at the points: what they choose, and that both halves choose the same."""

import jax
import jax.numpy as jnp
import networkx
import numpy as np
import pytest
import torch
from scipy import stats

from hardball.arrays.namespace import namespace
from hardball.core import random_bits
from hardball.hierarchy.closure import closure
from hardball.methods import facts, registry
from hardball.methods.samplers.choice import softly
from hardball.methods.samplers.space import Space

HALVES = ("jax", "torch")
B, K, D = 48, 6, 3
CASES = [
    ("distance_hard", {}),
    ("distance_hard", {"candidates": "cousins", "hops": 2}),
    ("distance_hard", {"hops": 0}),
    ("distance_hard", {"candidates": "batch"}),
    ("distance_hard", {"choose": "temperature", "temperature": 0.5}),
    ("distance_hard", {"choose": "top", "top": 5}),
    ("mined", {}),
    ("mined", {"rule": "hardest", "candidates": "siblings"}),
    ("neighbors", {"top": 8}),
]


class Half:
    """A framework's samplers, given the points of all nodes on the Poincaré ball."""

    def __init__(self, framework, h, points, anchors):
        self.framework = framework
        self.known = closure(h)
        self.width = int(np.diff(self.known.indptr).max())
        self.anchors, self.nodes = self.array(anchors), self.array(np.arange(h.n_nodes))
        manifold = registry.load("manifold", "poincare", framework)
        self.space = Space(manifold, 1.0, self.array(points).__getitem__)

    def array(self, values):
        values = np.asarray(values)
        if self.framework == "jax":
            whole = values.dtype == np.int64
            return jnp.asarray(values.astype(np.int32) if whole else values)
        return torch.tensor(values.astype(np.int64) if values.dtype.kind in "iu" else values)

    def known_of(self, nodes):
        rows = self.array(self.known.indptr), self.array(self.known.indices)
        return namespace(self.framework).Known(*rows, self.width, nodes)

    def lists(self, top):
        refresh = registry.refresher("sampler", "neighbors", self.framework)
        return refresh(self.space, self.known_of, self.nodes, top=top)

    def draw(self, name, h, positives, drawn, **params):
        """ids and valid (B, K) as NumPy arrays."""
        resolved = registry.parameters("sampler", name, params)
        index = registry.builder("sampler", name)(h, self.known, negatives=K, **resolved)
        index = {key: self.array(value) for key, value in index.items()}
        function = registry.load("sampler", name, self.framework)
        options = facts.options(function, resolved)
        drawn = self.array(drawn if self.framework == "torch" else drawn.astype(np.uint32))
        if name == "neighbors":
            given = {"space": self.space}
            index["lists"] = self.lists(resolved["top"])
        else:
            given = {"space": self.space, "known": self.known_of(self.anchors), "negatives": K}
        if name == "mined":
            given["positives"] = self.array(positives)
        found = function(index, self.anchors, drawn, **given, **options)
        return tuple(np.asarray(each) for each in found)


@pytest.fixture(scope="module", autouse=True)
def _wide():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def graph(random_dag):
    return random_dag(150, 7)


@pytest.fixture(scope="module")
def points(graph):
    """On the Poincaré ball, float64; all distances differ."""
    drawn = np.random.default_rng(5).normal(size=(graph.n_nodes, D))
    return 0.8 * drawn / (1 + np.linalg.norm(drawn, axis=1, keepdims=True))


@pytest.fixture(scope="module")
def pairs(graph):
    """Anchors that have ancestors, and one of those for each."""
    known = closure(graph)
    below = np.flatnonzero(np.diff(known.indptr))
    anchors = np.random.default_rng(1).choice(below, B)
    return anchors, known.indices[known.indptr[anchors]]


def dists(points):
    """All distances (N, N), from the formula."""
    gap = ((points[:, None] - points[None]) ** 2).sum(-1)
    room = 1 - (points**2).sum(-1)
    return np.arccosh(1 + 2 * gap / (room[:, None] * room[None]))


def stream(count, rows=B):
    return random_bits.words(3, "latent", 0, rows * count).reshape(rows, count).astype(np.int64)


def count_of(name, params):
    made = registry.entry("sampler", name).draws_words
    resolved = registry.parameters("sampler", name, params)
    return made(K, **resolved) if made else K


def hops(h):
    """Edges between all nodes (N, N), parents and children alike; -1 out of reach."""
    edges = networkx.Graph()
    edges.add_nodes_from(range(h.n_nodes))
    parents = np.split(h.parents_indices, h.parents_indptr[1:-1])
    edges.add_edges_from((node, p) for node, above in enumerate(parents) for p in above)
    table = np.full((h.n_nodes, h.n_nodes), -1)
    for node, reached in networkx.all_pairs_shortest_path_length(edges):
        table[node, list(reached)] = list(reached.values())
    return table


def candidates(half, h, kind, drawn):
    """Ids (B, C) that another sampler draws of the same words."""
    index = registry.builder("sampler", kind)(
        h, half.known, negatives=K, **registry.parameters("sampler", kind, {})
    )
    index = {key: half.array(value) for key, value in index.items()}
    drawn = half.array(drawn if half.framework == "torch" else drawn.astype(np.uint32))
    ids, valid = registry.load("sampler", kind, half.framework)(index, half.anchors, drawn)
    return np.asarray(ids), np.asarray(valid)


@pytest.mark.full
@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_both_halves_choose_the_same(graph, points, pairs, name, params):
    anchors, positives = pairs
    drawn = stream(count_of(name, params))
    mine, theirs = (
        Half(f, graph, points, anchors).draw(name, graph, positives, drawn, **params)
        for f in HALVES
    )
    np.testing.assert_array_equal(mine[0], theirs[0])
    np.testing.assert_array_equal(mine[1], theirs[1])
    assert mine[1].mean() > 0.5
    known = closure(graph)
    for row, anchor in enumerate(anchors):
        chosen = set(mine[0][row][mine[1][row]])
        ancestors = known.indices[known.indptr[anchor] : known.indptr[anchor + 1]]
        assert not chosen & {anchor, *ancestors}


@pytest.mark.parametrize("framework", HALVES)
def test_the_nearest_candidates_are_chosen(graph, points, pairs, framework):
    half, drawn = Half(framework, graph, points, pairs[0]), stream(4 * K)
    ids, valid = half.draw("distance_hard", graph, None, drawn)
    offered, fine = candidates(half, graph, "uniform", drawn)
    far, known, apart = dists(points), closure(graph), hops(graph)
    for row, anchor in enumerate(pairs[0]):
        ancestors = known.indices[known.indptr[anchor] : known.indptr[anchor + 1]]
        away = ~np.isin(offered[row], ancestors) & (apart[anchor, offered[row]] != 1)
        allowed = offered[row][fine[row] & away]
        expected = np.sort(far[anchor, allowed])[:K]
        np.testing.assert_allclose(far[anchor, ids[row][valid[row]]], expected, rtol=1e-9)


@pytest.mark.parametrize("framework", HALVES)
def test_the_top_are_drawn_from_uniformly(graph, points, pairs, framework):
    """The first 4 K words draw candidates; word w of the K others takes place floor(4 w / 2^32)."""
    half, drawn = Half(framework, graph, points, pairs[0]), stream(5 * K)
    ids, valid = half.draw("distance_hard", graph, None, drawn, choose="top", top=4)
    first, _ = half.draw("distance_hard", graph, None, drawn[:, : 4 * K])
    places = drawn[:, 4 * K :] * 4 >> 32
    np.testing.assert_array_equal(ids, np.take_along_axis(first, places, 1))
    assert valid.all()


@pytest.mark.parametrize("framework", HALVES)
def test_a_batch_shares_its_candidates(graph, points, pairs, framework):
    """4 words of each of 48 anchors: 192 draws of 150 nodes, the same for every anchor."""
    half, drawn = Half(framework, graph, points, pairs[0]), stream(4)
    ids, valid = half.draw("distance_hard", graph, None, drawn, candidates="batch")
    assert valid.all()
    offered = set((drawn * graph.n_nodes >> 32).ravel())
    far, known, apart = dists(points), closure(graph), hops(graph)
    for row, anchor in enumerate(pairs[0]):
        ancestors = known.indices[known.indptr[anchor] : known.indptr[anchor + 1]]
        adjacent = np.flatnonzero(apart[anchor] == 1)
        allowed = sorted(offered - {anchor, *ancestors, *adjacent})
        nearest = np.array(allowed)[np.argsort(far[anchor, allowed])[:K]]
        np.testing.assert_array_equal(ids[row], nearest)


@pytest.mark.parametrize("framework", HALVES)
def test_semi_hard_ones_come_right_after_the_positive(graph, points, pairs, framework):
    """In order of distance: first what is beyond the positive, then what is before it, backwards.

    With the positive at 2 and candidates at 1, 1.5, 2.5, 3: 2.5, 3, 1.5, 1.
    """
    anchors, positives = pairs
    half, drawn = Half(framework, graph, points, anchors), stream(4 * K)
    ids, valid = half.draw("mined", graph, positives, drawn)
    offered, fine = candidates(half, graph, "uniform", drawn)
    far, known = dists(points), closure(graph)
    filled = 0
    for row, (anchor, positive) in enumerate(zip(anchors, positives, strict=True)):
        ancestors = known.indices[known.indptr[anchor] : known.indptr[anchor + 1]]
        allowed = far[anchor, offered[row][fine[row] & ~np.isin(offered[row], ancestors)]]
        limit = far[anchor, positive]
        beyond, before = np.sort(allowed[allowed > limit]), np.sort(allowed[allowed <= limit])
        expected = np.concatenate([beyond, before[::-1]])[:K]
        filled += len(beyond) < K
        np.testing.assert_allclose(far[anchor, ids[row][valid[row]]], expected, rtol=1e-9)
    assert filled


@pytest.mark.parametrize("framework", HALVES)
def test_lists_hold_the_nearest_nodes_exactly(graph, points, pairs, framework):
    lists = np.asarray(Half(framework, graph, points, pairs[0]).lists(8))
    far, known = dists(points), closure(graph)
    for node in range(graph.n_nodes):
        ancestors = known.indices[known.indptr[node] : known.indptr[node + 1]]
        far[node, [node, *ancestors]] = np.inf
    np.testing.assert_array_equal(lists, np.argsort(far, axis=1)[:, :8])


@pytest.mark.parametrize("framework", HALVES)
def test_a_temperature_weights_by_distance(framework):
    """p ~ exp(-d / 0.5) over distances 0.2, 1, 1.5, infinity: chi-square of 60,000 draws."""
    xp = namespace(framework)
    far, drawn = np.array([[0.2, 1.0, 1.5, np.inf]]), stream(60_000, rows=1)
    if framework == "jax":
        places = softly(xp, jnp.asarray(far), jnp.asarray(drawn.astype(np.uint32)), 0.5)
    else:
        places = softly(xp, torch.tensor(far), torch.tensor(drawn), 0.5)
    counts = np.bincount(np.asarray(places)[0], minlength=4)
    weight = np.exp(-far[0, :3] / 0.5)
    assert counts[3] == 0
    assert stats.chisquare(counts[:3], weight / weight.sum() * 60_000).pvalue > 1e-3
    # The test has teeth: the weights of a temperature of 0.55 are refused.
    other = np.exp(-far[0, :3] / 0.55)
    assert stats.chisquare(counts[:3], other / other.sum() * 60_000).pvalue < 1e-6


@pytest.mark.parametrize("framework", HALVES)
def test_nothing_is_drawn_where_all_candidates_are_positives(framework):
    xp = namespace(framework)
    far = np.full((2, 5), np.inf)
    if framework == "jax":
        places = softly(xp, jnp.asarray(far), jnp.zeros((2, 3), jnp.uint32), 1.0)
    else:
        places = softly(xp, torch.tensor(far), torch.zeros((2, 3), dtype=torch.int64), 1.0)
    # Some place within the row, whose infinite distance then makes the draw void.
    assert ((np.asarray(places) >= 0) & (np.asarray(places) < 5)).all()
