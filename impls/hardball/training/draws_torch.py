"""What a step reads and changes in PyTorch, and which negatives it draws."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from hardball.arrays import on_torch as xp
from hardball.arrays.on_torch.integers import lookup
from hardball.arrays.on_torch.membership import Known
from hardball.methods.facts import TOLD, takes
from hardball.methods.optimizers import rows as layout
from hardball.methods.samplers.space import Space
from hardball.training.methods import Methods, Sampling
from hardball.training.native import calls_torch
from hardball.training.paths import path_lengths
from hardball.training.pools import Pool, merged, of_draws, weighed


class Table(NamedTuple):
    """What a step changes: rows (N, W) of points and optimiser state; a buffer (N, D) of zeros.

    The compiled kernels need no buffer, which then has no rows. lists: of each sampler that keeps
    any, nodes (N, T) near every node, which steps only read. heads: what each term owns, packed as
    by `dense.init`.
    """

    rows: torch.Tensor
    buffer: torch.Tensor
    lists: dict[str, torch.Tensor]
    heads: dict[str, dict[str, torch.Tensor]]


class Data(NamedTuple):
    """What a step reads: pairs (P, 2), known positives as CSR, each sampler's arrays.

    starts: the step at which each sampler comes in; steps: how many the whole run has.
    facts: what the loss and the regularisers take of pairs (P,) or nodes (N,), see `facts.TOLD`;
    paths: what `paths` finds those of the tree by, empty where none is asked for. nodes: what
    terms with arrays of their own are told of every node, see `handed.Head`.
    powers, settings, codes: what the compiled step is told, see `native.settings`; or empty.
    """

    positives: torch.Tensor
    known_indptr: torch.Tensor
    known_indices: torch.Tensor
    samplers: tuple[dict[str, torch.Tensor], ...]
    starts: torch.Tensor
    steps: torch.Tensor
    facts: dict[str, torch.Tensor]
    paths: dict[str, torch.Tensor]
    nodes: dict[str, dict[str, torch.Tensor]]
    powers: torch.Tensor
    settings: torch.Tensor
    codes: torch.Tensor


class Draws(NamedTuple):
    """shared (M,) nodes for all anchors, own (B, K) of each one's; drawn, masked, widened: counts.

    Weights are (B, M) and (B, K). For the compiled step, to which the masking is left, the weight
    of what is shared is (M,).
    """

    shared: torch.Tensor
    shared_weight: torch.Tensor
    own: torch.Tensor
    own_weight: torch.Tensor
    drawn: torch.Tensor
    masked: torch.Tensor
    widened: torch.Tensor


def current(
    how: Methods, packed: torch.Tensor, before: torch.Tensor, lr: torch.Tensor
) -> tuple[torch.Tensor, layout.State]:
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


def space(how: Methods, data: Data, table: Table, before: torch.Tensor, lr: torch.Tensor) -> Space:
    """Distances between the table's nodes at step `before`.

    Of few nodes all are brought up to that step, of many those that are asked for.
    """

    def locate(ids: torch.Tensor) -> torch.Tensor:
        if ids.numel() >= len(table.rows):
            return current(how, table.rows, before, lr)[0][ids]
        packed = table.rows[ids.reshape(-1)]
        return current(how, packed, before, lr)[0].reshape(*ids.shape, how.coordinates)

    return Space(how.manifold, how.c, locate, chooser(how, data, table, before, lr))


def chooser(
    how: Methods, data: Data, table: Table, before: torch.Tensor, lr: torch.Tensor
) -> Callable[..., Any] | None:
    """What chooses among candidates by the compiled kernel; None where it cannot."""
    if not how.chooses:
        return None
    settings, codes = instructions(data, before, lr, torch.ones_like(lr))
    told = data.powers, settings, codes, how.precision
    return functools.partial(calls_torch.choose, table.rows, *told)


def instructions(
    data: Data, before: torch.Tensor, lr: torch.Tensor, fade: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The settings and codes of a step's compiled kernels, see `native.settings`."""
    settings = torch.cat([torch.stack([lr, fade]), data.settings])
    return settings, torch.cat([data.codes, before[None].to(torch.int32)])


