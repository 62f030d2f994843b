"""A frozen version made again: which suites it has, and how their new rows compare."""

from pathlib import Path

from rich.console import Console

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.report import compare, rows
from hardball.report.frozen import VERSION
from hardball.runs import suites


def references(version: str) -> dict[str, str]:
    """The suites of results/<version> that a file plans, by name, in the order to run them.

    A suite comes after those that chose its rates, else they come by name. Its value is what
    `suites.load` takes: the name, or `suite:budget`. Raises HardballError where there is no such
    version, or nothing plans its rows.
    """
    folder = paths.results() / version
    if not VERSION.fullmatch(version) or not folder.is_dir():
        known = sorted(path.name for path in paths.results().glob("v*"))
        raise HardballError(f"no version {version!r} in {paths.results()}: there are {known}")
    frozen = sorted(path.parent.name for path in folder.glob("*/runs.csv"))
    found = {name: given for name in frozen if (given := _reference(name)) is not None}
    if not found:
        raise HardballError(f"{folder}: no suite file plans any of its rows")
    ordered: dict[str, str] = {}
    for name in found:
        _after(name, found, ordered)
    return ordered


def _reference(name: str) -> str | None:
    """The reference of a frozen suite's name; None where no file plans it."""
    planned = suites.names()
    if name in planned:
        return name
    budgets = [
        f"{suite}:{name.removeprefix(f'{suite}_')}"
        for suite in planned
        if name.startswith(f"{suite}_")
        and name.removeprefix(f"{suite}_") in suites.read(suite).budgets
    ]
    return budgets[0] if budgets else None


def _after(name: str, found: dict[str, str], ordered: dict[str, str]) -> None:
    if name in ordered:
        return
    for tuner in suites.read(found[name]).tuned_by:
        if tuner in found:
            _after(tuner, found, ordered)
    ordered[name] = found[name]


def compare_version(
    version: str, results: Path, tolerance: float, console: Console, *, shown: int = 3
) -> int:
    """Prints a line a suite, the worst rows below it; 1 where a row changed or is missing, else 0.

    results: the folder that holds a folder of new rows a suite. A suite without one is told too.
    """
    lost = 0
    for name in references(version):
        old = rows.read_runs(paths.results() / version / name / "runs.csv")
        made = results / name / "runs.csv"
        console.print(f"[bold]{name}[/]: ", end="")
        if not made.is_file():
            console.print(f"not run: {len(old)} rows are missing")
            lost += 1
            continue
        found = compare.compare(old, rows.read_runs(made), tolerance)
        compare.show(found, tolerance, console, shown)
        lost += compare.exit_code(found)
    return int(lost > 0)
