"""The two halves of every sampler give the same ids, flags and weights, bit for bit."""

import functools

import jax
import jax.numpy as jnp
import networkx
import numpy as np
import pytest
import torch

from hardball.arrays.namespace import namespace
from hardball.core import random_bits
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import from_edges
from hardball.methods import facts, registry
from hardball.methods.samplers.segments import is_within, within

CASES = [
    ("uniform", {}),
    ("pool", {}),
    ("degree", {}),
    ("degree", {"alpha": 1.5}),
    ("siblings", {}),
    ("siblings", {"replace": False}),
    ("cousins", {"k": 2}),
    ("cousins", {"k": 1, "replace": False}),
    ("depth_matched", {"where": "branch"}),
    ("depth_matched", {"where": "tree", "replace": False}),
    ("tightening", {}),
    ("tightening", {"k": 2, "replace": False}),
    ("degree_corrected", {}),
    ("degree_corrected", {"tolerance": 0.0}),
    ("multi_hop", {}),
    ("multi_hop", {"low": 1, "high": 4}),
    ("multi_hop", {"low": 9, "high": 9}),
    ("relatives", {}),
    ("descendants", {}),
    ("similarity_hard", {"setting": "aggressive"}),
    ("similarity_hard", {"ratio": 1.0, "top": 3, "temperature": 0.02}),
    ("similarity_hard", {"ratio": 0.0, "features": "all"}),
    ("matrix", {"of": "degree"}),
    ("matrix", {"of": "degree", "replace": False}),
    ("matrix", {"of": "siblings"}),
    ("matrix", {"of": "cousins", "k": 2, "replace": False}),
    ("matrix", {"of": "branch"}),
    ("matrix", {"of": "tree", "replace": False}),
    ("matrix", {"of": "uniform", "replace": False}),
]
B, K = 64, 25
HALVES = ("jax", "torch")


def grown(n, roots, extra, seed=0):
    rng = np.random.default_rng(seed)
    edges = set()
    for node in range(roots, n):
        edges.add((f"n{node}", f"n{rng.integers(max(0, node - 9), node)}"))
        if rng.random() < extra:
            edges.add((f"n{node}", f"n{rng.integers(0, node)}"))
    ordered = sorted(edges)
    nodes = [f"n{i}" for i in range(n)]
    return from_edges("grown", [c for c, _ in ordered], [p for _, p in ordered], nodes=nodes)


GRAPHS = {
    "forest": grown(220, 4, 0.4),
    # Fewer nodes than a row has draws.
    "small": grown(9, 1, 0.0),
}
# Trajectories are compared with 64-bit numbers on, training runs mostly without.
SETTINGS = pytest.mark.parametrize(
    ("graph", "x64"), [("forest", False), ("forest", True), ("small", False)]
)


def as_words(w):
    """The same words for either framework: uint32, or int64 for torch, which has no uint32."""
    return jnp.asarray(w), torch.from_numpy(w.astype(np.int64))


def edge_words(count):
    """Words of a stream, with the least and the greatest word and the middle among them."""
    w = random_bits.words(1, "pairs", 0, count)
    w[:4] = [0, 2**32 - 1, 2**31, 2**31 - 1]
    return w


def assert_same(jax_outputs, torch_outputs):
    for one, other in zip(jax_outputs, torch_outputs, strict=True):
        np.testing.assert_array_equal(np.asarray(one), other.numpy())


@pytest.mark.full
@SETTINGS
@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_both_halves_draw_the_same(graph, name, params, x64):
    h = GRAPHS[graph]
    resolved = registry.parameters("sampler", name, params)
    index = registry.builder("sampler", name)(h, closure(h), negatives=K, **resolved)
    # A third of the way: the second of four rings, the first of three.
    now = {"progress": (jnp.asarray(1 / 3), torch.tensor(1 / 3))} if name == "tightening" else {}
    given, theirs_given = ({key: both[i] for key, both in now.items()} for i in (0, 1))
    one, other = (registry.load("sampler", name, f) for f in HALVES)
    options = facts.options(one, resolved)
    anchors = np.random.default_rng(1).integers(0, h.n_nodes, B).astype(np.int32)
    with jax.enable_x64(x64):
        w_jax, w_torch = as_words(edge_words(B * K).reshape(B, K))
        jax_index = {key: jnp.asarray(array) for key, array in index.items()}
        torch_index = {key: torch.as_tensor(array) for key, array in index.items()}
        if registry.entry("sampler", name).form == "pool":
            mine, theirs = one(jax_index, w_jax[0]), other(torch_index, w_torch[0])
        else:
            drawn = jax.jit(lambda i, a, w: one(i, a, w, **given, **options))
            mine = drawn(jax_index, jnp.asarray(anchors), w_jax)
            theirs = other(
                torch_index, torch.from_numpy(anchors), w_torch, **theirs_given, **options
            )
        assert mine[0].dtype == jnp.int32
        assert_same(mine, theirs)
    ids = np.asarray(mine[0])
    assert ids.min() >= 0
    assert ids.max() < h.n_nodes