def make_lists(
    how: Methods,
    sampling: Sampling,
    data: Data,
    table: Table,
    before: torch.Tensor,
    lr: torch.Tensor,
    words: torch.Tensor,
    lists: torch.Tensor | None,
    candidates: torch.Tensor | None,
) -> torch.Tensor:
    """Nodes (N, T) of every node at step `before`, by a sampler that keeps such lists.

    words, lists, candidates: see `contract.Entry`, refresh.
    """
    assert sampling.refresh is not None
    points, _ = current(how, table.rows, before, lr)
    known = functools.partial(Known, data.known_indptr, data.known_indices, how.width)
    nodes = torch.arange(len(points), device=points.device)
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
    anchors: torch.Tensor,
    positives: torch.Tensor,
    words: torch.Tensor,
    before: torch.Tensor,
    lr: torch.Tensor,
) -> Draws:
    """Negatives of a batch; weight 0 where the draw is a known positive or the anchor itself.

    anchors, positives (B,); words (W,), those of each sampler in turn; before: how many steps have
    been taken; table and lr: for samplers that look at the points. A sampler that has not come in
    yet draws the anchor, with weight 0.
    """
    size = anchors.shape[0]
    known = Known(data.known_indptr, data.known_indices, how.width, anchors)
    kind = {"dtype": getattr(torch, how.spec.dtype), "device": anchors.device}
    drawn = masked = torch.zeros((), dtype=torch.int64, device=anchors.device)
    shared, shared_weight = drawn.new_zeros(0), torch.zeros((size, 0), **kind)
    pools: list[Pool] = []
    none = torch.zeros((size, 0), dtype=torch.bool, device=anchors.device)
    own = [(none.to(torch.int64), none, none)]
    given: dict[str, Callable[[], Any]] = {
        "space": functools.partial(space, how, data, table, before, lr),
        "progress": lambda: before.to(kind["dtype"]) / data.steps.to(kind["dtype"]),
        "positives": lambda: positives,
        "known": lambda: known,
    }
    for place, (sampling, index) in enumerate(zip(how.samplers, data.samplers, strict=True)):
        shape = sampling.words_shape(size)
        mine, words = words.tensor_split([math.prod(shape)])
        told = {name: given[name]() for name in sampling.wants}
        options = sampling.told(size)
        if sampling.pool:
            ids, count = sampling.draw(index, mine, **told, **options)
            if sampling.after:
                count = torch.where(before >= data.starts[place], count, 0)
            pools.append(weighed(xp, index, ids, count, shared_weight, how.corrects))
            continue
        nodes = positives if sampling.by_positive else anchors
        if str(place) in table.lists:
            index = {**index, "lists": table.lists[str(place)]}
        ids, fine = sampling.draw(index, nodes, mine.view(shape), **told, **options)
        wide = torch.zeros_like(fine)
        if "widened" in index:
            wide = index["widened"][nodes][:, None].expand(fine.shape)
        if sampling.after:
            fine = fine & (before >= data.starts[place])
            ids = torch.where(fine, ids, anchors[:, None])
        if sampling.part.pooled:
            ids, count = of_draws(xp, ids, fine, sampling.part.negatives)
            pools.append(weighed(xp, index, ids, count, shared_weight, how.corrects))
            continue
        if sampling.ramp:
            columns = torch.arange(ids.shape[1], device=ids.device)
            turn = columns < sampling.ramp.columns(given["progress"]())
            pairs = zip((ids, fine, wide), own.pop(), strict=True)
            ids, fine, wide = (torch.where(turn, new, old) for new, old in pairs)
        own.append((ids, fine, wide))
    if pools:
        pool = merged(xp, pools)
        shared, shared_weight = pool.ids, pool.weight
        drawn = drawn + size * pool.count.sum(dtype=torch.int64)
        if not how.native:
            hit = known.shared(shared)
            shared_weight = pool.weight.expand(hit.shape).masked_fill(hit, 0)
            left = pool.count.expand(hit.shape).masked_fill(hit, 0)
            masked = masked + drawn - left.sum(dtype=torch.int64)
    ids, fine, wide = (torch.cat(each, dim=1) for each in zip(*own, strict=True))
    drawn = drawn + fine.sum()
    widened = (fine & wide).sum()
    if not how.native and ids.numel():
        hit = known.each(ids)
        masked = masked + (fine & hit).sum()
        fine = fine & ~hit
    own_weight = fine.to(kind["dtype"])
    return Draws(shared, shared_weight, ids, own_weight, drawn, masked, widened)


def facts(
    how: Methods,
    data: Data,
    pairs: torch.Tensor,
    anchors: torch.Tensor,
    draws: Draws,
    before: torch.Tensor,
) -> dict[str, Any]:
    """What is told of a batch: of its pairs, (B,), of both their ends, (2B,), or of all its rows.

    See `facts.TOLD`. pairs (B,): rows of Data.positives; anchors (B,): their nodes; before: how
    many steps have been taken. `progress` () where a term has a schedule: 0 at the first
    step, 1 at the last. And what terms are told of both ends of the pairs, by their names.
    """
    if not (how.told or how.scheduled or data.nodes):
        return {}
    ends, dtype = data.positives[pairs].T.reshape(-1), getattr(torch, how.spec.dtype)
    at = {"pair": pairs, "anchor": anchors, "ends": ends}
    if any(TOLD[name].of == "rows" for name in data.facts):
        at["rows"] = torch.cat([ends, draws.shared, draws.own.reshape(-1)])
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
    told = {name: fact.to(dtype) for name, fact in told.items()}
    if how.scheduled:
        last = torch.clamp(data.steps - 1, min=1)
        told["progress"] = torch.minimum(before, last).to(dtype) / last
    for term, of_nodes in data.nodes.items():
        told[term] = {name: array[ends] for name, array in of_nodes.items()}
    return told


def _to_negatives(data: Data, anchors: torch.Tensor, draws: Draws) -> torch.Tensor:
    shared = path_lengths(xp, data.paths, anchors[:, None], draws.shared[None])
    return beside(shared, path_lengths(xp, data.paths, anchors[:, None], draws.own))


def _of_negatives(table: torch.Tensor, draws: Draws) -> torch.Tensor:
    shared, own = lookup(table, draws.shared), lookup(table, draws.own)
    return beside(shared.expand(own.shape[0], -1), own)


def beside(shared: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """(B, M) and (B, K) as (B, M + K)."""
    if not (shared.shape[1] and own.shape[1]):
        return shared if shared.shape[1] else own
    return torch.cat([shared, own], dim=1)
