"""Subtrees that arrive with a few of their nodes known: who places the rest best?"""

from typing import Any

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.subtrees import disjoint_subtrees
from hardball.methods.declare import strategy
from hardball.methods.parameter import choice, real, text, whole
from hardball.methods.strategies.arrivals import USUAL, allow_only

LEARN, CHOOSE, ASK = 1, 2, 3
"""The arrivals: subtrees to learn from, to choose the inner rate by, to be asked about."""

# Of all subtrees, the shares that are asked about and that the rate is chosen by.
ASKED, CHOOSING = 0.3, 0.2

META = {
    "by": choice(
        "maml", "first_order", "learned", "constructive", "named", "parent", "random",
        summary="what new nodes begin from, and whether that is learned through inner steps",
    ),
    "inner_steps": whole(5, "steps on the new nodes that are shown", at_least=0),
    "rates": text("0.1 0.3 1", "inner rates that are tried; validation subtrees choose"),
    "outer_steps": whole(100, "steps of Adam on the initialiser", at_least=1),
    "outer_rate": real(0.01, "their rate", above=0),
    "subtrees": whole(4, "subtrees an outer step", at_least=1),
    "hidden": whole(16, "width of the initialiser's hidden layer", at_least=1),
    "candidates": whole(64, "nodes of the table that a loss compares with", at_least=1),
    "smallest": whole(6, "fewest nodes below the top of a subtree", at_least=2),
    "largest": whole(40, "most nodes below the top of a subtree", at_least=2),
    "share": real(0.4, "of all nodes, share that is held out at most", above=0, below=1),
}  # fmt: skip

_THROUGH = ("maml", "first_order")


def read_rates(rates: str) -> list[float]:
    """The inner rates; raises HardballError unless they are numbers above 0, none twice."""
    try:
        found = [float(part) for part in rates.split()]
    except ValueError:
        found = []
    if not found or len(set(found)) < len(found) or not all(0 < each < 1e6 for each in found):
        raise HardballError(
            f"strategy few_shot: rates={rates!r}, allowed are different numbers above 0 with "
            "spaces between them, as 0.1 0.3 1"
        )
    return found


def fits(
    spec: Any, *, by: str, inner_steps: int, rates: str, smallest: int, largest: int, **_: Any
) -> None:
    """Raises HardballError where another setting has no meaning for subtrees that arrive."""
    allow_only(spec, {**USUAL, "manifold": "tangent"})
    read_rates(rates)
    if by in _THROUGH and inner_steps == 0:
        raise HardballError(
            f"strategy few_shot: by={by} learns through inner steps, inner_steps=0 has none: give "
            "1 or more, or by=learned"
        )
    if smallest > largest:
        raise HardballError(
            f"strategy few_shot: smallest={smallest} is above largest={largest}: no subtree fits"
        )


@strategy(
    summary="subtrees arrive with a few nodes known; what places the rest is learned from others",
    source="Finn et al. 2017, Model-Agnostic Meta-Learning, Algorithm 2; on hierarchies: hardball",
    parameters=META,
    fits=fits,
    trains=(
        "training.few_shot.run",
        "training.few_shot.engine_{framework}",
        "training.few_shot.meta_{framework}",
    ),
)
def few_shot(
    hierarchy: Hierarchy,
    seed: int,
    *,
    by: str,
    inner_steps: int,
    rates: str,
    outer_steps: int,
    outer_rate: float,
    subtrees: int,
    hidden: int,
    candidates: int,
    smallest: int,
    largest: int,
    share: float,
) -> np.ndarray:
    """What each subtree that is held out is for: 0 for the table, LEARN, CHOOSE, ASK: int32 (N,).

    All else is read by `training.few_shot`.

    The table is trained on what is left. Of a subtree that arrives, k = 1, 5 or 20 nodes are shown
    with their pairs, at most half of them, a parent not after its children. `inner_steps` steps
    move these nodes and the subtree's top. The other nodes are then placed by their names, their
    ranks and the subtree that they are in. What new nodes begin from, `by`:
    random: anywhere. parent: where the parent lies. constructive: farther out than the parent and
    to a random side, each as far as edges of the table go. named: the same, but a node that is not
    shown goes below the shown node whose name its own contains. learned: a network says how far and
    where to, trained without inner steps. first_order, maml: it is trained through them, without
    and with second derivatives.
    Raises HardballError where there are fewer than four subtrees.
    """
    found = disjoint_subtrees(
        hierarchy, closure(hierarchy), seed, smallest=smallest, largest=largest, share=share
    )
    if len(found) < 4:
        raise HardballError(
            f"{hierarchy.name} has {len(found)} subtrees of {smallest} to {largest} nodes below "
            "their top to hold out, 4 are needed: change smallest, largest or share"
        )
    asked, choosing = (max(1, round(part * len(found))) for part in (ASKED, CHOOSING))
    order = random_bits.permutation(seed, "few_shot/parts", 0, len(found))
    out = np.zeros(hierarchy.n_nodes, np.int32)
    for place, which in enumerate(order):
        part = ASK if place < asked else CHOOSE if place < asked + choosing else LEARN
        out[found[which]] = part
    return out
