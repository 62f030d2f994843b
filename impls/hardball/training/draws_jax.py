"""What a step reads and changes in JAX, and which negatives it draws."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from hardball.arrays import on_jax as xp
from hardball.arrays.on_jax.integers import lookup
from hardball.arrays.on_jax.membership import Known
from hardball.methods.facts import TOLD, takes
from hardball.methods.optimizers import rows as layout
from hardball.methods.samplers.space import Space
from hardball.training.methods import Methods, Sampling
from hardball.training.native import calls_jax
from hardball.training.paths import path_lengths
from hardball.training.pools import Pool, merged, of_draws, weighed


class Table(NamedTuple):
    """What a step changes: rows (N, W) of points and optimiser state; a buffer (N, D) of zeros.

    The compiled kernels need no buffer, which then has no rows. lists: of each sampler that keeps
    any, nodes (N, T) near every node, which steps only read. heads: what each term owns, packed as
    by `dense.init`.
    """

    rows: jax.Array
    buffer: jax.Array
    lists: dict[str, jax.Array]
    heads: dict[str, dict[str, jax.Array]]


class Data(NamedTuple):
    """What a step reads: pairs (P, 2), known positives as CSR, each sampler's arrays.

    starts: the step at which each sampler comes in; steps: how many the whole run has.
    facts: what the loss and the regularisers take of pairs (P,) or nodes (N,), see `facts.TOLD`;
    paths: what `paths` finds those of the tree by, empty where none is asked for. nodes: what
    terms with arrays of their own are told of every node, see `handed.Head`.
    powers, settings, codes: what the compiled step is told, see `native.settings`; or empty.
    """

    positives: jax.Array
    known_indptr: jax.Array
    known_indices: jax.Array
    samplers: tuple[dict[str, jax.Array], ...]
    starts: jax.Array
    steps: jax.Array
    facts: dict[str, jax.Array]
    paths: dict[str, jax.Array]
    nodes: dict[str, dict[str, jax.Array]]
    powers: jax.Array
    settings: jax.Array
    codes: jax.Array


class Draws(NamedTuple):
    """shared (M,) nodes for all anchors, own (B, K) of each one's; drawn, masked, widened: counts.

    Weights are (B, M) and (B, K). For the compiled step, to which the masking is left, the weight
    of what is shared is (M,).
    """

    shared: jax.Array
    shared_weight: jax.Array
    own: jax.Array
    own_weight: jax.Array
    drawn: jax.Array
    masked: jax.Array
    widened: jax.Array


def current(
    how: Methods, packed: jax.Array, before: jax.Array, lr: jax.Array
) -> tuple[jax.Array, layout.State]:
    """Points and optimiser state of packed rows (R, W), brought up to step `before`.

    Points are where the run holds them. That is done here, since whatever looks at a row reads it
    here; the radius (R, 1) is kept with the state, in the last column.
    """
    rows, state = layout.unpack(how.columns, how.coordinates, packed)
    if how.coast is not None:
        params = how.spec.optimizer.params
        rows, state = how.coast(how.manifold, rows, state, before, lr, how.c, **params)
    if how.hold is None:
        return rows, state
    radius = packed[:, -1:]
    return how.hold(how.manifold, rows, radius[:, 0], how.c), {**state, "radius": radius}


def space(how: Methods, data: Data, table: Table, before: jax.Array, lr: jax.Array) -> Space:
    """Distances between the table's nodes at step `before`.

    Of few nodes all are brought up to that step, of many those that are asked for.
    """

    def locate(ids: jax.Array) -> jax.Array:
        if ids.size >= len(table.rows):
            return current(how, table.rows, before, lr)[0][ids]
        packed = table.rows[ids.reshape(-1)]
        return current(how, packed, before, lr)[0].reshape(*ids.shape, how.coordinates)

    return Space(how.manifold, how.c, locate, chooser(how, data, table, before, lr))


def chooser(
    how: Methods, data: Data, table: Table, before: jax.Array, lr: jax.Array
) -> Callable[..., Any] | None:
    """What chooses among candidates by the compiled kernel; None where it cannot."""
    if not how.chooses:
        return None
    settings, codes = instructions(data, before, lr, jnp.ones_like(lr))
    told = data.powers, settings, codes, how.precision
    return functools.partial(calls_jax.choose, table.rows, *told)


def instructions(
    data: Data, before: jax.Array, lr: jax.Array, fade: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The settings and codes of a step's compiled kernels, see `native.settings`."""
    settings = jnp.concatenate([jnp.stack([lr, fade]), data.settings])
    return settings, jnp.append(data.codes, before)


