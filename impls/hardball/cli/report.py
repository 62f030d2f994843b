"""The commands that show results: tables, pictures, comparisons, what is frozen of them."""

from pathlib import Path
from typing import Annotated

import typer

RunsArgument = Annotated[
    str, typer.Argument(help="runs.csv, a folder that holds one, or the name of a suite")
]
OutOption = Annotated[Path | None, typer.Option("--out", help="where to write [beside runs.csv]")]


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
    tex: Annotated[bool, typer.Option("--tex", help="write them as LaTeX too")] = False,
) -> None:
    """Writes the tables of finished runs as CSV and Markdown, and as LaTeX where asked to.

    \b
    hardball table quick
    hardball table results/work/adhoc --out my_tables --tex
    """
    from hardball.report import commands

    _say(commands.table_command(runs, out, tex))


def plot(
    runs: RunsArgument = "quick",
    out: OutOption = None,
    format_: Annotated[
        list[str] | None, typer.Option("--format", help="svg or png; repeatable [both]")
    ] = None,
) -> None:
    """Draws the pictures of finished runs.

    \b
    hardball plot quick
    hardball plot results/work/adhoc --format svg
    """
    from hardball.report import commands

    _say(commands.plot_command(runs, out, format_ or commands.FORMATS))


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
    old: Annotated[str, typer.Argument(help="runs.csv, its folder, or a suite's name")],
    new: Annotated[str, typer.Argument(help="what to compare with it")],
    tolerance: Annotated[
        float, typer.Option(help="no change: |new - old| <= this x max(1, |old|)")
    ] = 0.0,
) -> None:
    """Says for each row: equal, within tolerance, changed, new or missing.

    Exit code 1 when a row changed or is missing.

    \b
    hardball compare results/v0.1/quick breadth --tolerance 1e-6
    """
    from hardball.report import commands

    raise typer.Exit(commands.compare_command(old, new, tolerance))


def freeze(
    version: Annotated[str, typer.Argument(help="such as v0.1")],
    suites: Annotated[list[str], typer.Argument(help="suites that ran")],
    force: Annotated[bool, typer.Option("--force", help="replace a frozen suite")] = False,
) -> None:
    """Copies suites' rows, tables and pictures to results/VERSION, to be committed.

    \b
    hardball freeze v0.1 quick mammals
    """
    from hardball.report import commands

    typer.echo(commands.freeze_command(version, suites, force))


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


COMMANDS = (answer, table, plot, trends, gallery, reference, compare, freeze, readme)
