"""`hardball tune`: the options, the search, and what it found."""

from pathlib import Path
from typing import Annotated

import typer

from hardball.core import paths
from hardball.core.errors import HardballError


def tune(
    search: Annotated[str, typer.Argument(help="name or path of a search's file")],
    strategy: Annotated[
        str | None, typer.Option(help="grid, tpe or gp [what the file says]")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(help="of each method on each data set [what the file says]")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="processes")] = 1,
    prune: Annotated[
        bool, typer.Option("--prune", help="give trials up that are worse than the median")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="check the file and say what would be tried")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="folder [results/work/<name>_<strategy>]")
    ] = None,
) -> None:
    """Searches the best settings of each method, by validation figures alone.

    Every method has the same number of trials. A search that was killed goes on when it is started
    again. The winners are written as a suite.

    \b
    hardball tune mammals
    hardball tune my_search.yaml --strategy grid --jobs 4
    make SUITE=results/work/mammals_tpe/mammals_tpe_best.yaml
    """
    from hardball.studies.tune import plan, winners
    from hardball.studies.tune import search as searching

    if strategy is not None and strategy not in plan.STRATEGIES:
        raise HardballError(f"strategy {strategy!r}: allowed are {', '.join(plan.STRATEGIES)}")
    given = {"strategy": strategy, "trials": trials}
    tuning = plan.load(search, {key: value for key, value in given.items() if value is not None})
    if dry_run:
        for study in plan.studies(tuning):
            varied = ", ".join(each.path for each in study.dimensions)
            typer.echo(f"{study.dataset}\t{study.method}\t{tuning.trials} trials\t{varied}")
        return
    folder = paths.results() / "work" / tuning.suite if out is None else out
    running = searching.Search(tuning, folder, jobs, prune).run()
    found = winners.winners(tuning, running)
    lost = {each.study.name for each in running} - {winner.study.name for winner in found}
    for name in sorted(lost):
        typer.echo(f"{name}: no trial may win, so that the suite lacks it", err=True)
    if not found:
        raise HardballError(f"{folder}: no trial may win: raise most_at_limit, or the trials")
    for line in winners.lines(tuning, found):
        typer.echo(line)
    typer.echo(f"trials in {folder / 'runs.csv'}", err=True)
    typer.echo(f"suite  {winners.write(tuning, found, folder)}")


COMMANDS = (tune,)
