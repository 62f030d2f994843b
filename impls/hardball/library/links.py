"""Whether points say that one node lies below another: a logistic score of a pair."""

from typing import NamedTuple

import numpy as np

from hardball.core import random_bits
from hardball.hierarchy.closure import Csr, contains, from_pairs, pairs
from hardball.metrics import classify, logistic
from hardball.metrics.link_scale import described, scales
from hardball.metrics.logistic import Examples, Head
from hardball.metrics.polar import Polar, distances

MOST = 2_000
NEAR = 3
PENALTY = 1e-3


class Links(NamedTuple):
    """head: probabilities of links by `link_scale.described`.

    accuracy: on pairs that it was not fitted to, known ones and made-up ones.
    """

    head: Head
    accuracy: float

    def probability(self, polar: Polar, asked: np.ndarray) -> np.ndarray:
        """Of pairs (node, other), (L, 2): float64 (L,)."""
        odds = self.head.odds(described(polar, asked, _scales(polar, asked)))
        return 1 / (1 + np.exp(-odds))


def fitted(polar: Polar, closure: Csr) -> Links:
    """The head that tells known pairs from made-up ones best.

    Of up to MOST known pairs four in five teach, the others say how well it went. Made up are ten
    corrupted ones of each pair, the pair the wrong way round, and its node with each of the NEAR
    nearest nodes that are not above it. Source: hardball.
    """
    known = pairs(closure)
    chosen = known[random_bits.subset(0, "library/links", len(known), MOST)]
    below = from_pairs(known[:, ::-1], len(closure.indptr) - 1)
    taught, held = chosen[np.arange(len(chosen)) % 5 > 0], chosen[::5]
    parts = []
    for name, some in (("train", taught if len(taught) else held), ("held", held)):
        links = classify.with_corrupted(some, closure, below, 0, f"library/links/{name}")
        wrong = np.concatenate([some[:, ::-1], _near(polar, some, closure)])
        asked = np.concatenate([links.pairs, wrong])
        true = np.concatenate([links.true, np.zeros(len(wrong), bool)])
        parts.append((described(polar, asked, _scales(polar, asked)), true))
    train, unseen = (Examples(vectors, true.astype(np.int64)) for vectors, true in parts)
    head = logistic.best(train, unseen, 2, PENALTY)
    return Links(head, logistic.accuracy(head, unseen))


def _near(polar: Polar, some: np.ndarray, closure: Csr) -> np.ndarray:
    """(node, near node that is not above it): up to NEAR of each node, (L, 2)."""
    nodes = np.unique(some[:, 0])
    width = min(polar.n_nodes - 1, NEAR + int(np.diff(closure.indptr).max(initial=0)))
    found = []
    for node in nodes:
        d = distances(polar, np.array([node]))[0]
        d[node] = np.inf
        near = np.argpartition(d, width - 1)[:width]
        near = near[np.argsort(d[near], kind="stable")]
        wrong = near[~contains(closure, np.full(len(near), node), near)][:NEAR]
        found.append(np.stack([np.full(len(wrong), node), wrong], axis=1))
    return np.concatenate([np.empty((0, 2), np.int64), *found])


def _scales(polar: Polar, asked: np.ndarray) -> np.ndarray:
    """The scale of each node of the pairs, see `link_scale.scales`; 0 elsewhere."""
    nodes = np.unique(asked)
    found = np.zeros(polar.n_nodes)
    found[nodes] = scales(polar, nodes)
    return found
