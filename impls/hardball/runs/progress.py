"""What suites print while they run: each job as it ends, by name, a bar, and what is left.

The workflow names its jobs (`NAMES`) and Snakemake's logger plugin, in benchmarks/workflow/logger,
tells `Progress` what happens. On a terminal the last line is a bar; elsewhere all is plain lines.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from hardball.core.errors import HardballError
from hardball.core.text import without_brackets
from hardball.runs import collect
from hardball.runs.plan import BASE, SEPARATOR, Job, jobs
from hardball.runs.row import Row
from hardball.runs.spec import Suite


class Named(NamedTuple):
    """What to say of a job when it has ended, the seconds it may take, and whether it has rows."""

    told: Callable[[], str]
    seconds: float
    done: bool


NAMES: dict[tuple[str, str], Named] = {}
"""Jobs by the names of their suite and of themselves."""

FRAMEWORKS = {"jax": "JAX", "torch": "PyTorch"}
# What ends a run beside its trainings takes this part of them.
_REST = 0.15
_RULES = {
    "hierarchy": "hierarchies", "floors": "floors", "collect": "rows", "tables": "tables",
    "plots": "plots", "trends": "trends",
}  # fmt: skip


def name_jobs(named: Iterable[Suite], results: Path) -> None:
    """Fill NAMES with the suites' jobs, whose rows come to lie in results/<suite>.

    A suite's minutes are shared alike among its jobs.
    """
    for suite in named:
        planned, folder = jobs(suite), results / suite.name
        for job in planned:
            NAMES[suite.name, job.stem] = Named(
                partial(told, job, folder),
                suite.minutes * 60 / len(planned),
                _rows(job, folder).is_file(),
            )


def title(job: Job) -> str:
    """`wordnet_mammals · pool, fade 0.01 · JAX`: what the job is and stands for in its suite."""
    run = job.runs[0]
    said = dict(zip(run.factor.split(SEPARATOR), run.label.split(SEPARATOR), strict=False))
    others = {factor: label for factor, label in said.items() if factor != BASE}
    name = job.spec.sampler.name
    if BASE not in said and "sampler" not in said:
        named = (f"{factor} {without_brackets(label)}" for factor, label in others.items())
        name = ", ".join([name, *named])
    return f"{job.spec.dataset} · {others.get('sampler', name)} · {FRAMEWORKS[job.framework]}"


def told(job: Job, folder: Path) -> str:
    """The title, and the mean MAP of the job's runs where they have one."""
    try:
        rows = collect.read_rows(_rows(job, folder))
    except HardballError:
        return title(job)
    return "  ".join(filter(None, [title(job), _figures(rows)]))


def _rows(job: Job, folder: Path) -> Path:
    return folder / "rows" / f"{job.stem}.jsonl"


def _figures(rows: list[Row]) -> str:
    found = [row.outcome.metrics.get("map") for row in rows if row.outcome.status == "ok"]
    lost = len(rows) - len(found)
    known = [value for value in found if value is not None]
    said = [f"MAP {sum(known) / len(known):.3f}"] if known else []
    return ", ".join([*said, f"{lost} diverged"] if lost else said)


def minutes(seconds: float) -> str:
    """`40 s`, `3 min`, `2 h 5 min`: rounded up, since nobody minds an early end."""
    seconds = round(seconds, 3)
    if seconds < 90:
        return f"{-(-seconds // 10) * 10:.0f} s"
    hours, left = divmod(-(-seconds // 60), 60)
    return f"{left:.0f} min" if not hours else f"{hours:.0f} h {left:.0f} min"


def _expected(trainings: int) -> float:
    """Seconds that as many trainings may take: those without rows, or their share of all."""
    missing = [named.seconds for named in NAMES.values() if not named.done]
    if len(missing) == trainings:
        return sum(missing)
    planned = [named.seconds for named in NAMES.values()]
    return sum(planned) * trainings / max(len(planned), trainings, 1)


class Watch:
    """Prints the course of a suite, or of several."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console, self.clock = console, clock
        self.began = clock()
        self.total = self.done = 0
        self.trainings = self.trained = 0
        # Seconds that trainings may take: of all that are to run, and of those that have ended.
        self.expected = self.passed = 0.0
        self.names: dict[int, tuple[str, tuple[str, str]]] = {}
        self._bar: Progress | None = None

    def start(self, counts: Mapping[str, int]) -> None:
        """counts: how many jobs of each rule are to run."""
        self.began = self.clock()
        self.total = sum(counts.values())
        self.trainings = counts.get("train", 0)
        self.expected = _expected(self.trainings)
        if self.trainings:
            known = f", up to {minutes(self.expected)} on two cores" if self.expected else ""
            many = "1 training" if self.trainings == 1 else f"{self.trainings:,} trainings"
            self.console.print(f"{many} to run{known}", highlight=False)
        if self.total and self.console.is_terminal:
            columns = BarColumn(), TextColumn("{task.completed}/{task.total}{task.description}")
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._bar.add_task("", total=self.total)
            self._bar.start()

    def begin(self, number: int, rule: str, job: tuple[str, str] = ("", "")) -> None:
        """A job starts. job: the training's suite and stem."""
        self.names[number] = rule, job

    def finish(self, number: int) -> None:
        """A job has ended well."""
        rule, job = self.names.get(number, ("", ("", "")))
        self.done += 1
        named = NAMES.get(job)
        if rule == "train":
            self.trained += 1
            self.passed += named.seconds if named else 0
        text = named.told() if named else _RULES.get(rule, "")
        if text:
            left = "" if self._bar else self.left()
            self.console.print(
                f"{self.done:>3}/{self.total}  {text}{left}", highlight=False, soft_wrap=True
            )
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self.done, description=self.left())

    def left(self) -> str:
        """`  (2 min left)`, from the trainings that have ended; "" before a few have.

        `  (1 h 2 min done, 3 h 5 min left)` where there is an hour and more of it.
        """
        if self.trained < min(4, self.trainings) or self.trained == self.trainings:
            return ""
        passed = self.clock() - self.began
        # By what they were expected to take; alike where nothing is expected.
        part = self.passed / self.expected if self.passed else self.trained / self.trainings
        rest = passed / part * max(1 - part, 0) + _REST * passed
        done = f"{minutes(passed)} done, " if passed + rest >= 3600 else ""
        return f"  ({done}{minutes(rest)} left)"

    def say(self, text: str) -> None:
        """A message of Snakemake's, with the way out where a killed run left its lock."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)
        if "--unlock" in text:
            self.console.print(
                "hardball: another run works in this folder, or one was killed: then `make unlock`"
            )

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None
