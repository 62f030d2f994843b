"""Negatives that are hard for the points as they lie now: near the anchor, chosen of candidates."""

from typing import Any

from hardball.arrays.namespace import Array, Namespace
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.methods.declare import sampler
from hardball.methods.parameter import choice, real, whole
from hardball.methods.samplers.choice import Rule
from hardball.methods.samplers.choice import choose as chosen
from hardball.methods.samplers.common import RELATIVE_TO, Index
from hardball.methods.samplers.pool import pool
from hardball.methods.samplers.rings import ring, uniform
from hardball.methods.samplers.segments import within
from hardball.methods.samplers.space import Space
from hardball.methods.sources import FACENET_2015, ROBINSON_2021

_BALL = ("indptr", "start", "stop", "strides")
_CANDIDATES = choice(
    *("uniform", "siblings", "cousins", "depth_matched", "batch"),
    summary="the sampler that draws the candidates, or one pool for the batch",
)
_OVERSAMPLE = whole(4, "candidates for each negative", at_least=1)


def distance_hard_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    candidates: str,
    oversample: int,
    choose: str,
    top: int,
    temperature: float,
    hops: int,
    relative_to: str,
) -> Index:
    """The arrays of the sampler that draws the candidates, and the balls of `hops` edges.

    Those are named within_...: see `segments.within`; hops=0 needs none. Raises HardballError where
    there are fewer candidates than `top`.
    Source: Robinson et al. 2021, Contrastive Learning with Hard Negative Samples, Eq. 4.
    """
    if choose == "top" and candidates != "batch" and top > oversample * negatives:
        raise HardballError(
            f"sampler distance_hard: top={top} of {oversample * negatives} candidates an anchor; "
            f"allowed are 1 to {oversample * negatives}"
        )
    near = within(h, hops) if hops else {}
    banned = {f"within_{name}": array for name, array in near.items()}
    return {**_index(h, known, negatives, candidates), **banned}


def mined_index(
    h: Hierarchy, known: Csr, *, negatives: int, rule: str, candidates: str, oversample: int
) -> Index:
    """The arrays of the sampler that draws the candidates; for a batch's, n_nodes.

    Source: Schroff, Kalenichenko & Philbin 2015, FaceNet, section 3.2.
    """
    return _index(h, known, negatives, candidates)


def distance_hard_words(
    negatives: int,
    *,
    candidates: str,
    oversample: int,
    choose: str,
    top: int,
    temperature: float,
    hops: int,
    relative_to: str,
) -> int:
    """Words an anchor: one a candidate, and one a draw where chance chooses among them."""
    chance = 0 if choose == "nearest" else negatives
    return chance + mined_words(negatives, rule="", candidates=candidates, oversample=oversample)


def mined_words(negatives: int, *, rule: str, candidates: str, oversample: int) -> int:
    """Words an anchor: one a candidate; those of a batch are for all of its anchors."""
    return oversample if candidates == "batch" else oversample * negatives


def _index(h: Hierarchy, known: Csr, negatives: int, candidates: str) -> Index:
    name = "pool" if candidates == "batch" else candidates
    build, given = registry.builder("sampler", name), registry.entry("sampler", name).parameters
    return build(h, known, negatives=negatives, **given)


def offers_enough(spec: Any, *, negatives: int, candidates: str, oversample: int, **_: Any) -> None:
    """Raises HardballError where a batch's shared candidates are fewer than the negatives."""
    offered = oversample * spec.batch_size
    if candidates == "batch" and offered < negatives:
        raise HardballError(
            f"sampler {spec.sampler.name}: a batch of {spec.batch_size} draws {offered} "
            f"candidates for {negatives} negatives: raise oversample or batch_size"
        )


