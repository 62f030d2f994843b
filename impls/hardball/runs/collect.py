"""What a job leaves in a suite's folder, and the tables that are collected from it.

<folder>/rows/<job>.jsonl, curves/<job>.parquet, points/<run_id>.npz, floors/<config_id>.csv
are collected into <folder>/runs.csv and floors.csv. Every file appears whole or not at all.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from hardball.core import files
from hardball.core.errors import HardballError
from hardball.core.files import replacing
from hardball.data.points import save_points
from hardball.metrics import listing
from hardball.runs import plan
from hardball.runs.result import Result
from hardball.runs.row import COLUMNS, Row
from hardball.runs.spec import RunSpec, Suite
from hardball.runs.tables import FLOOR_KEYS, read_table, write_table


def write_job(
    folder: Path,
    stem: str,
    specs: Sequence[RunSpec],
    results: Sequence[Result],
    ids: np.ndarray,
) -> None:
    """The rows, curves and points of one job's runs; a diverged run has no points.

    ids: raw ids of the hierarchy's nodes, which the points are tied to.
    """
    with files.explained("results", folder, "name with --out"):
        _write_job(folder, stem, specs, results, ids)


def _write_job(
    folder: Path,
    stem: str,
    specs: Sequence[RunSpec],
    results: Sequence[Result],
    ids: np.ndarray,
) -> None:
    for spec, result in zip(specs, results, strict=True):
        points = folder / "points" / f"{spec.run_id}.npz"
        if result.row.status == "ok":
            save_points(points, result.points, spec.manifold.name, result.c, ids)
        else:
            points.unlink(missing_ok=True)
    curves = [result.curves.assign(run_id=result.row.run_id) for result in results]
    with replacing(folder / "curves" / f"{stem}.parquet") as aside:
        pd.concat(curves, ignore_index=True).to_parquet(aside, index=False)
    with replacing(folder / "rows" / f"{stem}.jsonl") as aside:
        lines = (result.row.to_json() + "\n" for result in results)
        aside.write_text("".join(lines), encoding="utf-8")


def read_rows(path: Path) -> list[Row]:
    """The rows of one job; raises HardballError naming the file and the line."""
    rows = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise HardballError(
            f"{path}: not readable rows ({error}): delete it and run the suite again"
        ) from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            rows.append(Row.from_json(line))
        except HardballError as error:
            raise HardballError(f"{path}:{number}: {error}") from None
    return rows


class Missing(HardballError):
    """Runs that a suite plans and that have no row."""


def collect(suite: Suite, folder: Path, partial: bool = False) -> tuple[Path, int, list[str]]:
    """Writes runs.csv and floors.csv; returns runs.csv, its number of rows, the jobs that lack any.

    Each row's factor and label are the plan's. partial: runs may be missing; the files then go to
    <folder>/partial, since a finished runs.csv would tell the workflow that nothing is left to do.
    Raises Missing when a run has no row and `partial` is not set, HardballError on a row that
    stands twice or is none of the job's.
    """
    rows: list[Row] = []
    missing: dict[str, list[str]] = {}
    for job in plan.jobs(suite):
        path = folder / "rows" / f"{job.stem}.jsonl"
        found = _rows_of(job, path) if path.is_file() else {}
        rows.extend(_placed(row, run) for run, row in found.values())
        lost = [run.spec.run_id for run in job.runs if run.spec.run_id not in found]
        missing |= {job.stem: lost} if lost else {}
    if missing and not partial:
        count = sum(map(len, missing.values()))
        stem, (first, *_) = next(iter(missing.items()))
        there = folder / "rows" / f"{stem}.jsonl"
        delete = f"delete {there} and " if there.is_file() else ""
        raise Missing(
            f"{folder} has no rows of {count} runs of {len(missing)} jobs, the first is {first}: "
            f"{delete}run the suite"
        )
    into = folder / "partial" if partial else folder
    write_runs(into / "runs.csv", rows)
    write_floors(folder, into)
    return into / "runs.csv", len(rows), list(missing)


def _rows_of(job: plan.Job, path: Path) -> dict[str, tuple[plan.PlannedRun, Row]]:
    """The planned runs and rows of a job's file by run id, in its order."""
    planned = {run.spec.run_id: run for run in job.runs}
    found: dict[str, tuple[plan.PlannedRun, Row]] = {}
    for row in read_rows(path):
        if row.run_id in found or row.run_id not in planned:
            what = "stands in it twice" if row.run_id in found else "is none of this job's"
            raise HardballError(
                f"{path}: run {row.run_id} {what}: delete the file and run the suite again"
            )
        found[row.run_id] = planned[row.run_id], row
    return found


def collect_folder(folder: Path) -> tuple[int, list[str]]:
    """Writes runs.csv of the rows that lie in a folder; returns their number and what was left.

    Rows that this version cannot read are left out.
    """
    rows: list[Row] = []
    left = []
    for path in sorted((folder / "rows").glob("[!.]*.jsonl")):
        try:
            rows.extend(read_rows(path))
        except HardballError as error:
            left.append(str(error))
    write_runs(folder / "runs.csv", rows)
    write_floors(folder, folder)
    return len(rows), left


def write_floors(folder: Path, into: Path) -> None:
    """<into>/floors.csv from the pieces in <folder>/floors; nothing where there are none."""
    pieces = sorted((folder / "floors").glob("[!.]*.csv"))
    if pieces:
        write_table(
            into / "floors.csv", pd.concat([read_table(piece, FLOOR_KEYS) for piece in pieces])
        )


def _placed(row: Row, run: plan.PlannedRun) -> Row:
    place = {"suite": run.suite, "factor": run.factor, "label": run.label}
    return row.model_copy(update=place)


def write_runs(path: Path, rows: Sequence[Row]) -> None:
    """runs.csv: one row a run, with the columns that any of them has, metrics in their order."""
    frame = pd.DataFrame([row.to_flat() for row in rows], dtype=object)
    metrics = listing.ordered(column for column in frame.columns if column not in COLUMNS)
    write_table(path, frame.reindex(columns=[*COLUMNS, *metrics]))
