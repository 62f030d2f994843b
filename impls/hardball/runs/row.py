"""What a run leaves: one row with its spec, its outcome and where it came from."""

import math
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field

from hardball.runs.spec import METHODS, RunSpec, Strict

Status = Literal["ok", "diverged"]

VOLATILE = (
    "train_seconds", "compile_seconds", "peak_memory_mb", "git_commit", "python", "numpy", "jax",
    "torch", "platform", "cpu", "accelerator", "threads", "compiled", "started",
)  # fmt: skip
"""Fields that may differ between two runs of one spec, data and code."""


class Row(Strict):
    """One run. Methods are written as `name(parameter=value,...)`, regularizers and hard
    negatives joined by ";".

    Costs: scorings = pairs shown + negatives used; the shares are of the negatives drawn: masked
    (known positives and the anchor itself), widened (from a wider ring than asked for);
    negatives_used is a pair's mean. Seconds are wall-clock, compiling apart; memory is the
    process's peak in MB; points_at_limit lie at the manifold's largest radius. accelerator: the
    device's name, empty on a CPU. stopped: why a run ended before its last epoch, see
    `trainers.stopping`; empty where it did not.
    """

    run_id: str
    config_id: str
    suite: str = ""
    factor: str = ""
    label: str = ""

    dataset: str
    task: str
    framework: str
    seed: int
    start: str = "origin"
    pairs: str = "all"
    batches: str = "pairs"
    manifold: str
    dim: int
    sampler: str
    negatives: int
    hard: str = ""
    loss: str
    regularizers: str
    objective: str = "sum"
    radius: str = "free"
    optimizer: str
    lr: float
    lr_final: float
    fade: float = 1.0
    burn_in: int
    burn_in_factor: float
    clip: float
    batch_size: int
    epochs: int
    patience: int
    eval_every: int
    checkpoint_every: int
    init_scale: float
    dtype: str
    words: str
    device: str
    kernels: str = "plain"

    status: Status
    stopped: str = ""
    epochs_done: float
    final_loss: float | None
    scorings: int
    masked_share: float
    widened_share: float
    negatives_used: float
    points_at_limit: int
    train_seconds: float
    compile_seconds: float
    peak_memory_mb: float

    hardball: str
    code_sha256: str
    data_sha256: str
    git_commit: str
    python: str
    numpy: str
    jax: str
    torch: str
    platform: str
    cpu: str
    accelerator: str = ""
    threads: int
    compiled: bool
    started: str

    metrics: dict[str, float | None] = Field(default_factory=dict)

    def to_flat(self) -> dict[str, Any]:
        """One level of columns, metrics under their own names after all else."""
        return {**self.model_dump(exclude={"metrics"}), **self.metrics}

    @classmethod
    def from_flat(cls, columns: Mapping[str, Any]) -> Self:
        """The row of `to_flat`, or of a CSV line: empty cells are None, or "" where text belongs.

        Columns that are no field are metrics. Raises pydantic.ValidationError on bad values.
        """
        fields = set(cls.model_fields) - {"metrics"}
        text = {name for name, field in cls.model_fields.items() if field.annotation is str}
        values: dict[str, Any] = {}
        metrics: dict[str, float | None] = {}
        for name, value in columns.items():
            missing = value is None or (isinstance(value, float) and math.isnan(value))
            if name not in fields:
                if not missing:
                    metrics[name] = float(value)
            elif name in text:
                values[name] = "" if missing else str(value)
            else:
                values[name] = None if missing else value
        return cls(**values, metrics=metrics)


def spec_columns(spec: RunSpec) -> dict[str, Any]:
    """A spec as the columns of a row."""
    columns = {name: getattr(spec, name) for name in RunSpec.model_fields}
    columns |= {name: str(columns[name]) for name in METHODS}
    columns["hard"] = ";".join(map(str, spec.hard))
    columns["regularizers"] = ";".join(map(str, spec.regularizers))
    return columns
