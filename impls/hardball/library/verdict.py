"""What an embedding is worth, in two lines: its figures beside those that need no training."""

from collections.abc import Mapping

from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split
from hardball.metrics.floors import floors
from hardball.training.check_run import MOST_AT_LIMIT

# Of more nodes only so many are ranked, all of them against all candidates.
EXACT_UP_TO, SOURCES = 5_000, 1_000
SHOWN = {"popularity": "popularity", "tree_distance": "tree distance", "drawing": "drawing"}

Figures = Mapping[str, float]


def baselines(
    h: Hierarchy, closure: Csr, split: Split, seed: int = 0
) -> dict[str, dict[str, float]]:
    """`floors.floors`, of a sample of the nodes where there are many."""
    sources = SOURCES if h.n_nodes > EXACT_UP_TO else None
    return floors(h, closure, split, sources=sources, seed=seed)


def verdict(name: str, figures: Figures, others: Mapping[str, Figures]) -> str:
    """MAP and mean rank beside the baselines', and a plain sentence on what that means."""
    said = [f"{name}: MAP {figures['map']:.3f}, mean rank {figures['mean_rank']:.2f}"]
    for floor, shown in SHOWN.items():
        if floor in others:
            found = others[floor]
            said.append(f"{shown} {found['map']:.3f} / {found['mean_rank']:.2f}")
    lines = ["; ".join(said), _meaning(figures, others)]
    share = figures.get("share_at_limit", 0.0)
    if share > 0:
        lines.append(f"{share:.1%} of the points lie at the largest radius")
    if share > MOST_AT_LIMIT:
        lines[-1] += ": the limit decides figures, take a smaller lr or a larger max_radius"
    return "\n".join(lines)


def _meaning(figures: Figures, others: Mapping[str, Figures]) -> str:
    best = max(
        (each for each in SHOWN if each in others), key=lambda each: others[each]["map"], default=""
    )
    if not best:
        return "no baseline to compare with"
    theirs = others[best]
    better_map = figures["map"] > theirs["map"]
    better_rank = figures["mean_rank"] < theirs["mean_rank"]
    if not better_map and not better_rank and figures["map"] == theirs["map"]:
        return f"as good as {SHOWN[best]}, which needs no training"
    if better_map and better_rank:
        return f"better than all that need no training, the best of which is {SHOWN[best]}"
    if better_map or better_rank:
        one, two = ("MAP", "mean rank") if better_map else ("mean rank", "MAP")
        return f"better in {one} than {SHOWN[best]}, which needs no training, and worse in {two}"
    return f"{SHOWN[best]}, which needs no training, is better: train longer, or in more dimensions"
