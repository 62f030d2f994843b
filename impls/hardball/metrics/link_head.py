"""How well held-out pairs are told from non-pairs by a logistic head on features of a pair."""

import numpy as np
from scipy.stats import rankdata

from hardball.core import random_bits
from hardball.hierarchy.closure import Csr, contains
from hardball.hierarchy.splits import Split
from hardball.metrics import logistic
from hardball.metrics.declare import Metric, measures
from hardball.metrics.logistic import Examples
from hardball.metrics.polar import Polar, between

MOST = 100_000
ROUNDS = 100


@measures(
    Metric("link_head_accuracy", "max", 0, 1, "share of test pairs and non-pairs a head tells",
           "mean of [told = true]"),
    Metric("link_head_auc", "max", 0, 1, "chance that a test pair scores above a non-pair",
           "P(score of a pair > score of a non-pair), ties half"),
)  # fmt: skip
def link_head_figures(polar: Polar, split: Split, seed: int) -> dict[str, float]:
    """Accuracy and AUC on the test pairs and as many non-pairs, of a head fitted to training pairs.

    Features of (node, ancestor): their distance, both radii, the cosine of the angle between them
    at the origin. The head learns from the training pairs (MOST seeded ones where there are more)
    and one non-pair each, its penalty is chosen on the validation pairs. A pair is told at a
    probability above 1/2; auc: chance that a test pair has a higher one than a non-pair, ties half.
    Non-pairs for learning are any that masking does not know, those for the test none of
    `split.exclude`. Empty unless links of the closure are held out, and where a part has no
    non-pair.
    Source: hardball.
    """
    if not split.links or split.test is None or split.validation is None:
        return {}
    train = split.train[random_bits.subset(seed, "metrics/link_head", len(split.train), MOST)]
    told = {"train": (train, split.known), "validation": (split.validation, split.known)}
    told["test"] = (split.test, split.exclude)
    parts = {}
    for part, (pairs, known) in told.items():
        others = corrupted(pairs, known, seed, f"metrics/link_head/{part}")
        if not len(pairs) or not len(others):
            return {}
        both = np.concatenate([pairs, others])
        true = np.repeat([1, 0], [len(pairs), len(others)])
        parts[part] = Examples(features(polar, both), true)
    head = logistic.best(parts["train"], parts["validation"], 2)
    test = parts["test"]
    return {
        "link_head_accuracy": logistic.accuracy(head, test),
        "link_head_auc": auc(head.odds(test.vectors), test.classes == 1),
    }


def corrupted(pairs: np.ndarray, known: Csr, seed: int, purpose: str) -> np.ndarray:
    """A non-pair for each pair, by turns with another ancestor and with another node.

    The new end is uniform over all nodes, drawn again while the pair is known or of one node alone;
    pairs for which ROUNDS draws find none are left out. pairs: (P, 2); the answer (<= P, 2).
    """
    n = known.indptr.size - 1
    out = np.array(pairs)
    end = (np.arange(len(out)) + 1) % 2
    wrong = np.arange(len(out))
    for turn in range(ROUNDS):
        if not wrong.size:
            break
        drawn = random_bits.words(seed, purpose, turn, wrong.size).astype(np.int64) * n >> 32
        out[wrong, end[wrong]] = drawn
        node, ancestor = out[wrong, 0], out[wrong, 1]
        wrong = wrong[contains(known, node, ancestor) | (node == ancestor)]
    return np.delete(out, wrong, axis=0)


def features(polar: Polar, pairs: np.ndarray) -> np.ndarray:
    """Distance, radius of the node, that of the ancestor, cosine of their angle: (P, 2) -> (P, 4).

    The cosine is 0 where one lies at the origin.
    """
    node, ancestor = np.ascontiguousarray(pairs.T)
    directions = polar.direction
    cosine = np.einsum("pd,pd->p", directions[node], directions[ancestor])
    return np.stack(
        [between(polar, node, ancestor), polar.radius[node], polar.radius[ancestor], cosine], axis=1
    )


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive scores higher than another, ties half: (rank sum - least) / pairs.

    scores: (M,), positive: bool (M,). Source: Mann & Whitney 1947.
    """
    ranks = rankdata(scores)
    count = int(positive.sum())
    least = count * (count + 1) / 2
    return float((ranks[positive].sum() - least) / (count * (len(scores) - count)))
