"""Lists that are made anew in training: caches of NSCaching, and near nodes found by HNSW."""

import sys

import numpy as np
import pytest
import torch
from scipy import stats

from hardball.arrays.on_torch.membership import Known
from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import closure
from hardball.methods import registry
from hardball.methods.samplers import hnsw
from hardball.methods.samplers.space import Space
from hardball.metrics.polar import to_polar
from hardball.runs.spec import RunSpec
from hardball.training.train import train

SIZE, FRESH = 6, 10


class Apart:
    """A space in which candidate v lies at distance far[v] from everybody."""

    def __init__(self, far):
        self.far = torch.tensor(far)

    def dist(self, nodes, candidates):
        return self.far[candidates]


def caches(space, known, n, lists, words, **changed):
    given = {"size": SIZE, "fresh": FRESH, "temperature": 1.0, **changed}
    refresh = registry.refresher("sampler", "nscaching", "torch")
    return refresh(space, known, torch.arange(n), torch.tensor(words), lists, **given)


def nobody(n):
    return lambda nodes: Known(torch.zeros(n + 1, dtype=torch.int64), nodes[:0], 0, nodes)


def words_of(n, width, seed=3):
    return random_bits.words(seed, "caches", 0, n * width).reshape(n, width).astype(np.int64)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_a_renewal_keeps_near_nodes_by_their_weight(temperature):
    """One kept of the same four candidates, by each of 40,000 nodes: chi-square of the shares."""
    n, far = 40_000, np.zeros(40_000)
    far[:4] = [0.3, 1.0, 1.5, 2.5]
    words = words_of(n, 8)
    # The new candidates are nodes 1, 2, 3; the cache holds node 0.
    words[:, :3] = [-(-(v << 32) // n) for v in (1, 2, 3)]
    begun = torch.zeros(n, 1, dtype=torch.int64)
    given = {"size": 1, "fresh": 3, "temperature": temperature}
    kept = caches(Apart(far), nobody(n), n, begun, words, **given)[4:, 0].numpy()
    weight = np.exp(-far[:4] / temperature)
    expected = weight / weight.sum() * len(kept)
    assert stats.chisquare(np.bincount(kept, minlength=4), expected).pvalue > 1e-3


@pytest.fixture(scope="module")
def graph(random_dag):
    return random_dag(120, 5)


def test_a_cache_holds_each_node_once_and_no_known_positive(graph):
    known, n = closure(graph), graph.n_nodes
    rows = torch.tensor(known.indptr), torch.tensor(known.indices.astype(np.int64))
    width = int(np.diff(known.indptr).max())
    far, lists = np.linspace(0, 1, n), None
    for seed in range(3):
        words = words_of(n, 2 * (SIZE + FRESH), seed)
        lists = caches(Apart(far), lambda nodes: Known(*rows, width, nodes), n, lists, words)
    assert lists.shape == (n, SIZE)
    for node, cache in enumerate(lists.tolist()):
        banned = known.indices[known.indptr[node] : known.indptr[node + 1]]
        assert node not in cache
        assert len(set(cache)) == SIZE
        assert not set(cache) & set(banned.tolist())


def test_caches_come_to_hold_ever_nearer_nodes(graph):
    n, lists, means = graph.n_nodes, None, []
    far = np.arange(n) / 4.0
    for seed in range(12):
        words = words_of(n, 2 * (SIZE + FRESH), seed)
        lists = caches(Apart(far), nobody(n), n, lists, words)
        means.append(far[lists.numpy()].mean())
    # Uniform nodes lie at 15; the six nearest at 0.6.
    assert means[0] > means[3] > means[-1]
    assert means[-1] < 2.5


def test_a_node_without_others_caches_itself_and_draws_nothing():
    words = words_of(1, 2 * (SIZE + FRESH))
    lists = caches(Apart([0.0]), nobody(1), 1, None, words)
    assert lists.tolist() == [[0] * SIZE]
    draw = registry.load("sampler", "nscaching", "torch")
    ids, fine = draw({"lists": lists}, torch.tensor([0]), torch.tensor([[5, 7]]))
    assert ids.tolist() == [[0, 0]]
    assert not fine.any()


def test_every_node_of_a_cache_is_drawn_as_often():
    lists = torch.tensor([[3, 1, 2, 0, 0, 0]])
    draw = registry.load("sampler", "nscaching", "torch")
    words = torch.tensor(words_of(1, 9000))
    ids, fine = draw({"lists": lists}, torch.tensor([0]), words)
    assert fine.all()
    counts = np.bincount(ids.numpy()[0], minlength=4)
    assert counts[0] == 0
    assert stats.chisquare(counts[1:]).pvalue > 1e-3


def grown(n, dim, radius, seed=0):
    """Points in tangent coordinates whose number grows as a hyperbolic ball's."""
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(n, dim))
    lengths = radius + np.log(rng.random(n)) / (dim - 1)
    return np.abs(lengths)[:, None] * direction / np.linalg.norm(direction, axis=1, keepdims=True)


def exact(points, manifold, count):
    """The nearest `count` nodes of every node by exact distances."""
    space = registry.load("manifold", manifold, "torch")
    rows = torch.tensor(points)
    far = space.dist_matrix(rows, rows, 1.0).fill_diagonal_(np.inf)
    return torch.topk(far, count, dim=1, largest=False).indices.numpy()


@pytest.mark.parametrize("manifold", ["tangent", "euclidean"])
@pytest.mark.parametrize("radius", [4.0, 14.0, 40.0])
def test_candidates_hold_the_nearest_nodes(manifold, radius):
    points = grown(1500, 5, radius)
    found = hnsw.candidates(points, manifold, 1.0, top=32, shells=16)
    assert found.dtype == np.int32
    asked = exact(points, manifold, 32)
    share = [np.isin(row, near).mean() for row, near in zip(asked, found, strict=True)]
    # Measured: 0.985 at the least.
    assert np.mean(share) > 0.97


def test_shells_read_the_points_of_every_space():
    """The same points on the ball and in tangent coordinates have the same candidates."""
    points = grown(300, 3, 3.0)
    ball = registry.load("manifold", "poincare", "torch").exp0(torch.tensor(points), 1.0).numpy()
    near = to_polar(ball, "poincare", 1.0)
    np.testing.assert_allclose(near.radius, np.linalg.norm(points, axis=1), rtol=1e-9)
    given = {"top": 10, "shells": 4}
    ours = hnsw.candidates(points, "tangent", 1.0, **given)
    theirs = hnsw.candidates(ball, "poincare", 1.0, **given)
    width = ours.shape[1]
    same = [len(np.intersect1d(*rows)) / width for rows in zip(ours, theirs, strict=True)]
    assert np.mean(same) > 0.99


def test_points_that_coincide_have_candidates_too():
    points = np.repeat(grown(3, 4, 5.0), 200, axis=0)
    found = hnsw.candidates(points, "tangent", 1.0, top=20, shells=2)
    assert found.shape[0] == 600
    assert found.min() >= 0
    assert found.max() < 600


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_a_run_whose_candidates_are_all_nodes_is_the_exact_one(graph, framework):
    base = {"dataset": "random", "seed": 1, "dim": 3, "batch_size": 16, "negatives": 8}
    base |= {"epochs": 6, "lr": 0.05, "dtype": "float64", "framework": framework}
    runs = {}
    for name in ("neighbors", "hnsw"):
        sampler = {"name": name, "top": 119, "every": 20}
        spec = RunSpec(**base, sampler=sampler)
        runs[name] = train(spec, hierarchy=graph, progress=False).points
    np.testing.assert_allclose(runs["hnsw"], runs["neighbors"], rtol=0, atol=1e-9)


def test_without_the_library_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "hnswlib", None)
    with pytest.raises(HardballError, match=r"pip install 'hardball\[neighbors\]'"):
        hnsw.candidates(grown(200, 3, 5.0), "tangent", 1.0, top=4, shells=1)


