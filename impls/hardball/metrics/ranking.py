"""Ranks of positives among all nodes, and the figures that are computed from them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from hardball.hierarchy.closure import Csr, from_pairs, nodes_of, pairs
from hardball.hierarchy.dag import Hierarchy
from hardball.metrics import kernels
from hardball.metrics.declare import CUTS, INF, Metric, cuts, measures
from hardball.metrics.polar import Polar

NEAR = 50

Counts = tuple[np.ndarray, np.ndarray, np.ndarray]
Counter = Callable[..., Counts]


@dataclass(frozen=True, eq=False)
class Ranks:
    """Where each positive stands among the non-positives of its node: nodes ascending, then key.

    node, positive, key: (T,). Columns of less, equal, size (T, 3): all non-positives of the node,
    those at the positive's depth, those that are the positive's siblings.
    n_nodes: nodes of the hierarchy.
    """

    node: np.ndarray
    positive: np.ndarray
    key: np.ndarray
    less: np.ndarray
    equal: np.ndarray
    size: np.ndarray
    n_nodes: int

    @property
    def rank(self) -> np.ndarray:
        """1 + nearer non-positives + half of the tied ones: float64 (T,)."""
        return 1 + self.less[:, 0] + self.equal[:, 0] / 2


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Each node's direct parents and children: nodes strictly nearer than it, and tied with it."""

    node: np.ndarray
    less: np.ndarray
    equal: np.ndarray


def by_points(polar: Polar) -> Counter:
    """A counter of nearer candidates by the distances of points."""

    def count(sources: np.ndarray, *rest: np.ndarray) -> Counts:
        return kernels.count_points(*polar.table, sources, *rest)

    return count


def adjacency(hierarchy: Hierarchy) -> Csr:
    """Direct parents and children of every node, each row ascending."""
    direct = pairs(Csr(hierarchy.parents_indptr, hierarchy.parents_indices))
    return from_pairs(np.concatenate([direct, direct[:, ::-1]]), hierarchy.n_nodes)


