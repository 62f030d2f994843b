"""What can be reached without an embedding: the floors beside every table."""

from functools import partial

import numpy as np
from scipy import sparse

from hardball.hierarchy import constructions, drawing, graph
from hardball.hierarchy.closure import Csr, contains, from_pairs, pairs
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split
from hardball.hierarchy.training_graph import training_graph
from hardball.metrics import kernels, ranking
from hardball.metrics.classify import link_figures, scored_link_figures
from hardball.metrics.distortion import distortion
from hardball.metrics.evaluate import sample, test_pairs
from hardball.metrics.link_scale import scaled_link_figures
from hardball.metrics.polar import threads as on_threads
from hardball.metrics.polar import to_polar
from hardball.metrics.scores import Scorer, by_scores, of_pairs
from hardball.metrics.separation import group_figures

MDS_DIM, MDS_NODES = 10, 2_000


def floors(
    hierarchy: Hierarchy,
    closure: Csr,
    split: Split,
    *,
    sources: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> dict[str, dict[str, float]]:
    """Figures of what needs no training: {floor: {metric: value}}.

    Of all how the held-out pairs rank, and where links are held out how well a threshold tells
    them; of those with points the separation of the groups too. Where nothing is held out, how
    direct neighbours rank, and of those with points the distortion.

    closure_rule: the transitive closure of the training pairs is near, all else is far.
    popularity: nodes with more descendants in that closure are nearer, whoever asks.
    tree_distance: undirected hops along the direct edges, or, in a held-out task, along the basic
    pairs of that closure.
    drawing: hyperbolic distance in `drawing.sectors`, the spanning tree drawn in two dimensions;
    in a held-out task that of the training graph. narrow_drawing: in `narrow_sectors`, where nodes
    have several parents. sarkar: in `constructions.sarkar`, two dimensions. h_mds: in
    `constructions.h_mds` of the tree distances, MDS_DIM dimensions, of up to MDS_NODES nodes.
    sources, seed, threads: as in `evaluate`.
    Source: Ganea et al. 2018, section 5, on why the closure rule must be shown.
    """
    test = test_pairs(split, closure)
    chosen = np.unique(test[:, 0])
    if sources is not None:
        chosen = sample(chosen, sources, seed)
    known = transitive(np.asarray(split.train), closure, hierarchy.n_nodes)
    scorers: dict[str, Scorer] = {
        "popularity": partial(_popularity, known),
        "closure_rule": partial(_closure_rule, known),
        "tree_distance": partial(_tree_distance, known_edges(hierarchy, known, closure)),
    }
    counters: dict[str, ranking.Counter] = {n: by_scores(s) for n, s in scorers.items()}
    seen, number = training_graph(hierarchy, split.known)
    ways = {"drawing": drawing.sectors}
    ways |= {} if seen.is_forest else {"narrow_drawing": drawing.narrow_sectors}
    built = {name: draw(seen, np.zeros((seen.n_nodes, 2))) for name, draw in ways.items()}
    built["sarkar"] = constructions.sarkar(seen)
    if seen.n_nodes <= MDS_NODES:
        hops = _tree_distance(ranking.adjacency(seen), np.arange(seen.n_nodes))
        built["h_mds"] = constructions.h_mds(hops, MDS_DIM)
    placed = {name: to_polar(points[number], "tangent", 1.0) for name, points in built.items()}
    counters |= {name: ranking.by_points(polar) for name, polar in placed.items()}
    out = {}
    neighbours = None
    if split.test is None and sources is None:
        neighbours, chosen = ranking.adjacency(hierarchy), np.arange(hierarchy.n_nodes)
    with on_threads(threads):
        for name, counter in counters.items():
            ranks, near = ranking.rank(counter, hierarchy, test, split.exclude, chosen, neighbours)
            out[name] = ranking.figures(ranks)
            out[name] |= ranking.edge_map(near) | ranking.neighbour_recall(near)
            if sources is not None:
                out[name]["sources"] = float(len(chosen))
        for name, polar in placed.items():
            out[name] |= group_figures(polar, hierarchy.groups, seed)
            out[name] |= {} if neighbours is None else distortion(polar, neighbours, seed)
            out[name] |= link_figures(polar, split, seed) | scaled_link_figures(polar, split, seed)
        for name, energy in _energies(known, scorers["tree_distance"]).items():
            out[name] |= scored_link_figures(energy, split, seed)
    return out


def _energies(known: Csr, tree_distance: Scorer) -> dict[str, Scorer]:
    """The same scores of pairs (node, other), (L, 2) -> (L,), without rows where they need none."""
    below = np.bincount(known.indices, minlength=len(known.indptr) - 1).astype(np.float64)
    return {
        "popularity": lambda asked: -below[asked[:, 1]],
        "closure_rule": lambda asked: np.where(contains(known, *asked.T), 0.0, 1.0),
        "tree_distance": partial(of_pairs, tree_distance),
    }


def transitive(train: np.ndarray, closure: Csr, n: int) -> Csr:
    """All pairs that follow from the training pairs: rows of ancestors.

    A <- A or A A until nothing is new. train: (P, 2); closure is the answer where train is all of
    it. Source: Ganea et al. 2018, section 5.
    """
    if len(train) == len(closure.indices):
        return closure
    ones = np.ones(len(train), bool)
    known = sparse.csr_matrix((ones, (train[:, 0], train[:, 1])), shape=(n, n))
    before = -1
    while known.nnz != before:
        before = known.nnz
        known = known + known @ known
    known.sort_indices()
    return Csr(known.indptr.astype(np.int64), known.indices.astype(np.int32))


def known_edges(hierarchy: Hierarchy, known: Csr, closure: Csr) -> Csr:
    """The basic pairs of what is known, both ways: rows of neighbours.

    All direct edges where the whole closure is known.
    """
    if known is closure:
        return ranking.adjacency(hierarchy)
    every = pairs(known)
    basic = every[~graph.implied(known.indptr, known.indices, every[:, 0], every[:, 1])]
    return from_pairs(np.concatenate([basic, basic[:, ::-1]]), hierarchy.n_nodes)


def _popularity(known: Csr, sources: np.ndarray) -> np.ndarray:
    return -np.bincount(known.indices, minlength=len(known.indptr) - 1)[None].astype(np.float64)


def _closure_rule(known: Csr, sources: np.ndarray) -> np.ndarray:
    rows = np.ones((len(sources), len(known.indptr) - 1))
    rows[ranking.rows_of(known, sources)] = 0
    return rows


def _tree_distance(edges: Csr, sources: np.ndarray) -> np.ndarray:
    n = len(edges.indptr) - 1
    return kernels.hop_rows(*edges, sources, float(n))
