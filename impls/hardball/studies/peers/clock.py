"""The training clock of a system: it stands still while points are written down."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hardball.core.array_files import write_arrays

MARKS = 24
FIRST_MARK = 1 / 200
WARM_UP = 0.1
SECONDS_BETWEEN_WORDS = 0.5


class Finished(Exception):
    """The clock has run out; raised out of a system's own loop."""


class Snapshot(NamedTuple):
    """Points on disk, and what had been spent on them."""

    file: str
    seconds: float
    pairs: int
    scorings: int


def marks(limit: float) -> np.ndarray:
    """Seconds at which points are kept: MARKS of them, from limit / 200 to limit, evenly in log."""
    return limit * np.geomspace(FIRST_MARK, 1.0, MARKS)


@dataclass
class Clock:
    """Counts seconds, pairs and scorings of training.

    folder: where snapshots go. limit: seconds. say: told the seconds and scorings now and then.
    """

    folder: Path
    limit: float
    say: Callable[[float, int], Any] = lambda seconds, scorings: None
    seconds: float = 0.0
    pairs: int = 0
    scorings: int = 0
    snapshots: list[Snapshot] = field(default_factory=list)
    _warm: tuple[float, int] | None = None
    _resumed: float = 0.0
    _spoken: float = 0.0

    def begin(self) -> None:
        """Training starts now."""
        self._resumed = time.perf_counter()

    def tick(self, pairs: int, scorings: int, points: Callable[[], np.ndarray]) -> None:
        """So many more pairs have been trained on since the last tick, with so many scorings.

        points: gives the points (N, D) in level order; called only where they are kept.
        Raises Finished when the time is up.
        """
        now = time.perf_counter()
        self.count(now - self._resumed, pairs, scorings)
        if self.seconds >= self.limit:
            self.keep(points())
            raise Finished
        if self.seconds >= self._next_mark():
            self.keep(points())
        if now - self._spoken >= SECONDS_BETWEEN_WORDS:
            self._spoken = now
            self.say(self.seconds, self.scorings)
        self._resumed = time.perf_counter()

    def count(self, seconds: float, pairs: int, scorings: int) -> None:
        """Adds what was spent; for a system whose clock is read from outside."""
        self.seconds += seconds
        self.pairs += pairs
        self.scorings += scorings
        if self._warm is None and self.seconds >= WARM_UP * self.limit:
            self._warm = self.seconds, self.scorings

    def keep(self, points: np.ndarray) -> None:
        """Writes the points down as they are now."""
        name = f"snapshot-{len(self.snapshots):04d}.npz"
        write_arrays(self.folder / name, {"points": np.asarray(points, np.float64)})
        self.snapshots.append(Snapshot(name, self.seconds, self.pairs, self.scorings))

    def rate(self) -> float:
        """Scorings a second, after the first tenth of the time where something came after it."""
        warm = self._warm
        seconds, scorings = warm if warm and self.seconds > warm[0] else (0.0, 0)
        spent = self.seconds - seconds
        return (self.scorings - scorings) / spent if spent else 0.0

    def _next_mark(self) -> float:
        done = self.snapshots[-1].seconds if self.snapshots else 0.0
        return next((mark for mark in marks(self.limit) if mark > done), self.limit)