def rows_of(csr: Csr, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The entries of some rows: (position in `nodes`, value), row after row."""
    widths = csr.indptr[nodes + 1] - csr.indptr[nodes]
    row = np.repeat(np.arange(len(nodes)), widths)
    offset = np.arange(len(row)) - np.repeat(np.cumsum(widths) - widths, widths)
    return row, csr.indices[csr.indptr[nodes][row] + offset]


def windows(hierarchy: Hierarchy, positives: np.ndarray) -> np.ndarray:
    """Ranges of ids (T, 2, 2): nodes at each positive's depth, and its siblings.

    Level order makes both contiguous. Siblings share the primary parent; a root's are none.
    """
    out = np.zeros((len(positives), 2, 2), np.int32)
    depth = hierarchy.depth[positives]
    out[:, 0, 0] = hierarchy.level_starts[depth]
    out[:, 0, 1] = hierarchy.level_starts[depth + 1]
    parent = hierarchy.parent
    # the children of one primary parent are one run of equal values of `parent`
    starts = np.flatnonzero(np.diff(parent, prepend=-2)) if len(parent) else np.zeros(0, np.int64)
    stops = np.append(starts[1:], len(parent))
    run = np.searchsorted(starts, positives, side="right") - 1
    has_parent = parent[positives] >= 0
    out[has_parent, 1, 0] = starts[run[has_parent]]
    out[has_parent, 1, 1] = stops[run[has_parent]]
    return out


def rank(
    count: Counter,
    hierarchy: Hierarchy,
    test: np.ndarray,
    exclude: Csr,
    sources: np.ndarray,
    neighbours: Csr | None = None,
) -> tuple[Ranks, Neighbours | None]:
    """Rank every test pair of the sources among all nodes that are no positives of its node.

    rank = 1 + #{w nearer than the positive: w != u, w not in exclude(u)} + ties / 2.
    test: (T, 2) node, positive; sources: (S,) ascending ids; neighbours: also count, among all
    nodes, those nearer than each of these.
    Source: Nickel & Kiela 2017, section 4.1; Berrendorf et al. 2020 (realistic rank).
    """
    n = hierarchy.n_nodes
    sources = np.asarray(sources, np.int64)
    row, probe = rows_of(from_pairs(np.asarray(test, np.int32), n), sources)
    is_positive = np.ones(len(row), bool)
    if neighbours is not None:
        more_row, more = rows_of(neighbours, sources)
        row, probe = np.concatenate([row, more_row]), np.concatenate([probe, more])
        is_positive = np.concatenate([is_positive, np.zeros(len(more), bool)])
        order = np.argsort(row, kind="stable")
        row, probe, is_positive = row[order], probe[order], is_positive[order]
    indptr = np.zeros(len(sources) + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=len(sources)), out=indptr[1:])
    ranges = np.zeros((len(probe), 2, 2), np.int32)
    ranges[is_positive] = windows(hierarchy, probe[is_positive])
    key, less, equal = count(
        sources, indptr, probe.astype(np.int32), ranges, exclude.indptr, exclude.indices
    )
    node = sources[row]
    chosen = np.flatnonzero(is_positive)
    chosen = chosen[np.lexsort((probe[chosen], key[chosen], node[chosen]))]
    ranks = Ranks(
        node[chosen],
        probe[chosen],
        key[chosen],
        less[chosen, :3],
        equal[chosen, :3],
        _sizes(node[chosen], ranges[chosen], exclude, n),
        n,
    )
    if neighbours is None:
        return ranks, None
    others = ~is_positive
    nearer = less[others, 0] + less[others, -1]
    return ranks, Neighbours(node[others], nearer, equal[others, 0] + equal[others, -1])


def _sizes(node: np.ndarray, ranges: np.ndarray, exclude: Csr, n: int) -> np.ndarray:
    """Non-positives of each node in each window: its width less the node and its positives."""
    flat = nodes_of(exclude).astype(np.int64) * n + exclude.indices
    out = np.empty((len(node), 3), np.int64)
    out[:, 0] = n - 1 - (exclude.indptr[node + 1] - exclude.indptr[node])
    for r in range(2):
        lo, hi = ranges[:, r, 0].astype(np.int64), ranges[:, r, 1].astype(np.int64)
        base = node.astype(np.int64) * n
        masked = np.searchsorted(flat, base + hi) - np.searchsorted(flat, base + lo)
        out[:, 1 + r] = hi - lo - masked - ((lo <= node) & (node < hi))
    return out


_TIES = "with ties in random order"


@measures(
    Metric("mean_rank", "min", 1, INF, "mean rank of a positive among its node's non-positives",
           "mean over pairs of rank = 1 + nearer + ties / 2"),
    Metric("median_rank", "min", 1, INF, "median of the same ranks", "median over pairs of rank"),
    Metric("map", "max", 0, 1, "mean over nodes of average precision",
           "mean over nodes of the mean of i / (i + rank_i - 1), positives sorted by distance"),
    Metric("ties", "none", 0, INF, "ranked pairs that tie with a non-positive",
           "pairs with ties > 0"),
    *cuts("precision", 0, 1, "share of positives among a node's {k} nearest candidates",
          f"mean over nodes of hits / {{k}}, {_TIES}"),
    *cuts("recall", 0, 1, "share of a node's positives among its {k} nearest candidates",
          f"mean over nodes of hits / positives, {_TIES}"),
    *cuts("hits", 0, 1, "share of nodes with a positive among the {k} nearest candidates",
          f"mean over nodes of P(hits > 0), {_TIES}"),
    Metric("auc", "max", 0, 1, "chance that a positive is nearer than a non-positive",
           "mean over pairs of 1 - (rank - 1) / non-positives"),
    Metric("auc_depth_matched", "max", 0, 1, "the same against non-positives at its depth",
           "as auc, non-positives at the positive's depth"),
    Metric("auc_siblings", "max", 0, 1, "the same against the positive's non-positive siblings",
           "as auc, non-positives that share a parent with the positive"),
    Metric("auc_near", "max", 0, 1, "the same against the node's 50 nearest non-positives",
           "mean over pairs of 1 - min(rank - 1, n) / n, n = min(50, non-positives)"),
)  # fmt: skip
def figures(ranks: Ranks) -> dict[str, float]:
    """Mean and median rank, MAP, ties, AUCs, and precision, recall, hits at each cut."""
    if not len(ranks.node):
        return {}
    rank_ = ranks.rank
    starts = np.flatnonzero(np.diff(ranks.node, prepend=-1))
    widths = np.diff(np.append(starts, len(ranks.node)))
    place = np.arange(len(ranks.node)) - np.repeat(starts, widths) + 1
    precision = place / (place + rank_ - 1)
    out = {
        "mean_rank": float(rank_.mean()),
        "median_rank": float(np.median(rank_)),
        "map": float((np.add.reduceat(precision, starts) / widths).mean()),
        "ties": float(np.count_nonzero(ranks.equal[:, 0])),
    }
    return out | _areas(ranks) | _cuts(ranks, starts, widths)


def _areas(ranks: Ranks) -> dict[str, float]:
    """AUC of a pair = 1 - (rank - 1) / non-positives, and its variants; means over pairs."""
    out = {}
    columns = (("auc", 0), ("auc_depth_matched", 1), ("auc_siblings", 2))
    for name, column in columns:
        size = ranks.size[:, column]
        some = size > 0
        if some.any():
            nearer = ranks.less[some, column] + ranks.equal[some, column] / 2
            out[name] = float((1 - nearer / size[some]).mean())
    hardest = np.minimum(NEAR, ranks.size[:, 0])
    some = hardest > 0
    if some.any():
        ahead = np.minimum(ranks.rank[some] - 1, hardest[some])
        out["auc_near"] = float((1 - ahead / hardest[some]).mean())
    return out


def _cuts(ranks: Ranks, starts: np.ndarray, widths: np.ndarray) -> dict[str, float]:
    """Expected precision, recall, hits at K when tied candidates come in random order.

    Candidates of a node: its test positives and its non-positives.
    """
    node, key = ranks.node, ranks.key
    new = np.ones(len(node), bool)
    new[1:] = (node[1:] != node[:-1]) | (key[1:] != key[:-1])
    first = np.flatnonzero(new)
    together = np.diff(np.append(first, len(node)))
    group = np.cumsum(new) - 1
    start = np.repeat(starts, widths)
    ahead = (first[group] - start) + ranks.less[:, 0]
    tied = together[group] + ranks.equal[:, 0]
    out = {}
    for cut in CUTS:
        inside = np.add.reduceat(np.clip((cut - ahead) / tied, 0, 1), starts)
        out[f"precision_at_{cut}"] = float((inside / cut).mean())
        out[f"recall_at_{cut}"] = float((inside / widths).mean())
        room = np.clip(cut - ahead[starts], 0, tied[starts])
        missed = _none_of(room, ranks.equal[starts, 0], tied[starts])
        out[f"hits_at_{cut}"] = float((1 - missed).mean())
    return out


def _none_of(drawn: np.ndarray, others: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Chance that `drawn` of `total` tied candidates are all among the `others`."""
    possible = drawn <= others
    drawn = np.where(possible, drawn, 0)
    log = (
        gammaln(others + 1)
        - gammaln(others - drawn + 1)
        - gammaln(total + 1)
        + gammaln(total - drawn + 1)
    )
    chance = np.where(drawn > 0, np.exp(np.minimum(log, 0)), 1.0)
    return np.where(possible, chance, 0.0)


@measures(
    Metric("neighbor_recall", "max", 0, 1, "direct neighbours among as many nearest nodes",
           f"mean over nodes of neighbours among the deg(u) nearest / deg(u), {_TIES}")
)  # fmt: skip
def neighbour_recall(near: Neighbours | None) -> dict[str, float]:
    """Share of a node's direct parents and children among its deg(u) nearest nodes.

    Mean over nodes with a neighbour; expected value under random order of ties.
    """
    if near is None or not len(near.node):
        return {}
    starts = np.flatnonzero(np.diff(near.node, prepend=-1))
    degree = np.diff(np.append(starts, len(near.node)))
    room = np.repeat(degree, degree) - near.less
    inside = np.clip(room / (near.equal + 1), 0, 1)
    return {"neighbor_recall": float((np.add.reduceat(inside, starts) / degree).mean())}


@measures(
    Metric("edge_map", "max", 0, 1, "mean average precision of direct neighbours",
           "mean over nodes of mean over neighbours of neighbours up to it / nodes up to it, ties "
           "in the middle")
)  # fmt: skip
def edge_map(near: Neighbours | None) -> dict[str, float]:
    """Average precision of a node's direct parents and children among all nodes, nearest first.

    Mean over nodes with a neighbour. Of a neighbour, the neighbours up to it over all nodes up to
    it, itself counted, tied ones half. It asks for edges both ways, where `map` asks for ancestors.
    Source: Sala et al. 2018, Representation Tradeoffs for Hyperbolic Embeddings, section 2.
    """
    if near is None or not len(near.node):
        return {}
    starts = np.flatnonzero(np.diff(near.node, prepend=-1))
    degree = np.diff(np.append(starts, len(near.node)))
    order = np.lexsort((near.less, near.node))
    less, first = near.less[order], np.repeat(starts, degree)
    # Runs of neighbours as near as each other.
    begins = np.flatnonzero((np.diff(less, prepend=-1) != 0) | (np.arange(len(less)) == first))
    length = np.diff(np.append(begins, len(less)))
    alike = np.repeat(length, length)
    up_to = np.repeat(begins, length) - first + (alike + 1) / 2
    precision = up_to / (1 + less + near.equal[order] / 2)
    return {"edge_map": float((np.add.reduceat(precision, starts) / degree).mean())}
