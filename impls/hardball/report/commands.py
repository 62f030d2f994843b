"""What the commands of hardball.cli.report do, and which files they read and write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardball.core import optional, paths
from hardball.core.console import console
from hardball.core.errors import HardballError
from hardball.report import (
    answer,
    compare,
    crate,
    freeze,
    readme,
    reference,
    reproduce,
    rows,
    sources,
)
from hardball.report.frozen import VERSION
from hardball.report.tables import all_tables
from hardball.report.tables.latex import Shape

FORMATS = ("svg", "png")


def runs_file(reference: str | Path) -> Path:
    """runs.csv of a suite's name, of a folder, or the file itself."""
    path = Path(reference)
    if path.is_file():
        return path
    for folder in _folders(reference):
        if (folder / "runs.csv").is_file():
            return folder / "runs.csv"
    raise HardballError(
        f"no runs.csv at {reference}: give the file, its folder, or the name of a suite that ran"
    )


def results_folder(reference: str | Path) -> Path:
    """The folder of a suite's rows, or one that has rows of what was made elsewhere, or of
    ensembles, alone."""
    for folder in _folders(reference):
        others = any((folder / name).is_file() for name in ("external.csv", "ensembles.csv"))
        if others and not (folder / "runs.csv").is_file():
            return folder
    return runs_file(reference).parent


def _folders(reference: str | Path) -> tuple[Path, Path]:
    named = paths.results() / "work" / str(reference).replace(":", "_")
    return Path(reference), named


def answer_command(reference: str | Path) -> list[str]:
    """What a suite's rows say about negatives, in at most five lines."""
    read, tried = rows.apart(rows.read_runs(runs_file(reference)))
    if read.empty:
        return [f"These are {len(tried)} trials of a search: `hardball table` shows them."]
    runs, said = rows.of_one_version(read)
    return [*answer.answer(runs), *said]


def table_command(
    reference: str | Path,
    out: Path | None = None,
    *,
    tex: Shape | None = None,
    rows_only: bool = False,
) -> list[Path]:
    """Writes all tables of a suite's runs, beside runs.csv unless `out` is given.

    Those of a frozen suite go to results/work/redrawn/<version>/<suite>/tables.
    tex: what LaTeX tables show; None: none are written.
    rows_only: without what needs curves or points.
    """
    folder = results_folder(reference)
    with sources.of(folder, rows_only) as source:
        found = all_tables.tables_of(
            source.runs, source.floors, source.published, source.points, source.curves,
            source.external, source.trials, source.ensembles,
        )  # fmt: skip
    return all_tables.write(found, out or sources.place(folder) / "tables", tex)


def plot_command(
    reference: str | Path,
    out: Path | None = None,
    formats: Sequence[str] = FORMATS,
    *,
    rows_only: bool = False,
) -> list[Path]:
    """Draws all pictures of a suite's runs, curves and points, beside runs.csv unless `out`.

    Those of a frozen suite go to results/work/redrawn/<version>/<suite>/plots.
    rows_only: without what needs curves or points.
    """
    plots = drawing("plots.all_plots")
    folder = runs_file(reference).parent
    with sources.of(folder, rows_only) as source:
        if source.runs.empty and source.trials is not None and len(source.trials):
            raise HardballError(
                f"{folder} has trials of a search alone: `hardball table` shows them"
            )
        return plots.write(source, out or sources.place(folder) / "plots", formats)


def trends_command(
    results: Path | None = None, out: Path | None = None, formats: Sequence[str] = ("svg",)
) -> list[Path]:
    """Draws asv's results, commit by commit, into trends/ beside them unless `out` is given."""
    folder = paths.root() / "benchmarks" / ".asv" / "results" if results is None else results
    return drawing("trends").write(folder, out or folder.parent / "trends", formats)


def gallery_command(out: Path | None = None) -> list[Path]:
    """Draws what every sampler draws, and its page, below docs/ or `out`."""
    return drawing("plots.gallery_plots").write(paths.root() / "docs" if out is None else out)


def reference_command(out: Path | None = None) -> list[Path]:
    """Writes the pages of methods, facts, settings and metrics, below docs/ or `out`."""
    return reference.write(paths.root() / "docs" if out is None else out)


def drawing(module: str) -> Any:
    """A module of this room that draws; raises HardballError where Matplotlib is not installed."""
    return optional.load(f"hardball.report.{module}", "a picture")


def compare_command(
    old: str | Path,
    new: str | Path | None,
    tolerance: float = 0.0,
    only: Sequence[str] = (),
    trials: bool = True,
) -> int:
    """Prints how the new runs differ from the old; 1 when a row changed or is missing, else 0.

    old: rows, or a version such as v0.2, whose suites are compared with those in `new`, None:
    results/work. only: what a row has to fit to be compared, see `compare.chosen`. trials: with
    those of a search.
    """
    if tolerance < 0:
        raise HardballError(f"tolerance {tolerance}: allowed are 0 and above")
    if VERSION.fullmatch(Path(old).name) and not (Path(old) / "runs.csv").is_file():
        if only or not trials:
            raise HardballError("--only and --no-trials are for two tables of rows, not a version")
        made = Path(new) if new else paths.results() / "work"
        return reproduce.compare_version(Path(old).name, made, tolerance, console())
    if new is None:
        raise HardballError(f"compare {old} with what? Name a second table of rows")
    read = [rows.read_runs(runs_file(path)) for path in (old, new)]
    if not trials:
        read = [rows.apart(runs)[0] for runs in read]
    before, after = (compare.chosen(runs, only) for runs in read)
    if before.empty and after.empty:
        left = [f"--only {text}" for text in only] + ([] if trials else ["--no-trials"])
        raise HardballError(f"no row fits {' '.join(left)}")
    found = compare.compare(before, after, tolerance)
    compare.show(found, tolerance, console())
    return compare.exit_code(found)


def crate_command(
    reference: str | Path, out: Path | None = None, *, author: str = "", whole: bool = False
) -> Path:
    """Writes a suite as an RO-Crate, beside runs.csv unless `out`; whole: curves and points too."""
    folder = runs_file(reference).parent
    made = out or sources.place(folder) / f"{folder.name}.crate.zip"
    return crate.write(folder, made, author=author, whole=whole)


def freeze_command(version: str, suites: Sequence[str], force: bool = False) -> Path:
    """Copies suites' rows, tables and linked pictures to results/<version>/, packs the archive."""
    folders = [runs_file(suite).parent for suite in suites]
    return freeze.freeze(version, folders, paths.results(), force=force, again=_tables_again)


def _tables_again(folder: Path, out: Path) -> None:
    """The tables that the rows of a folder alone allow."""
    with sources.of(folder, rows_only=True) as source:
        found = all_tables.tables_of(
            source.runs,
            source.floors,
            source.published,
            external=source.external,
            trials=source.trials,
            ensembles=source.ensembles,
        )
        all_tables.write(found, out)


def readme_command(version: str, suite: str = "samplers") -> Path:
    """Fills README.md's table from results/<version>/<suite>, and its figure."""
    target = paths.root() / "README.md"
    readme.update(target, paths.results() / version, paths.root(), suite=suite)
    return target
