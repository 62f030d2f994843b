"""`hardball infomax`: the options."""

from pathlib import Path
from typing import Annotated

import typer

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.studies.encoders import runs


def infomax(
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="hierarchy")] = "wordnet_mammals",
    framework: Annotated[str, typer.Option("--framework", "-f", help="jax or torch")] = "jax",
    seed: Annotated[int, typer.Option(help="of everything that is drawn")] = 0,
    features: Annotated[
        str, typer.Option(help="what is known of a node: names, rank, degree, depth or all")
    ] = "names",
    own: Annotated[
        bool, typer.Option(help="a node's own features are encoded with its blanket's")
    ] = True,
    label: Annotated[
        str, typer.Option(help="group of the hierarchy that a linear head tells; first: its first")
    ] = "first",
    steps: Annotated[int, typer.Option(help="of Adam")] = 500,
    width: Annotated[int, typer.Option(help="members of a blanket at most")] = 16,
    dim: Annotated[int, typer.Option(help="dimensions, of the features too")] = 64,
    batch: Annotated[int, typer.Option(help="nodes a step")] = 128,
    lr: Annotated[float, typer.Option(help="rate of Adam")] = 0.002,
    scale: Annotated[float, typer.Option(help="length of a row of features")] = 4.0,
    manifold: Annotated[str, typer.Option(help="such as poincare")] = "tangent",
    dtype: Annotated[str, typer.Option(help="float32 or float64")] = "float32",
    out: Annotated[Path | None, typer.Option(help="folder [results/work/infomax]")] = None,
) -> None:
    """Trains a graph attention encoder by Deep Graph Infomax and scores what it gives, frozen.

    Encodings of nodes' blankets are to be told from those of the same blankets with shuffled
    features; then a linear head tells the nodes' classes. docs/findings/infomax.md explains it.

    \b
    hardball infomax -d wordnet_mammals -f jax --seed 0
    hardball infomax -d ncbi_primates -f torch --label family
    """
    from rich.console import Console

    from hardball.data import store
    from hardball.data.features import KINDS
    from hardball.studies.encoders import infomax_report
    from hardball.studies.encoders.infomax import Settings
    from hardball.studies.encoders.infomax_score import score

    counts = {"steps": steps, "batch": batch, "dim": dim, "width": width}
    runs.check(framework, dtype, manifold, {**counts, "lr": lr, "scale": scale})
    if features not in (*KINDS, "all"):
        raise HardballError(f"features={features!r}: allowed are {', '.join(KINDS)}, all")
    how = Settings(
        features=features,
        own=own,
        dim=dim,
        steps=steps,
        batch=batch,
        width=width,
        lr=lr,
        scale=scale,
        manifold=manifold,
        dtype="float32" if dtype == "float32" else "float64",
    )
    hierarchy = store.open_hierarchy(dataset)
    found = score(hierarchy, seed, framework, how, label)
    infomax_report.show(found, f"{hierarchy.name}, {framework}, seed {seed}, {features}", Console())
    run = hierarchy.name, framework, seed
    folder = out or paths.results() / "work" / "infomax"
    typer.echo(infomax_report.write(folder, run, how, found))
