"""Rows of external.csv once more: their points are scored again, and every figure is compared."""

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from hardball.core import files
from hardball.core.array_files import BROKEN
from hardball.core.errors import HardballError
from hardball.data import cards, store
from hardball.data.points import load_points
from hardball.library.external import KNOWN
from hardball.library.scoring import score
from hardball.library.submission import MOST_BYTES, POINTS
from hardball.metrics.charts import chart
from hardball.metrics.evaluate import EVALUATOR

# A processor that adds in another order changes the last digits of a figure.
TOLERANCE = 1e-6


class Told(BaseModel):
    """What a row says of its points; figures: by metric, without those that it has none of."""

    dataset: str
    data_sha256: str
    task: str
    label: str
    space: str
    dim: Annotated[int, Field(ge=1)]
    seed: Annotated[int, Field(ge=0)]
    evaluator: int
    file: Annotated[str, Field(pattern=f"^{POINTS}$")]
    file_sha256: str
    figures: dict[str, float]

    def __str__(self) -> str:
        return f"{self.label}, {self.dataset}, {self.task}, d={self.dim}, seed {self.seed}"


def told(row: Mapping[str, Any], where: Path) -> Told:
    """A row as it was read; raises HardballError, naming the column, on what makes no sense."""
    figures = {
        str(key): value for key, value in row.items() if key not in KNOWN and not _missing(value)
    }
    try:
        return Told.model_validate({**row, "figures": figures})
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        place = ".".join(map(str, detail["loc"]))
        raise HardballError(f"{where}: {place}: {detail['msg']}") from None


def differences(row: Told, folder: Path, tolerance: float = TOLERANCE) -> list[str]:
    """What is not as the row says, a line each; empty where every figure comes out again.

    folder: has the row's points. A figure is the same where |new - old| <= tolerance max(1, |old|).
    Raises HardballError on a data set without a card, on points that are not there or not those of
    the row, and on rows of another evaluator.
    """
    if not cards.exists(row.dataset):
        raise HardballError(
            f"{row}: data set {row.dataset!r} has no data card, so others cannot score it again: "
            "see docs/extend/data-card.md"
        )
    if row.evaluator != EVALUATOR:
        raise HardballError(
            f"{row}: scored by evaluator {row.evaluator}, this is {EVALUATOR}: score it again"
        )
    path = folder / row.file
    if not path.is_file():
        raise HardballError(f"{row}: no {path}: score it again with --label, or run the method")
    if files.sha256(path) != row.file_sha256:
        raise HardballError(f"{row}: {path} has other bytes than the row says: score it again")
    return _compared(row, path, tolerance)


def _compared(row: Told, path: Path, tolerance: float) -> list[str]:
    h = store.open_hierarchy(row.dataset)
    if h.content_sha256 != row.data_sha256:
        return [
            f"the data set's sha256 is {row.data_sha256[:12]} there, {h.content_sha256[:12]} here"
        ]
    _small(path)
    found = load_points(path, h.ids)
    shape = {
        "space": found.manifold,
        "dim": found.points.shape[1] - chart(found.manifold).dependent,
    }
    lines = [
        f"{key} is {getattr(row, key)} in the row, {value} in the points"
        for key, value in shape.items()
        if value != getattr(row, key)
    ]
    if lines:
        return lines
    again = score(
        found.points, h, space=found.manifold, c=found.c, task=row.task, seed=row.seed,
        compare=False,
    ).figures  # fmt: skip
    again = {name: value for name, value in again.items() if not _missing(value)}
    for name in [*row.figures, *(name for name in again if name not in row.figures)]:
        old, new = row.figures.get(name), again.get(name)
        if old is None or new is None or not _same(old, new, tolerance):
            lines.append(f"{name} is {_shown(old)} in the row, {_shown(new)} here")
    return lines


def _same(old: float, new: float, tolerance: float) -> bool:
    return old == new or (math.isfinite(old) and abs(new - old) <= tolerance * max(1.0, abs(old)))


def _small(path: Path) -> None:
    """Raises HardballError where a points file is larger unpacked than any submission may be."""
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(info.file_size for info in packed.infolist())
    except BROKEN:
        # What is no archive, its reader says.
        return
    if size > MOST_BYTES:
        raise HardballError(f"{path.name}: over {MOST_BYTES >> 20} MiB unpacked")


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _shown(value: float | None) -> str:
    return "missing" if value is None else f"{value:.9g}"
