"""The one vocabulary of the project: what a run is, what a suite is."""

import hashlib
import json
from pathlib import PurePath
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hardball.core.errors import HardballError, unknown
from hardball.methods import registry, schedules
from hardball.methods.method import Method

Framework = Literal["jax", "torch"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, given: Any) -> Any:
        """Whole numbers may be written 1e3, "4" or 2.0; true and false are no numbers."""
        if not isinstance(given, dict):
            return given
        fields = cls.model_fields
        return {k: _number(k, v, fields[k].annotation) if k in fields else v
                for k, v in given.items()}  # fmt: skip


def _number(name: str, value: Any, kind: Any) -> Any:
    if kind == list[int] and isinstance(value, list):
        return [_number(name, each, int) for each in value]
    if kind not in (int, float):
        return value
    if isinstance(value, bool):
        raise HardballError(f"{name}={str(value).lower()}: write a number")
    if kind is int and isinstance(value, str):
        try:
            read = float(value)
        except ValueError:
            return value
        return int(read) if read.is_integer() else value
    return value


# Far beyond what fits anywhere: a slip of the hand is told before anything is made.
MOST_DIM, MOST_NEGATIVES, MOST_SEED = 10_000, 1_000_000, 2**53


class Hard(Strict):
    """More negatives, beside those of the run's sampler: of each anchor's own, or another pool.

    after: the share of the training that is over when they come in.
    """

    sampler: Method
    negatives: int = Field(
        ge=1, le=MOST_NEGATIVES, description="draws per anchor, or the size of a shared pool"
    )
    after: float = Field(0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _resolve(self) -> Self:
        object.__setattr__(self, "sampler", self.sampler.resolved("sampler"))
        return self

    def __str__(self) -> str:
        late = f" after {self.after}" if self.after else ""
        return f"{self.negatives} {self.sampler}{late}"


class MoreLoss(Strict):
    """One more loss of the same pairs and negatives, beside the run's main loss.

    weight: its factor; schedule: how that goes over the run, see `schedules.read`.
    """

    loss: Method
    weight: float = Field(1.0, ge=0, allow_inf_nan=False)
    schedule: str = "constant"

    @model_validator(mode="after")
    def _resolve(self) -> Self:
        object.__setattr__(self, "loss", self.loss.resolved("loss"))
        schedules.read(self.schedule)
        return self

    def __str__(self) -> str:
        over = "" if self.schedule == "constant" else f" over {self.schedule}"
        return f"{self.weight:g} {self.loss}{over}"


# The fields of a run that name one catalogue entry each, by the entry's kind.
METHODS: tuple[registry.Kind, ...] = (
    "task", "start", "strategy", "manifold", "sampler", "loss", "optimizer",
    "pairs", "batches", "objective", "radius",
)  # fmt: skip

DEFAULT_ENCODER = "hgat"

# Settings younger than the first published rows, and what leaves a configuration's name alone.
_YOUNGER: dict[str, Any] = {"hard": [], "fade": 1.0, "max_radius": 0.0}
_YOUNGER |= {"losses": [], "loss_schedule": "constant"}
_YOUNGER |= {"pairs": Method(name="all"), "batches": Method(name="pairs")}
_YOUNGER |= {"objective": Method(name="sum"), "radius": Method(name="free")}
_YOUNGER |= {"pretext": None, "encoder": None, "before": {}, "strategy": Method(name="whole")}

# What a run has in common with the training that it goes on from.
_KEPT = (
    "dataset", "task", "framework", "seed", "dim", "start", "init_scale", "pretext", "encoder",
    "dtype", "words", "device", "before", "strategy",
)  # fmt: skip


class RunSpec(Strict):
    """Everything that determines one run's result, and nothing else."""

    model_config = ConfigDict(allow_inf_nan=False)

    dataset: str = Field(min_length=1, description="a data set's name, or a built folder")
    task: Method = Method(name="reconstruction")
    framework: Framework = Field(description="what it is computed with")
    seed: int = Field(ge=0, le=MOST_SEED, description="of all that is drawn")
    start: Method = Method(name="origin")
    strategy: Method = Method(name="whole")
    pairs: Method = Method(name="all")
    batches: Method = Method(name="pairs")
    manifold: Method = Method(name="tangent")
    dim: int = Field(5, ge=2, le=MOST_DIM, description="dimensions of the space")
    sampler: Method = Method(name="uniform")
    negatives: int = Field(
        50, ge=1, le=MOST_NEGATIVES, description="draws per anchor, or the size of a shared pool"
    )
    hard: list[Hard] = Field([], description="more negatives, each anchor's own or another pool")
    loss: Method = Method(name="infonce")
    loss_schedule: str = Field("constant", description="how the loss's weight goes over the run")
    losses: list[MoreLoss] = Field([], description="more losses, each with weight and schedule")
    regularizers: list[Method] = []
    objective: Method = Method(name="sum")
    radius: Method = Method(name="free")
    pretext: Method | None = Field(
        None, description="what an encoder is trained on; none: no encoder, a row a node"
    )
    encoder: Method | None = Field(
        None, description="what makes points of nodes' surroundings, where there is a pretext"
    )
    optimizer: Method = Method(name="adam")
    lr: float = Field(0.4, gt=0, description="learning rate of the first step after the burn-in")
    lr_final: float = Field(0.02, gt=0, le=1, description="last rate as a share of lr (linear)")
    fade: float = Field(
        1.0, gt=0, le=1, description="weight of a negative at the last step (from half-time on)"
    )
    burn_in: int = Field(0, ge=0, description="epochs at burn_in_factor x lr before the rest")
    burn_in_factor: float = Field(0.1, gt=0, le=1, description="rate in the burn-in, share of lr")
    clip: float = Field(0.0, ge=0, description="largest gradient norm of a row; 0 is none")
    max_radius: float = Field(
        0.0, ge=0, description="largest radius, in 1/sqrt(c); 0: the space's default"
    )
    batch_size: int = Field(256, ge=1, le=10**8, description="pairs a step")
    epochs: int = Field(100, ge=1, le=10**7, description="passes over the positive pairs")
    patience: int = Field(0, ge=0, description="evaluations without a gain before stopping; 0: off")
    eval_every: int = Field(0, ge=0, description="epochs between validations; 0: only at the end")
    checkpoint_every: int = Field(0, ge=0, description="epochs between checkpoints; 0: none")
    init_scale: float = Field(1e-3, gt=0, description="standard deviation of the noise at first")
    dtype: Literal["float32", "float64"] = Field("float32", description="precision of training")
    words: Literal["philox", "device"] = Field(
        "philox", description="random bits: the same on every device, or the device's own"
    )
    device: Literal["cpu", "gpu"] = Field("cpu", description="where it is computed")
    kernels: Literal["native", "plain"] = Field(
        "native", description="compiled kernels where there are any, or the framework's own code"
    )
    before: dict[str, Any] = Field(
        {}, description="other settings of a training that this run goes on from; {}: none"
    )

    @model_validator(mode="after")
    def _resolve(self) -> Self:
        for kind in METHODS:
            object.__setattr__(self, kind, getattr(self, kind).resolved(kind))
        schedules.read(self.loss_schedule)
        self._resolve_encoder()
        object.__setattr__(
            self, "regularizers", [r.resolved("regularizer") for r in self.regularizers]
        )
        if self.before:
            self._resolve_before()
        return self

    def _resolve_before(self) -> None:
        """Fills in the methods of `before`; raises HardballError on what it may not change."""
        allowed = [name for name in RunSpec.model_fields if name not in _KEPT]
        for key in self.before:
            if key not in allowed:
                raise unknown("key of before", key, allowed)
        if self.pretext is not None:
            raise HardballError(f"before with pretext={self.pretext}: encoders begin anew")
        written = self.earlier.model_dump(mode="json")
        object.__setattr__(self, "before", {key: written[key] for key in sorted(self.before)})

    @property
    def earlier(self) -> "RunSpec":
        """The training that this run goes on from: its own settings but for `before`."""
        own = self.model_dump(exclude={"before"})
        return RunSpec.model_validate({**own, **self.before})

    def _resolve_encoder(self) -> None:
        """Fills in the encoder of a pretext; raises HardballError on an encoder without one."""
        if self.pretext is None:
            if self.encoder is not None:
                raise HardballError(f"encoder={self.encoder} needs a pretext to be trained on")
            return
        object.__setattr__(self, "pretext", self.pretext.resolved("pretext"))
        encoder = self.encoder or Method(name=DEFAULT_ENCODER)
        object.__setattr__(self, "encoder", encoder.resolved("encoder"))

    @property
    def config(self) -> dict[str, Any]:
        """The spec without seed and framework: what paired runs have in common."""
        unset = {name for name, value in _YOUNGER.items() if getattr(self, name) == value}
        return self.model_dump(mode="json", exclude={"seed", "framework", *unset})

    @property
    def scored(self) -> int:
        """Negatives that are scored for each anchor."""
        return self.negatives + sum(group.negatives for group in self.hard)

    @property
    def config_id(self) -> str:
        """Readable and unique: dataset-sampler-loss-manifold-d5-1f3a9c2e.

        Of an encoder's run dataset-pretext-encoder-manifold-d16-1f3a9c2e.
        """
        text = json.dumps(self.config, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        trained = self.sampler.name, self.loss.name
        if self.pretext is not None and self.encoder is not None:
            trained = self.pretext.name, self.encoder.name
        parts = [PurePath(self.dataset).name, *trained, self.manifold.name]
        return "-".join([*parts, f"d{self.dim}", digest])

    @property
    def run_id(self) -> str:
        return f"{self.config_id}-{self.framework}-s{self.seed}"


class Group(Strict):
    """Runs that share `set` and cross every list of `over`, around the suite's base."""

    factor: str = Field(pattern=r"^[a-z][a-z0-9_ ]*$")
    set: dict[str, Any] = {}
    over: dict[str, list[Any]] = {}
    seeds: list[int] = Field(default=[], description="instead of the suite's")
    frameworks: list[Framework] = Field(default=[], description="instead of the suite's")


class EnsembleOf(Strict):
    """Ensembles of a factor's runs, scored as one embedding each.

    over: what the members of one differ in; `seed` makes disjoint ensembles of so many seeds of one
    configuration, `setting` one a seed of all the factor's configurations. by: the rules.
    """

    factor: str
    over: Literal["seed", "setting"]
    members: int = Field(2, ge=2, description="runs of an ensemble; over setting the fewest")
    by: list[Literal["mean_distance", "rank_fusion"]] = ["mean_distance", "rank_fusion"]


class Suite(Strict):
    """A named set of runs: a base configuration and the groups that vary around it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    summary: str
    minutes: float = Field(gt=0, description="what it may take on two cores")
    frameworks: list[Framework] = ["jax", "torch"]
    seeds: list[int] = Field(min_length=1)
    base: dict[str, Any]
    groups: list[Group] = []
    budgets: dict[str, dict[str, Any]] = Field(default={}, description="named changes of the base")
    tuned_by: list[str] = Field(default=[], description="suites whose rows chose its rates")
    ensembles: list[EnsembleOf] = Field(default=[], description="ensembles of its runs")
