"""Tables as the pages show them: cells with a text, a key to sort by and what marks them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from hardball.report.marks import BEST, LEVEL, overlap
from hardball.report.statistics import Estimate
from hardball.report.tables import render
from hardball.report.tables.render import Cell, Column, Line, Table

# Columns that a page filters by, where they have several values.
FILTERS = ("framework", "dataset", "suite", "task", "variant", "rates", "loss", "space")
MOST_CHOICES = 40
KINDS = {"external": "made elsewhere", "floor": "no embedding", "published": "published"}


@dataclass(frozen=True)
class Box:
    """A cell: its text, its interval, the number that it is sorted by ("" for text), a link.

    mark: BEST, LEVEL or "", see `standings`.
    """

    text: str
    interval: str = ""
    key: str = ""
    mark: str = ""
    link: str = ""


@dataclass(frozen=True)
class Row:
    """kind: the part of the table, in words; "" for runs of ours. links: words and addresses."""

    boxes: list[Box]
    kind: str
    links: list[tuple[str, str]]


@dataclass(frozen=True)
class Head:
    """choices: what the column may be filtered by, none where it may not. where: its place."""

    text: str
    arrow: str
    numeric: bool
    where: int
    choices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class View:
    """A table of a page. name: unique in the page; linked: whether rows have links."""

    name: str
    title: str
    heads: list[Head]
    rows: list[Row]
    notes: list[str]

    @property
    def linked(self) -> bool:
        return any(row.links for row in self.rows)

    @property
    def marked(self) -> bool:
        return any(box.mark for row in self.rows for box in row.boxes)

    @property
    def filters(self) -> list[Head]:
        return [head for head in self.heads if head.choices]


def view(
    table: Table,
    *,
    group: Callable[[Line], str] = lambda line: "",
    links: Callable[[Line], list[tuple[str, str]]] = lambda line: [],
    keys: Mapping[str, str] = MappingProxyType({}),
) -> View:
    """A table for a page.

    group: lines among which a best one is named, "" for none. links: what a line leads to, the
    first from its first cell too. keys: of a column of text, the cell whose number it is sorted by.
    """
    columns = table.shown
    marks = standings(table.lines, columns, group)
    rows = []
    for line in table.lines:
        leads = links(line)
        boxes = [
            _box(line, column, marks, keys, leads[0][1] if leads and not place else "")
            for place, column in enumerate(columns)
        ]
        rows.append(Row(boxes, KINDS.get(line.kind, ""), leads))
    heads = [_head(table, column, column.key in keys, k) for k, column in enumerate(columns)]
    return View(table.name, table.title, heads, rows, table.notes)


def standings(
    lines: Sequence[Line], columns: Sequence[Column], group: Callable[[Line], str]
) -> dict[tuple[int, str], str]:
    """(id of a line, column's key) -> BEST of its group, or LEVEL: its interval meets the best's.

    What is written like the best is the best too. A group of one has none; lines without an
    interval, of a single seed, take no part.
    """
    groups: dict[str, list[Line]] = {}
    for line in lines:
        if name := group(line):
            groups.setdefault(name, []).append(line)
    found: dict[tuple[int, str], str] = {}
    for members in groups.values():
        for column in columns:
            if column.direction != "none":
                found |= _standing(members, column)
    return found


def _standing(members: Sequence[Line], column: Column) -> dict[tuple[int, str], str]:
    cells = [(line, line.cells.get(column.key)) for line in members]
    known = [
        (line, cell)
        for line, cell in cells
        if isinstance(cell, Estimate) and cell.has_interval and math.isfinite(cell.value)
    ]
    if len(known) < 2:
        return {}
    sign = 1.0 if column.direction == "max" else -1.0
    top = max((cell for _, cell in known), key=lambda cell: sign * cell.value)
    found = {}
    for line, cell in known:
        if render.number(cell.value) == render.number(top.value):
            found[id(line), column.key] = BEST
        elif overlap(cell, top):
            found[id(line), column.key] = LEVEL
    return found


def _head(table: Table, column: Column, keyed: bool, where: int) -> Head:
    choices: list[str] = []
    if column.key in FILTERS:
        seen = {render.text(line.cells.get(column.key)) for line in table.lines} - {""}
        choices = sorted(seen) if 1 < len(seen) <= MOST_CHOICES else []
    arrow = render.ARROWS[column.direction]
    return Head(column.header, arrow, keyed or not column.text, where, choices)


def shown(cell: Cell) -> tuple[str, str]:
    """A cell to read, and its interval apart: `0.993`, `0.992–0.994`."""
    text = render.text(cell)
    if not isinstance(cell, Estimate) or "[" not in text:
        return text, ""
    value, _, interval = text.removesuffix("]").partition(" [")
    return value, interval.replace(", ", " to " if "-" in interval else "–")


def _box(
    line: Line,
    column: Column,
    marks: Mapping[tuple[int, str], str],
    keys: Mapping[str, str],
    link: str,
) -> Box:
    text, interval = shown(line.cells.get(column.key))
    number = line.cells.get(keys.get(column.key, column.key))
    value = number.value if isinstance(number, Estimate) else number
    known = isinstance(value, int | float) and not math.isnan(value)
    key = f"{value:.6g}" if known else ""
    return Box(text, interval, key, marks.get((id(line), column.key), ""), link)
