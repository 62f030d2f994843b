"""Settings for a person's own hierarchy: by its size, its dimension and the seconds there are."""

from collections.abc import Mapping
from typing import Any

from hardball.core.errors import HardballError

# Scorings a second with a shared pool on two cores of a laptop: a careful guess.
SCORINGS_A_SECOND = 3.0e8
FEWEST, MOST = 12, 200
# Points of runs of more steps come too far out at the full rate.
STEPS = 20_000
# A step is about a rate long in each coordinate, so its length grows with the root of their number.
# Beyond so many the rate falls by that.
COORDINATES = 10
# Where nodes have several parents: lists of near nodes, looked for so many times in a run. A search
# takes N^2 distances, which grow too dear above so many nodes.
SEARCHES, SEARCHED = 8, 60_000
NEAR = {"negatives": 8, "after": 0.4}
# Beside them the softmax is colder, so that the nearest negatives count most. The optimiser is the
# one whose compiled step takes any temperature.
COLD = {"loss": {"name": "infonce", "temperature": 0.3}, "optimizer": "rmsprop"}
# How much longer a pass takes with them: a careful guess too.
NEAR_COST = 2.2
# Up to so many nodes batches are small and steps few.
SMALL = 4000


def recipe_of(
    recipe: str | Mapping[str, Any],
    *,
    nodes: int,
    pairs: int,
    seconds: float,
    dim: int = COORDINATES,
    forest: bool = True,
) -> dict[str, Any]:
    """The settings of a run, as `hardball train` takes them.

    recipe: "auto", or settings of one's own, which stand over those of "auto"; a sampler of one's
    own draws alone, without near nodes beside it. nodes, pairs: of the hierarchy and of its
    closure. seconds: what training may take; fewer epochs where that is little. dim: of the space.
    forest: whether no node has two parents.
    Raises HardballError on another name.
    """
    own = {} if isinstance(recipe, str) else dict(recipe)
    if isinstance(recipe, str) and recipe != "auto":
        raise HardballError(f"unknown recipe {recipe!r}: allowed are auto, or settings as a dict")
    lists = not forest and SMALL < nodes <= SEARCHED and not own.keys() & {"sampler", "hard"}
    settings = {**auto(nodes, pairs, seconds / NEAR_COST if lists else seconds, dim), **own}
    if lists:
        settings |= {name: value for name, value in COLD.items() if name not in own}
        settings["hard"] = [near(int(settings["epochs"]) * pairs // int(settings["batch_size"]))]
    return settings


def near(steps: int) -> dict[str, Any]:
    """Negatives of each anchor among its nearest nodes, from 40 % of a run on.

    steps: of the whole run. A node with several parents lies near nodes whose ancestors are not its
    own, and a uniform pool seldom holds such an ancestor.
    """
    sampler = {"name": "neighbors", "top": 32, "every": max(1, steps // SEARCHES)}
    return {"sampler": sampler, **NEAR}


def auto(nodes: int, pairs: int, seconds: float, dim: int) -> dict[str, Any]:
    """Tangent coordinates, a uniform pool, negatives that fade, Adam.

    What won on WordNet's nouns and on the mammals, see docs/findings. The pool and the batch grow
    with the hierarchy. The rate falls with the steps and with the root of the coordinates, so that
    no point comes to a limit. Epochs: what `seconds` allow, between FEWEST and MOST.
    """
    large = nodes > SMALL
    pool = 1024 if large else min(512, max(nodes // 2, 2))
    epochs = int(seconds * SCORINGS_A_SECOND / (max(pairs, 1) * pool))
    settings: dict[str, Any] = {
        "manifold": "tangent",
        "sampler": "pool",
        "negatives": pool,
        "loss": "infonce",
        "epochs": min(max(epochs, FEWEST), MOST),
        "fade": 1e-4,
    }
    gentle = min(1.0, (COORDINATES / dim) ** 0.5)
    if large:
        steps = settings["epochs"] * pairs / 512
        rate = 0.15 * gentle * min(1.0, (STEPS / steps) ** 0.5)
        return {**settings, "batch_size": 512, "lr": round(rate, 4), "optimizer": "adam"}
    batch = max(16, min(256, pairs // 8))
    return {
        **settings,
        "batch_size": batch,
        "lr": round(0.2 * gentle, 4),
        "optimizer": {"name": "adam", "b2": 0.9},
    }
