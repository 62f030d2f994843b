"""`hardball roofline`: the options, the processes that measure, and the table."""

from pathlib import Path
from typing import Annotated, cast

import typer

from hardball.core import optional, paths
from hardball.core.errors import HardballError
from hardball.runs import settings
from hardball.runs.spec import Framework


def roofline(
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="hierarchy to embed")] = (
        "wordnet_mammals"
    ),
    dim: Annotated[int, typer.Option(help="dimensions")] = 10,
    manifold: Annotated[str, typer.Option(help="such as poincare")] = "tangent",
    optimizer: Annotated[str, typer.Option(help="such as rsgd")] = "adam",
    batch: Annotated[int, typer.Option(help="positive pairs a step")] = 1024,
    pool: Annotated[int, typer.Option(help="nodes of the shared pool")] = 1024,
    negatives: Annotated[int, typer.Option(help="draws per pair, where each has its own")] = 50,
    framework: Annotated[
        list[str] | None, typer.Option("--framework", "-f", help="jax or torch; repeatable [both]")
    ] = None,
    threads: Annotated[int, typer.Option(help="of each measurement")] = 1,
    seconds: Annotated[float, typer.Option(help="each step is timed for")] = 5.0,
    losses: Annotated[
        bool, typer.Option("--losses", help="every loss by itself instead of steps, on one thread")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="folder [results/work/roofline]")] = None,
) -> None:
    """Measures this machine's peaks and a training step's time, and says what lies between them.

    Pool and pairs form, each framework in a process of its own: docs/findings/performance.md.

    \b
    hardball roofline
    hardball roofline -d wordnet_nouns --framework jax
    hardball roofline --losses --batch 1024 --negatives 1024 --seconds 1
    """
    from hardball.report.tables import all_tables, render
    from hardball.studies.roofline import apart
    from hardball.studies.roofline.table import table_of

    if threads < 1 or seconds <= 0:
        raise HardballError(f"threads={threads}, seconds={seconds}: both must be above 0")
    shared = {"dataset": dataset, "dim": dim, "manifold": manifold, "optimizer": optimizer,
              "batch_size": batch, "lr": 0.01}  # fmt: skip
    forms = ({"sampler": "pool", "negatives": pool}, {"sampler": "uniform", "negatives": negatives})
    names = list(dict.fromkeys(framework or ["jax", "torch"]))
    for name in names:
        if name not in ("jax", "torch"):
            raise HardballError(f"unknown framework {name!r}: allowed are jax, torch")
        optional.require(name, f"framework={name}")
    if losses:
        table = apart.losses(names, batch, negatives, seconds)
    else:
        measured = []
        for name in names:
            specs = [
                settings.make_spec({**shared, **form}, cast(Framework, name), 0) for form in forms
            ]
            measured += list(zip(specs, apart.steps(specs, threads, seconds), strict=True))
        table = table_of(measured)
    for path in all_tables.write([table], out or paths.results() / "work" / "roofline"):
        typer.echo(path)
    typer.echo(render.to_markdown(table))