def test_a_cached_sampler_trains_alike_in_both_frameworks(graph):
    base = {"dataset": "random", "seed": 1, "dim": 3, "batch_size": 16, "negatives": 8}
    base |= {"epochs": 4, "lr": 0.05, "dtype": "float64"}
    sampler = {"name": "nscaching", "size": 6, "fresh": 10, "every": 7}
    ours, theirs = (
        train(RunSpec(**base, framework=f, sampler=sampler), hierarchy=graph, progress=False)
        for f in ("jax", "torch")
    )
    np.testing.assert_allclose(ours.points, theirs.points, rtol=0, atol=1e-9)


def test_space_is_what_a_renewal_looks_at(graph):
    """By the real distances of a few points, the nearest are kept most."""
    points = torch.tensor(grown(graph.n_nodes, 3, 4.0))
    space = Space(registry.load("manifold", "tangent", "torch"), 1.0, points.__getitem__)
    lists, n = None, graph.n_nodes
    for seed in range(8):
        words = words_of(n, 2 * (SIZE + FRESH), seed)
        lists = caches(space, nobody(n), n, lists, words, temperature=0.1)
    asked = exact(points.numpy(), "tangent", SIZE)
    share = [np.isin(row, cache).mean() for row, cache in zip(asked, lists.numpy(), strict=True)]
    # Measured: .48; of uniform nodes it would be .05.
    assert np.mean(share) > 0.3
