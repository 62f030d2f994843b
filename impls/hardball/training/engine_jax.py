"""The steps of a training run in JAX: draw, loss, gradient, update, many steps a call."""

import contextlib
import dataclasses
import functools
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hardball.arrays import on_jax as xp
from hardball.core.array_files import under
from hardball.core.errors import HardballError
from hardball.core.provenance import processors
from hardball.methods.optimizers import dense
from hardball.methods.optimizers import rows as layout
from hardball.training import heads, lists
from hardball.training.draws_jax import Data, Table, beside, current, draw, facts, make_lists
from hardball.training.methods import Methods, identity, native_arrays, path_arrays, resolve
from hardball.training.native import warm
from hardball.training.problem import COUNTS, SUMS, Chunk, Problem
from hardball.training.slopes_jax import slopes
from hardball.training.step_jax import Totals, native_update, update
from hardball.training.term_values import Heads
from hardball.training.told import array
from hardball.training.words import words_per_step


def _steps(
    how: Methods,
    table: Table,
    data: Data,
    key: jax.Array,
    first: jax.Array,
    count: jax.Array,
    batch: jax.Array,
    words: jax.Array,
    lr: jax.Array,
    fade: jax.Array,
) -> tuple[Table, Totals]:
    """The first `count` steps of a chunk, whose arrays may be longer, and their totals."""
    change = functools.partial(update, how)
    if how.native:
        change = functools.partial(native_update, how, data)

    def body(i: jax.Array, carry: tuple[Table, Totals]) -> tuple[Table, Totals]:
        table, sums = carry
        rows = data.positives[batch[i]]
        pairs = rows[:, 0], rows[:, 1]
        if how.spec.words == "device":
            count = (words_per_step(how.spec),)
            drawn = jax.random.bits(jax.random.fold_in(key, first + i), count, "uint32")
        else:
            drawn = words[i]
        draws = draw(how, data, table, *pairs, drawn, first + i, lr[i])
        told = facts(how, data, batch[i], pairs[0], draws, first + i)
        table, added = change(table, *pairs, draws, lr[i], fade[i], first + i, **told)
        return table, {name: sums[name] + added[name] for name in sums}

    sums = {name: jnp.zeros((), jnp.int32) for name in COUNTS}
    sums |= {name: jnp.zeros((), how.spec.dtype) for name in (*SUMS, *how.tracked)}
    return jax.lax.fori_loop(0, count, body, (table, sums))


_COMPILED: dict[tuple[Any, ...], Any] = {}


