"""The file of a search: what every trial shares, the methods, and what may vary of each."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from hardball.core import paths
from hardball.core.errors import HardballError, unknown
from hardball.runs import settings, suites
from hardball.runs.settings import SEPARATOR
from hardball.runs.spec import Framework, RunSpec, Strict
from hardball.studies.tune import space
from hardball.studies.tune.space import Dimension, Point
from hardball.training.trial import On

Strategy = Literal["grid", "tpe", "gp"]
MetricName = Literal["map", "mean_rank", "link_f1", "precision_at_1000"]
# Metrics of validation pairs alone, which no curve has, and their columns.
OF_VALIDATION = {
    "link_f1": "link_f1_validation",
    "precision_at_1000": "validation_global_precision_at_1000",
}
STRATEGIES: tuple[Strategy, ...] = ("grid", "tpe", "gp")


class Searched(Strict):
    """A method: its settings, and what varies of it beside what varies of all."""

    set: dict[str, Any]
    space: dict[str, Any] = Field(default={})


class Final(Strict):
    """The suite of the winners: its seeds, none of which a trial has, and its frameworks."""

    seeds: list[int] = Field(default=[0, 1, 2, 3, 4], min_length=1)
    frameworks: list[Framework] = Field(default=["jax", "torch"], min_length=1)


class Tuning(Strict):
    """A search: of each method on each data set, `trials` trials of all `seeds`.

    metric: what decides, of the pairs `judged_by`. most_at_limit: trials with a larger share of
    points at the largest radius cannot win.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    summary: str
    minutes: float = Field(gt=0, description="what it may take on one core")
    strategy: Strategy = "tpe"
    trials: int = Field(ge=1, le=10_000)
    metric: MetricName = "map"
    judged_by: On = "validation"
    most_at_limit: float = Field(1.0, ge=0, le=1)
    seeds: list[int] = Field(default=[100], min_length=1)
    framework: Framework = "torch"
    datasets: list[str] = Field(default=[])
    base: dict[str, Any]
    space: dict[str, Any] = Field(default={})
    methods: dict[str, Searched] = Field(min_length=1)
    final: Final = Final()

    @property
    def column(self) -> str:
        """The column of a row that decides."""
        return OF_VALIDATION.get(self.metric, f"{self.judged_by}_{self.metric}")

    @property
    def better(self) -> Literal["max", "min"]:
        return "min" if self.metric == "mean_rank" else "max"

    @property
    def suite(self) -> str:
        """What its rows call their suite, and its folder."""
        return f"{self.name}_{self.strategy}"


@dataclass(frozen=True)
class Study:
    """The search for one method's settings on one data set.

    values: its settings without what varies.
    """

    dataset: str
    method: str
    values: Mapping[str, Any]
    dimensions: tuple[Dimension, ...]

    @property
    def name(self) -> str:
        return f"{self.method} on {self.dataset}"

    def spec(self, point: Point, framework: Framework, seed: int) -> RunSpec:
        """A trial's run; raises HardballError as `make_spec` does."""
        return settings.make_spec(space.put(self.values, point), framework, seed)


def names() -> list[str]:
    """The searches of the checkout."""
    return sorted(path.stem for path in paths.tuning().glob("*.yaml"))


def load(reference: str, changes: Mapping[str, Any]) -> Tuning:
    """The search called `name`, or of a file, with `changes` of its keys; fully checked.

    Raises HardballError naming the file, the key and what is allowed.
    """
    path = _path(reference)
    content = suites.read_mapping(path, "a search", Tuning.model_fields)
    try:
        read = Tuning.model_validate({**content, **changes})
    except ValidationError as error:
        raise HardballError(f"{path}: {settings.first(error)}") from None
    if read.name != path.stem:
        raise HardballError(f"{path}: name {read.name!r} must be the file's, {path.stem!r}")
    try:
        _check(read)
    except HardballError as error:
        raise HardballError(f"{path}: {error}") from None
    return read


def _path(text: str) -> Path:
    if text.endswith((".yaml", ".yml")) or "/" in text:
        if not Path(text).is_file():
            raise HardballError(f"no file {text}")
        return Path(text)
    if text not in names():
        raise unknown("search", text, names(), ", or a path to a .yaml")
    return paths.tuning() / f"{text}.yaml"


def _check(tuning: Tuning) -> None:
    for seeds in (tuning.seeds, tuning.final.seeds):
        if len(set(seeds)) < len(seeds):
            raise HardballError(f"seeds {seeds}: one stands twice")
    shared = sorted(set(tuning.seeds) & set(tuning.final.seeds))
    if shared:
        raise HardballError(
            f"seed {shared[0]} is one of trials and of the suite of winners: a choice is not "
            "judged by what it was made by, so give final: {seeds: [...]} others"
        )
    if tuning.judged_by == "training" and tuning.metric in OF_VALIDATION:
        raise HardballError(
            f"metric {tuning.metric} is of validation pairs: write judged_by: validation"
        )
    found = studies(tuning)
    for each in found:
        try:
            _check_study(tuning, each)
        except HardballError as error:
            raise HardballError(f"method {each.method!r}: {error}") from None


def _check_study(tuning: Tuning, study: Study) -> None:
    if not study.dimensions:
        raise HardballError("nothing varies: give it a space, or all of them one")
    whole = {each.path for each in study.dimensions}
    for path in sorted(whole):
        above = path.partition(".")[0]
        if above != path and above in whole:
            raise HardballError(f"{path} and {above} vary both: make a method of each {above}")
    if tuning.strategy != "grid" and space.size(study.dimensions) < tuning.trials:
        raise HardballError(
            f"its space has {space.size(study.dimensions):.0f} points for {tuning.trials} trials: "
            "every method has the same number of trials, so give this one more to vary"
        )
    first = {each.path: each.ends()[0] for each in study.dimensions}
    for each in study.dimensions:
        for value in each.ends():
            study.spec({**first, each.path: value}, tuning.framework, tuning.seeds[0])
    if tuning.strategy == "grid":
        space.grid(study.dimensions, tuning.trials, tuning.seeds[0])


def studies(tuning: Tuning) -> list[Study]:
    """Every method on every data set; raises HardballError on a space that cannot be read."""
    datasets = tuning.datasets or [str(tuning.base.get("dataset", ""))]
    if "" in datasets:
        raise HardballError("name datasets: [...], or a dataset in base")
    for dataset in datasets:
        if datasets.count(dataset) > 1:
            raise HardballError(f"datasets: {dataset!r} stands twice")
    found = []
    for name, method in tuning.methods.items():
        if SEPARATOR in name or not name.strip():
            raise HardballError(f"method {name!r}: write a name without {SEPARATOR}")
        values = {**tuning.base, **method.set}
        try:
            varied = {**tuning.space, **method.space}
            read = tuple(space.read(path, given, values) for path, given in varied.items())
        except HardballError as error:
            raise HardballError(f"method {name!r}: {error}") from None
        found += [Study(str(d), name, {**values, "dataset": str(d)}, read) for d in datasets]
    for first, second in itertools.combinations(found, 2):
        if first.values == second.values and first.dimensions == second.dimensions:
            raise HardballError(f"methods {first.method!r} and {second.method!r} are the same")
    return found
