"""The commands for archives and catalogues: a data set as Croissant, a suite as an RO-Crate."""

from pathlib import Path
from typing import Annotated

import typer


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


COMMANDS = (croissant,)
