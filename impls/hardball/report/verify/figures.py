"""Figures in sentences and tables of the documents, each tied to rows by a comment before it.

    <!-- figures v0.2/heldout; dataset=ncbi_primates
    .361 [.348, .367] = metric=map; sampler=pool; hard=256 in_batch
    +.040 = metric=map; lr=1.2 minus lr=0.4
    1.25 = metric=train_seconds; sampler=pool over sampler=uniform
    +.01 = loss=focal; lr=1 minus sampler=uniform beyond loss=bce; lr=2 minus sampler=uniform
    -->

    <!-- table v0.2/temporal; metric=map
    columns = dataset=ncbi_primates | - | dataset=ncbi_mammalia
    a pool = sampler=pool; hard=
    *tree distance* = baseline=tree_distance
    -->

The next paragraph or table has to hold each text, and rows have to give it, to the digits shown. In
a table a line names the beginning of a row; its cells follow the columns, `-` is not checked. Keys
are columns of runs.csv, and: `metric` (`map,mean_rank` of a cell with both), `suffix`, which is
added to it, `baseline`, and `stat`: mean, median, lowest or highest in place of the interquartile
mean. A difference and a ratio are paired by seed; `beyond` is the difference of two differences.
What follows minus, over and beyond is what changes in the settings before it.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hardball.core.errors import HardballError
from hardball.metrics import listing
from hardball.metrics.declare import Metric
from hardball.report import links, statistics
from hardball.report.claims import select
from hardball.report.claims.ledger import BASELINE, KIND_OF
from hardball.report.claims.select import Source
from hardball.report.rows import COSTS
from hardball.report.statistics import Estimate
from hardball.report.summary import by_seed, finished_values

_COMMENT = re.compile(r"<!-- (figures|table) (.*?)-->", re.DOTALL)
_NUMBER = re.compile(r"[+−-]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)")
# What looks like a measured figure in a page: a number with a decimal point.
_MEASURED = re.compile(r"(?<![\w.])[+−-]?\d*\.\d+(?![\w.]*\w)")
# README's table is checked as a whole, see `readme.filled`.
_ASIDE = re.compile(
    r"<!-- begin results table -->.*?<!-- end results table -->|<!--.*?-->"
    r"|^(```|~~~).*?^\1|`[^`\n]*`|\]\([^)]*\)",
    re.DOTALL | re.MULTILINE,
)
SKIPPED = "-"
STATISTICS: Mapping[str, Callable[[np.ndarray], np.floating[Any]]] = {
    "mean": np.mean, "median": np.median, "lowest": np.min, "highest": np.max,
}  # fmt: skip
# Keys that say which figure is meant, beside those that say which rows.
OF_FIGURE = ("metric", "suffix", "suite", "stat")
# Keys that hold what a figure is compared with.
PAIRED = ("minus", "over", "beyond")
_COST = Metric("cost", "min", 0, math.inf, "what a run cost")
Spec = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """A text of a page and the rows that it is to come from; wrong: what does not fit, "" if all.

    count: how many numbers the text has.
    """

    page: Path
    line: int
    text: str
    suite: str
    wrong: str = ""
    count: int = 1

    @property
    def measured(self) -> int:
        """How many of its numbers have a decimal point, as `measured` counts a page's."""
        return len(_MEASURED.findall(self.text))


