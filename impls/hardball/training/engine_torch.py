"""The steps of a training run in PyTorch: draw, loss, gradient, update, many steps a call."""

import contextlib
import dataclasses
import functools
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from hardball.arrays import on_torch as xp
from hardball.arrays.on_torch.integers import device_words
from hardball.core.array_files import under
from hardball.core.errors import HardballError
from hardball.methods.optimizers import dense
from hardball.methods.optimizers import rows as layout
from hardball.training import heads, lists
from hardball.training.draws_torch import (
    Data,
    Draws,
    Table,
    beside,
    current,
    draw,
    facts,
    make_lists,
)
from hardball.training.methods import Methods, identity, native_arrays, path_arrays, resolve
from hardball.training.native import warm
from hardball.training.problem import COUNTS, SUMS, Chunk, Problem
from hardball.training.slopes_torch import slopes
from hardball.training.step_torch import Totals, loss, measure, native_update, optimise, update
from hardball.training.term_values import Heads
from hardball.training.told import array
from hardball.training.words import words_per_step

# Compiling takes seconds and saves some 20 ns a scoring, and nothing where negatives come in pairs.
_COMPILE_FROM_SCORINGS = 1e9
# Below this many scorings a step, a second thread costs more than it brings.
_THREADS_FROM_SCORINGS = 2**19


class _Pieces(NamedTuple):
    """The pieces of a step: plain, or each compiled to fewer kernels."""

    draw: Callable[..., Draws]
    coast: Callable[..., tuple[torch.Tensor, layout.State]]
    loss: Callable[..., tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]]
    optimise: Callable[..., torch.Tensor]
    measure: Callable[..., tuple[torch.Tensor, torch.Tensor]]


def _plain(how: Methods) -> _Pieces:
    """The pieces as they are written."""
    given = functools.partial
    return _Pieces(
        given(draw, how), given(current, how), given(loss, how), given(optimise, how), measure
    )


def _fuse(piece: Callable[..., Any]) -> Callable[..., Any]:
    """`piece` as torch.compile fuses it, compiled for the arguments of the first call."""

    def fused(*given: Any, **told: Any) -> Any:
        return piece(*given, **told)

    # What is compiled is kept with the code, for few sets of arguments: each piece has its own.
    fused.__code__ = fused.__code__.replace()
    return torch.compile(fused, fullgraph=True, dynamic=False)


def _compiled(problem: Problem, how: Methods) -> _Pieces:
    """The pieces fused; problems of one configuration and one size share them, as seeds do."""
    drawn_from = [array for index in problem.indexes for array in index.values()]
    owned = [array for head in problem.heads.values() for array in head.start.values()]
    arrays = problem.start, problem.positives, problem.known_indices, *drawn_from, *owned
    key = identity(how), tuple(np.shape(array) for array in arrays)
    if key not in _COMPILED:
        written = _plain(how)
        fused = _Pieces(*map(_fuse, written))
        # A compiled kernel among the draws is nothing that can be fused.
        _COMPILED[key] = fused._replace(draw=written.draw) if how.chooses else fused
    return _COMPILED[key]


_COMPILED: dict[tuple[Any, ...], _Pieces] = {}


def _worth_compiling(problem: Problem, how: Methods) -> bool:
    """Whether a run scores a pool by plain code, long enough to compile it, with a compiler there.

    A run's digits depend on it, so it follows from the spec and the machine, not from timings. What
    is compiled has one backward pass for all of its results, so terms apart are not.
    """
    spec = problem.spec
    # Compiled for CUDA (PyTorch 2.11, H200) the pieces do not learn: all nouns, MAP .002 where JAX
    # has .948.
    if how.apart or spec.device == "gpu":
        return False
    found = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    scorings = problem.total_steps * spec.batch_size * spec.scored
    return bool(found) and how.shared > 0 and not how.native and scorings >= _COMPILE_FROM_SCORINGS


def _steps(
    how: Methods,
    table: Table,
    data: Data,
    batch: torch.Tensor,
    words: torch.Tensor,
    lr: torch.Tensor,
    fade: torch.Tensor,
    first: int,
) -> tuple[Table, Totals]:
    """The steps of a chunk, the first of which comes after `first` others, and their totals."""
    sums = {name: torch.zeros((), dtype=torch.int64, device=lr.device) for name in COUNTS}
    named = (*SUMS, *how.tracked)
    sums |= {name: torch.zeros((), dtype=lr.dtype, device=lr.device) for name in named}
    counter = torch.arange(first, first + len(lr), device=lr.device)
    change = functools.partial(update, how)
    if how.native:
        change = functools.partial(native_update, how, data)
    for rows, drawn, rate, part, before in zip(batch, words, lr, fade, counter, strict=True):
        pairs = data.positives[rows, 0], data.positives[rows, 1]
        draws = how.pieces.draw(data, table, *pairs, drawn, before, rate)
        told = facts(how, data, rows, pairs[0], draws, before)
        table, added = change(table, *pairs, draws, rate, part, before, **told)
        for name, value in added.items():
            sums[name] += value
    return table, sums


