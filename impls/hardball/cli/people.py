"""The commands for people with a hierarchy or an embedding: fit, nearest, ancestors, export."""

from pathlib import Path
from typing import Annotated

import typer

from hardball.core import files
from hardball.core.errors import HardballError

RunArgument = Annotated[
    str, typer.Argument(help="a file of `fit`, points/<run>.npz, or the name of a run")
]
NodeArgument = Annotated[str, typer.Argument(help="a node's id, or its name")]
DatasetOption = Annotated[
    str, typer.Option("--dataset", "-d", help="what a lone points file embeds")
]


def fit(
    data: Annotated[str, typer.Argument(help="edges, OBO, nodes.dmp, or a data set's name")],
    out: Annotated[
        Path | None, typer.Option("--out", help="file to write [NAME.hardball.npz]")
    ] = None,
    nodes: Annotated[
        Path | None, typer.Option(help="names and groups of the nodes: id, name, more columns")
    ] = None,
    dim: Annotated[int, typer.Option(help="dimensions")] = 10,
    seconds: Annotated[float, typer.Option(help="what training may take")] = 60.0,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="a setting over those of the recipe, key=value; repeatable"),
    ] = None,
    framework: Annotated[
        str, typer.Option("--framework", "-f", help="jax or torch [the one that is installed]")
    ] = "",
    seed: Annotated[int, typer.Option(help="of all that is drawn")] = 0,
) -> None:
    """Embeds a hierarchy of yours and says what it is worth beside what needs no training.

    \b
    hardball fit hp.obo
    hardball fit edges.tsv --dim 5 --seconds 120 --out mine.npz
    """
    from hardball.library import fit as fitting
    from hardball.runs import settings

    given = dict(settings.assignment(text) for text in set_ or [])
    if framework not in ("", "jax", "torch"):
        raise HardballError(f"unknown framework {framework!r}: allowed are jax, torch")
    files.check_room("the embedding", (out or Path()).absolute().parent, 2**20, "name with --out")
    made = fitting.fit(
        data, given, dim=dim, seconds=seconds, nodes=nodes, seed=seed,
        framework=framework,  # type: ignore[arg-type]
    )  # fmt: skip
    path = made.save(out or Path(f"{made.hierarchy.name}.hardball.npz"))
    typer.echo(f"{path}: ask it with `hardball nearest {path} NODE`, or hardball.load")


def nearest(
    run: RunArgument,
    node: NodeArgument,
    k: Annotated[int, typer.Option("-k", help="how many")] = 10,
    dataset: DatasetOption = "",
) -> None:
    """The nodes nearest to a node: id, name, distance, and what each is to it.

    \b
    hardball nearest hp.hardball.npz Seizure
    """
    from hardball.library.runs import embedding_of

    _show(embedding_of(run, dataset).nearest(node, k))


def ancestors(run: RunArgument, node: NodeArgument, dataset: DatasetOption = "") -> None:
    """The nodes above a node, from the root down, with distances and the ranks they have by them.

    \b
    hardball ancestors hp.hardball.npz Seizure
    """
    from hardball.library.runs import embedding_of

    _show(embedding_of(run, dataset).ancestors(node))


def export(
    run: RunArgument,
    to: Annotated[
        str, typer.Option(help="tsv, parquet, npz, word2vec, projector, poincare or lorentz")
    ] = "tsv",
    out: Annotated[
        Path | None, typer.Option("--out", help="file to write [the hierarchy's name, here]")
    ] = None,
    space: Annotated[
        str, typer.Option(help="coordinates: tangent, poincare, lorentz, euclidean [its own]")
    ] = "",
    dataset: DatasetOption = "",
) -> None:
    """Writes an embedding for other tools, ids and names in it, in float64.

    \b
    hardball export hp.hardball.npz --to tsv
    hardball export RUN --to word2vec --space poincare --out hp.vec
    """
    from hardball.library import exports
    from hardball.library.runs import embedding_of

    typer.echo(exports.export(embedding_of(run, dataset), to, out, space))


def score(
    points: Annotated[
        str, typer.Argument(help="points/<run>.npz, or .npy, .npz, .tsv, .parquet, .vec of yours")
    ],
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="hierarchy it embeds")],
    ids: Annotated[
        Path | None, typer.Option(help="a text of ids, one a line, in the order of the rows")
    ] = None,
    space: Annotated[
        str, typer.Option(help="of rows of yours: poincare, lorentz, tangent, euclidean")
    ] = "",
    c: Annotated[float, typer.Option(help="of rows of yours: the curvature is -c")] = 1.0,
    label: Annotated[
        str, typer.Option(help="leaves a row and the points under this name; tables show it")
    ] = "",
    task: Annotated[
        str, typer.Option(help="such as link_prediction(fraction=0.5)")
    ] = "reconstruction",
    seed: Annotated[int, typer.Option(help="seed of the task's split")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="folder of the row [results/work/adhoc]")
    ] = None,
) -> None:
    """Computes every metric of an embedding, of a run or your own, beside the baselines.

    \b
    hardball score results/work/adhoc/points/RUN.npz --dataset wordnet_mammals
    hardball score mine.tsv --dataset wordnet_mammals --space poincare --label "my method"
    """
    from hardball.library import external

    found = external.score_file(
        Path(points), dataset, ids=ids, space=space, c=c, task=task, seed=seed
    )
    for name, value in found.figures.items():
        typer.echo(f"{name}\t{value:.6g}")
    typer.echo(str(found), err=True)
    if label:
        typer.echo(f"row in {external.leave(found, label, out)}", err=True)


COMMANDS = (fit, nearest, ancestors, export)


def _show(frame: object) -> None:
    """A table as text, whole whatever the width of the terminal."""
    import pandas as pd

    assert isinstance(frame, pd.DataFrame)
    shown = frame.to_string(index=False, float_format=lambda x: f"{x:.4f}", max_colwidth=60)
    typer.echo(shown)