@sampler(
    summary="near the anchor in the embedding now, more than `hops` edges away in the graph",
    source=f"{ROBINSON_2021}, Eq. 4",
    parameters={
        "candidates": _CANDIDATES,
        "oversample": _OVERSAMPLE,
        "choose": choice(
            *("nearest", "top", "temperature"), summary="how they are chosen by their distance"
        ),
        "top": whole(16, "where choose=top, how many of the nearest are drawn from", at_least=1),
        "temperature": real(1.0, "where choose=temperature, the lower the nearer", above=0),
        "hops": whole(1, "nodes up to so many edges away are left out", at_least=0),
        "relative_to": RELATIVE_TO,
    },
    build=distance_hard_index,
    form="pairs",
    draws_words=distance_hard_words,
    looks=True,
    cost="O(N); O(oversample D)",
    fits=offers_enough,
    formula="of C candidates the K nearest, K of `top` nearest, or p ~ exp(-d / temperature)",
)
def distance_hard(
    xp: Namespace,
    index: dict[str, Array],
    anchors: Array,
    words: Array,
    space: Space,
    known: Any,
    negatives: int,
    *,
    candidates: str,
    choose: str,
    top: int,
    temperature: float,
    hops: int,
) -> tuple[Array, Array]:
    """Candidates near the anchor: ids (B,K), valid (B,K); valid=False where too few are left.

    nearest: the K nearest candidates that are no known positives and more than `hops` edges away.
    top: K of the `top` nearest, uniformly with replacement. temperature: K of all, with
    replacement, p ~ exp(-d / temperature). A candidate that was drawn twice may be chosen twice.
    anchors (B,), words (B,C), and K more unless nearest; known: a `Known` of the framework.
    Source: Robinson et al. 2021, Contrastive Learning with Hard Negative Samples, Eq. 4, whose
    beta is 1 / temperature.
    """
    offered = words.shape[1] - (0 if choose == "nearest" else negatives)
    first, last = words[:, :offered], words[:, offered:]
    ids, usable = _candidates(xp, index, anchors, first, candidates)
    near = {name: index[f"within_{name}"] for name in _BALL} if hops else None
    rule = Rule(choose, negatives, top, temperature)
    return chosen(xp, space, rule, anchors, anchors, ids, usable, last, known, near)


@sampler(
    summary="triplet mining: the hardest candidates, or those just beyond the positive",
    source=FACENET_2015,
    parameters={
        "rule": choice("semi_hard", "hardest", summary="which candidates are taken"),
        "candidates": _CANDIDATES,
        "oversample": _OVERSAMPLE,
    },
    build=mined_index,
    form="pairs",
    draws_words=mined_words,
    looks=True,
    cost="O(N); O(oversample D)",
    fits=offers_enough,
    formula="of C candidates the K nearest with d(u, n) > d(u, p)",
)
def mined(
    xp: Namespace,
    index: dict[str, Array],
    anchors: Array,
    words: Array,
    space: Space,
    known: Any,
    positives: Array,
    negatives: int,
    *,
    rule: str,
    candidates: str,
) -> tuple[Array, Array]:
    """Mined candidates: ids (B,K), valid (B,K); valid=False where too few are left.

    hardest: the K nearest to the anchor. semi_hard: the K nearest of those that are farther from it
    than its positive; where these are too few, then the farthest of the others. anchors,
    positives (B,), words (B,C); known: a `Known` of the framework.
    Source: Schroff, Kalenichenko & Philbin 2015, FaceNet, Eq. 4.
    """
    ids, usable = _candidates(xp, index, anchors, words, candidates)
    order = Rule("semi_hard" if rule == "semi_hard" else "nearest", negatives)
    return chosen(xp, space, order, anchors, positives, ids, usable, words[:, :0], known, None)


def _candidates(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array, candidates: str
) -> tuple[Array, Array]:
    """Candidates (B,C), or (1,C) for all anchors, and whether they may be drawn."""
    if candidates == "batch":
        shared, weight = pool(xp, index, words.reshape(-1))
        return shared[None], weight[None] > 0
    if candidates == "uniform":
        return uniform(xp, index, anchors, words)
    return ring(xp, index, anchors, words, replace=True)
