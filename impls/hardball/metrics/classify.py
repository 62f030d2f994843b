"""Held-out links told from corrupted ones: a threshold chosen on one half, applied to the other."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hardball.core import random_bits
from hardball.hierarchy.closure import Csr, from_pairs, pairs
from hardball.hierarchy.splits import Split
from hardball.metrics.declare import INF, Metric, measures
from hardball.metrics.polar import Polar, between

CORRUPTED = 5
# What is small for a link: points and pairs (node, ancestor), (L, 2), to (L,).
Energy = Callable[[Polar, np.ndarray], np.ndarray]
Graded = Callable[[np.ndarray, float], np.ndarray]
ALPHAS = (1000.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.0)


class Links(NamedTuple):
    """Pairs (node, ancestor), (L, 2), and which of them are true."""

    pairs: np.ndarray
    true: np.ndarray


@measures(
    Metric("link_f1", "max", 0, 1, "F1 of held-out links against ten corrupted pairs each",
           "2 right / (pairs said to be links + true links)"),
    Metric("link_accuracy", "max", 0, 1, "share of these pairs that are told rightly",
           "mean over pairs of [said = true]"),
    Metric("link_f1_validation", "max", 0, 1, "F1 of the validation links at the chosen threshold",
           "max over thresholds of F1 on the validation links"),
    Metric("link_threshold", "none", -INF, INF, "least score of a link, chosen on validation",
           "argmax of F1 on the validation links"),
    Metric("link_alpha", "none", 0, INF, "weight of the norms in that score, chosen with it",
           "alpha of -(1 + alpha (|v| - |u|)) d(u, v)"),
)  # fmt: skip
def link_figures(
    polar: Polar, split: Split, seed: int, energy: Energy | None = None
) -> dict[str, float]:
    """F1 and accuracy of the test links, at the threshold of the best F1 of the validation links.

    Beside the pairs stand the split's corrupted ones, or ten of each pair, see `with_corrupted`; a
    pair counts as a link where its score is at least the threshold. energy: score by minus that of
    the cones that were trained; None: by `is_a`, whose alpha, one of ALPHAS, is chosen with the
    threshold. {} unless links of the closure are held out.
    Source: Ganea, Bécigneul & Hofmann 2018, Hyperbolic Entailment Cones, section 5, and the
    authors' code, github.com/dalab/hyperbolic_cones, eval.py, all.py.
    """
    if energy is not None:
        return scored_link_figures(functools.partial(energy, polar), split, seed)
    return graded_link_figures(functools.partial(is_a, polar), split, seed)


def graded_link_figures(score: Graded, split: Split, seed: int) -> dict[str, float]:
    """`link_figures` by a score that alpha grades: pairs (L, 2) and alpha to (L,), high for a link.

    Alpha is the one of ALPHAS whose best F1 of the validation links is highest.
    """
    if not split.links or split.test is None or split.validation is None:
        return {}
    chosen, tested = held_links(split, seed)
    limits = [best_threshold(score(chosen.pairs, a), chosen.true) for a in ALPHAS]
    best = ALPHAS[int(np.argmax([f1 for _, f1 in limits]))]
    told = _told(chosen, tested, score(chosen.pairs, best), score(tested.pairs, best))
    return {"link_alpha": best, **told}


def scored_link_figures(
    energy: Callable[[np.ndarray], np.ndarray], split: Split, seed: int
) -> dict[str, float]:
    """`link_figures` of what has no points: energy of pairs (L, 2) -> (L,), low for a link."""
    if not split.links or split.test is None or split.validation is None:
        return {}
    chosen, tested = held_links(split, seed)
    return _told(chosen, tested, -energy(chosen.pairs), -energy(tested.pairs))


def _told(
    chosen: Links, tested: Links, validation: np.ndarray, test: np.ndarray
) -> dict[str, float]:
    """What a threshold tells of the test links, chosen on the validation links; scores (L,)."""
    threshold, reached = best_threshold(validation, chosen.true)
    said = test >= threshold
    return {
        "link_f1": f1(said, tested.true),
        "link_f1_validation": reached,
        "link_accuracy": float(np.mean(said == tested.true)),
        "link_threshold": float(threshold),
    }


def held_links(split: Split, seed: int) -> tuple[Links, Links]:
    """The validation and the test pairs with their corrupted ones: given, or else drawn."""
    halves = {"validation": split.validation, "test": split.test}
    if split.corrupted is not None:
        both = [
            Links(np.concatenate([held, split.corrupted[name]]).astype(np.int64),
                  np.repeat([True, False], [len(held), len(split.corrupted[name])]))
            for name, held in halves.items() if held is not None
        ]  # fmt: skip
        return both[0], both[1]
    below = from_pairs(pairs(split.exclude)[:, ::-1], len(split.exclude.indptr) - 1)
    chosen, tested = (
        with_corrupted(np.asarray(held), split.exclude, below, seed, f"metrics/links/{name}")
        for name, held in halves.items()
    )
    return chosen, tested


def f1(said: np.ndarray, true: np.ndarray) -> float:
    """2 TP / (pairs called true + true pairs); said, true: bool (L,)."""
    right = np.count_nonzero(said & true)
    return float(2 * right / (np.count_nonzero(said) + np.count_nonzero(true)))


def with_corrupted(held: np.ndarray, above: Csr, below: Csr, seed: int, purpose: str) -> Links:
    """The pairs (T, 2), and for each 5 with another ancestor and 5 with another node.

    Uniform over all nodes with which the pair is neither in the closure nor of one node, drawn with
    replacement; none where every node is below the ancestor. above, below: the closure's ancestors
    and descendants of each node. The draws are those of the stream `purpose`.
    Source: Ganea, Bécigneul & Hofmann 2018, Hyperbolic Entailment Cones, section 5.
    """
    made = [held]
    count = len(held) * CORRUPTED
    for step, (kept, known) in enumerate(((0, above), (1, below))):
        nodes = np.repeat(held[:, kept], CORRUPTED)
        other, fine = _outside(known, nodes, random_bits.words(seed, purpose, step, count))
        columns = (nodes, other) if kept == 0 else (other, nodes)
        made.append(np.stack(columns, axis=1)[fine])
    every = np.concatenate(made).astype(np.int64)
    return Links(every, np.arange(len(every)) < len(held))


def _outside(known: Csr, nodes: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each node one that is neither itself nor in its row, and whether there is any."""
    n = len(known.indptr) - 1
    own = np.arange(n)
    rows = np.concatenate([np.repeat(own, np.diff(known.indptr)), own])
    taken = np.sort(rows.astype(np.int64) * n + np.concatenate([known.indices, own]))
    starts = known.indptr + np.arange(n + 1)
    # The k-th that is free comes after j taken ones, of which the i-th has value - i free before.
    rank = np.arange(len(taken)) - np.repeat(starts[:-1], np.diff(starts))
    free = n - np.diff(starts)[nodes]
    place = (drawn.astype(np.uint64) * free.astype(np.uint64) >> np.uint64(32)).astype(np.int64)
    before = np.searchsorted(taken - rank, nodes.astype(np.int64) * n + place, side="right")
    return place + before - starts[nodes], free > 0


