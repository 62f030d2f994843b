"""The suites that a site shows, and what each one's folder holds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pandas as pd

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.report import rows, sources
from hardball.report.frozen import ENVIRONMENT, VERSION
from hardball.runs import suites as declared
from hardball.runs.spec import Suite

WORK = "work"
TUNED = "tuned"


@dataclass(frozen=True)
class Shown:
    """A suite's folder; version: "" where it is not frozen."""

    folder: Path
    version: str

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def key(self) -> str:
        """Its name in addresses."""
        return rows.file_name(f"{self.version or WORK}-{self.name}")

    @property
    def title(self) -> str:
        return f"{self.version or WORK} {self.name}"

    @property
    def place(self) -> str:
        """What a command is given to find it: as seen from the folder of results, where it can."""
        parent = paths.results().resolve().parent
        folder = self.folder.resolve()
        return folder.relative_to(parent).as_posix() if folder.is_relative_to(parent) else self.name

    @cached_property
    def source(self) -> sources.Source:
        """Its rows, without curves and points."""
        with sources.of(self.folder, rows_only=True) as found:
            return found

    @property
    def runs(self) -> pd.DataFrame:
        return self.source.runs

    @cached_property
    def plan(self) -> Suite | None:
        """What its file plans, None where there is no such file here."""
        for known in declared.names():
            if self.name == known:
                return _declared(known)
            budget = self.name.removeprefix(f"{known}_")
            if budget != self.name and budget in _declared(known).budgets:
                return _declared(f"{known}:{budget}")
        return None

    @cached_property
    def rates(self) -> str:
        """How its learning rates came about, in a word or two."""
        if self.tuned:
            return TUNED
        if self.runs.empty:
            return ""
        tried = self.runs["lr"].nunique() if "lr" in self.runs else 1
        return "one rate for all" if tried == 1 else f"{tried} rates, not tuned"

    @property
    def tuned(self) -> bool:
        return self.plan is not None and bool(self.plan.tuned_by)


@cache
def _declared(reference: str) -> Suite:
    return declared.read(reference)


def found(places: Sequence[str | Path]) -> list[Shown]:
    """The suites of folders: of a version, of one suite, or of a suite's name; newest first.

    places: all frozen versions where empty. Raises HardballError on a folder without rows.
    """
    given = [Path(place) for place in places] or _versions(paths.results())
    if not given:
        raise HardballError(
            f"no frozen results in {paths.results()}: name a folder that has runs.csv"
        )
    shown = [suite for place in given for suite in _of(place)]
    return list({suite.folder.resolve(): suite for suite in shown}.values())


def _versions(results: Path) -> list[Path]:
    named = [path for path in results.glob("v*") if VERSION.fullmatch(path.name)]
    return sorted(named, key=_number, reverse=True)


def _number(version: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version.name)]


def _of(place: Path) -> list[Shown]:
    named = paths.results() / WORK / str(place).replace(":", "_")
    folder = place if place.is_dir() else named
    if _has_rows(folder):
        return [_shown(folder)]
    below = sorted(path for path in folder.glob("*/") if _has_rows(path))
    if not below:
        raise HardballError(
            f"no runs.csv in {place} or in a folder of it: give results/VERSION, a suite's folder, "
            "or the name of a suite that ran"
        )
    return [_shown(path) for path in below]


def _has_rows(folder: Path) -> bool:
    """Whether a folder has rows: of runs, or of what was made elsewhere alone."""
    return any((folder / name).is_file() for name in ("runs.csv", "external.csv"))


def _shown(folder: Path) -> Shown:
    version = folder.resolve().parent.name
    frozen = VERSION.fullmatch(version) and (folder / ENVIRONMENT).is_file()
    return Shown(folder, version if frozen else "")


def sweeps(shown: Sequence[Shown]) -> set[str]:
    """Names of suites that tried the rates of others."""
    return {name for suite in shown if suite.plan is not None for name in suite.plan.tuned_by}
