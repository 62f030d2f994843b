"""Several pools of a batch as one, which is scored as one matrix product."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.samplers.common import tally


class Pool(NamedTuple):
    """ids (M,) ascending; count (M,) and weight (M,) at the first of equal ids, 0 at its repeats.

    count: how often a node was drawn; weight: what that counts for in the loss.
    """

    ids: Array
    count: Array
    weight: Array


def of_draws(xp: Namespace, ids: Array, fine: Array, size: int) -> tuple[Array, Array]:
    """The first `size` draws of a batch, (B, K), as a pool; fine (B, K): whether a draw counts.

    The first draws of all pairs come first.
    """
    return tally(xp, ids.T.reshape(-1)[:size], fine.T.reshape(-1)[:size])


def weighed(
    xp: Namespace, index: dict[str, Array], ids: Array, count: Array, like: Array, corrects: bool
) -> Pool:
    """A pool in the type of `like`, its weights corrected where the sampler's arrays say so."""
    count = xp.astype(count, like)
    if not corrects or "correction" not in index:
        return Pool(ids, count, count)
    return Pool(ids, count, count * xp.astype(xp.lookup(index["correction"], ids), like))


def merged(xp: Namespace, pools: Sequence[Pool]) -> Pool:
    """All pools as one; a node that several have counts and weighs as in all of them.

    Sums are of one term a pool, in the order of the pools, so that both frameworks find the same.
    """
    if len(pools) == 1:
        return pools[0]
    ids = xp.sort(xp.concatenate([each.ids for each in pools]))
    first = xp.searchsorted(ids, ids) == xp.arange(ids.shape[0], ids)
    count: Any = 0
    weight: Any = 0
    for each in pools:
        place = xp.minimum(xp.searchsorted(each.ids, ids), each.ids.shape[0] - 1)
        met = first & (xp.lookup(each.ids, place) == ids)
        count = count + xp.where(met, xp.lookup(each.count, place), 0)
        weight = weight + xp.where(met, xp.lookup(each.weight, place), 0)
    return Pool(ids, count, weight)
