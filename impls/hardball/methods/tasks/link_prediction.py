"""Pairs of the closure held out."""

from dataclasses import replace

import numpy as np

from hardball.core import random_bits
from hardball.hierarchy.closure import Csr, positions, reduction
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import TEST, TRAIN, VALIDATION, Split, by_role, shares
from hardball.methods.declare import task
from hardball.methods.parameter import real
from hardball.methods.sources import GANEA_2018


@task(
    summary="hold out a share of the non-basic closure pairs, train on `fraction` of the others",
    source=f"{GANEA_2018}, section 5",
    parameters={
        "fraction": real(0.5, "share trained on of what is left", at_least=0, at_most=1),
        "holdout": real(0.1, "share of the non-basic pairs held out", above=0, below=1),
    },
)
def link_prediction(
    h: Hierarchy, closure: Csr, seed: int, *, fraction: float, holdout: float
) -> Split:
    """Hold out a share of the non-basic pairs, train on the basic and `fraction` of the others.

    Basic pairs (the transitive reduction) cannot be told from the rest of the closure, so all are
    trained on. One half of the `holdout` share is the test, the other the validation set: with 0.1
    5 % each, as in the authors' code. `fraction` is a share of the pairs not held out; theirs
    counts all non-basic ones, so their 90 % is our 1.0. For one seed the held-out pairs do not
    depend on `fraction`, and a smaller fraction trains on a part of what a larger one trains on.
    The transitive closure of the train pairs contains the held-out ones by the task's definition.
    Raises HardballError when there is nothing to hold out.
    Source: Ganea, Bécigneul & Hofmann 2018, section 5.
    """
    basic = reduction(h)
    role = np.zeros(closure.indices.size, np.int8)
    role[positions(closure, basic[:, 0], basic[:, 1])] = TRAIN
    others = np.flatnonzero(role != TRAIN)
    order = others[random_bits.permutation(seed, "link_prediction", 0, others.size)]
    tested, validated = shares(h, holdout, order.size, "non-basic pairs")
    rest = order[tested + validated :]
    role[order[:tested]] = TEST
    role[order[tested : tested + validated]] = VALIDATION
    role[rest[: round(fraction * rest.size)]] = TRAIN
    return replace(by_role("link_prediction", closure, role), links=True)