def make_lists(
    how: Methods,
    sampling: Sampling,
    data: Data,
    table: Table,
    before: jax.Array,
    lr: jax.Array,
    words: jax.Array,
    lists: jax.Array | None,
    candidates: jax.Array | None,
) -> jax.Array:
    """Nodes (N, T) of every node at step `before`, by a sampler that keeps such lists.

    words, lists, candidates: see `contract.Entry`, refresh.
    """
    assert sampling.refresh is not None
    points, _ = current(how, table.rows, before, lr)
    known = functools.partial(Known, data.known_indptr, data.known_indices, how.width)
    nodes = jnp.arange(len(points), dtype=jnp.int32)
    choose = chooser(how, data, table, before, lr)
    given = {
        "space": Space(how.manifold, how.c, points.__getitem__, choose),
        "known": known,
        "nodes": nodes,
        "words": words,
        "lists": lists,
        "candidates": candidates,
    }
    asked = takes(sampling.refresh)
    return sampling.refresh(**{name: each for name, each in given.items() if name in asked})


def draw(
    how: Methods,
    data: Data,
    table: Table,
    anchors: jax.Array,
    positives: jax.Array,
    words: jax.Array,
    before: jax.Array,
    lr: jax.Array,
) -> Draws:
    """Negatives of a batch; weight 0 where the draw is a known positive or the anchor itself.

    anchors, positives (B,); words (W,), those of each sampler in turn; before: how many steps have
    been taken; table and lr: for samplers that look at the points. A sampler that has not come in
    yet draws the anchor, with weight 0.
    """
    size = anchors.shape[0]
    known = Known(data.known_indptr, data.known_indices, how.width, anchors)
    drawn, masked = jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32)
    shared, shared_weight = jnp.zeros(0, jnp.int32), jnp.zeros((size, 0), how.spec.dtype)
    pools: list[Pool] = []
    none = jnp.zeros((size, 0), bool)
    own = [(none.astype(jnp.int32), none, none)]
    given: dict[str, Callable[[], Any]] = {
        "space": functools.partial(space, how, data, table, before, lr),
        "progress": lambda: before.astype(how.spec.dtype) / data.steps.astype(how.spec.dtype),
        "positives": lambda: positives,
        "known": lambda: known,
    }
    for place, (sampling, index) in enumerate(zip(how.samplers, data.samplers, strict=True)):
        shape = sampling.words_shape(size)
        mine, words = jnp.split(words, [math.prod(shape)])
        told = {name: given[name]() for name in sampling.wants}
        options = sampling.told(size)
        if sampling.pool:
            ids, count = sampling.draw(index, mine, **told, **options)
            if sampling.after:
                count = jnp.where(before >= data.starts[place], count, 0)
            pools.append(weighed(xp, index, ids, count, shared_weight, how.corrects))
            continue
        nodes = positives if sampling.by_positive else anchors
        if str(place) in table.lists:
            index = {**index, "lists": table.lists[str(place)]}
        ids, fine = sampling.draw(index, nodes, mine.reshape(shape), **told, **options)
        wide = jnp.zeros_like(fine)
        if "widened" in index:
            wide = jnp.broadcast_to(index["widened"][nodes][:, None], fine.shape)
        if sampling.after:
            fine = fine & (before >= data.starts[place])
            ids = jnp.where(fine, ids, anchors[:, None])
        if sampling.part.pooled:
            ids, count = of_draws(xp, ids, fine, sampling.part.negatives)
            pools.append(weighed(xp, index, ids, count, shared_weight, how.corrects))
            continue
        if sampling.ramp:
            turn = jnp.arange(ids.shape[1]) < sampling.ramp.columns(given["progress"]())
            pairs = zip((ids, fine, wide), own.pop(), strict=True)
            ids, fine, wide = (jnp.where(turn, new, old) for new, old in pairs)
        own.append((ids, fine, wide))
    if pools:
        pool = merged(xp, pools)
        shared, shared_weight = pool.ids, pool.weight
        drawn += size * jnp.sum(pool.count.astype(jnp.int32), dtype=jnp.int32)
        if not how.native:
            hit = known.shared(shared)
            shared_weight = jnp.where(hit, 0, pool.weight)
            left = jnp.where(hit, 0, pool.count)
            masked += drawn - jnp.sum(left.astype(jnp.int32), dtype=jnp.int32)
    ids, fine, wide = (jnp.concatenate(each, axis=1) for each in zip(*own, strict=True))
    drawn += jnp.sum(fine, dtype=jnp.int32)
    widened = jnp.sum(fine & wide, dtype=jnp.int32)
    if not how.native and ids.size:
        hit = known.each(ids)
        masked += jnp.sum(fine & hit, dtype=jnp.int32)
        fine = fine & ~hit
    own_weight = fine.astype(how.spec.dtype)
    return Draws(shared, shared_weight, ids, own_weight, drawn, masked, widened)


