"""The ensembles that a suite makes of its runs, and the table of what they are worth."""

from collections.abc import Iterator
from typing import NamedTuple

from hardball.core.errors import HardballError
from hardball.runs import plan
from hardball.runs.settings import SEPARATOR
from hardball.runs.spec import EnsembleOf, Suite

FILE = "ensembles.csv"
TEXT = ("dataset", "task", "label", "by", "runs", "data_sha256", "hardball")
"""The columns of ensembles.csv that hold text."""

KEYS = (
    "dataset", "task", "label", "set", "by", "members", "runs", "seed", "data_sha256",
    "evaluator", "hardball",
)  # fmt: skip
"""The columns of ensembles.csv that are no metrics. set: which of the ensembles that are alike.
by: the rule, "" of a run alone. runs: ids of the members, in their order; seed: of the split."""


class Members(NamedTuple):
    """Runs that are one ensemble; number: which of the ensembles of its label."""

    label: str
    number: int
    runs: tuple[plan.PlannedRun, ...]


def planned(suite: Suite) -> list[tuple[EnsembleOf, Members]]:
    """Every ensemble of a suite; raises HardballError where a factor has too few runs for one."""
    every = plan.runs(suite)
    found = []
    for asked in suite.ensembles:
        mine = [run for run in every if asked.factor in run.factor.split(SEPARATOR)]
        groups: dict[tuple[str, ...], list[plan.PlannedRun]] = {}
        for run in mine:
            spec = run.spec
            one = (spec.config_id,) if asked.over == "seed" else (spec.dataset, str(spec.seed))
            groups.setdefault((*one, str(spec.task), spec.framework), []).append(run)
        sets = [part for group in groups.values() for part in _parts(group, asked)]
        if not sets:
            raise HardballError(
                f"ensembles of {asked.factor!r} over {asked.over}: no {asked.members} runs of the "
                f"factor differ in it alone: give the group more, or name another factor"
            )
        numbers: dict[tuple[str, str], int] = {}
        for part in sets:
            place = part[0].spec.dataset, str(part[0].spec.task)
            numbers[place] = numbers.get(place, -1) + 1
            found.append((asked, Members(asked.factor, numbers[place], part)))
    return found


def _parts(
    group: list[plan.PlannedRun], asked: EnsembleOf
) -> Iterator[tuple[plan.PlannedRun, ...]]:
    """Disjoint ensembles of seeds, or the one of all settings; runs left over are in none."""
    size = asked.members if asked.over == "seed" else max(asked.members, len(group))
    for begin in range(0, len(group) - size + 1, size):
        yield tuple(group[begin : begin + size])
