"""What tables and pictures are made of: rows and baselines, folders of curves and points."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hardball.core import paths
from hardball.report import archive, rows
from hardball.report.frozen import Frozen, frozen


@dataclass(frozen=True)
class Source:
    """A suite's results: rows, floors, folders of curves and points; figures from elsewhere.

    trials: rows of a search, which are not among the runs.
    """

    runs: pd.DataFrame
    floors: pd.DataFrame
    curves: Path
    points: Path
    published: pd.DataFrame | None = None
    external: pd.DataFrame | None = None
    trials: pd.DataFrame | None = None
    ensembles: pd.DataFrame | None = None


def place(folder: Path) -> Path:
    """Where what is drawn of a suite goes: its folder, or an ignored one where it is frozen."""
    kept = frozen(folder)
    return kept.drawn if kept else folder


@contextlib.contextmanager
def of(folder: Path, rows_only: bool = False) -> Iterator[Source]:
    """The source of a suite's folder; a frozen suite's curves and points are its archive's.

    A frozen version without an archive has none; one line on stderr says so.
    A folder that has rows of what was made elsewhere, or of ensembles, alone has no runs.
    rows_only: the source has no curves and points.
    Raises HardballError where the archive is not to be had.
    """
    kept = frozen(folder)
    with tempfile.TemporaryDirectory(prefix="hardball-") as name:
        beside = Path(name) if rows_only or kept else folder
        if kept and not rows_only:
            _unpack(kept, beside)
        external = rows.read_external(folder / "external.csv")
        together = rows.read_ensembles(folder / "ensembles.csv")
        alone = len(external) + len(together) and not (folder / "runs.csv").is_file()
        read = rows.no_runs() if alone else rows.read_runs(folder / "runs.csv")
        read, trials = rows.apart(read)
        runs, said = rows.of_one_version(read) if len(read) else (read, [])
        external, more = rows.external_of_one_version(external, runs)
        together, others = rows.external_of_one_version(together, runs)
        for line in [*said, *more, *others]:
            print(line, file=sys.stderr)
        yield Source(
            runs,
            rows.read_floors(folder / "floors.csv"),
            beside / "curves",
            beside / "points",
            rows.read_published(paths.datasets() / "published.csv"),
            external,
            trials,
            together,
        )


def _unpack(kept: Frozen, into: Path) -> None:
    record = archive.read_record(kept.folder.parent)
    if record is None or not record.of(kept.suite):
        print(
            f"{kept.version} has no archive of {kept.suite}: what needs curves or points is left "
            "out; `hardball rerun ROW` makes those of one run again",
            file=sys.stderr,
        )
        return
    archive.unpack(archive.find(record), record, kept.suite, into)
