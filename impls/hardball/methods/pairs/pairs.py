"""Which pairs a run shows, and in what shares: all, direct edges, balanced, progressive."""

import math

import numpy as np

from hardball.core.errors import HardballError
from hardball.methods.declare import pairs
from hardball.methods.handed import Problem
from hardball.methods.pairs.streams import Interleaved, Passes, Phased, Stream, passes
from hardball.methods.parameter import choice, real
from hardball.methods.sources import BENGIO_2009, NICKEL_2017

# Shares are kept to a thousandth.
PARTS = 1000


@pairs(
    name="all",
    summary="every training pair, equally often",
    source=f"{NICKEL_2017}, section 4.1",
    complete=True,
)
def all_pairs(task: Problem) -> Passes:
    """Every training pair equally often: shuffled passes over all of them.

    Source: Nickel & Kiela 2017, section 4.1.
    """
    return Passes(task.spec.seed, "batches", np.arange(len(task.positives), dtype=np.int32))


@pairs(summary="the direct edges alone, equally often", source="hardball: hop distances")
def edges(task: Problem) -> Stream:
    """The direct edges among the training pairs alone, equally often.

    Raises HardballError where there is none. Source: hardball.
    """
    return _passes(task, "parents", task.hops == 1)


@pairs(
    summary="fixed shares of parents, grandparents and the deeper; or of nodes of each depth",
    source="hardball: hop distances, in exact shares",
    parameters={
        "by": choice("hops", "depth", "hops_and_depth", summary="what the shares are of"),
        "parents": real(0.1, "share of pairs one edge apart", at_least=0, at_most=1),
        "grandparents": real(0.1, "share of pairs two edges apart", at_least=0, at_most=1),
        "deeper": real(0.8, "share of the others", at_least=0, at_most=1),
    },
)
def balanced(
    task: Problem, *, by: str, parents: float, grandparents: float, deeper: float
) -> Interleaved:
    """Fixed shares of pairs one, two, and three or more edges apart; or of nodes of each depth.

    by="hops": the three shares, relative to their sum and to a thousandth. by="depth": an equal
    share for the pairs of the nodes of each depth, whatever the three say. by="hops_and_depth": the
    three shares, that of the deeper in equal parts for the nodes of each depth. A group without
    pairs leaves its share to the others, in proportion. Within a group every pair comes equally
    often.
    Raises HardballError when no group with a share has pairs.
    Source: stratified sampling, Neyman 1934; hardball.
    """
    if by == "depth":
        depth = task.hierarchy.depth[task.positives[:, 0]]
        names = [f"depth {k}" for k in range(int(depth.max()) + 1)]
        return _stratified(task, names, [1] * len(names), depth)
    shares = {"parents": parents, "grandparents": grandparents, "deeper": deeper}
    weights = [round(PARTS * share) for share in shares.values()]
    apart = np.minimum(task.hops, 3) - 1
    if by == "hops_and_depth":
        return _deeper_by_depth(task, weights, apart)
    return _stratified(task, list(shares), weights, apart)


@pairs(
    summary="parents first, then grandparents too, then all; `first`, `second`: shares of steps",
    source=f"{BENGIO_2009}; hardball: hop distances",
    parameters={
        "first": real(0.2, "share of the steps of parents alone", at_least=0, at_most=1),
        "second": real(0.2, "share of the steps with grandparents", at_least=0, at_most=1),
    },
)
def progressive(task: Problem, *, first: float, second: float) -> Phased:
    """Parents alone, then grandparents too, then all: the near pairs before the far ones.

    first, second: shares of the steps; the first phase ends with step ceil(first S) of S, the
    second with step ceil((first + second) S). Raises HardballError on shares of more than 1
    together, or where there is no direct edge to begin with.
    Source: Bengio et al. 2009, Curriculum Learning; hardball.
    """
    if first + second > 1:
        raise HardballError(
            f"pairs progressive: first={first} and second={second}, allowed are shares that are "
            "together at most 1"
        )
    apart = task.hops
    # A tenth and two tenths are three tenths, which their float64 sum exceeds.
    ends = [math.ceil(round(share * task.total_steps, 6)) for share in (first, first + second)]
    size = task.spec.batch_size
    near = [_passes(task, "parents", apart == 1), _passes(task, "two hops", apart <= 2)]
    return Phased([*near, all_pairs(task)], [0, *(end * size for end in ends)])


def _deeper_by_depth(task: Problem, weights: list[int], apart: np.ndarray) -> Interleaved:
    """Parents, grandparents, and the deeper by the depth of their nodes; apart: 0, 1, 2."""
    near, far, deeper = weights
    depth = task.hierarchy.depth[task.positives[:, 0]]
    depths = np.unique(depth[apart == 2])
    group = apart.copy()
    group[apart == 2] = 2 + np.searchsorted(depths, depth[apart == 2])
    names = ["parents", "grandparents", *(f"deeper, depth {k}" for k in depths)]
    # Each depth has the share of all the deeper, so that parts stay whole numbers.
    parts = max(len(depths), 1)
    return _stratified(task, names, [near * parts, far * parts] + [deeper] * len(depths), group)


def _passes(task: Problem, name: str, chosen: np.ndarray) -> Stream:
    at = np.flatnonzero(chosen).astype(np.int32)
    if not len(at):
        raise HardballError(
            f"{task.spec.dataset}: task {task.spec.task} trains on no direct edge: "
            "use the pairs all, or balanced"
        )
    return passes(task.spec.seed, f"pairs/{name}", at)


def _stratified(
    task: Problem, names: list[str], weights: list[int], group: np.ndarray
) -> Interleaved:
    """Streams of the groups that have both pairs and a share."""
    kept = {
        name: weight
        for k, (name, weight) in enumerate(zip(names, weights, strict=True))
        if weight and (group == k).any()
    }
    if not kept:
        raise HardballError(
            f"{task.spec.dataset}: pairs {task.spec.pairs} leave no pair to train on: "
            "give a share to pairs that there are"
        )
    streams = [_passes(task, name, group == names.index(name)) for name in kept]
    common = math.gcd(*kept.values())
    return Interleaved(streams, [weight // common for weight in kept.values()])
