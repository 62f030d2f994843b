"""How a system is coming along, on stderr: a bar on a terminal, else a line when it has ended."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from hardball.report.tables.render import number
from hardball.studies.peers.row import Row

SECONDS_BETWEEN_LINES = 15.0


class Running:
    """Context that shows one system's `update`s."""

    def __init__(self, title: str, seconds: float) -> None:
        self.title, self.seconds = title, seconds
        self.spoke = time.monotonic()
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.completed:.0f} of {task.total:.0f} s"),
                TextColumn("{task.fields[scorings]} scorings"),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
            self.task = self.bar.add_task(self.title, total=self.seconds, scorings="")
        return self

    def update(self, seconds: float, scorings: int) -> None:
        """So many seconds of training are over, with so many scorings (0: it does not tell)."""
        told = number(float(scorings)) if scorings else ""
        if self.bar is not None:
            self.bar.update(self.task, completed=seconds, scorings=told)
        elif time.monotonic() - self.spoke >= SECONDS_BETWEEN_LINES:
            self.spoke = time.monotonic()
            print(f"{self.title}: {seconds:.0f} of {self.seconds:.0f} s", file=sys.stderr)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.stop()


def ended(row: Row) -> None:
    """One line on what a system reached."""
    if row.map is None:
        said = f"{row.status}: {row.note}"
    else:
        said = f"MAP {row.map:.4f}, mean rank {row.mean_rank:.3f}, {row.seconds:.0f} s"
    print(f"{row.system} K={row.negatives}: {said}", file=sys.stderr, flush=True)
