"""`hardball draws`: the options, the processes that measure, and the table."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hardball.core import optional, paths, processes
from hardball.core.errors import HardballError
from hardball.methods import registry

STRUCTURAL = (
    "uniform",
    "degree",
    "degree_corrected",
    "siblings",
    "cousins",
    "depth_matched",
    "relatives",
    "descendants",
    "multi_hop",
)


def draws(
    sampler: Annotated[
        list[str] | None, typer.Option("--sampler", help="repeatable [all structural ones]")
    ] = None,
    framework: Annotated[
        list[str] | None, typer.Option("--framework", "-f", help="jax or torch; repeatable [both]")
    ] = None,
    small: Annotated[str, typer.Option(help="hierarchy to compare with")] = "ncbi_mammalia",
    large: Annotated[str, typer.Option(help="hierarchy of the arrays")] = "ncbi_full",
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="hierarchy to train on")] = (
        "wordnet_nouns"
    ),
    batch: Annotated[int, typer.Option(help="positive pairs a step")] = 1024,
    negatives: Annotated[int, typer.Option(help="draws per pair")] = 50,
    threads: Annotated[int, typer.Option(help="of each measurement")] = 1,
    seconds: Annotated[float, typer.Option(help="each timing takes")] = 2.0,
    out: Annotated[Path | None, typer.Option(help="folder [results/work/draws]")] = None,
) -> None:
    """Measures samplers: the building of their arrays, draws, and their share of a training step.

    Arrays on the large data set; draws on the small and the large one in turn.

    \b
    hardball draws
    hardball draws --sampler siblings --sampler multi_hop -f torch
    """
    from hardball.report.tables import all_tables, render
    from hardball.studies.draws.measure import Built, Drawn, Request
    from hardball.studies.draws.table import table_of

    if threads < 1 or seconds <= 0:
        raise HardballError(f"threads={threads}, seconds={seconds}: both must be above 0")
    chosen = list(dict.fromkeys(sampler or STRUCTURAL))
    for name in chosen:
        registry.entry("sampler", name)
        if name not in STRUCTURAL:
            raise HardballError(f"sampler {name!r}: allowed are {', '.join(STRUCTURAL)}")
    halves = list(dict.fromkeys(framework or ["jax", "torch"]))
    for half in halves:
        if half not in ("jax", "torch"):
            raise HardballError(f"unknown framework {half!r}: allowed are jax, torch")
        optional.require(half, f"framework={half}")
    train = {"dataset": dataset, "batch_size": batch, "negatives": negatives, "lr": 0.01}

    def said(by: str) -> list[dict]:
        request = Request(by, chosen, small, large, train, seconds)
        return processes.measured(
            "hardball.studies.draws.measure", asdict(request), threads, by, keep=by != "host"
        )

    built = [Built(**each) for each in said("host")]
    drawn = {half: [Drawn(**each) for each in said(half)] for half in halves}
    setting = (
        f"Small: {small}, large: {large}, steps: {dataset}; {batch} anchors x {negatives} draws, "
        f"threads: {threads}."
    )
    table = table_of(chosen, built, drawn, setting)
    for path in all_tables.write([table], out or paths.results() / "work" / "draws"):
        typer.echo(path)
    typer.echo(render.to_markdown(table))
