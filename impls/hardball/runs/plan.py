"""What a suite runs: its runs, and the jobs that they make up."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hardball.core.errors import HardballError
from hardball.methods.method import Method
from hardball.runs.settings import SEPARATOR, make_spec
from hardball.runs.spec import Framework, Group, Hard, MoreLoss, RunSpec, Suite

BASE = "base"
# More is a slip of the hand: a suite of so many runs takes weeks.
MOST = 100_000


@dataclass(frozen=True)
class PlannedRun:
    """One run and its place in a suite.

    factor: every group it belongs to, joined by ";" ("base;sampler"); label: what the run stands
    for in each of them, in the same order ("base;uniform").
    """

    spec: RunSpec
    suite: str
    factor: str
    label: str


@dataclass(frozen=True)
class Job:
    """The runs of one configuration in one framework: one process, all seeds."""

    suite: str
    config_id: str
    framework: Framework
    runs: tuple[PlannedRun, ...]

    @property
    def stem(self) -> str:
        """File name of the job's rows and curves."""
        return f"{self.config_id}-{self.framework}"

    @property
    def spec(self) -> RunSpec:
        """The first seed's spec, for everything that seeds have in common."""
        return self.runs[0].spec


def runs(suite: Suite) -> list[PlannedRun]:
    """Every run of the suite once: the base, then each group's crossing around it.

    A configuration that several groups name is one run listed under all of them.
    Raises HardballError naming the group and the key.
    """
    planned: dict[str, PlannedRun] = {}
    for group in [Group(factor=BASE), *suite.groups]:
        for changes in _crossing(group):
            label = _label(changes or group.set) or group.factor
            for framework in group.frameworks or suite.frameworks:
                for seed in group.seeds or suite.seeds:
                    values = {**suite.base, **group.set, **changes}
                    try:
                        spec = make_spec(values, framework, seed)
                    except HardballError as error:
                        raise HardballError(f"group {group.factor!r}: {error}") from None
                    run = PlannedRun(spec, suite.name, group.factor, label)
                    known = planned.get(spec.run_id)
                    planned[spec.run_id] = _merge(known, run) if known else run
    return list(planned.values())


def _crossing(group: Group) -> list[dict[str, Any]]:
    names = list(group.over)
    crossed = itertools.product(*group.over.values())
    return [dict(zip(names, values, strict=True)) for values in crossed]


def _label(changes: Mapping[str, Any]) -> str:
    """The values that a run stands for, without the character that joins labels."""
    texts = (
        before_text(value) if key == "before" else _text(value) for key, value in changes.items()
    )
    return " ".join(texts).replace(SEPARATOR, ",")


def before_text(changes: Mapping[str, Any]) -> str:
    """The setting `before` to read: "after lr 0.4 epochs 30"."""
    return " ".join(["after", *(f"{key} {_text(value)}" for key, value in changes.items())])


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_text(member) for member in value) or "none"
    if isinstance(value, dict):
        kind = Hard if "sampler" in value else MoreLoss if "loss" in value else Method
        return str(kind.model_validate(value))
    return str(value)


def _merge(known: PlannedRun, new: PlannedRun) -> PlannedRun:
    factors = known.factor.split(SEPARATOR)
    if new.factor in factors:
        return known
    return replace(
        known,
        factor=SEPARATOR.join([*factors, new.factor]),
        label=SEPARATOR.join([known.label, new.label]),
    )


def jobs(suite: Suite) -> list[Job]:
    """One job per configuration and framework, in the order of `runs`."""
    grouped: dict[tuple[str, Framework], list[PlannedRun]] = {}
    for run in runs(suite):
        grouped.setdefault((run.spec.config_id, run.spec.framework), []).append(run)
    return [Job(suite.name, c, f, tuple(members)) for (c, f), members in grouped.items()]


def job(suite: Suite, config_id: str, framework: str) -> Job:
    """The job of one configuration in one framework; raises HardballError with the way out."""
    for candidate in jobs(suite):
        if (candidate.config_id, candidate.framework) == (config_id, framework):
            return candidate
    raise HardballError(
        f"suite {suite.name} has no {framework} job {config_id!r}: `hardball plan` lists its jobs"
    )
