"""`hardball peers`: the options, and what they mean."""

from pathlib import Path
from typing import Annotated

import typer

from hardball.core import optional, paths


def peers(
    only: Annotated[
        list[str] | None, typer.Option(help="a system, or its first word; repeatable [all]")
    ] = None,
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="hierarchy to embed")] = (
        "wordnet_mammals"
    ),
    dim: Annotated[int, typer.Option(help="dimensions")] = 5,
    negatives: Annotated[
        list[int] | None, typer.Option(help="negatives a pair; repeatable [10 and 50]")
    ] = None,
    minutes: Annotated[float, typer.Option(help="of training, for each system")] = 1.0,
    threads: Annotated[int, typer.Option(help="of each system")] = 1,
    seed: Annotated[int, typer.Option(help="of those that take one")] = 0,
    reference: Annotated[
        Path | None,
        typer.Option(help="your checkout of facebookresearch/poincare-embeddings, built"),
    ] = None,
    reference_python: Annotated[
        Path | None, typer.Option(help="interpreter that it was built for [this one]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="folder [results/work/peers]")] = None,
    force: Annotated[bool, typer.Option("--force", help="run again what has run")] = False,
) -> None:
    """Trains gensim, geoopt, HypLL, the reference code and this engine side by side.

    The same pairs, dimensions, negatives and seconds for each; quality by one evaluator. What has
    run already is not run again. docs/findings/peers.md says what is compared.

    \b
    hardball peers --minutes 0.5
    hardball peers --only gensim --only geoopt
    hardball peers -d wordnet_nouns --dim 10 --negatives 10 --reference ../poincare-embeddings
    """
    with optional.needing("a comparison with other packages"):
        from hardball.studies.peers import compare

    options = compare.Options(
        dataset=dataset,
        dim=dim,
        negatives=tuple(negatives or (10, 50)),
        seconds=60 * minutes,
        only=tuple(only or ()),
        threads=threads,
        seed=seed,
        reference=reference,
        reference_python=reference_python,
        force=force,
    )
    folder = out or paths.results() / "work" / "peers"
    for path in compare.compare(options, folder):
        typer.echo(path)
