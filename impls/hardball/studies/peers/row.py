"""One row of the comparison."""

import json
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from hardball.core.files import replacing
from hardball.runs.spec import Strict

Status = Literal["ok", "diverged", "failed", "not run"]


class Row(Strict):
    """What a system did with its time.

    identity: what the row depends on; a row of another identity is run again. note: why a system
    did not run, or ended. rate: scorings a second, positives x (1 + negatives), after the first
    tenth of the time. own_*: what its own protocol says of the same points; printed_*: what it
    printed itself. own_epochs: passes as it counts them. coverage: negatives that a batch's place
    in the epoch met in three epochs, over what fresh draws give, where it was measured. Seconds
    are those of training alone: set-up, compiling, evaluation and writing are not in them. Memory
    is the peak of its process.
    """

    system: str
    identity: str = ""
    version: str = ""
    dataset: str
    dim: int
    negatives: int
    batch_size: int = 0
    lr: float = 0.0
    recipe: str = ""
    dtype: str = ""
    threads: int = 0
    seed: int = 0
    status: Status
    note: str = ""

    seconds: float | None = None
    compile_seconds: float | None = None
    passes: float | None = None
    own_epochs: float | None = None
    coverage: float | None = None
    rate: float | None = None
    map: float | None = None
    mean_rank: float | None = None
    median_rank: float | None = None
    own_map: float | None = None
    own_mean_rank: float | None = None
    printed_map: float | None = None
    printed_mean_rank: float | None = None
    seconds_to_map_50: float | None = None
    seconds_to_map_90: float | None = None
    peak_memory_mb: float | None = None
    wrong: str = ""

    hardball: str = ""
    git_commit: str = ""
    platform: str = ""
    cpu: str = ""
    started: str = ""


def write(path: Path, row: Row) -> None:
    """Writes a row, whole or not at all."""
    with replacing(path) as aside:
        aside.write_text(row.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Row | None:
    """A row that this version can read, else None."""
    try:
        return Row(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return None
