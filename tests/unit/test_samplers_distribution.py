"""Do samplers draw as their definitions say? Chi-square against the dense matrix.

Seeds are fixed, so each p-value is one number: above 1e-3 for a sampler, below 1e-9 for one that
was doctored. Draws go through the torch half; tests/pairs proves that the JAX half draws the same.
"""

from dataclasses import replace

import networkx
import numpy as np
import pyarrow as pa
import pytest
import torch
from scipy import stats

from hardball.core import random_bits
from hardball.data.features import features
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import from_edges
from hardball.methods import registry
from hardball.methods.samplers import matrix

ENOUGH, TOO_FAR = 1e-3, 1e-9
DRAWS = 120_000


def grown(seed, n, roots, extra):
    """A random forest; with probability `extra` a node has a second parent."""
    rng = np.random.default_rng(seed)
    edges = set()
    for node in range(roots, n):
        edges.add((f"n{node}", f"n{rng.integers(max(0, node - 6), node)}"))
        if rng.random() < extra:
            edges.add((f"n{node}", f"n{rng.integers(0, node)}"))
    ordered = sorted(edges)
    return from_edges(
        "grown",
        [c for c, _ in ordered],
        [p for _, p in ordered],
        nodes=[f"n{i}" for i in range(n)],
    )


GRAPHS = {"tree": (1, 31, 1, 0.0), "dag": (2, 29, 1, 0.5), "forest": (3, 30, 3, 0.3)}
SAMPLERS = [
    ("uniform", {}, "uniform", 1),
    ("siblings", {}, "siblings", 1),
    ("cousins", {"k": 1}, "cousins", 1),
    ("cousins", {"k": 2}, "cousins", 2),
    ("depth_matched", {"where": "branch"}, "branch", 1),
    ("depth_matched", {"where": "tree"}, "tree", 1),
    ("degree", {"alpha": 0.75}, "degree", 1),
    ("degree", {"alpha": -1.0}, "degree", 1),
]


def drawn(h, name, **params):
    """Ids (N, K), N K >= 120,000."""
    resolved = registry.parameters("sampler", name, params)
    built = registry.builder("sampler", name)(h, closure(h), negatives=5, **resolved)
    index = {key: torch.as_tensor(array) for key, array in built.items()}
    count = DRAWS // h.n_nodes + 1
    w = random_bits.words(11, name, 0, h.n_nodes * count).reshape(h.n_nodes, count)
    anchors = torch.arange(h.n_nodes)
    function = registry.load("sampler", name, "torch")
    return function(index, anchors, torch.from_numpy(w.astype(np.int64)))[0].numpy()


