"""The figures of README.md: marked regions, filled from frozen results, never typed by hand."""

import re
from pathlib import Path

import pandas as pd

from hardball.core.errors import HardballError
from hardball.core.files import replacing
from hardball.metrics import listing
from hardball.report import rows
from hardball.report.answer import FRAMEWORKS
from hardball.report.summary import Summary, summarise
from hardball.report.tables.render import number
from hardball.runs import suites

BEGIN, END = "<!-- begin {name} -->", "<!-- end {name} -->"
TABLE, FIGURE = "results table", "figure"
# Lines of the table: the page is to be read in a minute.
MOST = 16


def fill(text: str, name: str, content: str) -> str:
    """The text with what lies between the marks of `name` replaced; raises where there are none."""
    begin, end = BEGIN.format(name=name), END.format(name=name)
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise HardballError(f"no region {begin} ... {end} to fill")
    return pattern.sub(lambda _: f"{begin}\n{content.strip()}\n{end}", text)


def sampler_table(runs: pd.DataFrame, loss: str, framework: str, epochs: int) -> str:
    """Markdown: one line a sampler, with its closure MAP on each data set, best first.

    runs: of a suite that crosses samplers and data sets. Of a sampler with several settings the
    best on each data set is shown; hard negatives beside it make a line of its own. Lines are
    ordered by the first data set, whose costs are shown: evaluations (distances between an anchor
    and its positive or a negative) and seconds.
    Raises HardballError where no run fits.
    """
    fits = runs["loss"].map(rows.method_name).eq(loss) & runs["framework"].eq(framework)
    kept = runs[fits & runs["epochs"].eq(epochs) & runs["task"].eq("reconstruction")]
    if kept.empty:
        raise HardballError(f"no reconstruction with {loss}, {framework} and {epochs} epochs")
    found = summarise(kept, [listing.metric("map")])
    datasets = list(dict.fromkeys(one.settings["dataset"] for one in found))
    best: dict[str, dict[str, Summary]] = {}
    for one in sorted(found, key=_map, reverse=True):
        name = " + ".join([rows.method_name(one.settings["sampler"]), *_beside(one)])
        best.setdefault(name, {}).setdefault(one.settings["dataset"], one)
    heads = ["negatives", *(f"MAP, {name}" for name in datasets), "evaluations", "seconds"]
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)]]
    ordered = sorted(best.items(), key=lambda pair: _map(pair[1][datasets[0]]), reverse=True)
    for name, by_dataset in ordered:
        first = by_dataset[datasets[0]]
        cells = [_cell(by_dataset[key]) if key in by_dataset else "" for key in datasets]
        costs = [number(first.costs[key]) for key in ("scorings", "train_seconds")]
        lines.append([f"`{name}`", *cells, *costs])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _map(one: Summary) -> float:
    return one.estimates["map"].value


def _beside(one: Summary) -> list[str]:
    """Names of the hard negatives, each without how many and without its parameters."""
    hard = one.settings.get("hard") or ""
    return [rows.method_name(part.split(" ", 1)[1]) for part in hard.split(";") if part]


def _cell(one: Summary) -> str:
    estimate = one.estimates["map"]
    return f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"


def figure(frozen: Path, name: str, root: Path, caption: str) -> str:
    """Markdown of a frozen picture, by a path relative to the checkout."""
    path = frozen / "plots" / f"{name}.png"
    if not path.is_file():
        raise HardballError(f"no {path}: run `hardball plot` and freeze again")
    return f"![{caption}]({path.relative_to(root).as_posix()})"


def update(
    readme: Path,
    version: Path,
    root: Path,
    *,
    suite: str = "samplers",
    pictured: str = "mammals",
    dataset: str = "wordnet_mammals",
    dim: int = 5,
) -> None:
    """Fills both regions of README.md from results/<version>.

    suite: whose runs the table is made of; pictured: whose picture of the data set is shown. A
    version without that suite leaves the picture that stands.
    """
    text = readme.read_text(encoding="utf-8")
    text = filled(text, version, suite, dim)
    if (version / pictured).is_dir():
        caption = f"{dataset} in the Poincaré disk, from {dim} dimensions"
        name = f"disk-{rows.file_name(dataset)}-d{dim}"
        text = fill(text, FIGURE, figure(version / pictured, name, root, caption))
    with replacing(readme) as aside:
        aside.write_text(text, encoding="utf-8")


def filled(text: str, version: Path, suite: str = "samplers", dim: int = 5) -> str:
    """The text with its results table made of results/<version>/<suite> and the line below it."""
    runs = rows.read_runs(version / suite / "runs.csv")
    epochs = int(runs["epochs"].mode().iloc[0])
    # The framework with more seeds, PyTorch where both have as many.
    seeds = runs.groupby("framework")["seed"].nunique()
    framework = max(seeds.index, key=lambda name: (seeds[name], name))
    tuners = suites.read(suite).tuned_by if suite in suites.names() else []
    rates = (
        f"each at the best rate that `{tuners[0]}` found" if tuners else "one learning rate for all"
    )
    source = (
        f"Suite `{suite}` of `results/{version.name}/`: InfoNCE, d = {dim}, "
        f"{FRAMEWORKS[framework]}, {epochs} passes, {seeds[framework]} seeds, {rates}; "
        "interquartile means with bootstrap 95 % intervals."
    )
    lines = sampler_table(runs, "infonce", framework, epochs).splitlines()
    table, below = "\n".join(lines[: MOST + 2]), len(lines) - MOST - 2
    rest = f" {below} other kinds have less." if below > 0 else ""
    return fill(text, TABLE, f"{table}\n\n{source}{rest}")


def told(text: str) -> tuple[str, str] | None:
    """(version, suite) that the line below the results table names; None where there is none."""
    found = re.search(r"^Suite `(\w+)` of `results/([\w.]+)/`", text, re.MULTILINE)
    return (found[2], found[1]) if found else None
