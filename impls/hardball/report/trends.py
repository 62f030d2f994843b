"""How fast every kernel was, commit by commit: drawn from the result files that asv leaves."""

import ast
import itertools
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, LogLocator, NullLocator

from hardball.core.errors import HardballError
from hardball.report.plots import style

COLUMNS = 5
UNIT = {"timings": "s", "memory": "B"}
TITLE = {"timings": "seconds a call", "memory": "peak memory of the process"}
HOST = "host"
_KEY = ["machine", "quantity", "family", "kernel", "size", "framework"]


def files(results: Path) -> list[Path]:
    """asv's result files, one a commit and interpreter; none where nothing was measured."""
    return sorted(p for p in results.glob("*/*.json") if p.name != "machine.json")


def read(results: Path) -> pd.DataFrame:
    """One row a measured kernel and commit: its `value` in seconds or bytes, and where it lies.

    low, high: asv's 99 % interval of the median, or the value itself. Kernels that failed or were
    skipped, and figures of an older definition of a kernel, are left out.
    Raises HardballError when there is no result, or a file is not asv's.
    """
    rows = [row for path in files(results) for row in _rows(path)]
    if not rows:
        raise HardballError(f"no asv results in {results}: `make bench` measures this commit")
    frame = pd.DataFrame(rows).sort_values(["date", "commit"], kind="stable")
    newest = frame.groupby(["machine", "benchmark"])["version"].transform("last")
    frame = frame[frame["version"] == newest].drop(columns=["benchmark", "version"])
    # One commit measured by two interpreters: the last file stands.
    return frame.drop_duplicates([*_KEY, "commit"], keep="last").reset_index(drop=True)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        shared = {
            "machine": found["params"]["machine"],
            "commit": found["commit_hash"],
            "date": found["date"],
        }
        for name, columns in found["results"].items():
            given = dict(zip(found["result_columns"], columns, strict=False))
            yield from (shared | row for row in _kernels(name, given))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise HardballError(
            f"{path}: not a result of asv ({type(error).__name__}: {error}): remove it"
        ) from None


def _kernels(name: str, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The kernels of a benchmark `<timings or memory>.<Family>.<method>`."""
    quantity, family, _ = name.split(".")
    if quantity not in UNIT:
        return
    count = math.prod(len(values) for values in given["params"])
    lows, highs = (given.get(key) or [None] * count for key in ("stats_ci_99_a", "stats_ci_99_b"))
    combined = itertools.product(*given["params"])
    values = given["result"] or [None] * count
    for texts, value, low, high in zip(combined, values, lows, highs, strict=True):
        if value is None or math.isnan(value):
            continue
        kernel, size, framework = map(ast.literal_eval, texts)
        yield {
            "benchmark": name,
            "version": given["version"],
            "quantity": quantity,
            "family": family.lower(),
            "kernel": kernel,
            "size": size,
            "framework": framework,
            "value": value,
            "low": value if low is None or math.isinf(low) else low,
            "high": value if high is None or math.isinf(high) else high,
        }


def figures(frame: pd.DataFrame) -> Iterator[tuple[str, Figure]]:
    """(name, picture) of every family: time and memory apart, a machine apart where several are."""
    several = frame["machine"].nunique() > 1
    by = ["machine", "family", "quantity"]
    for (machine, family, quantity), part in frame.groupby(by, sort=False):
        name = f"{family}-{quantity}" + (f"-{machine}" if several else "")
        title = f"{str(family).capitalize()}: {TITLE[str(quantity)]}, {machine}"
        yield name, draw(part, title, UNIT[str(quantity)])


@style.styled
def draw(part: pd.DataFrame, title: str, unit: str) -> Figure:
    """A panel a kernel and size; values over commits, a line a framework, 99 % intervals."""
    commits = list(dict.fromkeys(part["commit"]))
    panels = list(part.groupby(["kernel", "size"], sort=False))
    columns = min(COLUMNS, len(panels))
    lines = -(-len(panels) // columns)
    fig, grid = style.figure(2.3 * columns + 0.6, 1.5 * lines + 0.9, nrows=lines, ncols=columns,
                             squeeze=False, sharex=True)  # fmt: skip
    for axes, ((kernel, size), rows) in zip(grid.flat, panels, strict=False):
        _panel(axes, rows, commits, unit)
        shown = f"{size:,}" if isinstance(size, int) else size
        axes.set_title(f"{kernel}  {shown}", fontsize=7, fontweight="normal")
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_visible(False)
    for column in range(columns):
        lowest = max(row for row in range(lines) if row * columns + column < len(panels))
        _commit_axis(grid[lowest][column], commits)
    frameworks = [f for f in ("jax", "torch", HOST) if f in set(part["framework"])]
    handles = [_line(grid[0][0], [], [], framework) for framework in frameworks]
    fig.legend(handles=handles, loc="outside upper right", ncols=len(handles), fontsize=8)
    style.titles(fig, title, "Bars: 99 % intervals of the median. Left to right: older to newer.")
    return fig


def _panel(axes: Axes, rows: pd.DataFrame, commits: Sequence[str], unit: str) -> None:
    place = {commit: x for x, commit in enumerate(commits)}
    for framework, one in rows.groupby("framework", sort=False):
        x = [place[commit] for commit in one["commit"]]
        _line(axes, x, list(one["value"]), str(framework))
        color = style.FRAMEWORK.get(str(framework), style.INK)
        axes.vlines(x, one["low"], one["high"], color=color, alpha=0.35, linewidth=2.5)
    axes.set_yscale("log")
    low, high = rows["value"].min() / 2, rows["value"].max() * 2
    axes.set_ylim(low, high)
    axes.set_xlim(-0.5, len(commits) - 0.5)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 60 * low else (1.0,)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(EngFormatter(unit, places=0, sep=" "))
    axes.tick_params(labelsize=6)
    style.quiet(axes, "y")


def _line(axes: Axes, x: Sequence[float], y: Sequence[float], framework: str) -> Any:
    (line,) = axes.plot(
        x,
        y,
        color=style.FRAMEWORK.get(framework, style.INK),
        marker=style.FRAMEWORK_MARK.get(framework, "s"),
        markersize=3,
        linewidth=1,
        label=style.FRAMEWORK_NAME.get(framework, "NumPy and numba"),
    )
    return line


def _commit_axis(axes: Axes, commits: Sequence[str]) -> None:
    """Short hashes below the lowest panel of a column, at most eight."""
    step = -(-len(commits) // 8)
    shown = range(0, len(commits), step)
    axes.xaxis.set_major_locator(FixedLocator(list(shown)))
    axes.set_xticklabels([commits[x][:7] for x in shown], rotation=60, ha="right", fontsize=6)
    axes.tick_params(labelbottom=True)


def write(results: Path, out: Path, formats: Sequence[str] = ("svg",)) -> list[Path]:
    """<out>/<family>-<timings or memory>.svg of every family.

    Raises HardballError on an unknown format, and as `read` does.
    """
    style.check_formats(formats)
    written = []
    for name, figure in figures(read(results)):
        written += style.save(figure, out / name, formats)
    return written
