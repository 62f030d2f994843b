"""Rows of embeddings that were made elsewhere, which tables show as external."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hardball.core import files, paths, text
from hardball.core.errors import HardballError
from hardball.data import store
from hardball.data.points import load_points, save_points
from hardball.library.scoring import Score, rows_of, score
from hardball.library.verdict import EXACT_UP_TO
from hardball.methods.method import Method
from hardball.metrics import listing
from hardball.metrics.charts import chart
from hardball.metrics.evaluate import EVALUATOR
from hardball.report import rows
from hardball.runs.tables import EXTERNAL_KEYS, EXTERNAL_MADE, write_table

FILE = "external.csv"
NUMBERS = ("dim", "seed", "evaluator")
KNOWN = (*EXTERNAL_KEYS, *NUMBERS, *EXTERNAL_MADE)
"""The columns of external.csv that are no metrics, in their order."""
# What tells two rows apart; empty settings are those of points that were only scored.
TOLD_BY = ("dataset", "task", "label", "seed", "dim", "settings")


@dataclass(frozen=True)
class Scored(Score):
    """A score, and what was scored: points of a data set, with the sha256 of its content.

    points (N, width): rows of `space` in the order of the nodes, whose ids are `ids`; curvature -c.
    made: columns of `tables.EXTERNAL_MADE` on how it was made; empty where that is not known.
    """

    dataset: str = ""
    task: str = ""
    space: str = ""
    dim: int = 0
    seed: int = 0
    data_sha256: str = ""
    points: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    c: float = 1.0
    ids: Sequence[str] | np.ndarray = field(default=(), repr=False)
    made: Mapping[str, Any] = field(default_factory=dict)


def score_file(
    path: Path,
    dataset: str,
    *,
    ids: Path | None = None,
    space: str = "",
    c: float = 1.0,
    task: str = "reconstruction",
    seed: int = 0,
) -> Scored:
    """Scores a file of points beside the baselines; ids, space, c: as in `scoring.score`.

    A file that hardball wrote says its own space. Raises HardballError as `score` does, and where
    another file's space is not named.
    """
    h = store.open_hierarchy(dataset)
    own = _own(path)
    if own is not None:
        found = load_points(path, h.ids)
        points, space, c = found.points, found.manifold, found.c
    else:
        if not space:
            raise HardballError(
                f"{path}: say what its rows are: --space poincare, lorentz, tangent or euclidean"
            )
        points = rows_of(path, h, ids)
    told = score(points, h, space=space, c=c, task=task, seed=seed)
    width = points.shape[1]
    return Scored(
        told.name, told.figures, told.baselines, width,
        dataset=dataset, task=str(Method.read(task, "task")), space=space,
        dim=width - chart(space).dependent, seed=seed, data_sha256=h.content_sha256, points=points,
        c=c, ids=h.ids, made={"source": f"file {path.name}"},
    )  # fmt: skip


def leave(found: Scored, label: str, folder: Path | None = None) -> Path:
    """Writes the points to <folder>/points/, and a row of them to <folder>/external.csv.

    A row that agrees with it in TOLD_BY is replaced. Baselines that are exact, and that floors.csv
    lacks, are added there.
    """
    path = (folder or paths.results() / "work" / "adhoc") / FILE
    points = path.parent / "points" / f"{_stem(found, label)}.npz"
    with files.explained(str(points), path.parent):
        save_points(points, found.points, found.space, found.c, found.ids)
    row = {
        "dataset": found.dataset, "task": found.task, "label": label, "space": found.space,
        "file": f"points/{points.name}", "file_sha256": files.sha256(points),
        "data_sha256": found.data_sha256,
        "dim": found.dim, "seed": found.seed, "evaluator": EVALUATOR,
        **{name: found.made.get(name, "") for name in EXTERNAL_MADE}, **found.figures,
    }  # fmt: skip
    add_rows(path, pd.DataFrame([row], dtype=object))
    _add_floors(path.with_name("floors.csv"), found)
    return path


def add_rows(path: Path, added: pd.DataFrame) -> None:
    """Adds rows to an external.csv; those that agree with one of them in TOLD_BY are replaced.

    Processes that add to one file wait for each other.
    """
    with files.explained(str(path), path.parent), files.locked(path):
        write_rows(path, _joined(rows.read_external(path), added) if path.is_file() else added)


def _joined(before: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    """The rows before that none of the added replaces, then those."""
    keys = list(TOLD_BY)
    older = before.assign(**{name: "" for name in EXTERNAL_MADE if name not in before})
    new = set(added[keys].astype(str).itertuples(index=False, name=None))
    told = older[keys].astype(str).itertuples(index=False, name=None)
    kept = [each not in new for each in told]
    return pd.concat([older.astype(object)[kept], added.astype(object)], ignore_index=True)


def write_rows(path: Path, frame: pd.DataFrame) -> None:
    """Writes rows as external.csv has them: what they are, then metrics in their order."""
    metrics = listing.ordered(column for column in frame.columns if column not in KNOWN)
    with files.explained(str(path), path.parent):
        write_table(path, frame.reindex(columns=[*KNOWN, *metrics]))


def _add_floors(path: Path, found: Scored) -> None:
    """Adds the baselines of a data set and task that floors.csv has none of."""
    if not found.baselines or len(found.points) > EXACT_UP_TO:
        return
    before = rows.read_floors(path)
    same = (before["dataset"] == found.dataset) & (before["task"] == found.task)
    if same.any():
        return
    named = {"dataset": found.dataset, "task": found.task}
    lines = [{**named, "floor": floor, **said} for floor, said in found.baselines.items()]
    added = [part for part in (before, pd.DataFrame(lines)) if len(part)]
    with files.explained(str(path), path.parent):
        write_table(path, pd.concat(added, ignore_index=True))


def _stem(found: Scored, label: str) -> str:
    """The name of a points file: another wherever TOLD_BY is."""
    told = json.dumps([found.task, found.made.get("settings", "")])
    digest = hashlib.sha256(told.encode()).hexdigest()[:8]
    named = f"{text.slug(found.dataset)}-{text.slug(label)}"
    return f"{named}-d{found.dim}-{digest}-s{found.seed}"


def _own(path: Path) -> str | None:
    """The space of a file that hardball wrote; None of any other."""
    if path.suffix != ".npz" or not path.is_file():
        return None
    try:
        return load_points(path).manifold
    except HardballError:
        return None
