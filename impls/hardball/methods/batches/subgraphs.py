"""Batches of the pairs inside subgraphs that are drawn anew for every step.

A step's words are a stream of their own, read from its beginning for one subgraph after another
until B pairs are found; of the last one's pairs a random part fills the batch.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy import graph
from hardball.methods import registry
from hardball.methods.declare import batches
from hardball.methods.handed import Problem
from hardball.methods.pairs.streams import Stream
from hardball.methods.parameter import text, whole
from hardball.methods.sources import HAMILTON_2017, ZENG_2020, ZOU_2019

# What a kernel answers instead of B: it needs more words, or found no pair again and again.
MORE, NONE = -1, -2
MOST_EMPTY = 1000
MOST_FANOUT = 10**6


class Subgraphs:
    """Batches that a kernel fills from the words of their step.

    fill(words int64 (W,), out int32 (B,)) -> B, MORE or NONE.
    """

    def __init__(
        self, seed: int, name: str, size: int, fill: Callable[[np.ndarray, np.ndarray], int]
    ) -> None:
        self.seed, self.name, self.size, self.fill = seed, name, size, fill
        self._count = 256

    def take(self, first_step: int, steps: int) -> np.ndarray:
        """Rows in `Problem.positives` of the pairs of `steps` steps: int32 (steps, B).

        Raises HardballError where subgraphs hold no pair.
        """
        out = np.empty((steps, self.size), np.int32)
        for row in range(steps):
            self._step(first_step + row, out[row])
        return out

    def _step(self, step: int, out: np.ndarray) -> None:
        # More words begin with the same words, so how many were asked for leaves no trace.
        while True:
            drawn = random_bits.words(self.seed, f"batches/{self.name}", step, self._count)
            answer = self.fill(drawn.astype(np.int64), out)
            if answer == NONE:
                raise HardballError(
                    f"batches {self.name}: {MOST_EMPTY} subgraphs in turn hold no training pair: "
                    "draw larger ones, or use the batches pairs"
                )
            if answer != MORE:
                return
            self._count *= 2


def takes_all_pairs(spec: Any, **_: Any) -> None:
    """Raises HardballError unless the run's pairs are all training pairs, equally often."""
    if not registry.entry("pairs", spec.pairs.name).complete:
        raise HardballError(
            f"pairs {spec.pairs.name} with batches {spec.batches.name}: a subgraph has the pairs "
            "that lie in it; allowed are pairs all with any batches, or any pairs with batches "
            "pairs"
        )


def has_fanouts(spec: Any, *, fanouts: str, **_: Any) -> None:
    """Raises HardballError as `takes_all_pairs` does, and on fan-outs that cannot be read."""
    takes_all_pairs(spec)
    _read_fanouts(fanouts)


@batches(
    summary="the pairs inside sampled neighbourhoods of `seeds` nodes, `fanout` edges a node",
    source=f"{HAMILTON_2017}, Algorithm 2",
    parameters={
        "fanout": whole(8, "edges drawn of each node in a layer", at_least=1),
        "layers": whole(2, "how many edges a neighbourhood reaches", at_least=1),
        "seeds": whole(32, "nodes that neighbourhoods are drawn around", at_least=1),
    },
    fits=takes_all_pairs,
)
def neighbours(task: Problem, stream: Stream, *, fanout: int, layers: int, seeds: int) -> Subgraphs:
    """The training pairs inside the sampled neighbourhoods of a few nodes.

    `seeds` nodes uniformly from those with a training pair; then `layers` times every node so far
    adds `fanout` of the nodes at its direct edges, up or down, without replacement (all where
    there are no more). Both ends of a pair lie in one subgraph, so near pairs come more often than
    far ones: this is no uniform sample, and nothing is weighted to make it one.
    `stream` plays no part.
    Source: Hamilton, Ying & Leskovec 2017, Inductive Representation Learning on Large Graphs,
    Algorithm 2, lines 1-7.
    """
    return _neighbourhoods(task, [fanout] * layers, seeds)


@batches(
    summary="the same, with a fan-out of its own for each layer, `fanouts`",
    source=f"{HAMILTON_2017}, Algorithm 2, with sample sizes S_1, S_2",
    parameters={
        "fanouts": text("15,10", "edges drawn of each node in the first layer, the second ..."),
        "seeds": whole(32, "nodes that neighbourhoods are drawn around", at_least=1),
    },
    fits=has_fanouts,
)
def neighbours_by_layer(task: Problem, stream: Stream, *, fanouts: str, seeds: int) -> Subgraphs:
    """`neighbours` with a fan-out of its own for each layer, the first that of the seeds.

    fanouts "8,8" draws what `neighbours` with fanout 8 and two layers does. `stream` plays no part.
    Raises HardballError on fan-outs that are no whole numbers from 1.
    Source: Hamilton, Ying & Leskovec 2017, Inductive Representation Learning on Large Graphs,
    Algorithm 2 and section 4.4, sample sizes S_1 = 25, S_2 = 10.
    """
    return _neighbourhoods(task, _read_fanouts(fanouts), seeds)


