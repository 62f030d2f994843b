"""The command line: thin, each command's work lies in its package, imported when it is called."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from hardball import __version__
from hardball.cli import deposit, ensembles, groups, own_method, people, report, site
from hardball.cli.options import read_seeds
from hardball.core import optional, plugins
from hardball.core.errors import HardballError, unknown
from hardball.methods import registry
from hardball.runs import plan, settings, suites
from hardball.runs.spec import Framework
from hardball.studies.draws.command import draws
from hardball.studies.peers.command import peers
from hardball.studies.roofline.command import roofline
from hardball.studies.tune.command import tune

ADHOC = "adhoc"


class OneLine(TyperGroup):
    """A user's mistake, or a file that fails, is one line on stderr and exit code 2.

    Plug-ins may be named anywhere: before the command, or among its own options.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, _without_plugins(args))
        except HardballError as error:
            typer.echo(f"hardball: {' '.join(str(error).split())}", err=True)
            raise typer.Exit(2) from None

    def invoke(self, ctx: Any) -> Any:
        try:
            with optional.needing("this command"):
                return super().invoke(ctx)
        except HardballError as error:
            said = str(error)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            said = f"{error.filename or 'a file'}: {error.strerror or error}"
        except (EOFError, MemoryError) as error:
            said = f"{type(error).__name__}: {error}"
        typer.echo(f"hardball: {' '.join(said.split())}", err=True)
        raise typer.Exit(2)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        groups.write([(n, found) for n, found in named if found and not found.hidden], formatter)


app = typer.Typer(
    cls=OneLine,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Which negatives, losses and geometries embed a hierarchy: data, runs, tables, plots.",
)

SuiteOption = Annotated[
    str, typer.Option("--suite", "-s", help="name[:budget] or path of a suite file")
]
ConfigOption = Annotated[
    str, typer.Option("--config", "-c", help="configuration of the suite, as `plan` lists it")
]
FrameworkOption = Annotated[str, typer.Option("--framework", "-f", help="jax or torch")]
FolderOption = Annotated[
    Path | None, typer.Option("--out", help="folder of the rows [results/work/<suite>]")
]


def _without_plugins(args: list[str]) -> list[str]:
    """The arguments without `--plugin FILE`, whose files are read with the methods from here on."""
    left, waiting = [], iter(args)
    for argument in waiting:
        option, sign, value = argument.partition("=")
        if option != "--plugin":
            left.append(argument)
            continue
        named = value if sign else next(waiting, "")
        if not named:
            raise HardballError("--plugin: name a Python file or a module that declares methods")
        plugins.add(named)
    return left


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hardball {__version__}")
        raise typer.Exit()


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say it and leave")
    ] = False,
    plugin: Annotated[
        list[str] | None,
        typer.Option(help="file or module with methods of your own; repeatable, in any place"),
    ] = None,
) -> None:
    pass


@app.command(rich_help_panel=groups.DATA)
def fetch(
    names: Annotated[list[str], typer.Argument(help="data sets, published splits, or all data")],
    force: Annotated[bool, typer.Option("--force", help="download again what lies here")] = False,
    given: Annotated[
        Path | None,
        typer.Option("--from", help="a folder that has a split's files, for no network"),
    ] = None,
) -> None:
    """Downloads data sets and published splits, and verifies their checksums.

    An interrupted download goes on.

    \b
    hardball fetch wordnet_nouns
    hardball fetch ganea2018
    """
    from hardball.cli import data

    data.fetch_command(names, force=force, given=given)


@app.command(rich_help_panel=groups.DATA)
def build(
    names: Annotated[list[str] | None, typer.Argument(help="data sets, or all")] = None,
    edges: Annotated[
        Path | None, typer.Option(help="your own hierarchy: a table, OBO, OWL, Newick, nodes.dmp")
    ] = None,
    nodes: Annotated[
        Path | None, typer.Option(help="names and groups of its nodes: id, name, more columns")
    ] = None,
    name: Annotated[str | None, typer.Option(help="its name [the file's]")] = None,
    namespace: Annotated[
        list[str] | None, typer.Option(help="of an OBO or OWL file, only these; repeatable")
    ] = None,
    relation: Annotated[
        list[str] | None,
        typer.Option(help="edges of an ontology beside is_a, or of triples; repeatable"),
    ] = None,
    keep_implied: Annotated[
        bool, typer.Option("--keep-implied", help="edges that follow from others are edges too")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="a folder of its own [the cache]")] = None,
    from_source: Annotated[
        bool, typer.Option("--from-source", help="read bundled sets from their full source too")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="build again what is built")] = False,
    write_bundle: Annotated[
        bool, typer.Option("--write-bundle", help="write datasets/bundled from the full source")
    ] = False,
) -> None:
    """Builds data sets, or a hierarchy of your own from a file of child,parent edges.

    \b
    hardball build wordnet_nouns ncbi_mammalia
    hardball build --edges mine.tsv
    hardball build --edges go.obo --namespace molecular_function --name go_function
    """
    from hardball.cli import data

    data.build_command(
        names or [],
        edges=edges,
        nodes=nodes,
        name=name,
        namespaces=namespace or [],
        relations=relation or [],
        keep_implied=keep_implied,
        out=out,
        from_source=from_source,
        force=force,
        write_bundle=write_bundle,
    )


