"""The command that writes the site of results."""

from pathlib import Path
from typing import Annotated

import typer

from hardball.core import paths


def site(
    suites: Annotated[
        list[str] | None,
        typer.Argument(help="results/VERSION, a suite's folder, or its name [all frozen versions]"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="folder [results/work/site]")] = None,
    version: Annotated[
        list[str] | None,
        typer.Option("--version", help="a frozen version, such as v0.2; repeatable"),
    ] = None,
    embedding: Annotated[
        list[str] | None,
        typer.Option(help="a disk more: a file of `fit`, points/<run>.npz, or a run; repeatable"),
    ] = None,
) -> None:
    """Writes a site of results: tables to sort and filter, and disks. Files alone, no server.

    \b
    hardball site
    hardball site --version v0.2 --out my_site
    hardball site quick --embedding hp.hardball.npz
    """
    from hardball.library import runs
    from hardball.report.site import build

    drawn = [runs.disk_of(reference) for reference in embedding or []]
    places: list[str | Path] = [*(suites or []), *(paths.results() / v for v in version or [])]
    typer.echo(build.write(out or paths.results() / "work" / "site", places, more=drawn))


COMMANDS = (site,)
