"""Choosing an anchor's negatives among candidates, by how far they are from it."""

from typing import Any, NamedTuple

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.samplers.segments import is_within
from hardball.methods.samplers.space import Space


class Rule(NamedTuple):
    """How `negatives` an anchor are chosen of candidates that lie at distances d.

    choose: nearest, nearest first; top, of the `top` nearest uniformly with replacement;
    temperature, of all with replacement, p ~ exp(-d / temperature); semi_hard, the nearest of those
    that are farther than the positive, and where these are too few then the farthest of the others.
    Sources: Robinson et al. 2021, Contrastive Learning with Hard Negative Samples, Eq. 4; Schroff,
    Kalenichenko & Philbin 2015, FaceNet, Eq. 4.
    """

    choose: str
    negatives: int
    top: int = 1
    temperature: float = 1.0


def choose(
    xp: Namespace,
    space: Space,
    rule: Rule,
    anchors: Array,
    positives: Array,
    candidates: Array,
    usable: Array,
    words: Array,
    known: Any,
    near: dict[str, Array] | None,
) -> tuple[Array, Array]:
    """What a rule chooses of the candidates: ids (B,K), valid (B,K); the anchor where not valid.

    Left out are candidates that are not usable, the anchor, its `known` positives (a `Known` of
    the framework, or None) and what lies in its ranges `near` (see `segments.within`). anchors,
    positives (B,); candidates, usable (B,C), or ascending (1,C) for all anchors; words (B,K) where
    the rule draws, else (B,0). Sources: see `Rule`.
    """
    if space.choose is not None:
        given = (rule, anchors, positives, candidates, usable, words, known, near)
        return space.choose(*given)
    if len(candidates) < len(anchors):
        far = space.dist_matrix(anchors, candidates[0])
        hit = known.shared(candidates[0]) if known else None
        candidates = xp.broadcast_to(candidates, far.shape)
    else:
        far = space.dist(anchors, candidates)
        hit = known.each(candidates) if known else None
    out = ~usable | (candidates == anchors[:, None])
    if hit is not None:
        out = out | hit
    if near is not None:
        out = out | is_within(xp, near, anchors, candidates)
    far = xp.where(out, xp.inf, far)
    if rule.choose == "temperature":
        places = softly(xp, far, words, rule.temperature)
    elif rule.choose == "top":
        places = xp.gather(xp.smallest(far, rule.top), xp.mulhi(words, rule.top))
    elif rule.choose == "nearest":
        places = xp.smallest(far, rule.negatives)
    else:
        gap = far - space.dist(anchors, positives[:, None])
        worst = xp.max_or(xp.where(xp.isfinite(gap), gap, 0), 0)[:, None]
        places = xp.smallest(xp.where(gap > 0, gap, worst + 1 - gap), rule.negatives)
    valid = xp.isfinite(xp.gather(far, places))
    return xp.where(valid, xp.gather(candidates, places), anchors[:, None]), valid


def softly(xp: Namespace, far: Array, words: Array, temperature: float) -> Array:
    """Places (B,K) in rows of distances (B,C): p ~ exp(-far / temperature), one word a place.

    Infinite distances have p = 0. By inversion: the first place whose cumulated weight exceeds
    word / 2^32 of the total, of which 24 bits are used.
    Source: Devroye 1986, Non-Uniform Random Variate Generation, section III.2.
    """
    low = xp.min_or(far, xp.inf)[:, None]
    weight = xp.exp((xp.where(xp.isfinite(low), low, 0) - far) / temperature)
    cumulated = xp.cumsum(weight, 1)
    share = xp.astype(words >> 8, far) / 2**24
    found = xp.searchsorted(cumulated, share * cumulated[:, -1:], right=True)
    return xp.minimum(found, far.shape[1] - 1)
