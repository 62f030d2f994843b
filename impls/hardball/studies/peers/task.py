"""What a system is asked to train, as files that its own process reads."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hardball.core.array_files import write_arrays

TASK, DATA = "task.json", "data.npz"


@dataclass(frozen=True)
class Task:
    """One run of one system.

    seconds: how long the training clock may run. burn_in: first passes, at burn_in_factor x lr.
    checkout, interpreter: of a system that is not installed here, else "".
    """

    system: str
    dataset: str
    dim: int
    negatives: int
    batch_size: int
    lr: float
    seconds: float
    threads: int = 1
    seed: int = 0
    dtype: str = "float64"
    burn_in: int = 20
    burn_in_factor: float = 0.01
    init_scale: float = 1e-3
    checkout: str = ""
    interpreter: str = ""

    @property
    def key(self) -> str:
        """Names the files of this run: gensim-wordnet_mammals-d5-k10."""
        return f"{self.system}-{Path(self.dataset).name}-d{self.dim}-k{self.negatives}"


class Data(NamedTuple):
    """pairs (P, 2) int32 of node and ancestor; the same as rows: indptr (N+1,), indices (P,)."""

    pairs: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray

    @property
    def n_nodes(self) -> int:
        return len(self.indptr) - 1


def write(folder: Path, task: Task, data: Data) -> None:
    """Leaves a task and its data in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TASK).write_text(json.dumps(asdict(task)), encoding="utf-8")
    write_arrays(folder / DATA, data._asdict())


def read(folder: Path) -> tuple[Task, Data]:
    """What `write` left."""
    task = Task(**json.loads((folder / TASK).read_text(encoding="utf-8")))
    with np.load(folder / DATA, allow_pickle=False) as file:
        return task, Data(**{name: file[name] for name in Data._fields})
