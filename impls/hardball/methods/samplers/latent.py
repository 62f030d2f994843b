"""Host side of the samplers that look at the points: where their candidates come from."""

from typing import Any, NamedTuple

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.methods.samplers.segments import within

Index = dict[str, np.ndarray]

# Exact neighbours cost N^2 distances each time that they are looked for.
LARGEST = 100_000


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


def distance_hard_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    candidates: str = "uniform",
    oversample: int = 4,
    choose: str = "nearest",
    top: int = 16,
    temperature: float = 1.0,
    hops: int = 1,
    relative_to: str = "anchor",
) -> Index:
    """The arrays of the sampler that draws the candidates, and the balls of `hops` edges.

    Those are named within_...: see `segments.within`; hops=0 needs none. Raises HardballError where
    a number is too small.
    Source: Robinson et al. 2021, Contrastive Learning with Hard Negative Samples, Eq. 4.
    """
    if oversample < 1 or top < 1 or temperature <= 0 or hops < 0:
        raise HardballError(
            f"sampler distance_hard: oversample={oversample}, top={top}, temperature="
            f"{temperature:g}, hops={hops}; allowed are an oversample and a top of 1 or more, a "
            "temperature above 0, and hops of 0 or more"
        )
    if choose == "top" and candidates != "batch" and top > oversample * negatives:
        raise HardballError(
            f"sampler distance_hard: top={top} of {oversample * negatives} candidates an anchor; "
            f"allowed are 1 to {oversample * negatives}"
        )
    near = within(h, hops) if hops else {}
    banned = {f"within_{name}": array for name, array in near.items()}
    return {**_candidates(h, known, negatives, candidates), **banned}


def mined_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    rule: str = "semi_hard",
    candidates: str = "uniform",
    oversample: int = 4,
) -> Index:
    """The arrays of the sampler that draws the candidates; for a batch's, n_nodes.

    Raises HardballError where there are no candidates.
    Source: Schroff, Kalenichenko & Philbin 2015, FaceNet, section 3.2.
    """
    if oversample < 1:
        raise HardballError(f"sampler mined: oversample={oversample}; allowed are 1 or more")
    return _candidates(h, known, negatives, candidates)


def neighbors_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    top: int = 64,
    every: int = 200,
    temperature: float = 1.0,
    relative_to: str = "anchor",
) -> Index:
    """Nothing: the lists are made from the points, every `every` steps.

    Raises HardballError above 100,000 nodes, or where a number is not positive.
    Source: Xiong et al. 2021, Approximate Nearest Neighbor Negative Contrastive Learning.
    """
    if h.n_nodes > LARGEST:
        raise HardballError(
            f"sampler neighbors: {h.name} has {h.n_nodes:,} nodes, whose exact neighbours take "
            f"{h.n_nodes**2:.1e} distances each time; allowed are up to {LARGEST:,}: use "
            "distance_hard, which looks among candidates"
        )
    if top < 1 or every < 1 or temperature <= 0:
        raise HardballError(
            f"sampler neighbors: top={top}, every={every}, temperature={temperature:g}; allowed "
            "are numbers above 0"
        )
    return {}


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


def _candidates(h: Hierarchy, known: Csr, negatives: int, candidates: str) -> Index:
    name = "pool" if candidates == "batch" else candidates
    return registry.builder("sampler", name)(h, known, negatives=negatives)


def offers_enough(
    spec: Any, *, negatives: int, candidates: str = "uniform", oversample: int = 4, **_: Any
) -> None:
    """Raises HardballError where a batch's shared candidates are fewer than the negatives."""
    offered = oversample * spec.batch_size
    if candidates == "batch" and offered < negatives:
        raise HardballError(
            f"sampler {spec.sampler.name}: a batch of {spec.batch_size} draws {offered} "
            f"candidates for {negatives} negatives: raise oversample or batch_size"
        )
