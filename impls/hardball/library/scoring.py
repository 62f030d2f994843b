"""`score`: every metric of points that somebody else made, beside what needs no training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy import closure as closures
from hardball.hierarchy.dag import Hierarchy
from hardball.library import foreign
from hardball.library.foreign import Foreign
from hardball.library.hierarchies import hierarchy_of
from hardball.library.verdict import baselines, verdict
from hardball.methods import registry
from hardball.methods.method import Method
from hardball.metrics.evaluate import evaluate

# Ranking every node against every node takes minutes beyond this many.
EXACT_UP_TO, SOURCES = 150_000, 20_000


@dataclass(frozen=True)
class Score:
    """figures: metrics by name; baselines: those of what needs no training, by its name.

    width: numbers a row of the points.
    """

    name: str
    figures: dict[str, float]
    baselines: dict[str, dict[str, float]]
    width: int

    def __getitem__(self, metric: str) -> float:
        return self.figures[metric]

    def __str__(self) -> str:
        return verdict(self.name, self.figures, self.baselines)


def score(
    points: Any,
    hierarchy: Any,
    *,
    space: str = "poincare",
    c: float = 1.0,
    ids: Sequence[str] | Path | str | None = None,
    task: str = "reconstruction",
    seed: int = 0,
    compare: bool = True,
) -> Score:
    """Scores an embedding of a hierarchy, whoever made it; exact and in float64.

    points: (N, D), a row a node, or a file, see `foreign.read`. hierarchy: as `fit` takes it.
    space: poincare, lorentz, tangent or euclidean, the coordinates of the rows; c > 0, the
    curvature is -c. ids: of the rows, in their order, or a text file of them; without, an array is
    in the order of the hierarchy's nodes. task: what is ranked, such as
    leaf_parent(holdout=0.3), by `seed`. compare: compute the baselines too.
    Raises HardballError on rows that do not fit the hierarchy or the space.
    """
    h = hierarchy_of(hierarchy)
    rows = rows_of(points, h, ids)
    asked = Method.read(task, "task")
    relations = closures.closure(h)
    split = registry.builder("task", asked.name)(h, relations, seed, **asked.params)
    sources = SOURCES if h.n_nodes > EXACT_UP_TO else None
    figures = evaluate(rows, space, c, h, split, relations, sources=sources, seed=seed)
    others = baselines(h, relations, split, seed) if compare else {}
    return Score(h.name, figures, others, rows.shape[1])


def rows_of(points: Any, h: Hierarchy, ids: Sequence[str] | Path | str | None) -> np.ndarray:
    """The rows in the order of the hierarchy's nodes; points, ids: as `score` takes them.

    Raises HardballError on rows that do not fit the hierarchy.
    """
    path = isinstance(points, str | Path)
    of_rows = Path(ids) if isinstance(ids, str | Path) else None
    if path:
        found = foreign.read(Path(points), of_rows)
    else:
        rows = np.asarray(points, np.float64)
        if rows.ndim != 2 or not np.isfinite(rows).all():
            raise HardballError(f"points {rows.shape}: no table of finite numbers, a row a node")
        found = Foreign(rows, None if of_rows is None else foreign.lines(of_rows))
    if ids is not None and not isinstance(ids, str | Path):
        found = Foreign(found.rows, [str(raw) for raw in ids])
    if found.ids is None and not path:
        if len(found.rows) != h.n_nodes:
            raise HardballError(f"{len(found.rows)} rows for the {h.n_nodes} nodes of {h.name}")
        return found.rows
    return foreign.aligned(found, h)
