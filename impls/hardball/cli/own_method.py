"""The commands for a method of a person's own: run-method, submit, verify."""

from pathlib import Path
from typing import Annotated

import typer

from hardball.cli.options import read_seeds
from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.methods.parameter import Value

DatasetOption = Annotated[str, typer.Option("--dataset", "-d", help="hierarchy to embed")]


def run_method(
    name: Annotated[str, typer.Argument(help="as @method calls it, see `hardball list method`")],
    dataset: DatasetOption,
    task: Annotated[str, typer.Option(help="such as leaf_parent(holdout=0.3)")] = "reconstruction",
    dim: Annotated[int, typer.Option(help="dimensions")] = 5,
    seeds: Annotated[str, typer.Option(help="comma-separated")] = "0",
    seconds: Annotated[float, typer.Option(help="what the method is told that it may take")] = 60.0,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="a setting of the method, key=value; repeatable"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="folder of the rows [results/work/adhoc]")
    ] = None,
) -> None:
    """Trains a method of your own for each seed, and scores it as every run is scored.

    What is held out never reaches the method. Its rows stand in external.csv, which tables show.

    \b
    hardball run-method "my model" --plugin my.py --dataset wordnet_mammals --seeds 0,1,2
    hardball run-method "my model" --plugin my.py -d ncbi_primates --task "leaf_parent(holdout=0.3)"
    """
    from hardball.library import own_methods
    from hardball.library import run_method as running

    chosen = own_methods.named(name)
    given: dict[str, Value] = {}
    for text in set_ or []:
        key, sign, value = text.partition("=")
        if not sign:
            raise HardballError(f"--set {text!r}: write key=value")
        given[key.strip()] = chosen.read(key.strip(), value)
    folder = out or paths.results() / "work" / "adhoc"
    found = running.runs_of(
        chosen, dataset, task=task, dim=dim, seeds=read_seeds(seeds), seconds=seconds,
        settings=given, compare=True,
    )  # fmt: skip
    for each in found:
        row = running.leave(each, folder)
        typer.echo(running.summary(each))
        if each.score.baselines:
            typer.echo(str(each.score), err=True)
    typer.echo(f"rows in {row}, points beside it: `hardball table {folder}`", err=True)


def submit(
    folder: Annotated[
        Path | None, typer.Argument(help="folder of the rows [results/work/adhoc]")
    ] = None,
    label: Annotated[
        str, typer.Option(help="whose rows: the method's name, or score's --label")
    ] = "",
    author: Annotated[str, typer.Option(help="who made it")] = "",
    licence: Annotated[str, typer.Option(help="of the points and the code, such as MIT")] = "",
    link: Annotated[str, typer.Option(help="where it is described: https://...")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="archive to write [LABEL.hardball.zip]")
    ] = None,
    code: Annotated[
        bool, typer.Option("--code/--no-code", help="pack the file that declares the method")
    ] = True,
) -> None:
    """Packs a method's rows and points as one archive that others can check, with its description.

    Every row's points are scored again first; what does not come out again is refused.

    \b
    hardball submit --label "my model" --author "A. Person" --licence MIT --link https://example.org
    """
    from hardball.library import submitting

    found = folder or paths.results() / "work" / "adhoc"
    archive, beside = submitting.submit(
        found, label=label, author=author, licence=licence, link=link, out=out, code=code
    )
    typer.echo(f"{archive}: others check it with `hardball verify {archive.name}`")
    typer.echo(f"{beside}: the text of a pull request")


def verify(
    archive: Annotated[
        Path, typer.Argument(help="what `hardball submit` wrote, or results/VERSION")
    ],
    suites: Annotated[
        list[str] | None, typer.Argument(help="of a version: these suites alone, no documents")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="a folder that gets its rows and points where all are verified"),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, help="the same: |new - old| <= this x max(1, |old|)")
    ] = 1e-6,
) -> None:
    """Scores a submission's points again, or checks committed results; says what comes out.

    Of results/VERSION: that each suite has the rows that it plans, their checksums and commits,
    that verdicts on claims follow from them, and figures in README.md and docs/findings.
    The exit code is 0 where all is as it says, 1 where something differs, 2 where nothing can be
    read.

    \b
    hardball verify my_model.hardball.zip
    hardball verify my_model.hardball.zip --out results/work/mammals
    hardball verify results/v0.2
    """
    if archive.is_dir():
        if out is not None:
            raise HardballError("--out goes with a submission, not with committed results")
        _verify_version(archive, suites or [])
        return
    if suites:
        raise HardballError("suites go with results/VERSION, not with a submission")
    from hardball.library import submitting

    good = True
    for row, differs in submitting.verify(archive, out=out, tolerance=tolerance):
        if not differs:
            typer.echo(f"verified\t{row}: {len(row.figures)} figures")
        for line in differs:
            typer.echo(f"differs\t{row}: {line}")
        good = good and not differs
    if not good:
        raise typer.Exit(1)
    if out is not None:
        typer.echo(f"rows in {out / 'external.csv'}: `hardball table {out}`", err=True)


def _verify_version(version: Path, suites: list[str]) -> None:
    from hardball.report.verify import checks

    good = True
    for one in checks.verify(version, suites):
        typer.echo(str(one))
        good = good and one.said != "differs"
    if not good:
        raise typer.Exit(1)


def listed() -> list[tuple[str, ...]]:
    """Name with its settings, summary, space and source of every method that trains itself."""
    from hardball.library import own_methods

    lines: list[tuple[str, ...]] = []
    for each in own_methods.declared():
        given = ", ".join(f"{key}={known.default}" for key, known in each.declared.items())
        name = f"{each.name}({given})" if given else each.name
        facts = {"points": each.space, "framework": each.framework, "source": each.source}
        said = [f"{what}: {text}" for what, text in facts.items() if text]
        lines.append((name, *filter(None, [each.summary]), *said))
    return lines


COMMANDS = (run_method, submit, verify)