def facts(
    how: Methods,
    data: Data,
    pairs: jax.Array,
    anchors: jax.Array,
    draws: Draws,
    before: jax.Array,
) -> dict[str, Any]:
    """What is told of a batch: of its pairs, (B,), of both their ends, (2B,), or of all its rows.

    See `facts.TOLD`. pairs (B,): rows of Data.positives; anchors (B,): their nodes; before: how
    many steps have been taken. `progress` () where a term has a schedule: 0 at the first
    step, 1 at the last. And what terms are told of both ends of the pairs, by their names.
    """
    ends = data.positives[pairs].T.reshape(-1)
    at = {"pair": pairs, "anchor": anchors, "ends": ends}
    if any(TOLD[name].of == "rows" for name in data.facts):
        at["rows"] = jnp.concatenate([ends, draws.shared, draws.own.reshape(-1)])
    told: dict[str, Any]
    told = {name: array[at[TOLD[name].of]] for name, array in data.facts.items()}
    if "tree_pos" in how.told:
        told["tree_pos"] = path_lengths(xp, data.paths, *data.positives[pairs].T)
    if "tree_neg" in how.told:
        told["tree_neg"] = _to_negatives(data, anchors, draws)
    if "depth_pos" in how.told:
        told["depth_pos"] = lookup(data.paths["depth"], data.positives[pairs, 1])
    if "depth_neg" in how.told:
        told["depth_neg"] = _of_negatives(data.paths["depth"], draws)
    told = {name: fact.astype(how.spec.dtype) for name, fact in told.items()}
    if how.scheduled:
        last = jnp.maximum(data.steps - 1, 1)
        told["progress"] = jnp.minimum(before, last).astype(how.spec.dtype) / last
    for term, of_nodes in data.nodes.items():
        told[term] = {name: array[ends] for name, array in of_nodes.items()}
    return told


def _to_negatives(data: Data, anchors: jax.Array, draws: Draws) -> jax.Array:
    shared = path_lengths(xp, data.paths, anchors[:, None], draws.shared[None])
    return beside(shared, path_lengths(xp, data.paths, anchors[:, None], draws.own))


def _of_negatives(table: jax.Array, draws: Draws) -> jax.Array:
    shared, own = lookup(table, draws.shared), lookup(table, draws.own)
    return beside(jnp.broadcast_to(shared, (own.shape[0], shared.size)), own)


def beside(shared: jax.Array, own: jax.Array) -> jax.Array:
    """(B, M) and (B, K) as (B, M + K)."""
    if not (shared.shape[1] and own.shape[1]):
        return shared if shared.shape[1] else own
    return jnp.concatenate([shared, own], axis=1)
