"""`hardball infomax`: the options, the table, and the row."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.studies.encoders import runs

if TYPE_CHECKING:
    from hardball.studies.encoders.infomax import Settings
    from hardball.studies.encoders.infomax_score import Found


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
    _show(found, f"{hierarchy.name}, {framework}, seed {seed}, {features}", Console())
    run = hierarchy.name, framework, seed
    typer.echo(_write(out or paths.results() / "work" / "infomax", run, how, found))


def _show(found: "Found", title: str, console: Any) -> None:
    from rich.box import SIMPLE
    from rich.table import Table

    labels = found.labels
    counted = f"{labels.train.size} nodes to learn from, {labels.test.size} to tell"
    caption = f"{labels.n_classes} classes of {labels.label}\n{counted}"
    shown = Table("accuracy", "of", title=title, caption=caption, box=SIMPLE, pad_edge=False)
    shown.add_column("", justify="right", no_wrap=True)
    for when, seen in (("untrained", found.before), ("trained", found.after)):
        parts = f"{seen.accuracy:.3f} (true {seen.true:.2f}, shuffled {seen.shuffled:.2f})"
        shown.add_row("discriminator", when, parts)
    shown.add_section()
    for given, accuracy in found.heads.items():
        shown.add_row("linear head", given, f"{accuracy:.3f}")
    console.print(shown)
    console.print(runs.course(found.trained))


def _write(folder: Path, run: tuple[str, str, int], how: "Settings", found: "Found") -> Path:
    """The row, see `runs.write`."""
    from dataclasses import asdict

    labels = found.labels
    nodes = {
        "all": labels.codes.size,
        "classes": labels.n_classes,
        "train": labels.train.size,
        "validation": labels.validation.size,
        "test": labels.test.size,
        "wider_than_width": int((found.task.blankets.sizes > how.width + how.own).sum()),
    }
    seen = {
        when: {**each._asdict(), "accuracy": each.accuracy}
        for when, each in (("untrained", found.before), ("trained", found.after))
    }
    said = {"nodes": nodes, "discriminator": seen, "head_accuracy": found.heads}
    settings = {**asdict(how), "label": labels.label}
    return runs.write(folder, run, [how.features, labels.label], settings, said, found.trained)
