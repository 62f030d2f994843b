"""Every ranking figure against plain Python over the full distance matrix, ties forced."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardball.hierarchy.closure import closure, pairs
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.hierarchy.splits import Split
from hardball.methods.tasks.link_prediction import link_prediction
from hardball.methods.tasks.reconstruction import reconstruction
from hardball.metrics.evaluate import evaluate
from hardball.metrics.floors import floors
from hardball.metrics.validation import validation_figures
from hardball.training.trial import blind

CUTS = (1, 10, 100, 1000)


def random_dag(rng: np.random.Generator, n: int) -> Hierarchy:
    """Several roots, several parents, isolated nodes."""
    children, parents = [], []
    for child in range(1, n):
        for parent in rng.choice(child, size=min(child, int(rng.choice(4))), replace=False):
            children.append(f"n{child}")
            parents.append(f"n{parent}")
    names = [f"n{i}" for i in range(n)]
    return from_edges("random", children, parents, nodes=names)


def ancestors_of(h: Hierarchy) -> list[set[int]]:
    direct = [
        set(h.parents_indices[h.parents_indptr[u] : h.parents_indptr[u + 1]].tolist())
        for u in range(h.n_nodes)
    ]

    def above(u: int) -> set[int]:
        return direct[u].union(*(above(parent) for parent in direct[u]))

    return [above(u) for u in range(h.n_nodes)]


def expected_ranking(h: Hierarchy, score: np.ndarray, test: list[tuple[int, int]]) -> dict:
    """The definitions of the protocol, read aloud; score[u][w] is small where w is near."""
    n = h.n_nodes
    above = ancestors_of(h)
    ranks, aps, ties = [], [], 0
    areas: dict[str, list[float]] = {"auc": [], "auc_depth_matched": [], "auc_siblings": []}
    near: list[float] = []
    at: dict[str, list[float]] = {
        f"{k}_at_{c}": [] for k in ("precision", "recall", "hits") for c in CUTS
    }
    for u in sorted({node for node, _ in test}):
        positives = sorted((p for node, p in test if node == u), key=lambda p: score[u][p])
        others = [w for w in range(n) if w != u and w not in above[u]]

        def rank(p: int, among: list[int], u: int = u) -> float:
            less = sum(score[u][w] < score[u][p] for w in among)
            return 1 + less + sum(score[u][w] == score[u][p] for w in among) / 2

        own = [rank(p, others) for p in positives]
        ranks += own
        aps.append(np.mean([(i + 1) / (r + i) for i, r in enumerate(own)]))
        for p, r in zip(positives, own, strict=True):
            ties += any(score[u][w] == score[u][p] for w in others)
            level = [w for w in others if h.depth[w] == h.depth[p]]
            siblings = [w for w in others if h.parent[p] >= 0 and h.parent[w] == h.parent[p]]
            groups = {"auc": others, "auc_depth_matched": level, "auc_siblings": siblings}
            for name, group in groups.items():
                if group:
                    areas[name].append(1 - (rank(p, group) - 1) / len(group))
            if others:
                hardest = min(50, len(others))
                near.append(1 - min(r - 1, hardest) / hardest)
        for cut in CUTS:
            hits, none = expected_hits(
                [score[u][p] for p in positives], [score[u][w] for w in others], cut
            )
            at[f"precision_at_{cut}"].append(hits / cut)
            at[f"recall_at_{cut}"].append(hits / len(positives))
            at[f"hits_at_{cut}"].append(1 - none)
    out = {"mean_rank": np.mean(ranks), "median_rank": np.median(ranks), "map": np.mean(aps)}
    lists = areas | {"auc_near": near} | at
    return out | {"ties": ties} | {name: np.mean(v) for name, v in lists.items() if v}


def expected_hits(positives: list[float], others: list[float], cut: int) -> tuple[float, float]:
    """Expected positives among the `cut` nearest, and the chance of none, over orders of ties."""
    hits = 0.0
    for value in set(positives):
        ahead = sum(v < value for v in positives + others)
        tied = sum(v == value for v in positives + others)
        mine = sum(v == value for v in positives)
        hits += mine * min(max(cut - ahead, 0), tied) / tied
    best = min(positives)
    ahead = sum(v < best for v in others)
    tied_others = sum(v == best for v in others)
    tied = tied_others + sum(v == best for v in positives)
    room = min(max(cut - ahead, 0), tied)
    return hits, math.comb(tied_others, room) / math.comb(tied, room)


def expected_global(h: Hierarchy, score: np.ndarray, split: Split) -> dict:
    above = ancestors_of(h)
    test = {frozenset(p) for p in split.test.tolist()} if split.test is not None else None
    positive, other = [], []
    for u, w in combinations(range(h.n_nodes), 2):
        related = w in above[u] or u in above[w]
        if related and (test is None or frozenset((u, w)) in test):
            positive.append(score[u][w])
        elif not related:
            other.append(score[u][w])
    out = {}
    total = len(positive) + len(other)
    for cut in CUTS:
        hits, _ = expected_hits(positive, other, min(cut, total))
        out[f"global_precision_at_{cut}"] = hits / cut
        out[f"global_recall_at_{cut}"] = hits / len(positive)
        out[f"vs_random_at_{cut}"] = hits / cut / (len(positive) / total)
    return out


def neighbours_of(h: Hierarchy) -> list[set[int]]:
    near: list[set[int]] = [set() for _ in range(h.n_nodes)]
    for u in range(h.n_nodes):
        for parent in h.parents_indices[h.parents_indptr[u] : h.parents_indptr[u + 1]].tolist():
            near[u].add(parent)
            near[parent].add(u)
    return near


def expected_edge_map(h: Hierarchy, score: np.ndarray) -> float:
    means = []
    for u, own in enumerate(neighbours_of(h)):
        shares = []
        for w in own:
            up_to = [
                1 + sum(score[u][x] < score[u][w] for x in some)
                + sum(score[u][x] == score[u][w] for x in some) / 2
                for some in (own - {w}, set(range(h.n_nodes)) - {u, w})
            ]  # fmt: skip
            shares.append(up_to[0] / up_to[1])
        means += [np.mean(shares)] if own else []
    return float(np.mean(means))


def expected_neighbour_recall(h: Hierarchy, score: np.ndarray) -> float:
    shares = []
    for u, own in enumerate(neighbours_of(h)):
        if own:
            others = [score[u][w] for w in range(h.n_nodes) if w != u and w not in own]
            hits, _ = expected_hits([score[u][w] for w in own], others, len(own))
            shares.append(hits / len(own))
    return float(np.mean(shares))


def squared_distances(points: np.ndarray) -> np.ndarray:
    return np.square(points[:, None] - points[None]).sum(axis=2)


def check(found: dict, expected: dict) -> None:
    """Sums in another order: 3e-16 relative measured."""
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-12, abs=1e-15), name


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), n=st.integers(3, 40), side=st.integers(1, 6))
def test_reconstruction_with_points_on_a_grid(seed: int, n: int, side: int) -> None:
    """Whole numbers in R^2: squared distances are exact, and a small grid is full of ties."""
    rng = np.random.default_rng(seed)
    h = random_dag(rng, n)
    above = closure(h)
    if not len(above.indices):
        return
    points = rng.integers(0, side, size=(n, 2)).astype(np.float32)
    split = reconstruction(h, above, 0)
    score = squared_distances(points.astype(int))
    found = evaluate(points, "euclidean", 1.0, h, split, above)
    check(found, expected_ranking(h, score, list(map(tuple, pairs(above).tolist()))))
    check(found, expected_global(h, score, split))
    check(found, {"neighbor_recall": expected_neighbour_recall(h, score)})
    check(found, {"edge_map": expected_edge_map(h, score)})


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), n=st.integers(15, 40), fraction=st.sampled_from([0.0, 0.5]))
def test_link_prediction_ranks_test_pairs_and_leaves_other_positives_out(
    seed: int, n: int, fraction: float
) -> None:
    rng = np.random.default_rng(seed)
    h = random_dag(rng, n)
    above = closure(h)
    if len(above.indices) < h.n_edges + 10:
        return
    split = link_prediction(h, above, seed=1, fraction=fraction, holdout=0.4)
    assert split.test is not None
    points = rng.integers(0, 4, size=(n, 2)).astype(float)
    score = squared_distances(points)
    found = evaluate(points, "euclidean", 1.0, h, split, above)
    check(found, expected_ranking(h, score, list(map(tuple, split.test.tolist()))))
    check(found, expected_global(h, score, split))
    asked = blind(split)
    chosen_by = validation_figures(points, "euclidean", 1.0, h, asked, together=True)
    name = "global_precision_at_1000"
    expected = expected_global(h, score, asked)[name]
    check(chosen_by, {f"validation_{name}": expected})


@pytest.mark.parametrize("n", [1024, 2100])
def test_more_nodes_than_one_tile(n: int) -> None:
    """Tiles hold 1,024 candidates; 60 sampled sources, compared row by row with NumPy."""
    rng = np.random.default_rng(7)
    children = np.arange(1, n)
    h = from_edges("tree", children, (children - 1) // 3, nodes=np.arange(n))
    above = closure(h)
    points = rng.integers(0, 30, size=(n, 2)).astype(float)
    split = reconstruction(h, above, 0)
    found = evaluate(points, "euclidean", 1.0, h, split, above)
    score = squared_distances(points)
    ranks = []
    for u in range(n):
        mine = above.indices[above.indptr[u] : above.indptr[u + 1]]
        others = np.ones(n, bool)
        others[u] = others[mine] = False
        near = score[u][others]
        ranks += [1 + (near < score[u][p]).sum() + (near == score[u][p]).sum() / 2 for p in mine]
    assert found["mean_rank"] == pytest.approx(np.mean(ranks), rel=1e-12)
    upper = np.sort(score[np.triu_indices(n, 1)])
    parent_child = {(u, w) for u, w in pairs(above).tolist()}
    close = [(u, w) for u in range(n) for w in range(u) if score[u, w] < upper[999]]
    sure = sum((u, w) in parent_child for u, w in close)
    edge = [(u, w) for u in range(n) for w in range(u) if score[u, w] == upper[999]]
    tied = sum((u, w) in parent_child for u, w in edge)
    expected = (sure + (1000 - len(close)) * tied / len(edge)) / 1000
    assert found["global_precision_at_1000"] == pytest.approx(expected, rel=1e-12)


def test_a_star_ranks_its_many_children_by_bisection() -> None:
    """A node with more than 48 probes takes the kernel's other way of counting."""
    n = 90
    points = np.random.default_rng(3).integers(0, 5, size=(n, 2)).astype(float)
    for isolated in (0, 20):
        child = np.arange(1, n - isolated)
        h = from_edges("star", child, child * 0, nodes=np.arange(n))
        above = closure(h)
        found = evaluate(points, "euclidean", 1.0, h, reconstruction(h, above, 0), above)
        expected = expected_neighbour_recall(h, squared_distances(points))
        check(found, {"neighbor_recall": expected})
        expected = expected_edge_map(h, squared_distances(points))
        check(found, {"edge_map": expected})


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), n=st.integers(5, 30))
def test_floors(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    h = random_dag(rng, n)
    above = closure(h)
    if not len(above.indices):
        return
    test = list(map(tuple, pairs(above).tolist()))
    found = floors(h, above, reconstruction(h, above, 0))
    sets = ancestors_of(h)
    below = np.array([sum(u in s for s in sets) for u in range(n)])
    check(found["popularity"], expected_ranking(h, np.tile(-below, (n, 1)), test))
    rule = np.array([[w not in sets[u] for w in range(n)] for u in range(n)], float)
    check(found["closure_rule"], expected_ranking(h, rule, test))
    check(found["tree_distance"], expected_ranking(h, hops(h), test))
    check(found["tree_distance"], {"edge_map": expected_edge_map(h, hops(h))})
    check(found["popularity"], {"edge_map": expected_edge_map(h, np.tile(-below, (n, 1)))})


def hops(h: Hierarchy) -> np.ndarray:
    """Floyd and Warshall; n where there is no way."""
    n = h.n_nodes
    out = np.full((n, n), float(n))
    np.fill_diagonal(out, 0)
    for u in range(n):
        for parent in h.parents_indices[h.parents_indptr[u] : h.parents_indptr[u + 1]]:
            out[u, parent] = out[parent, u] = 1
    for via in range(n):
        out = np.minimum(out, out[:, via, None] + out[None, via])
    return np.minimum(out, n)