class Rows:
    """Suites by their name, v0.2/heldout, each read once."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self._read: dict[str, Source] = {}

    def of(self, name: str) -> Source:
        """Raises HardballError where the suite has no rows."""
        if name not in self._read:
            version, _, suite = name.partition("/")
            found = select.source_of(self.results / version, suite)
            if found is None:
                raise HardballError(f"no rows of {name}")
            self._read[name] = found
        return self._read[name]


def figures(page: Path, rows: Rows, version: str = "") -> Iterator[Figure]:
    """Every figure that a page ties to rows, of one version alone where it is named."""
    text = page.read_text(encoding="utf-8")
    for found in _COMMENT.finditer(text):
        head, *lines = [line.strip() for line in found[2].strip().splitlines()]
        suite, _, shared = head.partition("; ")
        if version and not suite.startswith(f"{version}/"):
            continue
        after = text[found.end() :].lstrip("\n").split("\n\n")[0]
        place = text.count("\n", 0, found.start()) + 1
        read = _of_table if found[1] == "table" else _of_sentences
        for told, spec, count in read(lines, spec_of(shared), after):
            wrong = spec if isinstance(spec, str) else _compare(told, spec, suite, rows)
            yield Figure(page, place, told, suite, wrong, count)


Told = tuple[str, Spec | str, int]


def _of_sentences(lines: list[str], shared: Spec, after: str) -> Iterator[Told]:
    words = " ".join(after.split())
    for line in lines:
        told, sign, given = line.partition(" = ")
        if not sign:
            yield line, "write TEXT = key=value; key=value", 1
            continue
        missing = not re.search(rf"(?<![\d.]){re.escape(told)}(?![\d]|\.\d)", words)
        count = len(_NUMBER.findall(told))
        yield told, "is not in the next paragraph" if missing else _merged(shared, given), count


def _of_table(lines: list[str], shared: Spec, after: str) -> Iterator[Told]:
    head, *named = lines
    columns = [part.strip() for part in head.partition("columns = ")[2].split(" | ")]
    table = _rows_of(after)
    for line in named:
        label, _, given = line.partition(" = ")
        rows = [row for row in table if row.startswith(f"{label} | ")]
        if len(rows) != 1:
            yield label, f"{len(rows)} rows of the next table begin so", 1
            continue
        shown = rows[0].removeprefix(f"{label} | ").split(" | ")
        if len(shown) != len(columns):
            yield label, f"{len(shown)} cells for {len(columns)} columns", 1
            continue
        for cell, column in zip(shown, columns, strict=True):
            plain = cell.replace("*", "").strip()
            if column != SKIPPED and _NUMBER.search(plain):
                yield from _of_cell(plain, _merged({**shared, **spec_of(column)}, given))


def _rows_of(after: str) -> list[str]:
    """The rows of a table, cells parted by " | "; an empty first cell is the one above it."""
    found: list[str] = []
    first = ""
    for line in after.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        first = cells[0] or first
        found.append(" | ".join([first, *cells[1:]]))
    return found


def _of_cell(plain: str, spec: Spec) -> Iterator[Told]:
    """One figure, or one of each metric: `metric=map,mean_rank` of a cell `.925 / 2.01`."""
    metrics, parts = str(spec.get("metric", "map")).split(","), plain.split(" / ")
    if len(metrics) != len(parts):
        yield plain, f"{len(parts)} figures for {len(metrics)} metrics", 1
        return
    for metric, part in zip(metrics, parts, strict=True):
        yield part, {**spec, "metric": metric}, len(_NUMBER.findall(part))


def _merged(shared: Spec, given: str) -> Spec:
    given, beyond, other = given.partition(" beyond ")
    first, sign, second = given.partition(" minus ")
    how = "minus"
    if not sign:
        first, sign, second = given.partition(" over ")
        how = "over"
    spec = {**shared, **spec_of(first)}
    found = {**spec, how: {**spec, **spec_of(second)}} if sign else spec
    return {**found, "beyond": _merged(spec, other)} if beyond else found


def spec_of(text: str) -> Spec:
    """{key: value} of `key=value; key=value`; numbers are numbers where a column has them.

    >>> spec_of("sampler=pool; lr=0.4; hard=")
    {'sampler': 'pool', 'lr': 0.4, 'hard': ''}
    """
    found: Spec = {}
    for part in filter(None, text.strip().split("; ")):
        key, _, value = part.partition("=")
        found[key] = value
        if key not in KIND_OF and key not in ("hard", "dataset"):
            try:
                found[key] = float(value)
            except ValueError:
                continue
    return found


def _compare(told: str, spec: Spec, suite: str, rows: Rows) -> str:
    """What differs between a text and the rows, "" if nothing."""
    try:
        found = value_of(rows.of(str(spec.get("suite", suite))), spec)
    except HardballError as error:
        return str(error)
    shown = _NUMBER.findall(told)
    given = [found.value, found.low, found.high][: len(shown)]
    if len(shown) != len(given):
        return f"{len(shown)} numbers; allowed are one, or one with its interval"
    percent = 100.0 if "%" in told else 1.0
    for text, value in zip(shown, given, strict=True):
        if not same(text, value * percent):
            return f"the rows say {_like(text, value * percent)}"
    return ""


def same(text: str, value: float) -> bool:
    """Whether a number as it is written is the value, to the digits that it has.

    >>> same(".361", 0.3609), same("−.02", -0.0204), same("1,680", 1680.4), same(".36", 0.37)
    (True, True, True, False)
    """
    if math.isnan(value):
        return False
    plain = text.replace(",", "").replace("−", "-").lstrip("+")
    digits = len(plain.partition(".")[2])
    return abs(float(plain) - value) <= 0.5 * 10**-digits + 1e-9


def _like(text: str, value: float) -> str:
    return f"{value:.{len(text.partition('.')[2])}f}"


def value_of(source: Source, spec: Spec) -> Estimate:
    """The interquartile mean with its interval over seeds, or what `stat` names.

    A difference to the rows of `minus`, and a ratio to those of `over`, is paired by seed. Raises
    HardballError where no row, or several configurations, fit.
    """
    asked = {key: value for key, value in spec.items() if key not in (*PAIRED, "suite")}
    metric = f"{asked.pop('metric', 'map')}{asked.pop('suffix', '')}"
    statistic = asked.pop("stat", "")
    if BASELINE in asked:
        named = {BASELINE: asked.pop(BASELINE)}
        figure = select.baseline(source, named, asked, metric)
        if figure is None:
            raise HardballError(f"{source.name} has no such baseline")
        return Estimate(figure, math.nan, math.nan, 1)
    runs = _one(source, asked, metric)
    if spec.keys() & set(PAIRED):
        return _paired(source, spec, asked, metric)
    values = finished_values(runs, metric)
    if statistic:
        if statistic not in STATISTICS:
            raise HardballError(f"stat {statistic}: allowed are {', '.join(STATISTICS)}")
        return Estimate(float(STATISTICS[statistic](values)), math.nan, math.nan, len(values))
    return statistics.estimate(values)


def _paired(source: Source, spec: Spec, asked: Spec, metric: str) -> Estimate:
    """A difference, a ratio, or how far one difference is beyond another, paired by seed."""
    known = _COST if metric in COSTS else listing.metric(metric)
    known = replace(known, name=metric)

    def values(given: Mapping[str, Any]) -> dict[int, float]:
        rest = {key: v for key, v in given.items() if key not in (*OF_FIGURE, *PAIRED)}
        return by_seed(_one(source, rest, metric), known)

    if "beyond" in spec:
        other = spec["beyond"]
        if "minus" not in spec or "minus" not in other:
            raise HardballError("beyond stands between two differences: A minus B beyond C minus D")
        parts = asked, spec["minus"], other, other["minus"]
        return statistics.interference(*(values(part) for part in parts))
    if "over" in spec:
        return statistics.ratio(values(asked), values(spec["over"]))
    pair = statistics.contrast(values(asked), values(spec["minus"]), known.direction)
    return pair.difference


def _one(source: Source, asked: Mapping[str, Any], metric: str) -> Any:
    """The rows of the one configuration that fits, of PyTorch where both frameworks ran."""
    if metric not in source.runs:
        raise HardballError(f"{source.name} has no column {metric}")
    for key in asked:
        if key not in source.runs:
            raise HardballError(f"{source.name} has no column {key}")
    for _, runs in select.by_framework(source.runs):
        kept = select.fitting(runs, asked)
        kept = kept[kept[metric].notna()]
        if kept["config_id"].nunique() > 1:
            raise HardballError(
                f"{kept['config_id'].nunique()} configurations of {source.name} fit"
            )
        if len(kept):
            return kept
    raise HardballError(f"no row of {source.name} fits")


def measured(page: Path) -> int:
    """How many numbers with a decimal point a page has, code, links and comments left out."""
    return len(_MEASURED.findall(_ASIDE.sub("", page.read_text(encoding="utf-8"))))


def pages(root: Path) -> list[Path]:
    """README.md and the pages of findings that people write; that of claims is made of rows."""
    found = [page for page in links.pages(root) if page.parent.name == "findings"]
    return [root / "README.md", *(page for page in found if page.name != "claims.md")]
