"""The steps of a training run in JAX: draw, loss, gradient, update, many steps a call."""

import contextlib
import functools
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hardball.errors import HardballError
from hardball.optimizers import rows_jax
from hardball.samplers.membership_jax import is_known, pool_known
from hardball.trainers.problem import (
    COUNTS,
    STALLED,
    SUMS,
    Chunk,
    Methods,
    Problem,
    identity,
    resolve,
)
from hardball.trainers.provenance import processors

Totals = dict[str, jax.Array]


class Table(NamedTuple):
    """What a step changes: points (N, D), the optimiser's rows, a buffer (N, D) of zeros."""

    points: jax.Array
    state: rows_jax.State
    buffer: jax.Array


class Data(NamedTuple):
    """What a step reads: pairs (P, 2), known positives as CSR, the sampler's arrays."""

    positives: jax.Array
    known_indptr: jax.Array
    known_indices: jax.Array
    sampler: dict[str, jax.Array]


class Draws(NamedTuple):
    """ids (B, K) or (M,), weight (B, K) or (B, M), and how many were drawn, masked, widened."""

    ids: jax.Array
    weight: jax.Array
    drawn: jax.Array
    masked: jax.Array
    widened: jax.Array


def draw(
    how: Methods, data: Data, anchors: jax.Array, positives: jax.Array, words: jax.Array
) -> Draws:
    """Negatives of a batch; weight 0 where the draw is a known positive or the anchor itself.

    anchors, positives (B,); words (B, K), or (M,) for a pool, whose weights are multiplicities.
    """
    csr = data.known_indptr, data.known_indices
    if how.pool:
        ids, multiplicity = how.sample(data.sampler, words, **how.sample_options)
        hit = pool_known(*csr, how.width, anchors, ids) | (ids == anchors[:, None])
        weight = jnp.where(hit, 0, multiplicity).astype(how.spec.dtype)
        drawn = jnp.asarray(anchors.size * ids.size, jnp.int32)
        masked = drawn - jnp.sum(weight.astype(jnp.int32), dtype=jnp.int32)
        return Draws(ids, weight, drawn, masked, jnp.zeros_like(masked))
    nodes = positives if how.by_positive else anchors
    ids, valid = how.sample(data.sampler, nodes, words, **how.sample_options)
    hit = is_known(*csr, anchors, ids, how.width.bit_length()) | (ids == anchors[:, None])
    masked = jnp.sum(valid & hit, dtype=jnp.int32)
    widened = jnp.zeros_like(masked)
    if "widened" in data.sampler:
        widened = jnp.sum(valid & data.sampler["widened"][nodes][:, None], dtype=jnp.int32)
    drawn = jnp.sum(valid, dtype=jnp.int32)
    return Draws(ids, (valid & ~hit).astype(how.spec.dtype), drawn, masked, widened)


def loss(how: Methods, rows: jax.Array, offset: jax.Array, weight: jax.Array) -> jax.Array:
    """Mean loss of a batch and its regularisers, from the rows of anchors, positives and draws.

    rows (2B + B K, D), or (2B + M, D) for a pool. offset (B, K) is zero and added to the distances
    of the negatives: its gradient is that of each negative, since |grad d| = 1 on any manifold.
    """
    size = weight.shape[0]
    anchors, positives, negatives = rows[:size], rows[size : 2 * size], rows[2 * size :]
    near = how.manifold.dist(anchors, positives, how.c)
    if how.pool:
        far = how.manifold.dist_matrix(anchors, negatives, how.c)
    else:
        far = how.manifold.dist(anchors[:, None], negatives.reshape(*weight.shape, -1), how.c)
    total = jnp.mean(how.loss(near, far + offset, weight, **how.spec.loss.params))
    for term, params in how.regularizers:
        total = total + jnp.mean(term(how.manifold.radius(rows[: 2 * size], how.c), **params))
    return total


def update(
    how: Methods,
    table: Table,
    anchors: jax.Array,
    positives: jax.Array,
    draws: Draws,
    lr: jax.Array,
    before: jax.Array,
) -> tuple[Table, Totals]:
    """One optimiser step on the rows that the batch touches, and the step's totals.

    before: how many steps have been taken, which the rows are first brought up to.

    Rows that occur more than once get the sum of their gradients: added into the buffer and read
    back, every occurrence holds the same total, so all of them write the same row. With fewer nodes
    than occurrences it is cheaper to update all nodes and keep the touched ones.
    """
    ids = jnp.concatenate([anchors, positives, draws.ids.reshape(-1)])
    offset = jnp.zeros_like(draws.weight)
    gradient = jax.value_and_grad(functools.partial(loss, how), argnums=(0, 1))
    if table.points.shape[0] <= ids.shape[0]:
        held, old = _coast(how, table.points, table.state, before, lr)
        value, (grads, pull) = gradient(held[ids], offset, draws.weight)
        total = jnp.zeros_like(held).at[ids].add(grads)
        touched = jnp.zeros((held.shape[0], 1), bool).at[ids].set(True)
        rows, new = _optimise(how, held, total, old, lr)
        points = jnp.where(touched, rows, table.points)
        state = {k: jnp.where(touched, new[k], v) for k, v in table.state.items()}
        buffer = table.buffer
    else:
        old = {k: v[ids] for k, v in table.state.items()}
        held, old = _coast(how, table.points[ids], old, before, lr)
        value, (grads, pull) = gradient(held, offset, draws.weight)
        buffer = table.buffer.at[ids].add(grads)
        rows, new = _optimise(how, held, buffer[ids], old, lr)
        points = table.points.at[ids].set(rows)
        state = {k: v.at[ids].set(new[k]) for k, v in table.state.items()}
        buffer = buffer.at[ids].set(0)
    return Table(points, state, buffer), measure(draws, value, pull)