def p_value(ids, weights, masked=False):
    """Of all rows' chi-square statistics together; 0 where a node of weight 0 was drawn.

    masked: draws of the anchor are left out first, as the engine does. Columns that expect fewer
    than 5 draws are put together.
    """
    statistic, freedom = 0.0, 0
    for node, row in enumerate(ids):
        kept = row[row != node] if masked else row
        counts = np.bincount(kept, minlength=len(weights))
        if counts[weights[node] == 0].any():
            return 0.0
        expected = weights[node] / weights[node].sum() * len(kept)
        rare = expected < 5
        counts = np.append(counts[~rare], counts[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
        cells = expected > 0
        statistic += ((counts - expected)[cells] ** 2 / expected[cells]).sum()
        freedom += cells.sum() - 1
    return stats.chi2.sf(statistic, freedom) if freedom else 1.0


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize(("name", "params", "of", "k"), SAMPLERS)
def test_a_sampler_draws_as_the_dense_matrix_says(graph, name, params, of, k):
    h = grown(*GRAPHS[graph])
    weights, _ = matrix.weights(h, of=of, k=k, alpha=params.get("alpha", 1.0))
    # One table serves all anchors of the degree sampler, so it alone draws them.
    assert p_value(drawn(h, name, **params), weights, masked=name == "degree") > ENOUGH


def lines_of(h):
    """Each node, its parent, its parent's parent and so on."""
    lines = []
    for node in range(h.n_nodes):
        lines.append([node])
        while h.parent[lines[-1][-1]] >= 0:
            lines[-1].append(h.parent[lines[-1][-1]])
    return lines


def descendant_weights(h):
    """1 for each node below; a leaf has itself alone."""
    weights = np.zeros((h.n_nodes, h.n_nodes))
    for node, line in enumerate(lines_of(h)):
        weights[line[1:], node] = 1
    np.fill_diagonal(weights, weights.sum(1) == 0)
    return weights


def relative_weights(h):
    """An ancestor of equal chance, then a node at or below it; a root has itself alone."""
    lines = lines_of(h)
    weights = np.zeros((h.n_nodes, h.n_nodes))
    for node, line in enumerate(lines):
        for above in line[1:]:
            below = [other for other in range(h.n_nodes) if above in lines[other]]
            weights[node, below] += 1 / len(below)
        weights[node, node] += len(line) == 1
    return weights


def edges_of(h):
    children = np.repeat(np.arange(h.n_nodes), np.diff(h.parents_indptr))
    return list(zip(children, h.parents_indices, strict=True))


def hop_weights(h):
    """Nodes two or three edges away, whichever way the edges point; else all that are further."""
    graph = networkx.Graph(edges_of(h))
    graph.add_nodes_from(range(h.n_nodes))
    away = np.full((h.n_nodes, h.n_nodes), np.inf)
    for node, row in networkx.all_pairs_shortest_path_length(graph):
        away[node, list(row)] = list(row.values())
    asked = (away >= 2) & (away <= 3)
    return np.where(asked.any(1, keepdims=True), asked, away >= 2).astype(int)


def band_weights(h):
    """Other nodes whose degree differs by at most a quarter of the node's, or by the next of
    1, 2, 4, ... times that (1 where it is below one) which holds any.
    """
    graph = networkx.Graph(edges_of(h))
    graph.add_nodes_from(range(h.n_nodes))
    degree = np.array([graph.degree(node) for node in range(h.n_nodes)])
    weights = np.zeros((h.n_nodes, h.n_nodes), int)
    for node in range(h.n_nodes):
        reach = degree[node] // 4
        while not weights[node].any():
            weights[node] = (abs(degree - degree[node]) <= reach) & (np.arange(h.n_nodes) != node)
            reach = max(2 * reach, 1)
    return weights


DEFINITIONS = [
    ("relatives", relative_weights),
    ("descendants", descendant_weights),
    ("multi_hop", hop_weights),
    ("degree_corrected", band_weights),
]


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize(("name", "weights_of"), DEFINITIONS)
def test_a_sampler_draws_as_its_definition_says(graph, name, weights_of):
    h = grown(*GRAPHS[graph])
    ids, weights = drawn(h, name), weights_of(h)
    assert p_value(ids, weights) > ENOUGH
    # Every other draw goes to the row's greatest id.
    tilted = np.where(np.arange(ids.shape[1]) % 2, ids, ids.max(1, keepdims=True))
    assert p_value(tilted, weights) < TOO_FAR


def similar_weights(h, features, temperature, top):
    """exp(cos / T) for the `top` most similar nodes; the node and its ancestors are none of them.

    A node to which none is alike has weight 1 for every other.
    """
    blocks = [getattr(block, "toarray", lambda b=block: b)() for block in features]
    cosine = sum(block.astype(float) @ block.T for block in blocks)
    csr = closure(h)
    for node in range(h.n_nodes):
        cosine[node, node] = 0
        cosine[node, csr.indices[csr.indptr[node] : csr.indptr[node + 1]]] = 0
    least = np.sort(cosine, axis=1)[:, -min(top, h.n_nodes - 1), None]
    weights = np.where((cosine > 2.0**-17) & (cosine >= least), np.exp(cosine / temperature), 0)
    return np.where(weights.any(1, keepdims=True), weights, 1 - np.eye(h.n_nodes))


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize(
    ("kind", "temperature", "top"), [("names", 0.1, 64), ("names", 0.1, 5), ("depth", 0.5, 64)]
)
def test_similar_nodes_come_by_the_exponential_of_their_cosine(graph, kind, temperature, top):
    h = grown(*GRAPHS[graph])
    # Names of different lengths, some letters common to some: no two nodes are equally alike.
    rng = np.random.default_rng(5)
    names = ["".join(rng.choice(list("ab "), rng.integers(5, 15))) + "z" for _ in h.ids]
    h = replace(h, name_column=pa.array(names))
    params = {"ratio": 0.5, "temperature": temperature, "top": top, "features": kind}
    ids = drawn(h, "similarity_hard", **params)
    hard, rest = np.split(ids, [round(0.5 * ids.shape[1])], axis=1)
    weights = similar_weights(h, features(h, kind), temperature, top)
    assert p_value(hard, weights) > ENOUGH
    assert p_value(rest, 1 - np.eye(h.n_nodes)) > ENOUGH
    # A temperature off by a quarter is seen, and so are uniform draws.
    wrong = similar_weights(h, features(h, kind), 1.25 * temperature, top)
    assert p_value(hard, wrong) < TOO_FAR
    assert p_value(rest, weights) < TOO_FAR


@pytest.mark.parametrize("of", ["uniform", "degree", "siblings", "cousins", "branch", "tree"])
def test_the_matrix_draws_as_its_own_rows_say(of):
    h = grown(*GRAPHS["forest"])
    weights, _ = matrix.weights(h, of=of)
    assert p_value(drawn(h, "matrix", of=of), weights) > ENOUGH


def test_a_doctored_sampler_fails():
    h = grown(*GRAPHS["forest"])
    weights, _ = matrix.weights(h, of="siblings")
    honest = drawn(h, "siblings")
    assert p_value(honest, weights) > ENOUGH

    own_included = honest.copy()
    own_included[:, ::100] = np.arange(h.n_nodes)[:, None]
    last_missed = np.minimum(honest, honest.max(1, keepdims=True) - 1)
    # One draw in twenty of each row goes to the row's least id: no stranger among them.
    tilted = honest.copy()
    tilted[:, ::20] = honest.min(1, keepdims=True)
    for doctored in (own_included, last_missed, tilted):
        assert p_value(doctored, weights) < TOO_FAR


def test_a_wrong_exponent_of_the_degree_fails():
    h = grown(*GRAPHS["tree"])
    weights, _ = matrix.weights(h, of="degree", alpha=0.75)
    assert p_value(drawn(h, "degree", alpha=0.75), weights, masked=True) > ENOUGH
    assert p_value(drawn(h, "degree", alpha=0.9), weights, masked=True) < TOO_FAR


def ordered_pairs(weights):
    """P(first i, then j) = p_i p_j / (1 - p_i): choice(size=2, replace=False, p=p) of NumPy."""
    p = weights / weights.sum()
    table = p[:, None] * p[None, :] / (1 - p[:, None])
    np.fill_diagonal(table, 0)
    return table


def test_the_matrix_without_replacement_draws_as_numpy_choice():
    weights = np.array([0, 50, 1, 7, 12, 30], np.int32)
    index = {"cumulative": torch.from_numpy(np.tile(np.cumsum(weights, dtype=np.int32), (6, 1)))}
    w = random_bits.words(12, "pairs", 0, 2 * DRAWS).reshape(DRAWS, 2).astype(np.int64)
    ids, valid = registry.load("sampler", "matrix", "torch")(
        index, torch.zeros(DRAWS, dtype=torch.int64), torch.from_numpy(w), replace=False
    )
    assert valid.all()
    counts = np.zeros((6, 6))
    np.add.at(counts, tuple(ids.numpy().T), 1)
    exact = ordered_pairs(weights.astype(float))
    possible = exact > 0
    assert counts[~possible].sum() == 0
    assert stats.chisquare(counts[possible], exact[possible] * DRAWS).pvalue > ENOUGH

    # NumPy itself against the same table: the formula is its distribution.
    rng = np.random.default_rng(0)
    reference = np.zeros((6, 6))
    for _ in range(20_000):
        first, second = rng.choice(6, size=2, replace=False, p=weights / weights.sum())
        reference[first, second] += 1
    expected = exact[possible] * 20_000
    assert stats.chisquare(reference[possible], expected).pvalue > ENOUGH
    # Draws with replacement, repeats thrown away, are another distribution: the test sees it.
    again = rng.choice(6, size=(DRAWS, 2), p=weights / weights.sum())
    again = again[again[:, 0] != again[:, 1]]
    wrong = np.zeros((6, 6))
    np.add.at(wrong, tuple(again.T), 1)
    assert stats.chisquare(wrong[possible], exact[possible] * len(again)).pvalue < TOO_FAR


def test_rings_without_replacement_draw_every_pair_equally_often():
    h = from_edges("star", list("abcdef"), ["r"] * 6)
    resolved = registry.parameters("sampler", "siblings", {"replace": False})
    built = registry.builder("sampler", "siblings")(h, closure(h), negatives=2, **resolved)
    index = {key: torch.as_tensor(array) for key, array in built.items()}
    w = random_bits.words(13, "pairs", 0, 2 * DRAWS).reshape(DRAWS, 2).astype(np.int64)
    anchors = torch.full((DRAWS,), 3)
    ids, valid = registry.load("sampler", "siblings", "torch")(
        index, anchors, torch.from_numpy(w), replace=False
    )
    assert valid.all()
    pairs, counts = np.unique(np.sort(ids.numpy(), axis=1), axis=0, return_counts=True)
    # Node 3 has 5 siblings, so 5 * 4 / 2 = 10 pairs; 12,000 expected of each.
    assert len(pairs) == 10
    assert 3 not in pairs
    assert stats.chisquare(counts).pvalue > ENOUGH
