"""How a run is coming along, on stderr: a bar on a terminal, else a line now and then."""

import sys
import time
from types import TracebackType
from typing import Any, Self

SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Context that shows `update`s of one run; shows nothing when not `wanted`."""

    def __init__(self, title: str, total: int, wanted: bool) -> None:
        self.title, self.total, self.wanted = title, total, wanted
        self.spoke = time.monotonic()
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Self:
        if self.wanted and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                TextColumn,
                TimeRemainingColumn,
            )
            from rich.progress import (
                Progress as Bar,
            )

            self.bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("loss {task.fields[loss]:.4f}"),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
            self.task = self.bar.add_task(self.title, total=self.total, loss=float("nan"))
        return self

    def update(self, step: int, loss: float) -> None:
        """`step` steps are done; loss: the mean over the latest of them."""
        if self.bar is not None:
            self.bar.update(self.task, completed=step, loss=loss)
        elif self.wanted and time.monotonic() - self.spoke >= SECONDS_BETWEEN_LINES:
            self.spoke = time.monotonic()
            share = 100 * step / self.total
            print(f"{self.title}: {share:.0f} %, loss {loss:.4f}", file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """A line about the run, above the bar where there is one."""
        line = f"{self.title}: {text}"
        if self.bar is not None:
            self.bar.console.print(line)
        elif self.wanted:
            print(line, file=sys.stderr, flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.stop()