def _neighbourhoods(task: Problem, fanouts: list[int], seeds: int) -> Subgraphs:
    """Batches of sampled neighbourhoods; fanouts: of each layer in turn."""
    h, known = task.hierarchy, task.known_indices
    n = h.n_nodes
    child = np.repeat(np.arange(n, dtype=np.int32), np.diff(h.parents_indptr))
    ends = np.concatenate([child, h.parents_indices]), np.concatenate([h.parents_indices, child])
    near_indptr, near = graph.group(*ends, n)
    able = np.unique(task.positives).astype(np.int32)
    reached = min(n, seeds * math.prod(1 + fanout for fanout in fanouts))
    scratch = (np.zeros(n, np.int64), np.empty(reached, np.int32), np.empty(max(fanouts), np.int64))
    state = np.zeros(2, np.int64)
    indptr, each = task.known_indptr, np.array(fanouts, np.int64)

    def fill(drawn: np.ndarray, out: np.ndarray) -> int:
        return _fill_neighbours(
            drawn, able, near_indptr, near, indptr, known, each, seeds, *scratch, state, out
        )

    return Subgraphs(task.spec.seed, "neighbours", task.spec.batch_size, fill)


def _read_fanouts(text: str) -> list[int]:
    """[15, 10] of "15,10"; raises HardballError on other text."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and 0 < int(part) <= MOST_FANOUT for part in parts):
        raise HardballError(
            f"batches neighbours_by_layer: fanouts={text!r}, allowed are whole numbers from 1 to "
            f"{MOST_FANOUT} with commas between them, such as 15,10"
        )
    return [int(part) for part in parts]


@batches(
    summary="the pairs between nodes and ancestors of theirs, drawn by importance, each as likely",
    source=f"{ZOU_2019}, Algorithm 1; {ZENG_2020}",
    parameters={"nodes": whole(512, "nodes drawn, of both layers together", at_least=2)},
    fits=takes_all_pairs,
)
def layerwise(task: Problem, stream: Stream, *, nodes: int) -> Subgraphs:
    """The training pairs between a layer of nodes and a layer of their ancestors, each drawn.

    nodes // 2 nodes v uniformly from those that have an ancestor in training, twice drawn ones
    once; then as many draws of ancestors, a with probability c_a / M, where c_a of these nodes
    have it in training and M = sum_a c_a. That is the importance |Q A_a|^2 / |Q A|_F^2 of column a
    of the training pairs' adjacency A in the rows Q of the first layer. a is in the second layer
    with probability 1 - (1 - c_a / M)^n after n draws. The loss weights that undo this in a
    normalised estimate are kept by chance: a pair (v, a) stays with the probability

        (1 - (1 - 1/M)^n) / (1 - (1 - c_a/M)^n)

    so that all M pairs of the first layer are equally likely and a step needs no weights.
    `stream` plays no part.
    Source: Zou et al. 2019, Layer-Dependent Importance Sampling (LADIES), Algorithm 1; the
    normalisation is that of Zeng et al. 2020, GraphSAINT, section 3.2, as acceptance.
    """
    n, first = task.n_nodes, nodes // 2
    indptr, known = task.known_indptr, task.known_indices
    able = np.flatnonzero(np.diff(indptr)).astype(np.int32)
    scratch = (
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.empty(first, np.int32),
        np.empty(first + 1, np.int64),
        np.empty(first * task.known_width, np.int32),
    )
    state = np.zeros(2, np.int64)

    def fill(drawn: np.ndarray, out: np.ndarray) -> int:
        return _fill_layerwise(drawn, able, indptr, known, nodes - first, *scratch, state, out)

    return Subgraphs(task.spec.seed, "layerwise", task.spec.batch_size, fill)


@njit(cache=True)
def _below(word: int, n: int) -> int:
    """floor(word n / 2^32), uniform on 0..n-1."""
    return (word * n) >> 32


@njit(cache=True)
def _add(node: int, stamp: Any, nodes: Any, state: Any) -> None:
    """One more node of this subgraph, unless it is there; state: number of it, nodes so far."""
    if stamp[node] != state[0]:
        stamp[node] = state[0]
        nodes[state[1]] = node
        state[1] += 1


@njit(cache=True)
def _begin(drawn: Any, at: int, able: Any, count: int, stamp: Any, nodes: Any, state: Any) -> int:
    """A new subgraph of `count` uniform draws; the place of the next word."""
    state[0] += 1
    state[1] = 0
    for i in range(count):
        _add(able[_below(drawn[at + i], able.size)], stamp, nodes, state)
    return at + count


@njit(cache=True)
def _spread(
    drawn: Any, at: int, near_indptr: Any, near: Any, fanout: int, stamp: Any, nodes: Any,
    picks: Any, state: Any,
) -> int:  # fmt: skip
    """One layer: distinct neighbours of every node so far; the place of the next word, or MORE.

    Source of the distinct places: Floyd's algorithm, Bentley & Floyd 1987.
    """
    for i in range(state[1]):
        begin = near_indptr[nodes[i]]
        degree = near_indptr[nodes[i] + 1] - begin
        if degree <= fanout:
            for k in range(degree):
                _add(near[begin + k], stamp, nodes, state)
            continue
        if at + fanout > drawn.size:
            return MORE
        for k in range(fanout):
            top = degree - fanout + k
            place = _below(drawn[at + k], top + 1)
            for j in range(k):
                if picks[j] == place:
                    place = top
                    break
            picks[k] = place
            _add(near[begin + place], stamp, nodes, state)
        at += fanout
    return at


@njit(cache=True)
def _fill_neighbours(
    drawn: Any, able: Any, near_indptr: Any, near: Any, indptr: Any, known: Any, fanouts: Any,
    seeds: int, stamp: Any, nodes: Any, picks: Any, state: Any, out: Any,
) -> int:  # fmt: skip
    at = filled = empty = 0
    while filled < out.size:
        if at + seeds > drawn.size:
            return MORE
        at = _begin(drawn, at, able, seeds, stamp, nodes, state)
        for layer in range(fanouts.size):
            at = _spread(drawn, at, near_indptr, near, fanouts[layer], stamp, nodes, picks, state)
            if at == MORE:
                return MORE
        left = 0
        for i in range(state[1]):
            for row in range(indptr[nodes[i]], indptr[nodes[i] + 1]):
                left += stamp[known[row]] == state[0]
        empty = 0 if left else empty + 1
        if empty == MOST_EMPTY:
            return NONE
        some = left > out.size - filled
        if some and at + left > drawn.size:
            return MORE
        for i in range(state[1]):
            for row in range(indptr[nodes[i]], indptr[nodes[i] + 1]):
                if stamp[known[row]] == state[0]:
                    # Every row left is equally likely to be among the places left.
                    if not some or _below(drawn[at], left) < out.size - filled:
                        out[filled] = row
                        filled += 1
                    left -= 1
                    at += some
    return filled


@njit(cache=True)
def _fill_layerwise(
    drawn: Any, able: Any, indptr: Any, known: Any, draws: int, stamp: Any, below: Any, nodes: Any,
    ends: Any, kept: Any, state: Any, out: Any,
) -> int:  # fmt: skip
    at = filled = 0
    while filled < out.size:
        if at + nodes.size + draws > drawn.size:
            return MORE
        at = _begin(drawn, at, able, nodes.size, stamp, nodes, state)
        ends[0] = 0
        for i in range(state[1]):
            begin, end = indptr[nodes[i]], indptr[nodes[i] + 1]
            ends[i + 1] = ends[i] + end - begin
            for row in range(begin, end):
                below[known[row]] = 0
        total = ends[state[1]]
        for i in range(state[1]):
            for row in range(indptr[nodes[i]], indptr[nodes[i] + 1]):
                below[known[row]] += 1
        state[0] += 1
        for k in range(draws):
            place = _below(drawn[at + k], total)
            at_node = np.searchsorted(ends[: state[1] + 1], place, side="right") - 1
            stamp[known[indptr[nodes[at_node]] + place - ends[at_node]]] = state[0]
        at += draws
        if at + total > drawn.size:
            return MORE
        once = -np.expm1(draws * np.log1p(-1 / total))
        left = 0
        for i in range(state[1]):
            for row in range(indptr[nodes[i]], indptr[nodes[i] + 1]):
                if stamp[known[row]] == state[0]:
                    here = -np.expm1(draws * np.log1p(-below[known[row]] / total))
                    if (drawn[at] + 0.5) * here < once * 2.0**32:
                        kept[left] = row
                        left += 1
                    at += 1
        some = left > out.size - filled
        if some and at + left > drawn.size:
            return MORE
        for k in range(left):
            if not some or _below(drawn[at], left - k) < out.size - filled:
                out[filled] = kept[k]
                filled += 1
            at += some
    return filled