@app.command(rich_help_panel=groups.DATA)
def check(
    target: Annotated[str, typer.Argument(help="a data set, a built folder, or a run's .npz")],
    dataset: Annotated[
        str | None, typer.Option("--dataset", "-d", help="what a lone .npz embeds")
    ] = None,
    most_at_limit: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="share of points that may lie at the largest radius  [default: 0.05]"
        ),
    ] = None,
) -> None:
    """Sanity checks of a data set or of a run, as a pass or fail list; exit code 1 on a failure.

    \b
    hardball check ncbi_primates
    hardball check results/work/adhoc/points/RUN.npz
    """
    from hardball.cli import data

    if not data.check_command(target, dataset=dataset, most_at_limit=most_at_limit):
        raise typer.Exit(1)


@app.command("list", rich_help_panel=groups.DATA)
def list_(
    kind: Annotated[
        str, typer.Argument(help="task, manifold, sampler, loss, ... setting, dataset, method")
    ] = "",
) -> None:
    """What exists: methods with parameters and sources, settings, data sets, suites.

    \b
    hardball list
    hardball list sampler
    hardball list setting
    """
    from hardball.data import cards
    from hardball.report import reference

    kinds = list(dict.fromkeys(entry.kind for entry in registry.entries()))
    allowed = [*kinds, "setting", "dataset", "suite", "method"]
    kind = next((each for each in allowed if kind in (each, _plural(each))), kind)
    if kind and kind not in allowed:
        raise unknown("kind", kind, allowed)
    for shown in [kind] if kind else allowed:
        lines: list[tuple[str, ...]] = []
        if shown == "dataset":
            lines = [(name, cards.load(name).title) for name in cards.names()]
        elif shown == "setting":
            lines = list(reference.settings_listed())
        elif shown == "method":
            lines = own_method.listed()
        elif shown == "suite":
            lines = [(name, suites.load(name).summary) for name in suites.names()]
        else:
            for entry in registry.entries(cast(registry.Kind, shown)):
                given = ", ".join(f"{k}={v}" for k, v in entry.parameters.items())
                name = f"{entry.name}({given})" if given else entry.name
                lines.append((name, entry.summary, *_facts(entry)))
        if shown == "method" and not lines:
            lines = [("none is declared: name the file that does, --plugin my.py",)]
        typer.echo(_plural(shown))
        for name, *texts in lines:
            typer.echo("\n      ".join([f"  {name}", *texts]))


@app.command("plan", rich_help_panel=groups.RUNS)
def plan_(
    suite: Annotated[str, typer.Argument(help="name[:budget] or path of a suite file")],
    runs: Annotated[bool, typer.Option("--runs", help="one line a run instead of a job")] = False,
) -> None:
    """What a suite runs: factor, label, configuration, framework, seeds.

    \b
    hardball plan quick
    hardball plan my_suite.yaml --runs
    """
    loaded = suites.load(suite)
    if runs:
        for run in plan.runs(loaded):
            typer.echo(run.spec.run_id)
        return
    planned = plan.jobs(loaded)
    for job in planned:
        seeds = ",".join(str(run.spec.seed) for run in job.runs)
        first = job.runs[0]
        typer.echo(f"{job.config_id}\t{job.framework}\t{seeds}\t{first.factor}\t{first.label}")
    total = sum(len(job.runs) for job in planned)
    typer.echo(
        f"{loaded.name}: {len(planned)} jobs, {total} runs, up to {loaded.minutes:g} minutes on "
        "two cores",
        err=True,
    )


