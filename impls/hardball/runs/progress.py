"""What a suite prints while it runs: each job as it ends, by name, a bar, and what is left.

The workflow names its jobs (`NAMES`) and Snakemake's logger plugin, in benchmarks/workflow/logger,
tells `Progress` what happens. On a terminal the last line is a bar; elsewhere all is plain lines.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from hardball.core.errors import HardballError
from hardball.core.text import without_brackets
from hardball.runs import collect
from hardball.runs.plan import BASE, SEPARATOR, Job, jobs
from hardball.runs.row import Row
from hardball.runs.spec import Suite

NAMES: dict[str, Callable[[], str]] = {}
"""Stem of a job -> what to say when it has ended."""
EXPECTED = [0.0, 0.0]
"""Seconds that the suite may take, and how many jobs it has."""

FRAMEWORKS = {"jax": "JAX", "torch": "PyTorch"}
# What ends a run beside its trainings takes this part of them.
_REST = 0.15
_RULES = {
    "hierarchy": "hierarchies", "floors": "floors", "collect": "rows", "tables": "tables",
    "plots": "plots", "trends": "trends",
}  # fmt: skip


def name_jobs(suite: Suite, folder: Path) -> None:
    """Fill NAMES: what its jobs are called, with their figures once they have rows in `folder`.

    EXPECTED follows too.
    """
    planned = jobs(suite)
    EXPECTED[:] = suite.minutes * 60, len(planned)
    for job in planned:
        NAMES[job.stem] = lambda job=job: told(job, folder)  # type: ignore[misc]


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
        rows = collect.read_rows(folder / "rows" / f"{job.stem}.jsonl")
    except HardballError:
        return title(job)
    return "  ".join(filter(None, [title(job), _figures(rows)]))


def _figures(rows: list[Row]) -> str:
    found = [row.outcome.metrics.get("map") for row in rows if row.outcome.status == "ok"]
    lost = len(rows) - len(found)
    known = [value for value in found if value is not None]
    said = [f"MAP {sum(known) / len(known):.3f}"] if known else []
    return ", ".join([*said, f"{lost} diverged"] if lost else said)


def minutes(seconds: float) -> str:
    """`40 s`, `3 min`: rounded up, since nobody minds an early end."""
    return f"{-(-seconds // 10) * 10:.0f} s" if seconds < 90 else f"{-(-seconds // 60):.0f} min"


class Watch:
    """Prints the course of one suite.

    expected: seconds that all `planned` trainings may take.
    """

    def __init__(
        self,
        console: Console,
        expected: float = 0.0,
        planned: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console, self.expected, self.planned, self.clock = console, expected, planned, clock
        self.began = clock()
        self.total = self.done = 0
        self.trainings = self.trained = 0
        self.names: dict[int, tuple[str, str]] = {}
        self._bar: Progress | None = None

    def start(self, counts: Mapping[str, int]) -> None:
        """counts: how many jobs of each rule are to run."""
        self.began = self.clock()
        self.total = sum(counts.values())
        self.trainings = counts.get("train", 0)
        if self.trainings:
            share = self.trainings / max(self.planned, self.trainings)
            known = (
                f", up to {minutes(self.expected * share)} on two cores" if self.expected else ""
            )
            many = "1 training" if self.trainings == 1 else f"{self.trainings} trainings"
            self.console.print(f"{many} to run{known}", highlight=False)
        if self.total and self.console.is_terminal:
            columns = BarColumn(), TextColumn("{task.completed}/{task.total}{task.description}")
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._bar.add_task("", total=self.total)
            self._bar.start()

    def begin(self, number: int, rule: str, stem: str) -> None:
        """A job starts. stem: the training's, "" of another rule."""
        self.names[number] = rule, stem

    def finish(self, number: int) -> None:
        """A job has ended well."""
        rule, stem = self.names.get(number, ("", ""))
        self.done += 1
        self.trained += rule == "train"
        text = NAMES[stem]() if stem in NAMES else _RULES.get(rule, "")
        if text:
            left = "" if self._bar else self.left()
            self.console.print(
                f"{self.done:>3}/{self.total}  {text}{left}", highlight=False, soft_wrap=True
            )
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self.done, description=self.left())

    def left(self) -> str:
        """`  (2 min left)`, from the trainings that have ended; "" before a few have."""
        if self.trained < min(4, self.trainings) or self.trained == self.trainings:
            return ""
        passed = self.clock() - self.began
        rest = passed / self.trained * (self.trainings - self.trained) + _REST * passed
        return f"  ({minutes(rest)} left)"

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
