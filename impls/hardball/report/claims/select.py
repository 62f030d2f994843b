"""The committed rows that a claim asks for: suites by version, rows by filters."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from hardball.core.errors import HardballError
from hardball.core.text import called, split
from hardball.report import rows
from hardball.report.claims.ledger import BASELINE, KIND_OF, Filter
from hardball.report.frozen import VERSION
from hardball.runs import suites
from hardball.runs.settings import SEPARATOR

FRAMEWORKS = ("torch", "jax")


@dataclass(frozen=True)
class Source:
    """The rows of one committed suite; tuned: whether each of its methods chose its rate."""

    version: str
    suite: str
    tuned: bool
    runs: pd.DataFrame = field(repr=False)
    floors: pd.DataFrame = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.version}/{self.suite}"


class Results:
    """Committed suites below a folder of versions, up to one version; each is read once."""

    def __init__(self, results: Path, version: str) -> None:
        self.versions = _up_to(results, version)
        self._read: dict[str, Source | None] = {}

    def suite(self, name: str) -> Source | None:
        """A suite's rows in the newest version that has it, None where none has."""
        if name not in self._read:
            self._read[name] = self._newest(name)
        return self._read[name]

    def _newest(self, name: str) -> Source | None:
        for version in self.versions:
            source = source_of(version, name)
            if source is not None:
                return source
        return None


def source_of(version: Path, name: str) -> Source | None:
    """The rows of a suite in results/<version>, None where it has none."""
    path = version / name / "runs.csv"
    if not path.is_file():
        return None
    runs, _ = rows.of_one_version(rows.read_runs(path))
    floors = rows.read_floors(path.with_name("floors.csv"))
    # A copy has few blocks in memory, so that choosing rows of it is quick.
    return Source(version.name, name, _tuned(name), runs.copy(), floors)


def _up_to(results: Path, version: str) -> list[Path]:
    """The versions from this one down to the oldest; raises HardballError where it is not there."""
    found = {
        path.name: path
        for path in results.glob("v*")
        if path.is_dir() and VERSION.fullmatch(path.name)
    }
    if version not in found:
        listed = ", ".join(sorted(found)) or "none"
        raise HardballError(f"no results of version {version!r} in {results}: there are {listed}")
    ordered = sorted(found, key=_order, reverse=True)
    return [found[name] for name in ordered[ordered.index(version) :]]


def newest(results: Path) -> str:
    """The newest version that has results; raises HardballError where there is none."""
    names = [path.name for path in results.glob("v*") if VERSION.fullmatch(path.name)]
    if not names:
        raise HardballError(f"{results} holds no version: freeze one, `hardball freeze v0.2 SUITE`")
    return max(names, key=_order)


def _order(version: str) -> list[int]:
    """v0.10 after v0.2."""
    return [int(number) for number in re.findall(r"\d+", version)]


def _tuned(name: str) -> bool:
    return name in suites.names() and bool(suites.read(name).tuned_by)


def fitting(runs: pd.DataFrame, *filters: Filter | Mapping[str, Any]) -> pd.DataFrame:
    """The rows that fit every filter; none where a filter names a column that they lack."""
    kept = pd.Series(True, index=runs.index)
    for each in filters:
        for column, value in each.items():
            values = value if isinstance(value, list) else [value]
            if column not in runs:
                # Settings that are younger than the rows had their first value, written as nothing.
                kept &= "" in values
                continue
            cells = {cell: _fits_any(column, cell, values) for cell in runs[column].unique()}
            kept &= runs[column].map(cells)
    return runs[kept]


def _fits_any(column: str, cell: Any, values: Sequence[Any]) -> bool:
    return any(fits(column, cell, value) for value in values)


def fits(column: str, cell: Any, value: Any) -> bool:
    """Whether a cell is what a filter asks for.

    >>> fits("sampler", "siblings(relative_to=positive,replace=True)", "siblings")
    True
    >>> fits("hard", "256 in_batch", "256 in_batch"), fits("hard", "", "256 in_batch")
    (True, False)
    """
    if isinstance(value, int | float):
        try:
            return float(cell) == float(value)
        except (TypeError, ValueError):
            return False
    given, asked = str("" if cell != cell else cell), str(value)
    if column == "hard" or column in KIND_OF:
        ours, theirs = split(given, SEPARATOR), split(asked, SEPARATOR)
        pairs = zip(ours, theirs, strict=False)
        return len(ours) == len(theirs) and all(_same_method(x, y) for x, y in pairs)
    return given == asked


def _same_method(cell: str, asked: str) -> bool:
    """Whether a method of a row has the name, the number and the parameters that are asked for."""
    (ours, given), (theirs, wanted) = (called(_numbered(text)) for text in (cell, asked))
    return ours == theirs and all(given.get(key) == value for key, value in wanted.items())


def _numbered(text: str) -> str:
    """`256 shared(of=x)` as one method: `shared(of=x,number=256)`."""
    number, space, rest = text.partition(" ")
    if not (space and number.isdigit()):
        return text
    name, given = called(rest)
    inner = ",".join(f"{key}={value}" for key, value in {**given, "number": number}.items())
    return f"{name}({inner})"


def baseline(source: Source, side: Filter, shared: Mapping[str, Any], metric: str) -> float | None:
    """A baseline's figure on the data set and task that are asked for; None where it has none."""
    floors = source.floors
    if metric not in floors:
        return None
    place = {key: value for key, value in shared.items() if key in ("dataset", "task")}
    found = fitting(floors, place, {"floor": side[BASELINE]})[metric].dropna()
    if len(found) > 1:
        raise HardballError(f"{source.name}: {len(found)} baselines fit: name the task")
    return float(found.iloc[0]) if len(found) else None


def by_framework(runs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each framework: that with more seeds first, PyTorch where both have as many."""
    seeds = runs.groupby("framework")["seed"].nunique()
    for framework in sorted(FRAMEWORKS, key=lambda name: -int(seeds.get(name, 0))):
        part = runs[runs["framework"] == framework]
        if len(part):
            yield framework, part
