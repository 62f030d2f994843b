"""An arrival: the graph that it leaves, the pairs that its steps show, what it begins from."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hardball.hierarchy.arrived import arrived
from hardball.hierarchy.closure import Csr, pairs, positions
from hardball.hierarchy.closure import closure as closure_of
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.pairs.streams import passes
from hardball.runs.spec import RunSpec
from hardball.training.online import reservoir


@dataclass(frozen=True, eq=False)
class Stage:
    """The hierarchy after one arrival; number 0 is before the first.

    here: the hierarchy of the nodes that are there, n of them. rows (n,): their rows in the whole;
    arrival (n,): the number of the arrival that brought each.
    """

    number: int
    here: Hierarchy
    rows: np.ndarray
    arrival: np.ndarray

    @cached_property
    def closure(self) -> Csr:
        return closure_of(self.here)

    @cached_property
    def positives(self) -> np.ndarray:
        """All pairs of node and ancestor, ascending, by the numbers of `here`: (P, 2)."""
        return pairs(self.closure)

    @cached_property
    def added(self) -> np.ndarray:
        """Rows in `positives` of the pairs that came with this arrival, at either end: (A,)."""
        new = self.arrival == self.number
        return np.flatnonzero(new[self.positives].any(axis=1))

    def shown(self, propagate: bool) -> np.ndarray:
        """Rows in `positives` of the pairs that the arrival's steps show: (S,).

        Those added and, with propagate, all pairs above its nodes' parents, children and siblings.
        """
        if not propagate:
            return self.added
        near = np.zeros(self.here.n_nodes, bool)
        new = self.arrival == self.number
        child = np.repeat(np.arange(self.here.n_nodes), np.diff(self.here.parents_indptr))
        parent = self.here.parents_indices
        near[parent[new[child]]] = True
        near[child[near[parent] | new[parent]]] = True
        rows = np.flatnonzero(near[self.positives[:, 0]])
        return np.union1d(rows, self.added)


def stage(h: Hierarchy, relations: Csr, arrival: np.ndarray, number: int) -> Stage:
    """The hierarchy after an arrival; arrival (N,): what brings each node of `h`."""
    here, rows = arrived(h, relations, arrival <= number)
    return Stage(number, here, rows, arrival[rows])


def rows_in(stage: Stage, before: Stage) -> np.ndarray:
    """The row in `stage` of each node of an earlier stage: (n,)."""
    return _numbers(stage, before.rows)


class Shown:
    """The pairs of an arrival's steps, as `Problem` takes them; see `methods.batches.cut.Steps`.

    Shuffled passes over the pairs of the neighbourhood; every so many steps the last places of a
    batch are pairs of the buffer. All follows from seed and step. seen (T, 2): the pairs shown
    before this arrival, each once, by rows of the whole hierarchy.
    """

    def __init__(self, spec: RunSpec, stage: Stage, seen: np.ndarray) -> None:
        given = spec.strategy.params
        self.seed, self.size = spec.seed, spec.batch_size
        self.first = (stage.number - 1) * int(given["local_steps"])
        self.every = int(given["replay_every"])
        shown = stage.shown(bool(given["propagate"])).astype(np.int32)
        self.stream = passes(spec.seed, f"online/pairs/{stage.number}", shown)
        slots = reservoir.held(spec.seed, int(given["replay"]), len(seen))
        self.buffer = _places(stage, seen[slots])
        self.replayed = min(int(given["replay_batch"]), self.size) if len(self.buffer) else 0

    def take(self, first_step: int, steps: int) -> np.ndarray:
        """Rows in `Problem.positives` of the pairs of `steps` steps: int32 (steps, B)."""
        rows = self.stream.rows(first_step * self.size, (first_step + steps) * self.size)
        out = rows.reshape(steps, self.size).copy()
        if self.replayed:
            first = self.first + first_step
            drawn = reservoir.drawn(self.seed, first, steps, self.replayed, len(self.buffer))
            due = (np.arange(first_step, first_step + steps) % self.every) == 0
            out[due, self.size - self.replayed :] = self.buffer[drawn[due]]
        return out


def _places(stage: Stage, seen: np.ndarray) -> np.ndarray:
    """The rows in `stage.positives` of pairs of rows of the whole hierarchy: int32 (M,)."""
    here = _numbers(stage, seen)
    return positions(stage.closure, here[:, 0], here[:, 1]).astype(np.int32)


def _numbers(stage: Stage, rows: np.ndarray) -> np.ndarray:
    """The numbers in a stage of nodes that are there, given as rows of the whole hierarchy."""
    order = np.argsort(stage.rows)
    return order[np.searchsorted(stage.rows[order], rows)]
