"""Runs a method that trains itself on a task, scores its points, and leaves rows and points."""

import json
import math
import os
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hardball.core import files
from hardball.core.errors import HardballError
from hardball.core.provenance import provenance
from hardball.hierarchy import closure as closures
from hardball.hierarchy.dag import Hierarchy
from hardball.library import external, own_methods
from hardball.library.handed_over import Training, handed_over
from hardball.library.hierarchies import hierarchy_of
from hardball.library.own_methods import OwnMethod
from hardball.library.returned import Returned, points_of
from hardball.library.scoring import Score, score
from hardball.methods import registry
from hardball.methods.method import Method
from hardball.methods.parameter import Value

DIM = 5
SECONDS = 60.0
TASK = "reconstruction"


@dataclass(frozen=True, eq=False)
class MethodRun:
    """One seed of a method: what it was told, its points in the hierarchy's order, its figures.

    dataset: as rows call it. settings: the method's own, and `seconds` where it was told of them.
    points (N, D) in `space`, curvature -c. train_seconds: wall-clock of the method alone, from the
    call to points on the host; neither reading data nor scoring is in them.
    """

    method: OwnMethod
    hierarchy: Hierarchy = field(repr=False)
    dataset: str
    task: str
    dim: int
    seed: int
    settings: Mapping[str, Value]
    points: np.ndarray = field(repr=False)
    space: str
    c: float
    framework: str
    train_seconds: float
    score: Score = field(repr=False)
    made: Mapping[str, Any] = field(repr=False)

    @property
    def figures(self) -> dict[str, float]:
        """Every metric, by name."""
        return self.score.figures


def run_method(
    method: OwnMethod | str,
    dataset: Any,
    *,
    task: str = TASK,
    dim: int = DIM,
    seeds: Sequence[int] = (0,),
    seconds: float = SECONDS,
    out: Path | str | None = None,
    compare: bool = True,
    **settings: Value,
) -> list[MethodRun]:
    """Trains a method for each seed and scores it as `score` does; one MethodRun a seed.

    method: what `hb.method` made, or its name. dataset: as `fit` takes it. task: such as
    leaf_parent(holdout=0.3). seconds: what the method is told that it may take; it is measured, not
    stopped. out: a folder where each seed leaves its points and a row of external.csv, which tables
    show; none is written without. settings: the method's own. compare: compute the baselines of the
    first seed's task too.
    Raises HardballError where the method fails or returns what is no embedding.
    """
    chosen = own_methods.named(method) if isinstance(method, str) else method
    found = []
    asked = {"task": task, "dim": dim, "seeds": seeds, "seconds": seconds, "compare": compare}
    for each in runs_of(chosen, dataset, settings=settings, **asked):  # type: ignore[arg-type]
        found.append(each)
        if out is not None:
            leave(each, Path(out))
    return found


def runs_of(
    method: OwnMethod,
    dataset: Any,
    *,
    task: str,
    dim: int,
    seeds: Sequence[int],
    seconds: float,
    settings: Mapping[str, Value],
    compare: bool,
) -> Iterator[MethodRun]:
    """The seeds of a method one by one, as they come; see `run_method`."""
    if dim < 2:
        raise HardballError(f"dim={dim}, allowed are 2 or more")
    if not (math.isfinite(seconds) and seconds > 0):
        raise HardballError(f"seconds={seconds:g}, allowed are numbers above 0")
    own = method.settings(settings)
    told = own | ({"seconds": float(seconds)} if "seconds" in method.handed else {})
    asked = Method.read(task, "task")
    h = hierarchy_of(dataset)
    relations = closures.closure(h)
    for place, seed in enumerate(seeds):
        split = registry.builder("task", asked.name)(h, relations, seed, **asked.params)
        training, number = handed_over(h, split)
        made = provenance()
        began = time.perf_counter()
        returned = _trained(method, training, dim, seed, told)
        taken = time.perf_counter() - began
        points, c = returned.points[number], _curvature(own)
        found = score(
            points, h, space=returned.space, c=c, task=str(asked), seed=seed,
            compare=compare and not place,
        )  # fmt: skip
        yield MethodRun(
            method, h, _called(dataset, h), str(asked), dim, seed, told, points, returned.space, c,
            returned.framework, taken, found, made,
        )  # fmt: skip


def leave(run: MethodRun, folder: Path) -> Path:
    """Writes <folder>/points/<run>.npz, the method's code, and the row; returns external.csv."""
    method = run.method
    if method.code:
        with files.explained(str(folder), folder):
            _keep_code(method, folder)
    row = external.Scored(
        run.score.name, run.figures, run.score.baselines, run.score.width,
        dataset=run.dataset, task=run.task, space=run.space, dim=run.dim, seed=run.seed,
        data_sha256=run.hierarchy.content_sha256, points=run.points, c=run.c,
        ids=run.hierarchy.ids,
        made={
            "framework": run.framework, "settings": json.dumps(dict(run.settings)),
            "source": method.source, "code_sha256": method.code_sha256,
            "train_seconds": run.train_seconds, **run.made,
        },
    )  # fmt: skip
    return external.leave(row, method.name, folder)


def summary(run: MethodRun) -> str:
    """A run on one line."""
    shown = [
        f"{name} {run.figures[name]:.4g}" for name in ("mean_rank", "map") if name in run.figures
    ]
    named = f"{run.method.name}, {run.dataset}, {run.task}, d={run.dim}, seed {run.seed}"
    return "\t".join([named, *shown, f"{run.train_seconds:.1f} s"])


def _called(dataset: Any, h: Hierarchy) -> str:
    """The data set's name or folder, as rows of `hardball train` have it; else the hierarchy's."""
    named = isinstance(dataset, str | Path) and not Path(dataset).is_file()
    return str(dataset) if named else h.name


def _curvature(told: Mapping[str, Value]) -> float:
    """The method's setting c, 1 without one. Raises HardballError unless it is a number above 0."""
    c = told.get("c", 1.0)
    if isinstance(c, bool | str) or not c > 0:
        raise HardballError(f"c={c!r}, allowed are numbers above 0: the curvature is -c")
    return float(c)


def _keep_code(method: OwnMethod, folder: Path) -> None:
    """<folder>/code/<sha256>.py: what the row's code_sha256 is of."""
    path = folder / "code" / f"{method.code_sha256}.py"
    if not path.is_file():
        with files.replacing(path) as aside:
            aside.write_bytes(method.code)


def _trained(
    method: OwnMethod, training: Training, dim: int, seed: int, told: Mapping[str, Any]
) -> Returned:
    """The points of the training's nodes; raises HardballError, one line, where there are none."""
    who = f"method {method.name!r} on {training.name}, seed {seed}"
    c = _curvature(told)
    shape = {key: value for key, value in (("dim", dim), ("seed", seed)) if key in method.handed}
    try:
        returned = method.train(training, **shape, **told)
    except HardballError:
        raise
    except (Exception, SystemExit) as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise HardballError(f"{who}: {said} ({_where(error)})") from error
    try:
        return points_of(
            returned, n=training.n_nodes, dim=dim, space=method.space, c=c,
            framework=method.framework,
        )  # fmt: skip
    except HardballError as error:
        raise HardballError(f"{who}: {error}") from None


def _where(error: BaseException) -> str:
    """The line of the method's own code where an error came from, else the innermost."""
    steps = traceback.extract_tb(error.__traceback__)
    own = [step for step in steps if "site-packages" not in step.filename]
    last = (own or list(steps))[-1]
    return f"{os.path.basename(last.filename)}, line {last.lineno}"
