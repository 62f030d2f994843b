"""What the negatives of a run were really like, from draws for some of its pairs."""

from dataclasses import dataclass

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr, contains
from hardball.hierarchy.dag import Hierarchy
from hardball.metrics.declare import INF, Metric, declares
from hardball.metrics.polar import Polar, between, keys, to_polar

UNIFORM = 256


@dataclass(frozen=True, eq=False)
class Draws:
    """Nodes drawn for B pairs in S steps.

    anchors, positives: (B,). ids: (S, B, K). counts: (S, B, K), how often each was drawn there: 0
    where it is masked or no draw, an id's multiplicity in a pool.
    """

    anchors: np.ndarray
    positives: np.ndarray
    ids: np.ndarray
    counts: np.ndarray


@declares(
    Metric("negative_distance", "none", 0, INF, "mean distance of a negative over a random node's",
           "mean d(anchor, negative) / mean d(anchor, random node)"),
    Metric("negative_depth_gap", "none", 0, INF, "mean |depth - anchor's| over a random node's",
           "mean |depth - anchor's| of negatives / that of random nodes"),
    Metric("negative_violations", "none", 0, 1, "share of negatives nearer than the positive",
           "mean of [d(anchor, negative) < d(anchor, positive)], ties half"),
    Metric("negative_violations_uniform", "none", 0, 1, "the same share of random nodes",
           "mean of [d(anchor, random node) < d(anchor, positive)], ties half"),
    Metric("negative_effective", "none", 1, INF, "1 / chance that an anchor's draws are the same",
           "1 / P(two draws of an anchor from two steps are one node), at most N"),
    Metric("negative_entropy", "none", 0, 1, "its logarithm over that of the number of nodes",
           "log(negative_effective) / log(N)"),
)  # fmt: skip
def hardness(
    points: np.ndarray,
    manifold: str,
    c: float,
    h: Hierarchy,
    anchors: np.ndarray,
    positives: np.ndarray,
    ids: np.ndarray,
    weights: np.ndarray,
    seed: int,
    *,
    known: Csr | None = None,
) -> dict[str, float]:
    """The registry's `negative_...` figures; each is a mean over anchors of a mean over draws.

    points: (N, D) of `manifold`, whose curvature is -c. anchors, positives: (B,).
    ids: (S, B, K) draws of S independent steps for these pairs, (S, 1, M) where a pool is shared;
    weights: (S, B, K) or (S, B, M), how often each was drawn, 0 for what is masked or not valid.
    known: positives that the uniform draws leave out, as a run's own draws do; with an anchor goes
    the anchor itself.
    A figure that is not defined is left out: all of them where nothing was drawn, a ratio whose
    uniform draws have mean 0, entropy where no anchor has draws in two steps.
    Raises HardballError when shapes do not fit or points are not finite ("diverged").
    Source: hardball.
    """
    drawn = _draws(anchors, positives, ids, weights)
    polar = to_polar(points, manifold, c)
    kept = drawn.counts.any(axis=(0, 2))
    if not kept.any():
        return {}
    drawn = Draws(anchors[kept], positives[kept], drawn.ids[:, kept], drawn.counts[:, kept])
    chance = uniform(h, drawn, seed, known)
    return _distances(polar, drawn, chance) | _depths(h, drawn, chance) | _spread(h, drawn)


def _draws(
    anchors: np.ndarray, positives: np.ndarray, ids: np.ndarray, weights: np.ndarray
) -> Draws:
    anchors, positives = np.asarray(anchors), np.asarray(positives)
    ids, counts = np.asarray(ids), np.asarray(weights, np.float64)
    b = len(anchors)
    fits = counts.ndim == ids.ndim == 3 and positives.shape == anchors.shape == (b,)
    fits = fits and counts.shape[1] == b and ids.shape[1] in (1, b)
    if not fits or ids.shape[::2] != counts.shape[::2]:
        raise HardballError(
            f"draws of shape {ids.shape} with weights {counts.shape} for {anchors.shape} anchors "
            f"and {positives.shape} positives: expected (S, B, K), ids of a pool (S, 1, K)"
        )
    return Draws(anchors, positives, np.broadcast_to(ids, counts.shape), counts)


