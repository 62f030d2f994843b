"""The command for several runs asked as one."""

from pathlib import Path
from typing import Annotated

import typer

from hardball.core import paths
from hardball.core.errors import HardballError

SHOWN = ("mean_rank", "map", "hits_at_1", "auc", "link_f1")


def ensemble(
    runs: Annotated[
        list[str] | None, typer.Argument(help="points/<run>.npz, saved embeddings, names of runs")
    ] = None,
    by: Annotated[str, typer.Option(help="mean_distance or rank_fusion")] = "mean_distance",
    label: Annotated[str, typer.Option(help="the name under which tables show it")] = "ensemble",
    dataset: Annotated[
        str, typer.Option("--dataset", "-d", help="what a lone points file embeds")
    ] = "",
    task: Annotated[str, typer.Option(help="what is ranked [what the runs trained for]")] = "",
    seed: Annotated[int | None, typer.Option(help="of the task's split [the first run's]")] = None,
    suite: Annotated[
        str, typer.Option("--suite", "-s", help="all ensembles of a suite: name[:budget]")
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="folder of the rows [results/work/adhoc]")
    ] = None,
) -> None:
    """Scores several runs as one embedding: each alone, then the first 1, 2, 3 ... together.

    \b
    hardball ensemble RUN RUN RUN
    hardball ensemble RUN RUN --by rank_fusion --label "two samplers"
    """
    from hardball.library import ensembles
    from hardball.runs import suites

    work = paths.results() / "work"
    if suite:
        if runs:
            raise HardballError("--suite goes without runs: it names its own")
        loaded = suites.load(suite)
        typer.echo(f"rows in {ensembles.of_suite(loaded, out or work / loaded.name)}")
        return
    if not runs:
        raise HardballError("name the runs of the ensemble, or a --suite")
    found = ensembles.ensemble(runs, by=by, task=task or None, seed=seed, dataset=dataset)
    frame = found.to_frame()
    shown = [name for name in SHOWN if name in frame]
    frame["of"] = [
        name if not rule else f"first {count} by {rule}"
        for name, rule, count in zip(frame["runs"], frame["by"], frame["members"], strict=True)
    ]
    typer.echo(frame[["of", *shown]].to_csv(sep="\t", index=False, float_format="%.6g"), nl=False)
    typer.echo(f"rows in {ensembles.leave(found, out or work / 'adhoc', label)}", err=True)