class Engine:
    """Takes a problem's steps on a device; seeds of one configuration share the compiled loop."""

    def __init__(self, problem: Problem, capacity: int) -> None:
        """capacity: the most steps a chunk may hold. Raises HardballError without the device."""
        self.problem, self.capacity = problem, capacity
        # XLA takes NPROC threads where that is set, and otherwise one a processor.
        self.compiled, self.threads = True, int(os.environ.get("NPROC") or processors())
        self.gpu = problem.spec.device == "gpu"
        self.how = resolve(problem.spec, "jax", problem.known_width)
        if self.how.chooses:
            warm.ensure("jax", "choose", self.how.precision)
        try:
            self.device = jax.devices(problem.spec.device)[0]
        except RuntimeError:
            raise HardballError(
                "device 'gpu': JAX sees none, allowed is cpu; for a GPU install hardball[gpu]"
            ) from None
        with self._settings():
            put = functools.partial(jax.device_put, device=self.device)
            self.data = Data(
                put(problem.positives),
                put(problem.known_indptr),
                put(problem.known_indices),
                tuple(
                    {name: put(jnp.asarray(array)) for name, array in index.items()}
                    for index in problem.indexes
                ),
                put(problem.starts),
                put(np.array(problem.total_steps, np.int32)),
                {name: put(array(problem, name)) for name in self.how.looked_up},
                {name: put(array) for name, array in path_arrays(self.how, problem).items()},
                {
                    term: {name: self._told(array) for name, array in head.nodes.items()}
                    for term, head in problem.heads.items()
                    if head.nodes
                },
                *(put(array) for array in native_arrays(self.how)),
            )
            self.key = put(jax.random.key(problem.spec.seed))
        self._loop: Any = None

    def _told(self, array: np.ndarray) -> jax.Array:
        """Reals in the run's dtype, integers as they are."""
        real = np.issubdtype(array.dtype, np.floating)
        kind = self.how.spec.dtype if real else array.dtype
        return jax.device_put(array.astype(kind, copy=False), self.device)

    @contextlib.contextmanager
    def _settings(self) -> Iterator[None]:
        """float64 only while such a run is at work; matrix products in full precision."""
        wide = self.problem.spec.dtype == "float64"
        with (
            jax.enable_x64(wide),
            jax.default_device(self.device),
            jax.default_matmul_precision("highest"),
        ):
            yield

    def start(self) -> Table:
        """The points at exp0 of the problem's tangent vectors, and fresh optimiser rows."""
        with self._settings():
            vectors = jnp.asarray(self.problem.start, self.how.spec.dtype)
            points = self.how.manifold.project(
                self.how.manifold.exp0(vectors, self.how.c), self.how.c
            )
            state = layout.init(xp, self.how.columns, points)
            if self.how.hold is not None:
                state["radius"] = jnp.asarray(self.problem.radii, self.how.spec.dtype)[:, None]
            owned = {
                term: {n: dense.init(xp, jnp.array(a, points.dtype)) for n, a in head.start.items()}
                for term, head in self.problem.heads.items()
            }
            return self.refresh(self._table(layout.pack(xp, points, state), {}, owned), 0)

    def _table(self, rows: jax.Array, near: dict[str, jax.Array], owned: Heads) -> Table:
        nodes = 0 if self.how.native else rows.shape[0]
        return Table(rows, jnp.zeros((nodes, self.how.coordinates), rows.dtype), near, owned)

    def refresh(self, table: Table, step: int) -> Table:
        """The table with the lists made anew that are due at `step`."""
        fresh = dict(table.lists)
        with self._settings():
            nodes = len(table.rows)
            for due in lists.due(self.how, step, nodes, lambda: self.points(table, step)):
                key = ("lists", due.place, identity(self.how), str(self.device))
                if key not in _COMPILED:
                    _COMPILED[key] = jax.jit(functools.partial(make_lists, self.how, due.sampling))
                place = str(due.place)
                told = jnp.asarray(due.words), table.lists.get(place)
                found = None if due.candidates is None else jnp.asarray(due.candidates)
                fresh[place] = _COMPILED[key](self.data, table, *self._now(step), *told, found)
        return table._replace(lists=fresh)

    def sample(
        self, table: Table, step: int, batch: np.ndarray, words: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What would be drawn at `step` for some pairs: ids (B, K) and weights (B, K), 0 if masked.

        batch (B,) rows of Problem.positives; words uint32, those of `words_per_step`.
        """
        with self._settings():
            key = ("sample", identity(self.how), str(self.device))
            if key not in _COMPILED:
                plain = dataclasses.replace(self.how, native=False, corrects=False)
                _COMPILED[key] = jax.jit(functools.partial(draw, plain))
            pairs, drawn = self.data.positives[batch].T, jnp.asarray(words)
            found = _COMPILED[key](self.data, table, *pairs, drawn, *self._now(step))
            shared = jnp.broadcast_to(found.shared, found.shared_weight.shape)
            weights = beside(found.shared_weight, found.own_weight)
            return np.asarray(beside(shared, found.own)), np.asarray(weights)

    def _now(self, step: int) -> tuple[jax.Array, jax.Array]:
        """How many steps have been taken, and the rate of the last."""
        lr = jnp.asarray(self.problem.rate(step), self.how.spec.dtype)
        return jnp.asarray(step, jnp.int32), lr

    def compile(self, table: Table, chunk: Chunk) -> float:
        """Compile the loop for chunks like `chunk`: seconds; 0 when it has been compiled before."""
        with self._settings():
            args = self._arguments(table, chunk)
            shapes = tuple((leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(args))
            key = (identity(self.how), str(self.device), jax.tree.structure(args), shapes)
            began = time.perf_counter()
            if self.how.native:
                warm.ensure("jax", self.how.kernel, self.how.precision)
            if key not in _COMPILED:
                jitted = jax.jit(functools.partial(_steps, self.how), donate_argnums=0)
                # On a GPU sums into one row would else come in any order.
                options: Any = {"xla_gpu_deterministic_ops": True} if self.gpu else None
                _COMPILED[key] = jitted.lower(*args).compile(compiler_options=options)
            self._loop = _COMPILED[key]
            return time.perf_counter() - began

    def run(self, table: Table, chunk: Chunk) -> tuple[Table, Totals]:
        """Take the chunk's steps: the new table and totals, both still on the device.

        The old table's memory is reused. `compile` must have been called once.
        """
        with self._settings():
            return self._loop(*self._arguments(table, chunk))

    def _arguments(self, table: Table, chunk: Chunk) -> tuple[Any, ...]:
        count = len(chunk.lr)
        rest = self.capacity - count
        batch = np.pad(chunk.batch, ((0, rest), (0, 0))) if rest else chunk.batch
        words = np.pad(chunk.words, ((0, rest), (0, 0))) if rest else chunk.words
        rates = np.pad([chunk.lr, chunk.fade], ((0, 0), (0, rest))).astype(self.how.spec.dtype)
        counters = np.asarray(chunk.first, np.int32), np.asarray(count, np.int32)
        arrays = jax.device_put((*counters, batch, words, *rates), self.device)
        return (table, self.data, self.key, *arrays)

    def read(self, totals: Totals) -> dict[str, float]:
        """Totals as numbers; waits for the device."""
        return {name: value.item() for name, value in jax.device_get(totals).items()}

    def slopes(self, table: Table, chunk: Chunk) -> np.ndarray:
        """The gradient of a chunk's first batch in all tangent vectors at the start: (N, dim).

        See `slopes_jax`; draws are those of the run's last step.
        """
        with self._settings():
            key = ("slopes", identity(self.how), str(self.device))
            if key not in _COMPILED:
                plain = dataclasses.replace(self.how, native=False)
                _COMPILED[key] = jax.jit(functools.partial(slopes, plain))
            vectors = jnp.asarray(self.problem.start, self.how.spec.dtype)
            given = vectors, jnp.asarray(chunk.batch[0]), jnp.asarray(chunk.words[0])
            last = self._now(self.problem.total_steps - 1)
            return np.asarray(_COMPILED[key](self.data, table, *given, *last))

    def points(self, table: Table, step: int) -> np.ndarray:
        """Points (N, D) in the spec's dtype, every row brought up to `step`."""
        with self._settings():
            return np.array(current(self.how, table.rows, *self._now(step))[0])

    def touching(self, points: np.ndarray) -> int:
        """How many of `points` lie at the largest radius."""
        with self._settings():
            return int(jnp.sum(self.how.manifold.touches(jnp.asarray(points), self.how.c)))

    def export(self, table: Table) -> dict[str, np.ndarray]:
        """The table as named arrays, for a checkpoint."""
        near = {f"lists_{place}": np.array(nodes) for place, nodes in table.lists.items()}
        packed = {f"heads_{name}": np.array(a) for name, a in heads.named(table.heads).items()}
        return {"rows": np.array(table.rows), **near, **packed}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> Table:
        """The table that `export` gave."""
        with self._settings():
            near = {p: jnp.array(array) for p, array in under("lists_", arrays).items()}
            packed = {n: jnp.array(array) for n, array in under("heads_", arrays).items()}
            return self._table(jnp.array(arrays["rows"]), near, heads.nested(packed))

    def heads(self, table: Table) -> dict[str, np.ndarray]:
        """What terms own now, "<term>.<array>"."""
        return {name: np.array(packed[0]) for name, packed in heads.named(table.heads).items()}
