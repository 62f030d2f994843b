"""Held-out links told by scores that know how dense each node's surroundings are.

A distance that is far among crowded nodes is near among lonely ones, so one threshold on distances
cannot serve all nodes. The scale of a node is its distance to its tenth nearest node.
"""

import numpy as np
from numba import njit

from hardball.core import random_bits
from hardball.hierarchy.closure import Csr, from_pairs, pairs
from hardball.hierarchy.splits import Split
from hardball.metrics import kernels, logistic
from hardball.metrics.classify import Links, best_threshold, f1, held_links, with_corrupted
from hardball.metrics.declare import Metric, measures
from hardball.metrics.link_head import features
from hardball.metrics.logistic import Examples
from hardball.metrics.polar import Polar, between

NEAREST = 10
MOST = 20_000
CELLS = 8_000_000


@measures(
    Metric("link_f1_local", "max", 0, 1, "F1 by the distance over the node's own scale",
           "link_f1 of the score -d(u, v) / d(u, its 10th nearest node)"),
    Metric("link_f1_head", "max", 0, 1, "F1 by a logistic score that was fitted to training pairs",
           "link_f1 of the head's score of distance, radii, angle and both scales"),
)  # fmt: skip
def scaled_link_figures(polar: Polar, split: Split, seed: int) -> dict[str, float]:
    """F1 of the test links by two scores that are calibrated across nodes.

    Thresholds are those of the best F1 of the validation links, as in `classify.link_figures`. The
    head is fitted to the training pairs (MOST seeded ones where there are more) and ten corrupted
    ones of each, none of which masking knows. {} unless links of the closure are held out.
    Source: hardball.
    """
    if not split.links or split.test is None or split.validation is None:
        return {}
    chosen, tested = held_links(split, seed)
    taught = _taught(split, seed)
    asked = np.unique(np.concatenate([part.pairs for part in (chosen, tested, taught)]))
    scale = np.zeros(polar.n_nodes)
    scale[asked] = scales(polar, asked)
    found = {"link_f1_local": _f1_of(*(
        (-local(polar, part.pairs, scale), part.true) for part in (chosen, tested)
    ))}  # fmt: skip
    train, validation, test = (
        Examples(described(polar, part.pairs, scale), part.true.astype(np.int64))
        for part in (taught, chosen, tested)
    )
    head = logistic.best(train, validation, 2)
    scored = (head.odds(validation.vectors), chosen.true), (head.odds(test.vectors), tested.true)
    return found | {"link_f1_head": _f1_of(*scored)}


def scales(polar: Polar, nodes: np.ndarray) -> np.ndarray:
    """The distance of each node to its tenth nearest other, or to its last: float64 (n,)."""
    # The node itself is nearest.
    place = min(NEAREST, polar.n_nodes - 1)
    step = max(1, CELLS // polar.n_nodes)
    blocks = [nodes[i : i + step] for i in range(0, len(nodes), step)]
    found = [between(polar, b, _smallest(kernels.key_rows(*polar.table, b), place)) for b in blocks]
    return np.concatenate([np.empty(0), *found])


@njit(cache=True)
def _smallest(keys: np.ndarray, place: int) -> np.ndarray:
    """The column of the number at `place`, from 0, of each row in ascending order: int64 (B,)."""
    found = np.empty(len(keys), np.int64)
    least, column = np.empty(place + 1), np.empty(place + 1, np.int64)
    for row in range(len(keys)):
        filled = 0
        for candidate in range(keys.shape[1]):
            key = keys[row, candidate]
            if filled > place and key >= least[place]:
                continue
            filled = min(filled + 1, place + 1)
            at = filled - 1
            while at > 0 and least[at - 1] > key:
                least[at], column[at] = least[at - 1], column[at - 1]
                at -= 1
            least[at], column[at] = key, candidate
        found[row] = column[place]
    return found


def local(polar: Polar, links: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """d(u, v) / scale(u) of pairs (u, v): float64 (L,); 0 / 0 is 0."""
    d = between(polar, links[:, 0], links[:, 1])
    return d / np.maximum(scale[links[:, 0]], np.finfo(float).tiny)


def described(polar: Polar, links: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """`link_head.features` of pairs, both scales and the distance over each: (L, 8)."""
    plain = features(polar, links)
    ends = np.maximum(scale[links], np.finfo(float).tiny)
    # Beyond this a distance over a scale says no more.
    over = np.minimum(plain[:, :1] / ends, 1e3)
    return np.concatenate([plain, scale[links], over], axis=1)


def _taught(split: Split, seed: int) -> Links:
    """Training pairs, and corrupted ones that masking does not know."""
    train = split.train[random_bits.subset(seed, "metrics/link_scale", len(split.train), MOST)]
    below: Csr = from_pairs(pairs(split.known)[:, ::-1], len(split.known.indptr) - 1)
    return with_corrupted(train, split.known, below, seed, "metrics/link_scale/train")


def _f1_of(validation: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> float:
    """F1 of test scores at the threshold that is best for validation scores: (scores, true)."""
    threshold, _ = best_threshold(*validation)
    return f1(test[0] >= threshold, test[1])
