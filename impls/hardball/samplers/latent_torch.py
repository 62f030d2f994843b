"""Negatives that are hard for the points as they lie now: near the anchor, chosen of candidates."""

from collections.abc import Callable

import torch
from torch import Tensor

from hardball.samplers.integers_torch import mulhi
from hardball.samplers.membership_torch import Known
from hardball.samplers.pool_torch import pool
from hardball.samplers.rings_torch import ring, uniform
from hardball.samplers.segments_torch import is_within
from hardball.samplers.space_torch import Space

_BALL = ("indptr", "start", "stop", "strides")
# Distances that are held at once where lists are made.
_HELD = 2**24


def distance_hard(
    index: dict[str, Tensor],
    anchors: Tensor,
    words: Tensor,
    space: Space,
    known: Known,
    negatives: int,
    candidates: str = "uniform",
    choose: str = "nearest",
    top: int = 16,
    temperature: float = 1.0,
    hops: int = 1,
) -> tuple[Tensor, Tensor]:
    """Candidates near the anchor: ids (B,K), valid (B,K); valid=False where too few are left.

    nearest: the K nearest candidates that are no known positives and more than `hops` edges away.
    top: K of the `top` nearest, uniformly with replacement. temperature: K of all, with
    replacement, p ~ exp(-d / temperature). A candidate that was drawn twice may be chosen twice.
    anchors (B,), words (B,C), and K more unless nearest.
    Source: Robinson et al. 2021, Contrastive Learning with Hard Negative Samples, Eq. 4, whose
    beta is 1 / temperature.
    """
    rest = 0 if choose == "nearest" else negatives
    first, last = words.tensor_split([words.shape[1] - rest], dim=1)
    ids, far = _look(index, anchors, first, space, known, candidates)
    if hops:
        near = {name: index[f"within_{name}"] for name in _BALL}
        far = far.masked_fill(is_within(near, anchors, ids), torch.inf)
    if choose == "temperature":
        places = softly(far, last, temperature)
    else:
        places = nearest(far, top if rest else negatives)
    if choose == "top":
        places = places.gather(1, mulhi(last, top))
    return _take(ids, far, places, anchors)


def mined(
    index: dict[str, Tensor],
    anchors: Tensor,
    words: Tensor,
    space: Space,
    known: Known,
    positives: Tensor,
    negatives: int,
    rule: str = "semi_hard",
    candidates: str = "uniform",
) -> tuple[Tensor, Tensor]:
    """Mined candidates: ids (B,K), valid (B,K); valid=False where too few are left.

    hardest: the K nearest to the anchor. semi_hard: the K nearest of those that are farther from it
    than its positive; where these are too few, then the farthest of the others. anchors,
    positives (B,), words (B,C). Source: Schroff, Kalenichenko & Philbin 2015, FaceNet, Eq. 4.
    """
    ids, far = _look(index, anchors, words, space, known, candidates)
    key = far
    if rule == "semi_hard":
        gap = far - space.dist(anchors, positives[:, None])
        worst = torch.where(torch.isfinite(gap), gap, 0).amax(dim=1, keepdim=True)
        key = torch.where(gap > 0, gap, worst.clamp(min=0) + 1 - gap)
    return _take(ids, far, nearest(key, negatives), anchors)


def neighbors(
    index: dict[str, Tensor],
    anchors: Tensor,
    words: Tensor,
    space: Space,
    temperature: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Of each anchor's list: ids (B,K) with replacement, p ~ exp(-d / temperature), valid (B,K).

    index["lists"] (N,T) from `neighbor_lists`, d the distance as it is now. A list that is not full
    repeats its node, which is never drawn. anchors (B,), words (B,K).
    Source: Xiong et al. 2021, Approximate Nearest Neighbor Negative Contrastive Learning.
    """
    ids = index["lists"][anchors]
    far = space.dist(anchors, ids).masked_fill(ids == anchors[:, None], torch.inf)
    return _take(ids, far, softly(far, words, temperature), anchors)


def neighbor_lists(
    space: Space, known: Callable[[Tensor], Known], nodes: Tensor, top: int = 64
) -> Tensor:
    """The `top` nearest nodes of every node that are no known positives of it: int64 (N,T).

    nodes (N,): all of them. T = min(top, N - 1). Where fewer are left the node itself stands in.
    N^2 distances, some million of them held at once. Source: hardball, exact neighbours by blocks.
    """
    count = len(nodes)
    size = min(count, max(1, _HELD // count))

    def block(rows: Tensor) -> Tensor:
        far = space.dist_matrix(rows, nodes).masked_fill(known(rows).shared(nodes), torch.inf)
        places = nearest(far, min(top, count - 1))
        found = far.gather(1, places)
        return torch.where(torch.isfinite(found), places, rows[:, None])

    return torch.cat([block(rows) for rows in nodes.split(size)])


def nearest(far: Tensor, count: int) -> Tensor:
    """Places (B,count) of the smallest of each row of distances (B,C), smallest first."""
    return torch.topk(far, count, dim=1, largest=False).indices


def softly(far: Tensor, words: Tensor, temperature: float) -> Tensor:
    """Places (B,K) in rows of distances (B,C): p ~ exp(-far / temperature), one word a place.

    Infinite distances have p = 0. By inversion: the first place whose cumulated weight exceeds
    word / 2^32 of the total, of which 24 bits are used.
    Source: Devroye 1986, Non-Uniform Random Variate Generation, section III.2.
    """
    low = far.amin(dim=1, keepdim=True)
    weight = torch.exp((torch.where(torch.isfinite(low), low, 0) - far) / temperature)
    cumulated = torch.cumsum(weight, dim=1)
    share = (words >> 8).to(far.dtype) / 2**24
    found = torch.searchsorted(cumulated, share * cumulated[:, -1:], right=True)
    return found.clamp(max=far.shape[1] - 1)


def _look(
    index: dict[str, Tensor],
    anchors: Tensor,
    words: Tensor,
    space: Space,
    known: Known,
    candidates: str,
) -> tuple[Tensor, Tensor]:
    """Candidates (B,C) and their distances, infinite for what must not be drawn."""
    if candidates == "batch":
        shared, weight = pool(index, words.reshape(-1))
        far = space.dist_matrix(anchors, shared)
        banned = known.shared(shared) | (weight == 0)
        return shared.expand(far.shape), far.masked_fill(banned, torch.inf)
    draw = uniform if candidates == "uniform" else ring
    ids, valid = draw(index, anchors, words)
    far = space.dist(anchors, ids)
    return ids, far.masked_fill(~valid | known.each(ids), torch.inf)


def _take(ids: Tensor, far: Tensor, places: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
    """ids and whether they may be drawn, at places (B,K); the anchor stands in where not."""
    valid = torch.isfinite(far.gather(1, places))
    return torch.where(valid, ids.gather(1, places), anchors[:, None]), valid
