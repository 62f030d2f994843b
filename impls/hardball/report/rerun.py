"""One frozen run trained again: does this machine come to the same figures?"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from hardball.core import interpreter
from hardball.core.errors import HardballError
from hardball.core.processes import KEPT, THREADS
from hardball.core.provenance import cpu_name
from hardball.report import compare, rows
from hardball.report.frozen import VERSION
from hardball.runs.row import VOLATILE, Row
from hardball.runs.spec import RunSpec
from hardball.training import work


def find(run_id: str, results: Path) -> Path:
    """runs.csv of the frozen suite that has a run; raises HardballError unless there is just one.

    results: the folder of all versions.
    """
    files = [
        path
        for path in sorted(results.glob("*/*/runs.csv"))
        if VERSION.fullmatch(path.parents[1].name)
    ]
    found = [path for path in files if run_id in set(rows.read_runs(path)["run_id"])]
    if not found:
        raise HardballError(
            f"no frozen suite has run {run_id!r}: its name stands in a runs.csv; name the folder "
            "of a suite that is not frozen"
        )
    if len(found) > 1:
        named = ", ".join(str(path.parent) for path in found)
        raise HardballError(f"run {run_id!r} stands in {named}: name one of them too")
    return found[0]


def rerun(run_id: str, runs_file: Path, out: Path, console: Console) -> int:
    """Trains a row's run again, into the folder `out`, and compares; 0 where all is equal, else 1.

    Its process has as many threads as the row had. Raises HardballError where runs.csv has no
    such run, where the row is not one of this version, and where training fails.
    """
    old = rows.read_runs(runs_file)
    kept = old[old["run_id"] == run_id]
    if kept.empty:
        raise HardballError(f"{runs_file} has no run {run_id!r}")
    before = kept.to_dict("records")[0]
    spec = Row.from_flat(before).spec  # type: ignore[arg-type]
    train(spec, out, int(before.get("threads") or 1))
    new = rows.read_runs(out / "runs.csv")
    new = new[new["run_id"] == run_id]
    (found,) = compare.compare(kept, new)
    show(found, before, new.to_dict("records")[0], console)  # type: ignore[arg-type]
    console.print(f"row, curve and points in {out}", highlight=False)
    return compare.exit_code([found])


def train(spec: RunSpec, out: Path, threads: int) -> None:
    """Trains a run in a process of its own, with what a job of a suite is given."""
    interpreter.export()
    request = json.dumps({"spec": spec.model_dump(mode="json"), "out": str(out)})
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads)), **KEPT}
    process = subprocess.run(
        [sys.executable, "-m", "hardball.report.rerun"],
        input=request,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    if process.returncode:
        lines = [line for line in process.stderr.splitlines() if line.strip()]
        raise HardballError(f"{spec.run_id}: {lines[-1] if lines else 'ended without a word'}")


def show(
    found: compare.Compared, before: Mapping[str, Any], after: Mapping[str, Any], console: Console
) -> None:
    """Each figure that differs, old, new and by how much; then how many are equal, and where."""
    if found.changes:
        table = Table(box=None, pad_edge=False)
        for head in ("figure", "frozen", "here", "differs by"):
            table.add_column(head, justify="left" if head == "figure" else "right", no_wrap=True)
        for change in found.changes:
            gap = "" if change.gap != change.gap else f"{change.gap:.3g}"
            table.add_row(change.column, change.old or "none", change.new or "none", gap)
        console.print(table)
    total = len([c for c in before if c not in (*VOLATILE, *compare.PLACE) and _said(before[c])])
    differ = len(found.changes)
    said = "all equal" if not differ else f"{total - differ} equal, {differ} differ"
    console.print(f"{found.run_id}: {total} settings and figures, {said}", highlight=False)
    where = " and ".join(
        f"{name} on {row.get('cpu') or 'an unnamed processor'}"
        + (f" with {row['accelerator']}" if _said(row.get("accelerator")) else "")
        for name, row in (("frozen", before), ("here", {"cpu": cpu_name(), **after}))
    )
    console.print(where, highlight=False)


def _said(value: Any) -> bool:
    return value is not None and value == value and value != ""


def main() -> None:
    """Trains the run that stdin names; see `train`."""
    request = json.load(sys.stdin)
    try:
        work.run_adhoc([RunSpec.model_validate(request["spec"])], Path(request["out"]))
    except HardballError as error:
        sys.exit(" ".join(str(error).split()))


if __name__ == "__main__":
    main()
