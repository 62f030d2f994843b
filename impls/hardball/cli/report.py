"""The commands that show results: tables, pictures, comparisons, what is frozen of them."""

from pathlib import Path
from typing import Annotated

import typer

from hardball.core import paths
from hardball.core.console import console
from hardball.core.errors import HardballError

RunsArgument = Annotated[
    str, typer.Argument(help="runs.csv, a folder that holds one, or the name of a suite")
]
OutOption = Annotated[Path | None, typer.Option("--out", help="where to write [beside runs.csv]")]
RowsOption = Annotated[
    bool, typer.Option("--rows-only", help="without what needs curves or points")
]


def answer(runs: RunsArgument = "quick") -> None:
    """Says in five lines which negatives did best, from finished runs alone.

    \b
    hardball answer quick
    """
    from hardball.report import commands

    for line in commands.answer_command(runs):
        typer.echo(line)


def table(
    runs: RunsArgument = "quick",
    out: OutOption = None,
    tex: Annotated[bool, typer.Option("--tex", help="as LaTeX too")] = False,
    top: Annotated[int | None, typer.Option(help="LaTeX: the best so many lines [all]")] = None,
    columns: Annotated[
        str, typer.Option(help="LaTeX: columns, as the CSV names them: map,mean_rank")
    ] = "",
    framework: Annotated[str, typer.Option(help="LaTeX: lines of jax or torch alone")] = "",
    longtable: Annotated[
        bool, typer.Option("--longtable", help="LaTeX: tables over several pages")
    ] = False,
    rows_only: RowsOption = False,
) -> None:
    """Writes the tables of finished runs as CSV and Markdown.

    Those of a frozen suite go to results/work/redrawn/VERSION/SUITE/tables.

    \b
    hardball table quick
    hardball table results/work/adhoc --out my_tables
    hardball table results/v0.1/quick --tex --top 5 --columns map,mean_rank --framework torch
    """
    from hardball.report import commands
    from hardball.report.tables.latex import Shape

    keys = tuple(filter(None, (key.strip() for key in columns.split(","))))
    shape = Shape(top, keys, framework, longtable)
    if not tex and shape != Shape():
        raise HardballError(
            "--top, --columns, --framework and --longtable shape LaTeX tables: add --tex"
        )
    _say(commands.table_command(runs, out, tex=shape if tex else None, rows_only=rows_only))


def plot(
    runs: RunsArgument = "quick",
    out: OutOption = None,
    format_: Annotated[
        list[str] | None, typer.Option("--format", help="svg or png; repeatable [both]")
    ] = None,
    rows_only: RowsOption = False,
) -> None:
    """Draws the pictures of finished runs.

    Those of a frozen suite go to results/work/redrawn/VERSION/SUITE/plots. Its curves and points
    come from the version's archive, which lies where HARDBALL_ARCHIVES says.

    \b
    hardball plot quick
    hardball plot results/work/adhoc --format svg
    hardball plot results/v0.1/quick
    """
    from hardball.report import commands

    _say(commands.plot_command(runs, out, format_ or commands.FORMATS, rows_only=rows_only))


