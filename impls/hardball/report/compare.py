"""Two sets of runs, row by row: equal, within tolerance, changed, new or missing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from rich.console import Console
from rich.table import Table

from hardball.core.errors import unknown
from hardball.report import rows
from hardball.runs.row import VOLATILE

Verdict = Literal["equal", "within tolerance", "changed", "new", "missing"]
VERDICTS: tuple[Verdict, ...] = ("equal", "within tolerance", "changed", "new", "missing")
COLORS = {
    "equal": "green", "within tolerance": "green", "changed": "red", "new": "blue",
    "missing": "red",
}  # fmt: skip
# Where a row stands in its suite, and which code wrote it: not what came out.
PLACE = ("suite", "factor", "label", "hardball", "code_sha256", "evaluator")
SHOWN = 60


@dataclass(frozen=True)
class Change:
    """One column of a row: its old and new value as text, and the gap where both are numbers."""

    column: str
    old: str
    new: str
    gap: float = math.nan


@dataclass(frozen=True)
class Compared:
    run_id: str
    verdict: Verdict
    changes: tuple[Change, ...] = ()

    @property
    def largest(self) -> float:
        """Largest gap of a number; NaN where none differs."""
        return max((c.gap for c in self.changes if not math.isnan(c.gap)), default=math.nan)


def compare(old: pd.DataFrame, new: pd.DataFrame, tolerance: float = 0.0) -> list[Compared]:
    """Each run of either frame, by run_id, in the order of the new rows and then the old ones.

    A number is within tolerance when |new - old| <= tolerance max(1, |old|). Settings, status and
    other text must be equal. A value that one side lacks is a change.
    Left out: columns that the old frame does not know, row.VOLATILE (times, memory, host), and the
    row's place in its suite.
    """
    before, after = _by_run(old), _by_run(new)
    columns = [c for c in old.columns if c not in VOLATILE and c not in PLACE]
    found = [
        _row(run, before[run], row, columns, tolerance) if run in before else Compared(run, "new")
        for run, row in after.items()
    ]
    found += [Compared(run, "missing") for run in before if run not in after]
    return found


def chosen(runs: pd.DataFrame, only: Sequence[str]) -> pd.DataFrame:
    """The rows that fit each of `only`: KEY=VALUE by a column, else a part of the run's name.

    A method fits by its name alone too. Raises HardballError on a column that there is not.
    """
    fits = pd.Series(True, index=runs.index)
    for text in only:
        key, sign, value = text.partition("=")
        if not sign or "(" in key:
            fits &= runs["run_id"].astype(str).str.contains(text, regex=False)
            continue
        if key not in runs:
            raise unknown("column", key, runs.columns)
        named = runs[key].astype(str)
        fits &= (named == value) | (named.map(rows.method_name) == value)
    return runs[fits]


def _by_run(runs: pd.DataFrame) -> dict[str, dict[str, object]]:
    return {str(row["run_id"]): row for row in runs.to_dict("records")}  # type: ignore[misc]


def _row(
    run: str,
    old: Mapping[str, object],
    new: Mapping[str, object],
    columns: list[str],
    tolerance: float,
) -> Compared:
    changes = []
    beyond = False
    for column in columns:
        change, inside = _cell(column, old.get(column), new.get(column), tolerance)
        if change is not None:
            changes.append(change)
            beyond |= not inside
    verdict: Verdict = "changed" if beyond else "within tolerance" if changes else "equal"
    return Compared(run, verdict, tuple(changes))


def _cell(column: str, old: object, new: object, tolerance: float) -> tuple[Change | None, bool]:
    """The change, if any, and whether it is within tolerance."""
    empty_old, empty_new = _empty(old), _empty(new)
    if empty_old and empty_new:
        return None, True
    if isinstance(old, int | float) and isinstance(new, int | float):
        a, b = float(old), float(new)
        if a == b:
            return None, True
        if not (empty_old or empty_new):
            gap = abs(b - a)
            inside = column not in rows.SETTINGS and gap <= tolerance * max(1.0, abs(a))
            return Change(column, f"{a:.9g}", f"{b:.9g}", gap), inside
    elif old == new:
        return None, True
    change = Change(column, "" if empty_old else str(old), "" if empty_new else str(new))
    return change, False


def _empty(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def exit_code(found: list[Compared]) -> int:
    """1 when a row changed or is missing, else 0."""
    return int(any(row.verdict in ("changed", "missing") for row in found))


def show(found: list[Compared], tolerance: float, console: Console, shown: int = SHOWN) -> None:
    """The rows that are not equal as a table, worst verdict first, then the counts."""
    unequal = [row for row in found if row.verdict != "equal"]
    unequal.sort(key=lambda row: -_SEVERITY[row.verdict])
    if unequal:
        table = Table(box=None, pad_edge=False)
        table.add_column("verdict", no_wrap=True)
        table.add_column("run", overflow="fold")
        table.add_column("column, old → new", overflow="fold")
        for row in unequal[:shown]:
            color = COLORS[row.verdict]
            table.add_row(f"[{color}]{row.verdict}[/]", row.run_id, _said(row))
        console.print(table)
        if len(unequal) > shown:
            console.print(f"... and {len(unequal) - shown} more")
    counts = {verdict: sum(row.verdict == verdict for row in found) for verdict in VERDICTS}
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    console.print(f"{len(found)} rows at tolerance {tolerance:g}: {said or 'none'}")


_SEVERITY = {"equal": 0, "new": 1, "within tolerance": 2, "missing": 3, "changed": 4}


def _said(row: Compared) -> str:
    worst = sorted(row.changes, key=lambda c: (not math.isnan(c.gap), -c.gap))[:3]
    more = len(row.changes) - len(worst)
    said = [f"{c.column} {c.old or 'none'} → {c.new or 'none'}" for c in worst]
    return "; ".join([*said, f"{more} more"] if more else said)
