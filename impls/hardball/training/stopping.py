"""Why a run ended before its last epoch."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

Stopped = Literal["", "no_gain", "overfitting", "diverged", "pruned"]
SAID: dict[Stopped, str] = {
    "no_gain": "no gain for as long as patience lasts",
    "overfitting": "overfitting, held-out pairs get worse while the training loss falls",
    "diverged": "diverged",
    "pruned": "pruned, worse than the median of earlier trials at this epoch",
}


def reason(curves: Mapping[str, Sequence[float]], waited: int) -> Stopped:
    """Why `waited` evaluations brought no gain: "overfitting", or merely "no_gain".

    Overfitting: MAP of the held-out pairs lay below its best at every one of them, while the
    training loss, without its regularisers, is now lower than it was at the best. curves: those of
    the run, `map` finite where it was evaluated on held-out pairs.
    """
    evaluated = np.flatnonzero(np.isfinite(curves["map"]))
    if len(evaluated) <= waited:
        return "no_gain"
    loss = np.asarray(curves.get("loss_main", curves["loss"]))
    held_out = np.asarray(curves["map"])
    best, *since = evaluated[-waited - 1 :]
    worse = bool((held_out[since] < held_out[best]).all())
    return "overfitting" if worse and loss[since[-1]] < loss[best] else "no_gain"
