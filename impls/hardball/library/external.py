"""Rows of embeddings that were made elsewhere, which tables show as external."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hardball.core import files, paths
from hardball.core.errors import HardballError
from hardball.data import store
from hardball.data.points import load_points
from hardball.library.scoring import Score, score
from hardball.metrics import listing
from hardball.metrics.evaluate import EVALUATOR
from hardball.runs.tables import EXTERNAL_KEYS, read_table, write_table

FILE = "external.csv"


@dataclass(frozen=True)
class Scored(Score):
    """A score, and what was scored: a file with its sha256, a data set with its content's."""

    dataset: str = ""
    task: str = ""
    space: str = ""
    dim: int = 0
    seed: int = 0
    file: str = ""
    file_sha256: str = ""
    data_sha256: str = ""


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
        told = score(found.points, h, space=found.manifold, c=found.c, task=task, seed=seed)
        space, width = found.manifold, found.points.shape[1]
    else:
        if not space:
            raise HardballError(
                f"{path}: say what its rows are: --space poincare, lorentz, tangent or euclidean"
            )
        told = score(path, h, space=space, c=c, ids=ids, task=task, seed=seed)
        width = told.width
    return Scored(
        told.name, told.figures, told.baselines, told.width,
        dataset=dataset, task=task, space=space, dim=width - (space == "lorentz"), seed=seed,
        file=path.name, file_sha256=files.sha256(path), data_sha256=h.content_sha256,
    )  # fmt: skip


def leave(found: Scored, label: str, folder: Path | None = None) -> Path:
    """Adds a row to <folder>/external.csv, or replaces the one of the same label, data and task."""
    path = (folder or paths.results() / "work" / "adhoc") / FILE
    row = {
        "dataset": found.dataset, "task": found.task, "label": label, "space": found.space,
        "file": found.file, "file_sha256": found.file_sha256, "data_sha256": found.data_sha256,
        "dim": found.dim, "seed": found.seed, "evaluator": EVALUATOR, **found.figures,
    }  # fmt: skip
    frame = pd.DataFrame([row], dtype=object)
    if path.is_file():
        before = read_table(path, EXTERNAL_KEYS).astype(object)
        keys = ["dataset", "task", "label", "seed"]
        same = (before[keys].astype(str) == frame[keys].iloc[0].astype(str)).all(axis=1)
        frame = pd.concat([before[~same], frame], ignore_index=True)
    known = [*EXTERNAL_KEYS, "dim", "seed", "evaluator"]
    metrics = listing.ordered(column for column in frame.columns if column not in known)
    with files.explained(str(path), path.parent):
        write_table(path, frame.reindex(columns=[*known, *metrics]))
    return path


def _own(path: Path) -> str | None:
    """The space of a file that hardball wrote; None of any other."""
    if path.suffix != ".npz" or not path.is_file():
        return None
    try:
        return load_points(path).manifold
    except HardballError:
        return None
