"""Endless streams of pairs, any stretch of which can be asked for by itself.

A stream names pairs by their rows in `Problem.positives`. Its rows follow from the seed and the
place alone, so that an interrupted run goes on with the same pairs.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from hardball.core import random_bits

# Passes shorter than this are drawn several at once: a pass costs a stream of words of its own.
SHORT = 1024


class Stream(Protocol):
    """What batches are cut from."""

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Places start to stop - 1 of the stream: int32 (stop - start,)."""
        ...


class Passes:
    """Shuffled passes over some pairs, one after another: without replacement within a pass.

    Place i is place i mod n of the order of pass i div n. Passes together, P of them, share the
    words of step (i div n P) of the stream `purpose`.
    """

    def __init__(self, seed: int, purpose: str, pairs: np.ndarray, together: int = 1) -> None:
        self.seed, self.purpose, self.pairs, self.together = seed, purpose, pairs, together
        self._orders: dict[int, np.ndarray] = {}

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Places start to stop - 1 of the stream: int32 (stop - start,)."""
        size = len(self.pairs) * self.together
        first, last = start // size, max(-(-stop // size), start // size + 1)
        self._orders = {e: o for e, o in self._orders.items() if first <= e}
        stream = np.concatenate([self._order(part) for part in range(first, last)])
        return stream[start - first * size : stop - first * size]

    def _order(self, part: int) -> np.ndarray:
        if part not in self._orders:
            n, count = len(self.pairs), self.together
            order = random_bits.permutations(self.seed, self.purpose, part, n, count)
            self._orders[part] = self.pairs[order.reshape(-1)].astype(np.int32, copy=False)
        return self._orders[part]


def passes(seed: int, purpose: str, pairs: np.ndarray) -> Passes:
    """Passes over `pairs`, as many drawn at once as make up SHORT."""
    return Passes(seed, purpose, pairs, max(1, SHORT // len(pairs)))


class Interleaved:
    """Several streams in fixed shares, weights[k] places of every sum(weights) for stream k.

    Any stretch from the beginning has a stream's share but for less than one place.
    """

    def __init__(self, streams: Sequence[Stream], weights: Sequence[int]) -> None:
        self.streams, self.weights = streams, np.array(weights, np.int64)
        self.pattern = interleaved(self.weights)
        taken = self.pattern[None] == np.arange(len(streams))[:, None]
        self.before = np.concatenate([np.zeros((len(streams), 1), np.int64), taken.cumsum(1)], 1)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Places start to stop - 1 of the stream: int32 (stop - start,)."""
        chosen = self.pattern[np.arange(start, stop) % len(self.pattern)]
        out = np.empty(stop - start, np.int32)
        for k, stream in enumerate(self.streams):
            first, last = self.count(k, start), self.count(k, stop)
            if first < last:
                out[chosen == k] = stream.rows(first, last)
        return out

    def count(self, k: int, stop: int) -> int:
        """Places of stream k among the first `stop`."""
        whole, rest = divmod(stop, len(self.pattern))
        return int(whole * self.weights[k] + self.before[k, rest])


def interleaved(weights: np.ndarray) -> np.ndarray:
    """Which of K streams has each of T = sum(weights) places: int64 (T,).

    Place j of stream k is due from floor(j T / w_k) on and before ceil((j + 1) T / w_k); of those
    that are due, the one that must come first is taken. So stream k has more than i w_k / T - 1
    and fewer than i w_k / T + 1 of the first i places.
    Source: Baruah et al. 1996, Proportionate Progress: A Notion of Fairness in Resource Allocation.
    """
    total = int(weights.sum())
    shown = np.zeros(len(weights), np.int64)
    out = np.empty(total, np.int64)
    for place in range(total):
        due = shown * total < (place + 1) * weights
        deadline = -(-(shown + 1) * total // weights)
        out[place] = np.argmin(np.where(due, deadline, 2 * total))
        shown[out[place]] += 1
    return out


class Phased:
    """One stream after another, stream k from place begins[k] on, each from its own beginning."""

    def __init__(self, streams: Sequence[Stream], begins: Sequence[int]) -> None:
        self.streams, self.begins = streams, begins

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Places start to stop - 1 of the stream: int32 (stop - start,)."""
        ends = [*self.begins[1:], max(stop, self.begins[-1])]
        parts = [np.empty(0, np.int32)]
        for stream, begin, end in zip(self.streams, self.begins, ends, strict=True):
            first, last = max(start, begin), min(stop, end)
            if first < last:
                parts.append(stream.rows(first - begin, last - begin))
        return np.concatenate(parts)