class Engine:
    """Takes a problem's steps on a device."""

    def __init__(self, problem: Problem, capacity: int) -> None:
        """capacity: the most steps a chunk may hold. Raises HardballError without the device."""
        self.problem, self.capacity = problem, capacity
        self.how = resolve(problem.spec, "torch", problem.known_width)
        if self.how.chooses:
            warm.ensure("torch", "choose", self.how.precision)
        if problem.spec.device == "gpu" and not torch.cuda.is_available():
            raise HardballError(
                "device 'gpu': PyTorch sees none, allowed is cpu; for a GPU install hardball[gpu]"
            )
        # Without it, matrix products on a GPU are refused where sums must come in one order.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        self.device = torch.device("cuda" if problem.spec.device == "gpu" else "cpu")
        self.dtype = getattr(torch, problem.spec.dtype)
        self.compiled = _worth_compiling(problem, self.how)
        found = _compiled(problem, self.how) if self.compiled else _plain(self.how)
        self.how = dataclasses.replace(self.how, pieces=found)
        with self._settings():
            self.threads = torch.get_num_threads()
            self.data = Data(
                self._put(problem.positives.astype(np.int64)),
                self._put(problem.known_indptr),
                self._put(problem.known_indices),
                tuple(
                    {name: self._put(np.asarray(array)) for name, array in index.items()}
                    for index in problem.indexes
                ),
                self._put(problem.starts),
                self._put(np.array(problem.total_steps, np.int32)),
                {name: self._put(array(problem, name)) for name in self.how.looked_up},
                {name: self._put(array) for name, array in path_arrays(self.how, problem).items()},
                {
                    term: {name: self._told(array) for name, array in head.nodes.items()}
                    for term, head in problem.heads.items()
                    if head.nodes
                },
                *(self._put(array) for array in native_arrays(self.how)),
            )

    def _put(self, array: np.ndarray) -> torch.Tensor:
        return torch.tensor(array, device=self.device)

    def _told(self, array: np.ndarray) -> torch.Tensor:
        """Reals in the run's dtype, integers as indices."""
        real = np.issubdtype(array.dtype, np.floating)
        return self._put(array).to(self.dtype if real else torch.int64)

    @contextlib.contextmanager
    def _settings(self) -> Iterator[None]:
        """No gradients but where a step asks for them, and one order of summation."""
        threads, exact = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
        spec = self.problem.spec
        small = spec.batch_size * spec.scored < _THREADS_FROM_SCORINGS
        given = os.environ.get("OMP_NUM_THREADS", "1" if small else "").partition(",")[0]
        if given.isdigit() and int(given):
            # The evaluator's threads are of the same library: it leaves their number behind.
            torch.set_num_threads(int(given))
        torch.use_deterministic_algorithms(self.device.type == "cuda")
        try:
            with torch.no_grad():
                yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(exact)

    def start(self) -> Table:
        """The points at exp0 of the problem's tangent vectors, and fresh optimiser rows."""
        with self._settings():
            vectors = self._put(self.problem.start).to(self.dtype)
            points = self.how.manifold.project(
                self.how.manifold.exp0(vectors, self.how.c), self.how.c
            )
            state = layout.init(xp, self.how.columns, points)
            if self.how.hold is not None:
                state["radius"] = self._put(self.problem.radii).to(self.dtype)[:, None]
            owned = {
                term: {n: dense.init(xp, self._told(a)) for n, a in head.start.items()}
                for term, head in self.problem.heads.items()
            }
            return self.refresh(self._table(layout.pack(xp, points, state), {}, owned), 0)

    def _table(self, rows: torch.Tensor, near: dict[str, torch.Tensor], owned: Heads) -> Table:
        nodes = 0 if self.how.native else rows.shape[0]
        return Table(rows, rows.new_zeros(nodes, self.how.coordinates), near, owned)

    def refresh(self, table: Table, step: int) -> Table:
        """The table with the lists made anew that are due at `step`."""
        fresh = dict(table.lists)
        with self._settings():
            nodes = len(table.rows)
            for due in lists.due(self.how, step, nodes, lambda: self.points(table, step)):
                place, found = str(due.place), None
                told = self._put(due.words.astype(np.int64)), table.lists.get(place)
                if due.candidates is not None:
                    found = self._put(due.candidates.astype(np.int64))
                given = *self._now(step), *told, found
                fresh[place] = make_lists(self.how, due.sampling, self.data, table, *given)
        return table._replace(lists=fresh)

    def sample(
        self, table: Table, step: int, batch: np.ndarray, words: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What would be drawn at `step` for some pairs: ids (B, K) and weights (B, K), 0 if masked.

        batch (B,) rows of Problem.positives; words uint32, those of `words_per_step`.
        """
        with self._settings():
            plain = dataclasses.replace(self.how, native=False, corrects=False)
            pairs, given = self.data.positives[batch], self._put(words.astype(np.int64))
            ends = pairs[:, 0], pairs[:, 1]
            found = draw(plain, self.data, table, *ends, given, *self._now(step))
            shared = found.shared.expand(found.shared_weight.shape)
            weights = beside(found.shared_weight, found.own_weight)
            return beside(shared, found.own).cpu().numpy(), weights.cpu().numpy()

    def _now(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """How many steps have been taken, and the rate of the last."""
        lr = self._put(np.asarray(self.problem.rate(step))).to(self.dtype)
        return self._put(np.asarray(step)), lr

    def compile(self, table: Table, chunk: Chunk) -> float:
        """Warm up on a throwaway copy of the table: seconds until two steps are done."""
        began = time.perf_counter()
        if self.how.native:
            warm.ensure("torch", self.how.kernel, self.how.precision)
        copy = self.restore({name: array.copy() for name, array in self.export(table).items()})
        short = Chunk(chunk.first, *(field[:2] for field in chunk[1:]))
        self.read(self.run(copy, short)[1])
        return time.perf_counter() - began

    def run(self, table: Table, chunk: Chunk) -> tuple[Table, Totals]:
        """Take the chunk's steps: the new table and totals, both still on the device.

        The old table's memory is reused.
        """
        with self._settings():
            batch = self._put(chunk.batch)
            lr, fade = self._put(chunk.lr).to(self.dtype), self._put(chunk.fade).to(self.dtype)
            if self.how.spec.words == "device":
                source = torch.Generator(self.device)
                # Both numbers below 2^32: one stream a seed and chunk.
                source.manual_seed(self.how.spec.seed << 32 | chunk.first)
                words = device_words(source, (len(chunk.lr), words_per_step(self.how.spec)))
            else:
                words = self._put(chunk.words.astype(np.int64))
            return _steps(self.how, table, self.data, batch, words, lr, fade, chunk.first)

    def read(self, totals: Totals) -> dict[str, float]:
        """Totals as numbers; waits for the device."""
        return {name: value.item() for name, value in totals.items()}

    def slopes(self, table: Table, chunk: Chunk) -> np.ndarray:
        """The gradient of a chunk's first batch in all tangent vectors at the start: (N, dim).

        See `slopes_torch`; draws are those of the run's last step.
        """
        with self._settings():
            vectors = self._put(self.problem.start).to(self.dtype)
            drawn = self._put(chunk.words[0].astype(np.int64))
            given = vectors, self._put(chunk.batch[0]), drawn
            last = self._now(self.problem.total_steps - 1)
            plain = dataclasses.replace(self.how, native=False)
            return slopes(plain, self.data, table, *given, *last).cpu().numpy()

    def points(self, table: Table, step: int) -> np.ndarray:
        """Points (N, D) in the spec's dtype, every row brought up to `step`."""
        with self._settings():
            rows, _ = current(self.how, table.rows, *self._now(step))
            return rows.cpu().numpy().copy()

    def touching(self, points: np.ndarray) -> int:
        """How many of `points` lie at the largest radius."""
        with self._settings():
            return int(self.how.manifold.touches(self._put(points), self.how.c).sum())

    def export(self, table: Table) -> dict[str, np.ndarray]:
        """The table as named arrays, for a checkpoint."""
        near = {f"lists_{place}": ids.cpu().numpy() for place, ids in table.lists.items()}
        named = heads.named(table.heads).items()
        packed = {f"heads_{name}": array.cpu().numpy().copy() for name, array in named}
        return {"rows": table.rows.cpu().numpy().copy(), **near, **packed}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> Table:
        """The table that `export` gave."""
        with self._settings():
            near = {p: self._put(array) for p, array in under("lists_", arrays).items()}
            packed = {n: self._put(array) for n, array in under("heads_", arrays).items()}
            return self._table(self._put(arrays["rows"]), near, heads.nested(packed))

    def heads(self, table: Table) -> dict[str, np.ndarray]:
        """What terms own now, "<term>.<array>"."""
        named = heads.named(table.heads).items()
        return {name: packed[0].cpu().numpy().copy() for name, packed in named}
