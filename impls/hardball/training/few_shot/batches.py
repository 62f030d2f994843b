"""Subtrees as arrays of one shape: what inner and outer steps read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hardball.core import random_bits
from hardball.metrics.few_shot import SHOTS
from hardball.training.few_shot.subtrees import LIKE, Subtree

SHOWN = 1 + max(SHOTS)
"""Places for the top and for what is shown: J."""


class Batch(NamedTuple):
    """T subtrees: J places for the top and what is shown, Q for the rest, C nodes of the table.

    parent (T, D): the vector of the top's parent. table (T, C, D). path (T, J, J): 1 where the
    second place is on the spanning path from the top to the first, neither the top nor absent.
    features (T, J + Q, F), aside (T, J + Q, D): as a Subtree's. like (T, Q, J, 4). there (T, J).
    Of the losses, which places of (table, J) or (table, J, Q) are ancestors and which are not:
    shown_above, shown_others (T, J, C + J); asked_above, asked_others (T, Q, C + J + Q).
    """

    parent: Any
    table: Any
    path: Any
    features: Any
    aside: Any
    like: Any
    there: Any
    shown_above: Any
    shown_others: Any
    asked_above: Any
    asked_others: Any


@dataclass(frozen=True, eq=False)
class Maker:
    """Makes batches of one shape.

    vectors (N, D): tangent vectors of the table's nodes, by rows of the whole hierarchy; known
    (n,): these rows. most: nodes below a top; depth: ancestors of a top; candidates: nodes of the
    table that a loss compares with, beside the ancestors.
    """

    vectors: np.ndarray
    known: np.ndarray
    most: int
    depth: int
    candidates: int

    def batch(self, subtrees: Sequence[Subtree], shots: Sequence[int], words: np.ndarray) -> Batch:
        """The batch of T subtrees; shots (T,): how many of each are shown at most.

        words (T, candidates): uint32, which nodes of the table the losses compare with.
        """
        made = [
            self._one(one, min(k, one.most), row)
            for one, k, row in zip(subtrees, shots, words, strict=True)
        ]
        return Batch(*(np.stack(arrays) for arrays in zip(*made, strict=True)))

    def _one(self, one: Subtree, k: int, words: np.ndarray) -> Batch:
        m, a, q = len(one.nodes), len(one.above), self.most
        shown, rest = 1 + k, m - 1 - k
        places = np.concatenate([np.arange(shown), SHOWN + np.arange(rest)])
        drawn = self.known[(words.astype(np.uint64) * len(self.known)) >> np.uint64(32)]
        rows = np.concatenate([one.above, np.repeat(one.above[:1], self.depth - a), drawn])
        wide = self.depth + self.candidates
        above = np.zeros((SHOWN + q, wide + SHOWN + q), bool)
        others = np.zeros_like(above)
        inside = places + wide
        above[places, :a] = True
        above[np.ix_(places, inside)] = one.ancestors
        # Absent places have candidates too, so that their loss is a number; it counts for nothing.
        others[:, self.depth : wide] = ~np.isin(drawn, one.above)
        others[np.ix_(places, inside)] = ~one.ancestors & ~np.eye(m, dtype=bool)
        only = np.ix_(range(SHOWN), range(wide + SHOWN))
        path = np.zeros((SHOWN, SHOWN))
        for at in range(1, shown):
            path[at] = path[one.parent[at]]
            path[at, at] = 1
        like = np.zeros((q, SHOWN, len(LIKE)))
        like[:rest, :shown] = one.like[shown:, :shown]
        return Batch(
            parent=self.vectors[one.parents].mean(axis=0),
            table=self.vectors[rows],
            path=path,
            features=_spread(one.features, places, SHOWN + q),
            aside=_spread(one.aside, places, SHOWN + q),
            like=like,
            there=np.arange(SHOWN) < shown,
            shown_above=above[only],
            shown_others=others[only],
            asked_above=above[SHOWN:],
            asked_others=others[SHOWN:],
        )

    def placed(self, one: Subtree, shots: int, vectors: np.ndarray) -> np.ndarray:
        """Of what was found for a subtree's places, (J + Q, D), the rows of its nodes: (m, D)."""
        shown = 1 + min(shots, one.most)
        return np.concatenate([vectors[:shown], vectors[SHOWN : SHOWN + len(one.nodes) - shown]])


def _spread(rows: np.ndarray, places: np.ndarray, count: int) -> np.ndarray:
    out = np.zeros((count, rows.shape[1]))
    out[places] = rows
    return out


def learning(
    maker: Maker, subtrees: Sequence[Subtree], seed: int, first: int, steps: int, count: int
) -> list[Batch]:
    """The batches of outer steps: shuffled passes over the subtrees, `count` a step.

    How many nodes each shows is drawn from SHOTS. All follows from seed and step.
    """
    out = []
    for step in range(first, first + steps):
        turns = [divmod(step * count + place, len(subtrees)) for place in range(count)]
        chosen = [
            subtrees[random_bits.permutation(seed, "few_shot/passes", turn, len(subtrees))[place]]
            for turn, place in turns
        ]
        words = random_bits.words(seed, "few_shot/steps", step, count * (maker.candidates + 1))
        rows = words.reshape(count, -1)
        shots = [SHOTS[int(word) * len(SHOTS) >> 32] for word in rows[:, 0]]
        out.append(maker.batch(chosen, shots, rows[:, 1:]))
    return out


def asking(
    maker: Maker, subtrees: Sequence[Subtree], seed: int, shots: int, count: int
) -> list[Batch]:
    """The batches that hold each subtree once, in turn, the last filled up with the last one."""
    out = []
    for first in range(0, len(subtrees), count):
        chosen = [subtrees[min(first + place, len(subtrees) - 1)] for place in range(count)]
        rows = [
            random_bits.words(seed, "few_shot/asking", int(one.nodes[0]), maker.candidates)
            for one in chosen
        ]
        out.append(maker.batch(chosen, [shots] * count, np.stack(rows)))
    return out