LONE = ["siblings", "matrix", "uniform", "multi_hop", "degree_corrected", "similarity_hard"]


@pytest.mark.parametrize("name", LONE)
@pytest.mark.parametrize("replace", [True, False])
def test_both_halves_have_nothing_to_draw_for_a_lone_node(name, replace):
    h = from_edges("lone", [], [], nodes=["only"])
    params = {"replace": replace} if name in ("siblings", "matrix") else {}
    resolved = registry.parameters("sampler", name, params)
    index = registry.builder("sampler", name)(h, closure(h), negatives=3, **resolved)
    w_jax, w_torch = as_words(edge_words(6).reshape(2, 3))
    anchors = np.zeros(2, np.int32)
    mine = registry.load("sampler", name, "jax")(
        {key: jnp.asarray(a) for key, a in index.items()}, jnp.asarray(anchors), w_jax, **params
    )
    theirs = registry.load("sampler", name, "torch")(
        {key: torch.as_tensor(a) for key, a in index.items()},
        torch.from_numpy(anchors),
        w_torch,
        **params,
    )
    assert_same(mine, theirs)
    assert not np.asarray(mine[1]).any()
    assert (np.asarray(mine[0]) == 0).all()


@pytest.mark.parametrize("name", ["mulhi", "wide_product"])
def test_words_become_the_same_integers(name):
    w = edge_words(10_000)
    spans = np.random.default_rng(2).integers(0, 2**31, 10_000).astype(np.int32)
    spans[:4] = [1, 2**31 - 1, 0, 2]
    w_jax, w_torch = as_words(w)
    one, other = (getattr(namespace(f), name) for f in HALVES)
    mine, theirs = one(w_jax, jnp.asarray(spans)), other(w_torch, torch.from_numpy(spans))
    if name == "mulhi":
        mine, theirs = (mine,), (theirs,)
    assert_same(mine, theirs)


@SETTINGS
def test_both_halves_know_the_same_positives(graph, x64):
    h = GRAPHS[graph]
    csr = closure(h)
    rng = np.random.default_rng(3)
    nodes = rng.integers(0, h.n_nodes, B).astype(np.int32)
    candidates = rng.integers(0, h.n_nodes, (B, K)).astype(np.int32)
    pool = np.sort(rng.integers(0, h.n_nodes, 40)).astype(np.int32)
    width = int(np.diff(csr.indptr).max())
    one, other = (namespace(f) for f in HALVES)
    t = torch.from_numpy
    with jax.enable_x64(x64):
        j = jnp.asarray
        rows = j(csr.indptr.astype(np.int32)), j(csr.indices)
        is_known = jax.jit(one.is_known, static_argnums=4)
        pool_known = jax.jit(one.pool_known, static_argnums=2)
        mine = (
            is_known(*rows, j(nodes), j(candidates), width.bit_length()),
            pool_known(*rows, width, j(nodes), j(pool)),
        )
    rows = t(csr.indptr), t(csr.indices)
    theirs = (
        other.is_known(*rows, t(nodes), t(candidates), width.bit_length()),
        other.pool_known(*rows, width, t(nodes), t(pool)),
    )
    assert_same(mine, theirs)
    expected = [
        [c in csr.indices[csr.indptr[n] : csr.indptr[n + 1]] for c in row]
        for n, row in zip(nodes, candidates, strict=True)
    ]
    assert np.asarray(mine[0]).tolist() == expected
    assert np.asarray(mine[0]).any()
    assert np.asarray(mine[1]).any()


@SETTINGS
@pytest.mark.parametrize("hops", [0, 1, 3])
def test_both_halves_know_who_is_within_some_hops(graph, x64, hops):
    h = GRAPHS[graph]
    index = within(h, hops)
    rng = np.random.default_rng(4)
    nodes = rng.integers(0, h.n_nodes, B).astype(np.int32)
    candidates = rng.integers(0, h.n_nodes, (B, K)).astype(np.int32)
    candidates[:, 0] = nodes
    one, other = (functools.partial(is_within, namespace(f)) for f in HALVES)
    with jax.enable_x64(x64):
        j = {key: jnp.asarray(array) for key, array in index.items()}
        mine = jax.jit(one)(j, jnp.asarray(nodes), jnp.asarray(candidates))
    t = {key: torch.as_tensor(array) for key, array in index.items()}
    theirs = other(t, torch.from_numpy(nodes), torch.from_numpy(candidates))
    assert_same((mine,), (theirs,))
    children = np.repeat(np.arange(h.n_nodes), np.diff(h.parents_indptr))
    undirected = networkx.Graph(list(zip(children, h.parents_indices, strict=True)))
    undirected.add_nodes_from(range(h.n_nodes))
    near = dict(networkx.all_pairs_shortest_path_length(undirected, cutoff=hops))
    expected = [[c in near[n] for c in row] for n, row in zip(nodes, candidates, strict=True)]
    assert np.asarray(mine).tolist() == expected
    assert np.asarray(mine)[:, 0].all()
    assert not np.asarray(mine).all()