def uniform(h: Hierarchy, drawn: Draws, seed: int, known: Csr | None = None) -> Draws:
    """UNIFORM nodes for the same pairs: floor(word N / 2^32), the anchor and known positives at 0.

    Source: Nickel & Kiela 2017, section 3.2.
    """
    b = len(drawn.anchors)
    word = random_bits.words(seed, "metrics/hardness/uniform", 0, b * UNIFORM).astype(np.uint64)
    ids = (word * np.uint64(h.n_nodes) >> np.uint64(32)).astype(np.int64).reshape(1, b, UNIFORM)
    allowed = ids != drawn.anchors[:, None]
    if known is not None:
        allowed &= ~contains(known, drawn.anchors[None, :, None], ids)
    return Draws(drawn.anchors, drawn.positives, ids, allowed.astype(np.float64))


def mean(drawn: Draws, values: np.ndarray) -> float:
    """Mean over anchors of the mean over an anchor's draws of values (S, B, K)."""
    total = drawn.counts.sum(axis=(0, 2))
    some = total > 0
    if not some.any():
        return 0.0
    sums = (drawn.counts * values).sum(axis=(0, 2))
    return float((sums[some] / total[some]).mean())


def _distances(polar: Polar, drawn: Draws, chance: Draws) -> dict[str, float]:
    out: dict[str, float] = {}
    uniform_mean = mean(chance, _of_pairs(between, polar, chance))
    if uniform_mean > 0:
        own = mean(drawn, _of_pairs(between, polar, drawn))
        out["negative_distance"] = own / uniform_mean
    to_positive = keys(polar, drawn.anchors, drawn.positives)[:, None]
    for name, some in (("", drawn), ("_uniform", chance)):
        key = _of_pairs(keys, polar, some)
        nearer = (key < to_positive) + (key == to_positive) / 2
        out[f"negative_violations{name}"] = mean(some, nearer)
    return out


def _of_pairs(function, polar: Polar, drawn: Draws) -> np.ndarray:
    """function(polar, anchor, draw) of every draw: float64 (S, B, K)."""
    nodes = np.broadcast_to(drawn.anchors[:, None], drawn.ids.shape)
    found = function(polar, nodes.ravel(), drawn.ids.ravel())
    return found.reshape(drawn.ids.shape)


def _depths(h: Hierarchy, drawn: Draws, chance: Draws) -> dict[str, float]:
    own, uniform_mean = (
        mean(some, np.abs(h.depth[some.ids] - h.depth[some.anchors][:, None]))
        for some in (drawn, chance)
    )
    return {"negative_depth_gap": own / uniform_mean} if uniform_mean > 0 else {}


def _spread(h: Hierarchy, drawn: Draws) -> dict[str, float]:
    same = collision(drawn)
    if same is None or h.n_nodes < 2:
        return {}
    # No estimate may say more nodes than there are, nor fewer than one.
    effective = min(1 / same, float(h.n_nodes)) if same > 0 else float(h.n_nodes)
    return {
        "negative_entropy": float(np.log2(effective) / np.log2(h.n_nodes)),
        "negative_effective": effective,
    }


def collision(drawn: Draws) -> float | None:
    """Chance that two draws for one anchor, from two steps, are the same node; None if undefined.

    Per anchor (sum_v c_v^2 - sum_s c_sv^2) / (n^2 - sum_s n_s^2), c_sv the count of node v in step
    s, c_v over all steps, n_s and n the same of all nodes; then the mean over anchors. Draws of one
    step may depend on each other (no replacement, the nearest of some); those of two do not, so the
    estimate has no bias, whatever the sampler and however few the draws.
    Source: Simpson 1949, Measurement of Diversity; conditional collision entropy, Cachin 1997.
    """
    steps, b, _ = drawn.ids.shape
    counts = drawn.counts
    of_step = counts.sum(axis=2)
    pairs = np.square(of_step.sum(axis=0)) - np.square(of_step).sum(axis=0)
    span = int(drawn.ids.max(initial=0)) + 1
    place = np.arange(b)[:, None] * span + drawn.ids
    met = _squares(place.ravel(), counts.ravel(), span, b)
    for step in range(steps):
        met -= _squares(place[step].ravel(), counts[step].ravel(), span, b)
    some = pairs > 0
    return float((met[some] / pairs[some]).mean()) if some.any() else None


def _squares(place: np.ndarray, counts: np.ndarray, span: int, b: int) -> np.ndarray:
    """Sum over nodes of an anchor's squared count, (b,); place = anchor's row x span + node."""
    found, inverse = np.unique(place, return_inverse=True)
    total = np.bincount(inverse, counts, minlength=len(found))
    return np.bincount(found // span, np.square(total), minlength=b)
