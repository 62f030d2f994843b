"""The commands for archives and catalogues: a data set as Croissant, a suite as an RO-Crate."""

from pathlib import Path
from typing import Annotated

import typer

from hardball.cli.report import RunsArgument


def croissant(
    dataset: Annotated[str, typer.Argument(help="a data set, see `hardball list dataset`")],
    out: Annotated[
        Path | None, typer.Option("--out", help="a new folder [DATASET-croissant]")
    ] = None,
) -> None:
    """Writes a data set as Croissant: tables of edges and nodes, licence, croissant.json.

    \b
    hardball croissant wordnet_mammals
    """
    from hardball.data import croissant as written

    typer.echo(written.write(dataset, out or Path(f"{dataset}-croissant")))


def crate(
    runs: RunsArgument = "quick",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="a new .zip, or a new folder [SUITE.crate.zip beside runs.csv]"),
    ] = None,
    author: Annotated[str, typer.Option(help="who ran the suite, which rows do not say")] = "",
    whole: Annotated[bool, typer.Option("--whole", help="curves and points too")] = False,
) -> None:
    """Writes a finished suite as a Workflow Run RO-Crate: workflow, rows, environment, checksums.

    \b
    hardball crate quick
    hardball crate results/work/mammals --whole --out mammals.zip
    """
    from hardball.report import commands

    typer.echo(commands.crate_command(runs, out, author=author, whole=whole))
