"""Choosing an anchor's negatives among candidates, by how far they are from it."""

import torch
from torch import Tensor

from hardball.arrays.on_torch.integers import mulhi
from hardball.arrays.on_torch.membership import Known
from hardball.methods.samplers.latent import Rule
from hardball.methods.samplers.segments_torch import is_within
from hardball.methods.samplers.space_torch import Space


def choose(
    space: Space,
    rule: Rule,
    anchors: Tensor,
    positives: Tensor,
    candidates: Tensor,
    usable: Tensor,
    words: Tensor,
    known: Known | None,
    near: dict[str, Tensor] | None,
) -> tuple[Tensor, Tensor]:
    """What a rule chooses of the candidates: ids (B,K), valid (B,K); the anchor where not valid.

    Left out are candidates that are not usable, the anchor, its `known` positives and what lies in
    its ranges `near` (see `segments.within`). anchors, positives (B,); candidates, usable (B,C), or
    ascending (1,C) for all anchors; words (B,K) where the rule draws, else (B,0).
    Sources: see `Rule`.
    """
    if space.choose is not None:
        given = (rule, anchors, positives, candidates, usable, words, known, near)
        return space.choose(*given)
    if len(candidates) < len(anchors):
        far = space.dist_matrix(anchors, candidates[0])
        hit = known.shared(candidates[0]) if known else None
        candidates = candidates.expand(far.shape)
    else:
        far = space.dist(anchors, candidates)
        hit = known.each(candidates) if known else None
    out = ~usable | (candidates == anchors[:, None])
    if hit is not None:
        out = out | hit
    if near is not None:
        out = out | is_within(near, anchors, candidates)
    far = far.masked_fill(out, torch.inf)
    if rule.choose == "temperature":
        places = softly(far, words, rule.temperature)
    elif rule.choose == "top":
        places = nearest(far, rule.top).gather(1, mulhi(words, rule.top))
    elif rule.choose == "nearest":
        places = nearest(far, rule.negatives)
    else:
        gap = far - space.dist(anchors, positives[:, None])
        worst = torch.where(torch.isfinite(gap), gap, 0).amax(dim=1, keepdim=True)
        key = torch.where(gap > 0, gap, worst.clamp(min=0) + 1 - gap)
        places = nearest(key, rule.negatives)
    valid = torch.isfinite(far.gather(1, places))
    return torch.where(valid, candidates.gather(1, places), anchors[:, None]), valid


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
