"""What the training of a strategy gives: see `Entry.trains`.

`run(spec, h, closure, engines, *, saved, identity, progress) -> Trained` trains a run on a
hierarchy; saved, identity, progress are as `loop.run` takes them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hardball.methods.method import Method
from hardball.runs.spec import RunSpec
from hardball.training.loop import Engine, Outcome
from hardball.training.problem import Problem

# (problem, steps of the longest chunk) -> engine.
Engines = Callable[[Problem, int], Engine]


@dataclass(frozen=True, eq=False)
class Trained:
    """The last problem of a run, its engine and outcome, and metrics of the strategy's own.

    alone: whether nothing else is asked of the run. left: a file that an interrupted run would go
    on from, beside its checkpoint; to be deleted with it.
    """

    task: Problem
    engine: Engine
    ended: Outcome
    metrics: dict[str, float]
    alone: bool = False
    left: Path | None = None


def at_once(spec: RunSpec) -> RunSpec:
    """The same run on nodes that are all there from the beginning."""
    return spec.model_copy(update={"strategy": Method(name="whole")})
