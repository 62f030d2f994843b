"""What a run trains on, as NumPy arrays: the same problem for both frameworks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr, from_pairs
from hardball.hierarchy.closure import closure as closure_of
from hardball.hierarchy.closure import pairs as pairs_of
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.hops import hops as shortest
from hardball.hierarchy.splits import Split
from hardball.hierarchy.training_graph import training_graph
from hardball.hierarchy.tree_paths import paths_index
from hardball.methods import registry
from hardball.methods.batches.cut import Cut, Steps
from hardball.methods.handed import Head
from hardball.methods.pairs.streams import Passes
from hardball.runs.negatives import samplers
from hardball.runs.spec import RunSpec
from hardball.training import heads
from hardball.training.shared import Shared
from hardball.training.words import replayed, words_per_step

INT32_MAX = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Problem:
    """One run's arrays.

    hierarchy: the graph of the training pairs, see `training_graph`; nodes have its numbers in all
    that follows. positives: int32 (P, 2), pairs of node and ancestor. known_indptr, known_indices:
    the positives that draws are checked against, one ascending row a node. indexes: each sampler's
    arrays, the run's own before its hard ones.
    start: float64 (N, dim), tangent vectors at the origin from which the run begins. shared: what
    other runs on the hierarchy need as well.
    closure, split: of the whole hierarchy and in its numbers: what the points are asked about, see
    `Problem.asked`. number (N,): the row here of each node there.
    information: the fact `fisher` (N, dim) of a run whose nodes arrive; None of others.
    """

    spec: RunSpec
    hierarchy: Hierarchy
    number: np.ndarray
    closure: Csr
    split: Split
    positives: np.ndarray
    known_indptr: np.ndarray
    known_indices: np.ndarray
    indexes: tuple[Mapping[str, np.ndarray], ...]
    start: np.ndarray
    shared: Shared
    information: np.ndarray | None = None

    @property
    def n_nodes(self) -> int:
        return len(self.start)

    @property
    def whole(self) -> Hierarchy:
        """The hierarchy with what is held out."""
        return self.hierarchy.whole or self.hierarchy

    def asked(self, points: np.ndarray) -> np.ndarray:
        """Rows of the training's nodes, (N, ...), as rows of the nodes of `whole`."""
        return points if self.hierarchy is self.whole else points[self.number]

    def trained(self, rows: np.ndarray) -> np.ndarray:
        """Rows of the nodes of `whole`, (N, ...), as rows of the training's nodes."""
        return rows if self.hierarchy is self.whole else rows[np.argsort(self.number)]

    @property
    def known(self) -> Csr:
        """The training pairs as rows."""
        return Csr(self.known_indptr.astype(np.int64), self.known_indices)

    @property
    def known_width(self) -> int:
        """Length of the longest row of known positives."""
        return int(np.diff(self.known_indptr).max(initial=0))

    @property
    def total_steps(self) -> int:
        return self.steps_until(self.spec.epochs)

    def steps_until(self, epoch: int) -> int:
        """ceil(P epoch / B): steps that have shown every pair `epoch` times.

        Batches are cut from one endless stream of shuffled epochs, so a batch may span two.
        """
        return -(-len(self.positives) * epoch // self.spec.batch_size)

    @cached_property
    def rates(self) -> np.ndarray:
        """The learning rate of every step: float64 (total_steps,)."""
        return schedule(self.spec, self.steps_until(self.spec.burn_in), self.total_steps)

    @property
    def starts(self) -> np.ndarray:
        """The step at which each sampler comes in: int32, 0 for the run's own."""
        late = [part.after for part in samplers(self.spec)]
        return np.ceil(np.array(late) * self.total_steps).astype(np.int32)

    @cached_property
    def fades(self) -> np.ndarray:
        """What multiplies the weight of a negative at every step: float64 (total_steps,)."""
        return fading(self.spec, self.total_steps)

    @cached_property
    def hops(self) -> np.ndarray:
        """Edges of the shortest path from the node of every training pair to the ancestor: int32.

        (P,), of the training graph, through any parent.
        """
        return shortest(self.hierarchy, self.known)

    @property
    def depth(self) -> np.ndarray:
        """Edges from the nearest root to every node: int32 (N,)."""
        return self.hierarchy.depth

    @property
    def depths(self) -> np.ndarray:
        """The same, as it is told of both ends of a pair."""
        return self.depth

    @cached_property
    def degrees(self) -> np.ndarray:
        """The number of training pairs that every node is in, as either end: int (N,)."""
        return np.bincount(self.positives.ravel(), minlength=self.n_nodes)

    @cached_property
    def absent(self) -> np.ndarray:
        """Nodes neither itself nor known above it, for each training pair of a node: float64 (N,).

        0 for a node without training pairs.
        """
        known = np.diff(self.known_indptr)
        pairs = np.bincount(self.positives[:, 0], minlength=self.n_nodes)
        return np.where(pairs, (self.n_nodes - 1 - known) / np.maximum(pairs, 1), 0)

    @cached_property
    def radii(self) -> np.ndarray:
        """The radius that every node is held at: float64 (N,). Of runs that hold any."""
        method = self.spec.radius
        return registry.builder("radius", method.name)(self.hierarchy, **method.params)

    @cached_property
    def paths(self) -> dict[str, np.ndarray]:
        """What lengths of paths along the spanning tree follow from."""
        return paths_index(self.hierarchy)

    @cached_property
    def heads(self) -> dict[str, Head]:
        """What its regularisers own, by the term's name; raises HardballError where one cannot."""
        return heads.build(self)

    def rate(self, step: int) -> float:
        """The rate of the last of `step` steps; that of the first before any."""
        return float(self.rates[max(step - 1, 0)])


def build(
    spec: RunSpec,
    hierarchy: Hierarchy,
    closure: Csr | None = None,
    shared: Shared | None = None,
) -> Problem:
    """Split, sampler index and start of `spec` on `hierarchy`.

    shared: of the run before on the same hierarchy, whose samplers' arrays are taken where they are
    those of this run. Raises HardballError when there is nothing to train on or a draw would not
    fit int32.
    """
    relations = closure_of(hierarchy) if closure is None else closure
    split = registry.builder("task", spec.task.name)(
        hierarchy, relations, spec.seed, **spec.task.params
    )
    if len(split.train) == 0:
        raise HardballError(f"{spec.dataset}: task {spec.task} leaves no pair to train on")
    if len(split.known.indices) > INT32_MAX:
        raise HardballError(
            f"{spec.dataset}: {len(split.known.indices)} known pairs, at most {INT32_MAX} fit: "
            "train on a subtree, or on its direct edges"
        )
    seen, number = training_graph(hierarchy, split.known)
    positives, known = _pairs(split, seen, number)
    if shared is None or seen is not hierarchy:
        shared = Shared(seen)
    by_features = [term for term in spec.regularizers if "features" in term.params]
    indexes = shared.indexes(samplers(spec), known, by_features)
    noise = spec.init_scale * random_bits.normal(
        spec.seed, "initialise", (hierarchy.n_nodes, spec.dim)
    )
    start = registry.builder("start", spec.start.name)(seen, noise, **spec.start.params)
    return Problem(
        spec=spec,
        hierarchy=seen,
        number=number,
        closure=relations,
        split=split,
        positives=positives,
        known_indptr=known.indptr.astype(np.int32),
        known_indices=known.indices.astype(np.int32, copy=False),
        indexes=indexes,
        start=start,
        shared=shared,
    )


def _pairs(split: Split, seen: Hierarchy, number: np.ndarray) -> tuple[np.ndarray, Csr]:
    """The training pairs, ascending, and as rows, by the numbers of the training graph."""
    if seen.whole is None:
        return np.ascontiguousarray(split.train, np.int32), split.known
    known = from_pairs(number[split.train], seen.n_nodes)
    return pairs_of(known), known


class Chunk(NamedTuple):
    """Steps that a framework takes in one call: S of them, from step `first`.

    batch: int32 (S, B) rows of Problem.positives; words: uint32 (S, words a step), or (S, 0) when
    the device draws its own; lr and fade: float64 (S,).
    """

    first: int
    batch: np.ndarray
    words: np.ndarray
    lr: np.ndarray
    fade: np.ndarray


# Totals of a chunk, summed over its steps. drawn: negatives drawn; masked: those that are known
# positives or the anchor; widened: those from a widened ring; broken: steps whose loss is not
# finite. loss: mean loss of a batch; pull: sum over the negatives used of the gradient's Riemannian
# norm; stalled: negatives used whose norm is below STALLED.
COUNTS = ("drawn", "masked", "widened", "broken")
SUMS = ("loss", "pull", "stalled")
STALLED = 1e-4


def curvature(spec: RunSpec) -> float:
    """c > 0 of the space, whose curvature is -c; 1 where the manifold has none to set."""
    return float(spec.manifold.params.get("c", 1.0))


def held(spec: RunSpec) -> bool:
    """Whether a run holds its points at a radius, or within one."""
    return bool(registry.entry("radius", spec.radius.name).build)


def refreshes(spec: RunSpec) -> tuple[int, ...]:
    """Every how many steps a sampler makes its lists anew, for each that does."""
    every = (int(part.method.params.get("every", 0)) for part in samplers(spec))
    return tuple(n for n in every if n)


class Batches(Cut):
    """The endless stream of shuffled epochs, cut into batches of B pairs.

    Place i of step s is place (s B + i) mod P of the permutation of epoch (s B + i) div P.
    """

    def __init__(self, seed: int, pairs: int, size: int) -> None:
        super().__init__(Passes(seed, "batches", np.arange(pairs, dtype=np.int32)), size)


def batches_of(task: Problem) -> Steps:
    """The batches that a run's `pairs` and `batches` ask for."""
    spec = task.spec
    stream = registry.builder("pairs", spec.pairs.name)(task, **spec.pairs.params)
    return registry.builder("batches", spec.batches.name)(task, stream, **spec.batches.params)


def chunk(task: Problem, batches: Steps, first: int, steps: int, endless: bool = False) -> Chunk:
    """Steps `first` to `first + steps` of a run; endless: at its first rate, nothing faded."""
    spec, last = task.spec, first + steps
    count = words_per_step(spec) if spec.words == "philox" else 0
    drawn = random_bits.block(spec.seed, "negatives", first, steps, count)
    return Chunk(
        first=first,
        batch=batches.take(first, steps),
        words=replayed(task, batches, first, drawn, spec.batch_size),
        lr=np.full(steps, spec.lr) if endless else task.rates[first:last],
        fade=np.ones(steps) if endless else task.fades[first:last],
    )


def schedule(spec: RunSpec, burn_in_steps: int, total_steps: int) -> np.ndarray:
    """The rate of every step: float64 (total_steps,).

    lr x burn_in_factor for the burn-in, then linear from lr to lr x lr_final at the last step.
    """
    rest = max(total_steps - burn_in_steps, 0)
    falling = (
        spec.lr * np.linspace(1.0, spec.lr_final, rest) if rest > 1 else np.full(rest, spec.lr)
    )
    slow = np.full(min(burn_in_steps, total_steps), spec.lr * spec.burn_in_factor)
    return np.concatenate([slow, falling])


def fading(spec: RunSpec, total_steps: int) -> np.ndarray:
    """What multiplies the weight of a negative at every step: float64 (total_steps,).

    1 for the first half, then geometric to `fade` at the last step. In a softmax that is a margin
    of log f <= 0: log(1 + f sum_k w_k e^(d+ - d_k)) ends as an exponential loss, which pulls on the
    negatives that are nearest compared with the positive. Source: hardball.
    """
    half = total_steps / 2
    late = (np.arange(total_steps) - half) / max(total_steps - 1 - half, 1)
    return spec.fade ** np.clip(late, 0, 1)