def cone_energy(polar: Polar, links: np.ndarray, *, aperture: float, **_: Any) -> np.ndarray:
    """E = max(0, Xi - psi) with the ancestor at the apex: float64 (L,), 0 inside of its cone.

    Xi: see `angles_at_apexes`; psi by the formula of `entailment_cones.half_opening`, in float64.
    Source: Ganea, Bécigneul & Hofmann 2018, Hyperbolic Entailment Cones, Eqs. 26, 28, 33.
    """
    a = polar.radius[links[:, 1]]
    norm = np.sinh(a) / 2 if polar.hyperbolic else a
    xi = angles_at_apexes(polar, links)
    return np.maximum(xi - np.arcsin(aperture / np.maximum(norm, aperture)), 0)


def angles_at_apexes(polar: Polar, links: np.ndarray) -> np.ndarray:
    """Xi at the ancestor, between the ray outwards and the way to the node, radians: float64 (L,).

    The formula of `angles.at_apex`, in float64. links: pairs (node, ancestor), (L, 2).
    Source: Ganea, Bécigneul & Hofmann 2018, Hyperbolic Entailment Cones, Eq. 28.
    """
    node, apex = links.T
    a, b = polar.radius[apex], polar.radius[node]
    u, w = polar.direction[apex], polar.direction[node]
    s, c = (np.linalg.norm(each, axis=1) / 2 for each in (u - w, u + w))
    if polar.hyperbolic:
        grown = -np.expm1(-2 * b)
        outwards = -np.exp(-a) * np.expm1(2 * (a - b)) - 2 * np.cosh(a) * grown * s * s
    else:
        grown = b
        outwards = (b - a) - 2 * b * s * s
    # Zero has a sign, and with a minus it would be the angle pi.
    return np.arctan2(2 * s * c * grown, outwards + 0.0)


def is_a(polar: Polar, links: np.ndarray, alpha: float) -> np.ndarray:
    """-(1 + alpha (|v| - |u|)) d(u, v) of pairs (u, v), norms in the Poincaré ball: float64 (L,).

    Worse the farther v, the ancestor, lies out beyond u. Norms differ by sinh((b - a)/2) /
    (cosh(a/2) cosh(b/2)), which rounds to nothing nowhere; in R^d they are the points' own.
    Source: Nickel & Kiela 2017, Poincaré Embeddings for Learning Hierarchical Representations,
    section 4.3.
    """
    a, b = (polar.radius[each] for each in links.T)
    gap = b - a
    if polar.hyperbolic:
        gap = np.sinh((b - a) / 2) / (np.cosh(a / 2) * np.cosh(b / 2))
    return -(1 + alpha * gap) * between(polar, links[:, 0], links[:, 1])


def best_threshold(scores: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """The score t for which "at least t" has the best F1, the highest of equals, and that F1.

    F1 = 2 TP / (pairs called true + true pairs). scores, true: (L,), at least one true.
    Source: van Rijsbergen 1979, Information Retrieval, chapter 7.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    f1 = 2 * np.cumsum(true[order])[last] / (last + 1 + np.count_nonzero(true))
    best = int(np.argmax(f1))
    return float(ordered[last[best]]), float(f1[best])
