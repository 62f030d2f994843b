"""Settings for a person's own hierarchy: by its size, its dimension and the seconds there are."""

from collections.abc import Mapping
from typing import Any

from hardball.core.errors import HardballError

# Scorings a second with a shared pool on two cores of a laptop: a careful guess.
SCORINGS_A_SECOND = 3.0e8
FEWEST, MOST = 12, 200
# Points of runs of more steps come too far out at the full rate.
STEPS = 20_000


def recipe_of(
    recipe: str | Mapping[str, Any], *, nodes: int, pairs: int, seconds: float
) -> dict[str, Any]:
    """The settings of a run, as `hardball train` takes them.

    recipe: "auto", or settings of one's own, which stand over those of "auto". nodes, pairs: of the
    hierarchy and of its closure. seconds: what training may take; fewer epochs where that is
    little. Raises HardballError on another name.
    """
    own = {} if isinstance(recipe, str) else dict(recipe)
    if isinstance(recipe, str) and recipe != "auto":
        raise HardballError(f"unknown recipe {recipe!r}: allowed are auto, or settings as a dict")
    return {**auto(nodes, pairs, seconds), **own}


def auto(nodes: int, pairs: int, seconds: float) -> dict[str, Any]:
    """Tangent coordinates, a uniform pool, negatives that fade, Adam.

    What won on WordNet's nouns and on the mammals, see docs/findings. The pool and the batch grow
    with the hierarchy, and the rate falls with the steps, so that no point comes to a limit.
    Epochs: what `seconds` allow, between FEWEST and MOST.
    """
    large = nodes > 4000
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
    if large:
        steps = settings["epochs"] * pairs / 512
        rate = 0.15 * min(1.0, (STEPS / steps) ** 0.5)
        return {**settings, "batch_size": 512, "lr": round(rate, 4), "optimizer": "adam"}
    batch = max(16, min(256, pairs // 8))
    return {
        **settings,
        "batch_size": batch,
        "lr": 0.2,
        "optimizer": {"name": "adam", "b2": 0.9},
    }
