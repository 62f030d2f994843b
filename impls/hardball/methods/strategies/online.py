"""Nodes that arrive while a model is in use: local steps, a replay buffer, EWC."""

from typing import Any

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.methods.declare import strategy
from hardball.methods.parameter import flag, real, whole
from hardball.methods.strategies.arrivals import PARAMETERS, USUAL, allow_only, arriving

ONLINE = {
    "local_steps": whole(50, "steps that an arrival gets", at_least=1),
    "rate": real(0.1, "learning rate of these steps, share of lr", above=0),
    "propagate": flag(True, "whether an arrival's steps show pairs of its nodes' neighbours too"),
    "replay": whole(0, "pairs that the replay buffer holds; 0: none", at_least=0),
    "replay_batch": whole(128, "pairs of a step that come from the buffer", at_least=1),
    "replay_every": whole(1, "every how many steps they do", at_least=1),
    "ewc": real(0.0, "lambda of elastic weight consolidation; 0: none", at_least=0),
    "scaled": flag(True, "whether lambda is over the mean Fisher information"),
    "fisher_batches": whole(50, "batches that the information is a mean of", at_least=1),
}


def fits(spec: Any, **_: Any) -> None:
    """Raises HardballError where another setting has no meaning for nodes that arrive."""
    allow_only(spec, USUAL)
    owners = [registry.entry("regularizer", term.name) for term in spec.regularizers]
    losses = [spec.loss, *(more.loss for more in spec.losses)]
    for entry in [*owners, *(registry.entry("loss", each.name) for each in losses)]:
        if entry.owns:
            raise HardballError(
                f"strategy {spec.strategy.name}: {entry.kind} {entry.name} has arrays of its own, "
                "which would begin anew with every arrival: leave it out"
            )
    wanted = {"patience": 0, "eval_every": 0, "burn_in": 0, "words": "philox"}
    for name, value in wanted.items():
        if getattr(spec, name) != value:
            raise HardballError(
                f"strategy {spec.strategy.name}: {name}={getattr(spec, name)}, allowed is {value}"
            )


@strategy(
    summary="nodes arrive a few at a time, and each arrival gets a few steps around it",
    source="hardball: nodes that arrive; Vitter 1985, Random Sampling; Kirkpatrick et al. 2017",
    parameters={**PARAMETERS, **ONLINE},
    fits=fits,
    trains=("training.online.run",),
)
def online(
    hierarchy: Hierarchy,
    seed: int,
    *,
    order: str,
    earlier: str,
    share: float,
    arrivals: int,
    local_steps: int,
    rate: float,
    propagate: bool,
    replay: int,
    replay_batch: int,
    replay_every: int,
    ewc: float,
    scaled: bool,
    fisher_batches: int,
) -> np.ndarray:
    """The number of the arrival that brings each node, see `arriving`: int32 (N,).

    All else is read by `training.online`.

    What is there before is trained for `epochs`. New nodes then begin at their parents, and
    `local_steps` steps show pairs of the new nodes, of their neighbours (parents, children,
    siblings) where `propagate` says so, and pairs of a buffer that holds a uniform sample of all
    pairs shown before. The graph, its numbers and the negatives are those of the nodes that have
    arrived, so nothing of a later arrival is known. Each arrival begins with a fresh optimiser.
    """
    return arriving(hierarchy, seed, order=order, earlier=earlier, share=share, arrivals=arrivals)


@strategy(
    summary="the same nodes arrive, and one training on all of them begins anew",
    source="hardball: retraining from scratch",
    parameters=PARAMETERS,
    fits=fits,
    trains=("training.online.together",),
)
def together(
    hierarchy: Hierarchy, seed: int, *, order: str, earlier: str, share: float, arrivals: int
) -> np.ndarray:
    """The arrivals of `online`, which tell old nodes from new ones: int32 (N,).

    Retraining from scratch, to compare with: all nodes are trained at once.
    """
    return arriving(hierarchy, seed, order=order, earlier=earlier, share=share, arrivals=arrivals)
