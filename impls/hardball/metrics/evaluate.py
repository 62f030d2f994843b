"""All metrics of a set of points."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr, pairs
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split
from hardball.metrics import listing, ranking
from hardball.metrics.classify import Energy
from hardball.metrics.declare import INF, Metric, declares
from hardball.metrics.polar import Polar, to_polar
from hardball.metrics.polar import threads as on_threads

EVALUATOR = 1
"""The version of the evaluator, a column of every row: raised by one whenever a metric of the same
points and data changes its value beyond rounding. Figures of different versions do not compare."""


@declares(
    Metric("sources", "none", 0, INF, "nodes ranked, where only a sample was"),
    Metric("curvature", "none", 0, INF, "c that a run has learned, of the curvature -c"),
    Metric("share_at_limit", "none", 0, 1, "share of points at the largest radius of the space",
           "nodes whose r is the largest that the run's number format allows / N"),
)  # fmt: skip
def evaluate(
    points: np.ndarray,
    manifold: str,
    c: float,
    hierarchy: Hierarchy,
    split: Split,
    closure: Csr,
    *,
    start_points: np.ndarray | None = None,
    sources: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    energy: Energy | None = None,
) -> dict[str, float]:
    """Every metric of `listing.metrics` that these data define, exact and in float64.

    points, start_points: (N, D) coordinates of `manifold` at the end and before training, c its
    curvature. The pairs that are ranked are split.test, or the whole closure if there is none.
    sources: rank only so many seeded nodes, against all candidates, and leave out what is exact
    over all pairs; the result then says `sources`. threads: None is all that numba was given.
    energy: that of the cones by which held-out links are told, see `classify.link_figures`.
    A figure that is not defined (no labels of a group, no sibling anywhere) is left out; none is
    ever NaN. Raises HardballError when points are not finite ("diverged") or do not fit.
    """
    with on_threads(threads):
        polar = _fitting(points, manifold, c, hierarchy)
        start = None
        if start_points is not None:
            start = _fitting(start_points, manifold, c, hierarchy)
        facts = ranked(ranking.by_points(polar), hierarchy, split, closure, sources, seed)
        return measured({**facts, "polar": polar, "start": start, "energy": energy}, sources)


def ranked(
    count: ranking.Counter,
    hierarchy: Hierarchy,
    split: Split,
    closure: Csr,
    sources: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """The facts of `declare.FACTS` that follow from data and ranks alone; arguments: `evaluate`.

    count: what counts the candidates that are nearer than a positive.
    """
    test = test_pairs(split, closure)
    neighbours = ranking.adjacency(hierarchy)
    chosen = np.arange(hierarchy.n_nodes)
    if sources is not None:
        chosen = sample(np.unique(test[:, 0]), sources, seed)
    ranks, near = ranking.rank(count, hierarchy, test, split.exclude, chosen, neighbours)
    return {
        "hierarchy": hierarchy,
        "depth": hierarchy.depth,
        "groups": hierarchy.groups,
        "neighbours": neighbours,
        "closure": closure,
        "split": split,
        "test": test,
        "exclude": split.exclude,
        "ranks": ranks,
        "near": near,
        "seed": seed,
        "sources": len(chosen),
    }


def measured(facts: Mapping[str, Any], sources: int | None = None) -> dict[str, float]:
    """What every measure says whose facts are all there, in the order of columns."""
    out = {} if sources is None else {"sources": float(facts["sources"])}
    for measure in listing.measures():
        if measure.takes <= facts.keys() and (sources is None or not measure.exact):
            out |= measure.figures(facts)
    return {name: out[name] for name in listing.ordered(out)}


def validate(
    points: np.ndarray,
    manifold: str,
    c: float,
    hierarchy: Hierarchy,
    test: np.ndarray,
    exclude: Csr,
    *,
    sources: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> dict[str, float]:
    """The ranking figures alone, for validation during training: `evaluate` without the rest.

    test: (T, 2) pairs to rank; exclude: positives that are never counted; sources as in `evaluate`.
    Raises HardballError when points are not finite ("diverged") or do not fit.
    """
    with on_threads(threads):
        polar = _fitting(points, manifold, c, hierarchy)
        chosen = np.unique(test[:, 0])
        if sources is not None:
            chosen = sample(chosen, sources, seed)
        ranks, _ = ranking.rank(ranking.by_points(polar), hierarchy, test, exclude, chosen)
        return ranking.figures(ranks)


def test_pairs(split: Split, closure: Csr) -> np.ndarray:
    """The pairs a split ranks: its test pairs, else the whole closure; (T, 2)."""
    return np.asarray(split.test if split.test is not None else pairs(closure))


def sample(nodes: np.ndarray, count: int, seed: int) -> np.ndarray:
    """`count` seeded nodes, ascending; all of them where there are no more."""
    if count < 1:
        raise HardballError(f"sources={count}, allowed are 1 or more, or none for all nodes")
    return np.sort(nodes[random_bits.subset(seed, "metrics/sources", len(nodes), count)])


def _fitting(points: np.ndarray, manifold: str, c: float, hierarchy: Hierarchy) -> Polar:
    if np.ndim(points) != 2 or len(points) != hierarchy.n_nodes:
        raise HardballError(
            f"points of shape {np.shape(points)} for {hierarchy.n_nodes} nodes of "
            f"{hierarchy.name}: expected one row a node, in level order"
        )
    return to_polar(points, manifold, c)
