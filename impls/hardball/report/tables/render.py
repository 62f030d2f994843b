"""A table as CSV (full precision) and as Markdown (to read)."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from hardball.report.statistics import Direction, Estimate

Cell = str | int | float | Estimate | None
FOREIGN = ("floor", "published")
ARROWS: dict[Direction, str] = {"max": "↑", "min": "↓", "none": ""}


@dataclass(frozen=True)
class Column:
    """key: its name in the CSV; header: its name for readers; only_csv: too much for a page."""

    key: str
    header: str
    direction: Direction = "none"
    only_csv: bool = False
    text: bool = False


@dataclass(frozen=True)
class Line:
    """kind: the part of the table a line stands in ("ours", "floor", "published").

    marks: by column, the footnote marks of a cell, which LaTeX shows.
    """

    cells: dict[str, Cell]
    kind: str = "ours"
    marks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """parts: heading of each kind of line; ranked: the best of our lines stands out."""

    name: str
    title: str
    columns: list[Column]
    lines: list[Line]
    notes: list[str] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)
    ranked: bool = True

    @property
    def shown(self) -> list[Column]:
        """The columns of a page: not those for the CSV alone, nor empty ones."""
        return [c for c in self.columns if not c.only_csv and self._filled(c)]

    def _filled(self, column: Column) -> bool:
        return any(line.cells.get(column.key) not in (None, "") for line in self.lines)

    def part_order(self) -> list[str]:
        return list(dict.fromkeys(line.kind for line in self.lines))


def number(value: float) -> str:
    """A figure to read: 2,287 / 12.34 / 0.993 / 1.3e-07; ∞ and - for none."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    size = abs(value)
    if value == 0:
        return "0"
    if size >= 1e6:
        return _millions(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size < 1e-3:
        return f"{value:.1e}"
    digits = 1 if size >= 100 else 2 if size >= 10 else 3 if size >= 0.01 else 4
    return f"{value:.{digits}f}"


def _millions(value: float) -> str:
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if abs(value) >= size:
            return f"{value / size:#.3g}".rstrip(".") + f" {unit}"
    raise ValueError(value)


def text(cell: Cell) -> str:
    """A cell to read: `0.993 [0.992, 0.994]`; a mean lost to diverged runs says so."""
    if cell is None:
        return ""
    if isinstance(cell, Estimate):
        if math.isinf(cell.value):
            return "diverged"
        if not cell.has_interval:
            return number(cell.value)
        return f"{number(cell.value)} [{number(cell.low)}, {number(cell.high)}]"
    if isinstance(cell, float):
        return number(cell)
    return str(cell)


def best(table: Table, column: Column) -> float:
    """The best value among our own lines; NaN where there is nothing to compare."""
    if column.direction == "none" or not table.ranked:
        return math.nan
    values = [
        cell.value if isinstance(cell, Estimate) else cell
        for line in table.lines
        if line.kind == "ours" and isinstance(cell := line.cells.get(column.key), Estimate | float)
    ]
    finite = [v for v in values if math.isfinite(v)]
    if len(finite) < 2:
        return math.nan
    return max(finite) if column.direction == "max" else min(finite)


def seen(line: Line, column: Column) -> float:
    """The number in a cell, of an estimate its value; NaN where there is none."""
    cell = line.cells.get(column.key)
    value = cell.value if isinstance(cell, Estimate) else cell
    return value if isinstance(value, float) else math.nan


def to_csv(table: Table) -> str:
    """Every column at full precision; an estimate is three: value, _low and _high."""
    wide = {
        c.key
        for c in table.columns
        if any(isinstance(line.cells.get(c.key), Estimate) for line in table.lines)
    }
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header = ["part"]
    for column in table.columns:
        tails = ("", "_low", "_high") if column.key in wide else ("",)
        header += [column.key + tail for tail in tails]
    writer.writerow(header)
    for line in table.lines:
        record: list[str] = [line.kind]
        for column in table.columns:
            record += _plain(line.cells.get(column.key), column.key in wide)
        writer.writerow(record)
    return out.getvalue()


def _plain(cell: Cell, wide: bool) -> list[str]:
    if isinstance(cell, Estimate):
        return ["" if math.isnan(v) else repr(float(v)) for v in cell[:3]]
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        shown = ""
    else:
        shown = repr(float(cell)) if isinstance(cell, float) else str(cell)
    return [shown, "", ""] if wide else [shown]


def to_markdown(table: Table, heading: str = "#") -> str:
    """Title, table with a heading line for each part, then the notes."""
    columns = table.shown
    rules = [":--" if c.text else "--:" for c in columns]
    body = [_row([_head(c) for c in columns]), _row(rules)]
    tops = {c.key: best(table, c) for c in columns}
    headed = table.part_order() != ["ours"]
    for part in table.part_order():
        if headed:
            title = table.parts.get(part, part)
            body.append(_row([f"**{title}**", *[""] * (len(columns) - 1)]))
        for line in (x for x in table.lines if x.kind == part):
            body.append(_row([_cell(line, c, tops[c.key]) for c in columns]))
    notes = [f"{note}  " for note in table.notes]
    return "\n".join([f"{heading} {table.title}", "", *body, "", *notes]).rstrip() + "\n"


def _head(column: Column) -> str:
    return f"{column.header} {ARROWS[column.direction]}".strip()


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _cell(line: Line, column: Column, top: float) -> str:
    shown = text(line.cells.get(column.key))
    if not shown:
        return ""
    if line.kind in FOREIGN:
        return f"*{shown}*"
    is_best = line.kind == "ours" and number(seen(line, column)) == number(top)
    return f"**{shown}**" if is_best and not math.isnan(top) else shown