@app.command(rich_help_panel=groups.RUNS)
def train(
    suite: Annotated[str, typer.Option("--suite", "-s", help="a suite's job: name[:budget]")] = "",
    config: Annotated[str, typer.Option("--config", "-c", help="the job's configuration")] = "",
    framework: FrameworkOption = "jax",
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="data set of a single run")] = "",
    sampler: Annotated[str, typer.Option(help="such as siblings or cousins(k=2)")] = "",
    loss: Annotated[str, typer.Option(help="such as infonce(temperature=0.5)")] = "",
    manifold: Annotated[str, typer.Option(help="such as poincare")] = "",
    dim: Annotated[int | None, typer.Option(help="dimensions")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="any other setting, key=value; repeatable")
    ] = None,
    seeds: Annotated[str, typer.Option(help="comma-separated")] = "0",
    out: FolderOption = None,
) -> None:
    """Trains and scores one job of a suite, or a configuration of your own.

    A configuration of your own leaves its rows in results/work/adhoc.

    \b
    hardball train --dataset wordnet_mammals --sampler siblings --set epochs=50 --seeds 0,1,2
    hardball train --dataset mine --framework torch --sampler "cousins(k=2)" --set lr=0.2
    hardball train --suite quick --config CONFIG --framework jax
    """
    from hardball.training import work

    chosen = _framework(framework)
    if suite:
        own = [dataset, sampler, loss, manifold, dim, set_]
        if not config or any(value not in ("", None) for value in own):
            raise HardballError("--suite goes with --config and --framework alone")
        loaded = suites.load(suite)
        rows = work.run_job(plan.job(loaded, config, chosen), work.folder(out, loaded.name))
    else:
        if not dataset:
            raise HardballError("name a --dataset, or a --suite and a --config")
        given = {"dataset": dataset, "sampler": sampler, "loss": loss, "manifold": manifold}
        values = {key: settings.read(key, text) for key, text in given.items() if text}
        values |= {} if dim is None else {"dim": dim}
        values |= dict(settings.assignment(text) for text in set_ or [])
        specs = [settings.make_spec(values, chosen, seed) for seed in read_seeds(seeds)]
        rows = work.run_adhoc(specs, work.folder(out, ADHOC))
        typer.echo(f"rows in {work.folder(out, ADHOC) / 'runs.csv'}", err=True)
    for row in rows:
        typer.echo(work.summary(row))
    if len(rows) == 1 and rows[0].status == "ok" and not suite:
        points = work.folder(out, ADHOC) / "points" / f"{rows[0].run_id}.npz"
        typer.echo(f"points in {points}: ask `hardball nearest`, or `hardball export`", err=True)


@app.command(rich_help_panel=groups.RUNS)
def floors(
    suite: SuiteOption,
    config: ConfigOption,
    out: Annotated[Path, typer.Option(help="CSV file to write")],
) -> None:
    """Figures that need no embedding, for one configuration's data set and task."""
    from hardball.training import work

    jobs = [job for job in plan.jobs(suites.load(suite)) if job.config_id == config]
    if not jobs:
        raise HardballError(f"suite {suite} has no configuration {config!r}: see `hardball plan`")
    work.write_floors(jobs[0].spec, out)


@app.command(rich_help_panel=groups.RUNS)
def collect(
    suite: SuiteOption,
    out: FolderOption = None,
    partial: Annotated[bool, typer.Option(help="what there is, into partial/")] = False,
) -> None:
    """Gathers the rows of a suite's jobs into runs.csv, its floors into floors.csv."""
    from hardball.runs import collect as collecting
    from hardball.training import work

    loaded = suites.load(suite)
    try:
        path, count, missing = collecting.collect(loaded, work.folder(out, loaded.name), partial)
    except collecting.Missing as error:
        typer.echo(f"hardball: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{count} rows in {path}")
    for stem in missing:
        typer.echo(f"no rows of {stem}", err=True)


GROUPED: dict[str, tuple[Callable[..., None], ...]] = {
    groups.PEOPLE: people.COMMANDS,
    groups.METHODS: (people.score, *own_method.COMMANDS),
    groups.DATA: (deposit.croissant,),
    groups.RESULTS: (*report.COMMANDS, *site.COMMANDS, deposit.crate),
    groups.RUNS: (tune, ensembles.ensemble),
    groups.STUDIES: (peers, roofline, draws),
}
for heading, commands in GROUPED.items():
    for command in commands:
        app.command(rich_help_panel=heading)(command)


def _plural(kind: str) -> str:
    """What several methods of a kind are called."""
    if kind in ("pairs", "batches"):
        return kind
    if kind.endswith("y"):
        return f"{kind.removesuffix('y')}ies"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def _facts(entry: registry.Entry) -> list[str]:
    memory, work = entry.costs
    said = {"draws": entry.formula, "memory": memory, "a draw": work, "source": entry.source}
    return [f"{what}: {text}" for what, text in said.items() if text]


def _framework(name: str) -> Framework:
    if name not in ("jax", "torch"):
        raise HardballError(f"unknown framework {name!r}: allowed are jax, torch")
    return cast(Framework, name)
