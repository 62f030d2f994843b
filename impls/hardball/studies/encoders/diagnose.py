"""Whether an encoder notices what a blanket lost: trains, then scores nodes held out."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy
from hardball.studies.encoders import blankets, runs
from hardball.studies.encoders.blankets import Distances, Score, Settings, Task
from hardball.studies.encoders.descent import Arrays, Trained

TRAINED = "breaks trained on"
UNBROKEN = "breaks never trained on"
UNSEEN = "never anchors"


class Line(NamedTuple):
    """One question, put to `nodes`: is `far` farther than `near`? Chance is 0.5."""

    nodes: str
    far: str
    near: str
    before: Score
    after: Score


class Diagnosis(NamedTuple):
    lines: list[Line]
    trained: Trained
    task: Task


def diagnose(h: Hierarchy, seed: int, framework: str, how: Settings) -> Diagnosis:
    """Trains by `framework`, jax or torch, and asks before and after what its distances show.

    The nodes are the two held-out groups of `Task` and, beside them, as many whose breaks were
    trained on. Distances lead from a node's row to encodings, and `blankets.score` scores them:
    the broken blanket against the whole one, over all nodes, those with no other member and those
    with others left; another node's whole blanket against its own; and, equally large, the
    blanket that lost a `how.drop` against the one that lost a child (a parent, if how.drop is
    child), for nodes that have both.
    Raises what `blankets.build` and `train` raise, and HardballError on a loss that is not finite.
    """
    half = runs.half("blankets", framework)
    task = blankets.build(h, seed, how)
    trained = half.train(task, seed, how)
    if not np.isfinite(trained.losses).all():
        step = int(np.argmin(np.isfinite(trained.losses)))
        raise HardballError(f"{h.name}: the loss is not finite from step {step} on: lower lr")
    states = blankets.start(task, seed, how), trained.arrays
    lines = []
    known = task.anchors[task.unbroken.size :][: task.unbroken.size]
    for name, nodes in ((TRAINED, known), (UNBROKEN, task.unbroken), (UNSEEN, task.unseen)):
        before, after = (_pairs(half, task, seed, how, arrays, nodes) for arrays in states)
        for (far, near), values in before.items():
            scores = (blankets.score(*found) for found in (values, after[far, near]))
            lines.append(Line(name, far, near, *scores))
    return Diagnosis(lines, trained, task)


def _pairs(
    half: object, task: Task, seed: int, how: Settings, arrays: Arrays, nodes: np.ndarray
) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """(what should lie farther, what nearer) -> the distances of both, a node an entry."""

    def measure(owners: np.ndarray, drop: str) -> Distances:
        drawn = random_bits.words(seed, f"blankets/test/{drop}", 0, nodes.size)[:, None]
        given = replace(how, drop=drop)
        return half.distances(task, given, arrays, nodes, owners, drawn)  # type: ignore[attr-defined]

    other = "parent" if how.drop == "child" else "child"
    whole, lost = measure(nodes, how.drop)
    elsewhere = measure(owners := blankets.strangers(nodes, task.alike), how.drop).whole
    control = measure(nodes, other).broken
    alone = task.blankets.sizes[nodes] == 1
    apart, both = owners != nodes, ~np.isnan(control)
    named = f"{how.drop} dropped"
    return {
        (named, "whole"): (lost, whole),
        (f"{named}, none left", "whole"): (lost[alone], whole[alone]),
        (f"{named}, others left", "whole"): (lost[~alone], whole[~alone]),
        ("another's", "whole"): (elsewhere[apart], whole[apart]),
        (named, f"{other} dropped"): (lost[both], control[both]),
    }
