"""The link prediction of Ganea, Bécigneul & Hofmann 2018, on the pairs that they published."""

from dataclasses import replace

import numpy as np

from hardball.core import random_bits
from hardball.data import published_splits
from hardball.hierarchy.closure import Csr, positions
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import TEST, TRAIN, VALIDATION, Split, by_role
from hardball.methods.declare import task
from hardball.methods.parameter import choice
from hardball.methods.sources import GANEA_2018

NAME = "ganea2018"


@task(
    summary="link prediction on the authors' own pairs: wordnet_mammals and wordnet_nouns",
    source=f"{GANEA_2018}, section 5, and github.com/dalab/hyperbolic_cones",
    parameters={
        "fraction": choice(
            0.5, 0.0, 0.1, 0.25, 0.9, summary="share of the non-basic pairs trained on"
        )
    },
)
def ganea2018(h: Hierarchy, closure: Csr, seed: int, *, fraction: float) -> Split:
    """The published training, validation and test pairs, and their corrupted ones.

    All basic pairs are trained on, and `fraction` of all non-basic ones; ten corrupted pairs stand
    beside each true one. No pair has the root. Every seed has the same pairs, but for the nouns at
    .5 and .9: the authors' archive lacks these files, so as many pairs are drawn by the seed of
    those that are neither held out nor basic.
    Raises HardballError on another data set, and until `hardball fetch ganea2018` has run.
    Source: Ganea, Bécigneul & Hofmann 2018, section 5, and the authors' code.
    """
    read = published_splits.opened(NAME, h)
    role = np.zeros(closure.indices.size, np.int8)

    def mark(part: str, as_: int) -> None:
        role[positions(closure, *read(part).T)] = as_

    mark("valid", VALIDATION)
    mark("test", TEST)
    part = f"train_{round(100 * fraction)}percent"
    if published_splits.has(NAME, h.name, part):
        mark(part, TRAIN)
    else:
        mark("train_0percent", TRAIN)
        _draw(h, closure, role, fraction, seed)
    corrupted = {"test": read("test_neg"), "validation": read("valid_neg")}
    return replace(by_role(NAME, closure, role), links=True, corrupted=corrupted)


def _draw(h: Hierarchy, closure: Csr, role: np.ndarray, fraction: float, seed: int) -> None:
    """Gives the role TRAIN to `fraction` of all non-basic pairs, of those that have none yet."""
    rooted = np.isin(closure.indices, np.flatnonzero(np.diff(closure.indptr) == 0))
    basic = np.count_nonzero(role == TRAIN)
    others = np.count_nonzero(~rooted) - basic
    free = np.flatnonzero((role == 0) & ~rooted)
    order = free[random_bits.permutation(seed, NAME, 0, free.size)]
    role[order[: round(fraction * others)]] = TRAIN
