"""What a run leaves: one row with its spec, its outcome and where it came from."""

import json
import math
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, ValidationError

from hardball.core.errors import HardballError
from hardball.runs import settings
from hardball.runs.spec import RunSpec, Strict

Status = Literal["ok", "diverged"]

VOLATILE = (
    "train_seconds", "compile_seconds", "peak_memory_mb", "git_commit", "python", "numpy", "jax",
    "torch", "platform", "cpu", "accelerator", "threads", "compiled", "started",
    "seconds_a_node", "meta_seconds",
)  # fmt: skip
"""Fields that may differ between two runs of one spec, data and code."""

PLACE = ("suite", "factor", "label")
"""Where a run stands in the suite that planned it, see `plan.PlannedRun`."""

TRIAL = "trial"
"""The factor of a row that is a trial of `hardball tune`, chosen by validation figures."""

# What rows say by leaving a column out, where that is not the setting's default of today.
_UNSAID = {"kernels": "plain"}


class Outcome(Strict):
    """What came out of a run: its costs, its figures, and the code, data and machine it had.

    scorings = pairs shown + negatives used; the shares are of the negatives drawn: masked
    (known positives and the anchor itself), widened (from a wider ring than asked for);
    negatives_used is a pair's mean. Seconds are wall-clock, compiling apart; memory is the
    process's peak in MB; points_at_limit lie at the manifold's largest radius. evaluator: see
    `metrics.evaluate.EVALUATOR`, None in rows that do not say it. accelerator: the device's name,
    "" on a CPU. stopped: why a run ended before its last epoch, see `training.stopping`; "" where
    it did not.
    """

    status: Status
    stopped: str = ""
    epochs_done: float
    final_loss: float | None = None
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
    evaluator: int | None = None
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


class Row(Strict):
    """One run: what it was told, what came out, and its place in a suite."""

    spec: RunSpec
    outcome: Outcome
    suite: str = ""
    factor: str = ""
    label: str = ""

    @property
    def run_id(self) -> str:
        return self.spec.run_id

    @property
    def config_id(self) -> str:
        return self.spec.config_id

    @property
    def status(self) -> Status:
        return self.outcome.status

    @property
    def metrics(self) -> dict[str, float | None]:
        return self.outcome.metrics

    def to_flat(self) -> dict[str, Any]:
        """One level of columns, `COLUMNS` and then the metrics under their own names."""
        return {**self._columns(), **self.metrics}

    @classmethod
    def from_flat(cls, columns: Mapping[str, Any]) -> Self:
        """The row of `to_flat`, or of a CSV line, whose values are text and may be empty.

        Columns that are no field are metrics; None, NaN and "" stand for no figure.
        Raises HardballError on bad values, and where the settings are not those of `run_id`.
        """
        given = {key: value for key, value in columns.items() if value is not None}
        given = {key: value for key, value in given.items() if value == value}
        given = {key: value for key, value in given.items() if value != "" or key in TEXT}
        metrics = {key: value for key, value in given.items() if key not in COLUMNS}
        return cls._of({**given, "metrics": metrics})

    def to_json(self) -> str:
        """One line of rows/<job>.jsonl: the columns, and the metrics below `metrics`.

        JSON has no infinity: such a figure is null there.
        """
        figures = {k: v if v is None or math.isfinite(v) else None for k, v in self.metrics.items()}
        return json.dumps({**self._columns(), "metrics": figures}, ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """The row of `to_json`; raises HardballError as `from_flat` does."""
        try:
            given = json.loads(line)
        except ValueError as error:
            raise HardballError(f"not JSON: {error}") from None
        if not isinstance(given, dict):
            raise HardballError("a row is a JSON object")
        return cls._of(given)

    def _columns(self) -> dict[str, Any]:
        place = {"suite": self.suite, "factor": self.factor, "label": self.label}
        named = {"run_id": self.run_id, "config_id": self.config_id, **place}
        outcome = self.outcome.model_dump(exclude={"metrics"})
        return {**named, **settings.columns(self.spec), **outcome}

    @classmethod
    def _of(cls, given: Mapping[str, Any]) -> Self:
        known = {key: given[key] for key in (*COLUMNS, "metrics") if key in given}
        spec = settings.from_columns({**_UNSAID, **known})
        if spec.run_id != known.get("run_id", spec.run_id):
            raise HardballError(
                f"run_id: the row says {known['run_id']!r}, its settings are {spec.run_id!r}: "
                "another version of hardball wrote it"
            )
        told = {key: str(known[key]) if key in TEXT else known[key] for key in known}
        figures = {key: told[key] for key in Outcome.model_fields if key in told}
        place = {key: told[key] for key in PLACE if key in told}
        try:
            return cls(spec=spec, outcome=Outcome.model_validate(figures), **place)
        except ValidationError as error:
            raise HardballError(settings.first(error)) from None


COLUMNS = (
    "run_id", "config_id", *PLACE, *RunSpec.model_fields,
    *(name for name in Outcome.model_fields if name != "metrics"),
)  # fmt: skip
"""The columns of a row in their order, without those of metrics."""

TEXT = (
    "run_id", "config_id", *PLACE, *settings.TEXT,
    *(name for name, field in Outcome.model_fields.items() if settings.is_text(field.annotation)),
)  # fmt: skip
"""Those of them that hold text, which no reader may take for numbers, dates or missing values."""
