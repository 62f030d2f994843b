"""What the points of a system are worth: this project's evaluator, and its own protocol."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr, pairs
from hardball.hierarchy.dag import Hierarchy
from hardball.metrics import evaluate, protocols, ranking
from hardball.metrics.polar import threads as on_threads
from hardball.metrics.polar import to_polar
from hardball.studies.peers.systems import Protocol

# Beyond so many nodes a curve's points are scored by a seeded sample of sources; the end never is.
CURVE_SOURCES = 2000
GOALS = (0.5, 0.9)


def curve(
    folder: Path,
    snapshots: Sequence[dict[str, Any]],
    manifold: str,
    hierarchy: Hierarchy,
    closure: Csr,
    threads: int,
) -> pd.DataFrame:
    """seconds, pairs, scorings, map, mean_rank of every snapshot, up to the first that diverged."""
    test = pairs(closure)
    rows = []
    for snapshot in snapshots:
        points = read_points(folder / snapshot["file"])
        try:
            figures = evaluate.validate(
                points,
                manifold,
                1.0,
                hierarchy,
                test,
                closure,
                sources=CURVE_SOURCES,
                threads=threads,
            )
        except HardballError:
            break
        spent = {name: snapshot[name] for name in ("seconds", "pairs", "scorings")}
        rows.append({**spent, "map": figures["map"], "mean_rank": figures["mean_rank"]})
    return pd.DataFrame(rows, columns=["seconds", "pairs", "scorings", "map", "mean_rank"])


def final(
    points: np.ndarray,
    manifold: str,
    hierarchy: Hierarchy,
    closure: Csr,
    protocol: Protocol,
    threads: int,
) -> dict[str, float]:
    """map, mean_rank, median_rank over all nodes, and own_map, own_mean_rank of the protocol.

    points: (N, D) of curvature -1. Raises HardballError where they are not finite or not points of
    the manifold.
    """
    with on_threads(threads):
        polar = to_polar(points, manifold, 1.0)
        ranks, _ = ranking.rank(
            ranking.by_points(polar),
            hierarchy,
            pairs(closure),
            closure,
            np.flatnonzero(np.diff(closure.indptr)),
        )
    ours = ranking.figures(ranks)
    out = {name: ours[name] for name in ("map", "mean_rank", "median_rank")}
    if protocol:
        own = {"gensim": protocols.gensim_figures, "reference": protocols.reference_figures}
        out |= {f"own_{name}": value for name, value in own[protocol](ranks).items()}
    return out


def seconds_to(found: pd.DataFrame, goal: float) -> float | None:
    """Seconds of the first snapshot whose MAP reached the goal; None where none did."""
    reached = found.loc[found["map"] >= goal, "seconds"]
    return None if reached.empty else float(reached.iloc[0])


def read_points(path: Path) -> np.ndarray:
    """The points of a snapshot, float64 (N, D)."""
    with np.load(path, allow_pickle=False) as file:
        return file["points"]