def measure(draws: Draws, value: jax.Array, pull: jax.Array) -> Totals:
    """Totals of one step from its loss and the gradient of the negatives' distances."""
    pull = jnp.abs(pull) * pull.shape[0]
    return {
        "drawn": draws.drawn,
        "masked": draws.masked,
        "widened": draws.widened,
        "broken": jnp.logical_not(jnp.isfinite(value)).astype(jnp.int32),
        "loss": value,
        "pull": jnp.sum(pull),
        "stalled": jnp.sum(draws.weight * (pull < STALLED * draws.weight)),
    }


def _coast(
    how: Methods, rows: jax.Array, state: rows_jax.State, before: jax.Array, lr: jax.Array
) -> tuple[jax.Array, rows_jax.State]:
    name = how.spec.optimizer.name
    params: Any = how.spec.optimizer.params
    return rows_jax.coast(name, how.manifold, rows, state, before, lr, how.c, **params)


def _optimise(
    how: Methods, rows: jax.Array, grads: jax.Array, state: rows_jax.State, lr: jax.Array
) -> tuple[jax.Array, rows_jax.State]:
    if how.spec.clip:
        grads = rows_jax.clip(how.manifold, rows, grads, how.spec.clip, how.c)
    return how.optimise(how.manifold, rows, grads, state, lr, how.c, **how.spec.optimizer.params)


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
) -> tuple[Table, Totals]:
    """The first `count` steps of a chunk, whose arrays may be longer, and their totals."""

    def body(i: jax.Array, carry: tuple[Table, Totals]) -> tuple[Table, Totals]:
        table, sums = carry
        pairs = data.positives[batch[i]]
        if how.spec.words == "device":
            drawn = jax.random.bits(jax.random.fold_in(key, first + i), how.words_shape, "uint32")
        else:
            drawn = words[i].reshape(how.words_shape)
        draws = draw(how, data, pairs[:, 0], pairs[:, 1], drawn)
        table, totals = update(how, table, pairs[:, 0], pairs[:, 1], draws, lr[i], first + i)
        return table, {name: sums[name] + totals[name] for name in sums}

    sums = {name: jnp.zeros((), jnp.int32) for name in COUNTS}
    sums |= {name: jnp.zeros((), how.spec.dtype) for name in SUMS}
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
                {name: put(jnp.asarray(array)) for name, array in problem.index.items()},
            )
            self.key = put(jax.random.key(problem.spec.seed))
        self._loop: Any = None

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
            state = rows_jax.init(self.how.spec.optimizer.name, points)
            return Table(points, state, jnp.zeros_like(points))

    def compile(self, table: Table, chunk: Chunk) -> float:
        """Compile the loop for chunks like `chunk`: seconds; 0 when it has been compiled before."""
        with self._settings():
            args = self._arguments(table, chunk)
            shapes = tuple((leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(args))
            key = (identity(self.how), str(self.device), jax.tree.structure(args), shapes)
            began = time.perf_counter()
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
        lr = np.pad(chunk.lr, (0, rest)).astype(self.how.spec.dtype)
        counters = np.asarray(chunk.first, np.int32), np.asarray(count, np.int32)
        arrays = jax.device_put((*counters, batch, words, lr), self.device)
        return (table, self.data, self.key, *arrays)

    def read(self, totals: Totals) -> dict[str, float]:
        """Totals as numbers; waits for the device."""
        return {name: value.item() for name, value in jax.device_get(totals).items()}

    def points(self, table: Table, step: int) -> np.ndarray:
        """Points (N, D) in the spec's dtype, every row brought up to `step`."""
        with self._settings():
            before = jnp.asarray(step, jnp.int32)
            lr = jnp.asarray(self.problem.rate(step), self.how.spec.dtype)
            return np.array(_coast(self.how, table.points, table.state, before, lr)[0])

    def touching(self, points: np.ndarray) -> int:
        """How many of `points` lie at the largest radius."""
        with self._settings():
            return int(jnp.sum(self.how.manifold.touches(jnp.asarray(points), self.how.c)))

    def export(self, table: Table) -> dict[str, np.ndarray]:
        """The table as named arrays, for a checkpoint."""
        return {"points": np.array(table.points)} | {
            f"state_{name}": np.array(array) for name, array in table.state.items()
        }

    def restore(self, arrays: Mapping[str, np.ndarray]) -> Table:
        """The table that `export` gave."""
        with self._settings():
            points = jnp.array(arrays["points"])
            state = {
                name.removeprefix("state_"): jnp.array(array)
                for name, array in arrays.items()
                if name.startswith("state_")
            }
            return Table(points, state, jnp.zeros_like(points))