def trends(
    results: Annotated[
        Path | None, typer.Argument(help="asv's results [benchmarks/.asv/results]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="where to write [beside the results]")] = None,
    format_: Annotated[
        list[str] | None, typer.Option("--format", help="svg or png; repeatable [svg]")
    ] = None,
) -> None:
    """Draws how fast every kernel was, commit by commit, as `make bench` measured it.

    \b
    hardball trends
    """
    from hardball.report import commands

    _say(commands.trends_command(results, out, format_ or ["svg"]))


def gallery(
    out: Annotated[Path | None, typer.Option("--out", help="folder of the page [docs]")] = None,
) -> None:
    """Draws what every sampler draws for one anchor, and writes docs/reference/samplers.md.

    \b
    hardball gallery
    """
    from hardball.report import commands

    _say(commands.gallery_command(out))


def reference(
    out: Annotated[Path | None, typer.Option("--out", help="folder of the pages [docs]")] = None,
) -> None:
    """Writes docs/reference: every method, fact, setting and metric, as they are declared.

    \b
    hardball reference
    """
    from hardball.report import commands

    _say(commands.reference_command(out))


def compare(
    old: Annotated[str, typer.Argument(help="runs.csv, its folder, a suite's name, or a version")],
    new: Annotated[
        str | None,
        typer.Argument(help="what to compare with it [of a version: results/work]"),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="no change: |new - old| <= this x max(1, |old|)")
    ] = 0.0,
    only: Annotated[
        list[str] | None,
        typer.Option(help="rows of a column's value, KEY=VALUE, or a part of a run's name"),
    ] = None,
    trials: Annotated[
        bool, typer.Option("--trials/--no-trials", help="trials of `hardball tune` too")
    ] = True,
) -> None:
    """Says for each row: equal, within tolerance, changed, new or missing.

    Exit code 1 when a row changed or is missing. With several --only a row has to fit all.
    Of a version every suite is compared.

    \b
    hardball compare v0.2
    hardball compare results/v0.1/quick breadth --tolerance 1e-6
    hardball compare results/v0.1/quick quick --only framework=torch --only siblings
    """
    from hardball.report import commands

    raise typer.Exit(commands.compare_command(old, new, tolerance, only or [], trials))


def claims(
    version: Annotated[str, typer.Argument(help="whose rows judge, v0.2 [the newest]")] = "",
    to: Annotated[
        list[str] | None,
        typer.Option("--to", help="table, csv, latex or page; repeatable [table]"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="folder of the CSV, file of LaTeX or page [where they belong]"),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="another ledger [benchmarks/claims.yaml]")
    ] = None,
) -> None:
    """Gives the verdict on every registered claim, from committed rows alone.

    csv: claims.csv and claims-parts.csv of results/VERSION. page: docs/findings/claims.md.

    \b
    hardball claims
    hardball claims v0.2 --to csv --to page
    hardball claims v0.2 --to latex --out claims.tex
    """
    from hardball.report.claims.command import claims_command

    _say(claims_command(version, to or [], out, file))


def freeze(
    version: Annotated[str, typer.Argument(help="such as v0.1")],
    suites: Annotated[list[str], typer.Argument(help="suites that ran")],
    force: Annotated[bool, typer.Option("--force", help="replace a frozen suite")] = False,
) -> None:
    """Copies suites' rows, tables and linked pictures to results/VERSION, to be committed.

    Curves and points are packed into one archive a version, which is kept outside of git, where
    HARDBALL_ARCHIVES says. Refuses a suite of more than 2 MB and a version of more than 12 MB.

    \b
    hardball freeze v0.1 quick mammals
    """
    from hardball.report import commands

    typer.echo(commands.freeze_command(version, suites, force))


def rerun(
    run: Annotated[str, typer.Argument(help="a run_id, as runs.csv has it")],
    runs: Annotated[
        str | None, typer.Argument(help="runs.csv or its folder [the frozen suite that has it]")
    ] = None,
) -> None:
    """Trains one row's run again and compares every figure; exit code 1 when one differs.

    The row, curve and points of the new run lie in results/work/rerun.

    \b
    hardball rerun wordnet_mammals-uniform-infonce-tangent-d5-9c1e7bb2-jax-s0 results/v0.1/quick
    """
    from hardball.report import commands
    from hardball.report import rerun as again

    results = paths.results()
    kept = commands.runs_file(runs) if runs else again.find(run, results)
    raise typer.Exit(again.rerun(run, kept, results / "work" / "rerun", console()))


def readme(
    version: Annotated[str, typer.Argument(help="frozen results, such as v0.1")],
    suite: Annotated[str, typer.Argument(help="whose runs the table is made of")] = "samplers",
) -> None:
    """Fills README.md's table and figure from frozen results."""
    from hardball.report import commands

    typer.echo(commands.readme_command(version, suite))


def _say(written: list[Path]) -> None:
    for path in written:
        typer.echo(path)


COMMANDS = (answer, table, plot, trends, gallery, reference, compare, claims, freeze, rerun, readme)
