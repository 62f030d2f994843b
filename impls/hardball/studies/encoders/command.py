"""`hardball blankets`: the options."""

from pathlib import Path
from typing import Annotated

import typer

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.studies.encoders import runs


def blankets(
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="hierarchy")] = "wordnet_mammals",
    framework: Annotated[str, typer.Option("--framework", "-f", help="jax or torch")] = "jax",
    seed: Annotated[int, typer.Option(help="of everything that is drawn")] = 0,
    steps: Annotated[int, typer.Option(help="of Adam")] = 2000,
    drop: Annotated[
        str, typer.Option(help="what a broken blanket lacks: parent, child, coparent or any")
    ] = "parent",
    breaks: Annotated[
        int, typer.Option(help="broken blankets an anchor is trained against; 0: none, a control")
    ] = 1,
    others: Annotated[
        bool, typer.Option(help="the batch's other blankets are negatives too")
    ] = True,
    width: Annotated[int, typer.Option(help="members of a blanket at most")] = 16,
    dim: Annotated[int, typer.Option(help="dimensions")] = 16,
    batch: Annotated[int, typer.Option(help="anchors a step")] = 128,
    lr: Annotated[float, typer.Option(help="rate of Adam")] = 0.01,
    temperature: Annotated[float, typer.Option(help="of InfoNCE")] = 0.5,
    heldout: Annotated[
        float, typer.Option(help="share of the nodes in each of the two held-out groups")
    ] = 0.1,
    manifold: Annotated[str, typer.Option(help="such as poincare")] = "tangent",
    dtype: Annotated[str, typer.Option(help="float32 or float64")] = "float32",
    out: Annotated[Path | None, typer.Option(help="folder [results/work/blankets]")] = None,
) -> None:
    """Trains a graph attention encoder on Markov blankets and asks whether it notices a break.

    Each node's row is drawn to the encoding of its parents, children and co-parents, and away from
    that of the same blanket without one of them. docs/findings/blankets.md explains the table.

    \b
    hardball blankets -d wordnet_mammals -f jax --seed 0 --drop parent
    hardball blankets -d ncbi_primates -f torch --breaks 0
    """
    from rich.console import Console

    from hardball.data import store
    from hardball.hierarchy.blankets import drop_code
    from hardball.studies.encoders import blankets_report
    from hardball.studies.encoders.blankets import Settings
    from hardball.studies.encoders.diagnose import diagnose

    counts = {"steps": steps, "batch": batch, "dim": dim, "width": width}
    runs.check(framework, dtype, manifold, {**counts, "lr": lr, "temperature": temperature})
    if breaks < 0 or (breaks == 0 and not others):
        raise HardballError(f"breaks={breaks}: without --others there must be 1 or more")
    drop_code(drop)
    how = Settings(
        dim=dim,
        steps=steps,
        batch=batch,
        drop=drop,
        breaks=breaks,
        others=others,
        width=width,
        lr=lr,
        temperature=temperature,
        heldout=heldout,
        manifold=manifold,
        dtype="float32" if dtype == "float32" else "float64",
    )
    hierarchy = store.open_hierarchy(dataset)
    found = diagnose(hierarchy, seed, framework, how)
    blankets_report.show(
        found, f"{hierarchy.name}, {framework}, seed {seed}, {drop} dropped", Console()
    )
    run = hierarchy.name, framework, seed
    folder = out or paths.results() / "work" / "blankets"
    typer.echo(blankets_report.write(folder, run, how, found))
