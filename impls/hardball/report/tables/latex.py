"""A table as LaTeX: booktabs, short where asked to, ready to be put into a paper."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hardball.core import errors
from hardball.core.errors import HardballError
from hardball.report.marks import BEST, LEVEL, SAID, overlap
from hardball.report.statistics import Direction, Estimate
from hardball.report.tables.render import (
    FOREIGN,
    Cell,
    Column,
    Line,
    Table,
    best,
    number,
    seen,
    text,
)

ARROWS: dict[Direction, str] = {"max": r" $\uparrow$", "min": r" $\downarrow$", "none": ""}
SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"$<$", ">": r"$>$", "|": r"$|$",
    "≤": r"$\le$", "≥": r"$\ge$", "·": r"$\cdot$", "×": r"$\times$", "↑": r"$\uparrow$",
    "↓": r"$\downarrow$", "→": r"$\to$", "ρ": r"$\rho$", "−": "$-$", "∞": r"$\infty$",
    "≈": r"$\approx$", "–": "--", "†": r"\dag{}", "‡": r"\ddag{}", "§": r"\S{}",
}  # fmt: skip
FRAMEWORKS = ("jax", "torch")
# What a line of ours is ranked by, where a table has it.
FIRST = "map"
NAME = "method"
LEVEL_NOTE = "Bold: the best; underlined: its interval overlaps that of the best."


@dataclass(frozen=True)
class Shape:
    """What a LaTeX table shows; the defaults show a page as Markdown has it.

    top: the best so many of our lines; None: all. columns: keys as the CSV has them, in order;
    none: those of the page. framework: lines of this one alone. longtable: over several pages.
    """

    top: int | None = None
    columns: tuple[str, ...] = ()
    framework: str = ""
    longtable: bool = False


def check(shape: Shape, tables: Sequence[Table]) -> None:
    """Raises HardballError on a column that no table has, an unknown framework, and top < 1."""
    if shape.top is not None and shape.top < 1:
        raise HardballError(f"--top {shape.top}: allowed are 1 and above")
    if shape.framework and shape.framework not in FRAMEWORKS:
        raise errors.unknown("framework", shape.framework, FRAMEWORKS)
    known = list(dict.fromkeys(column.key for table in tables for column in table.columns))
    for key in shape.columns:
        if key not in known:
            raise errors.unknown("column", key, known)
    if not any(shaped(table, shape) for table in tables):
        raise HardballError(
            "no table has a line that fits --columns and --framework: leave one of them out"
        )


def shaped(table: Table, shape: Shape) -> Table | None:
    """The table with the lines and columns that are asked for; None where nothing is left."""
    lines = [line for line in table.lines if _fits(line, shape.framework)]
    if not any(line.kind == "ours" for line in lines):
        return None
    columns = table.shown
    if shape.framework:
        columns = [column for column in columns if column.key != "framework"]
    if shape.columns:
        by_key = {column.key: column for column in table.columns}
        if not set(shape.columns) & set(by_key):
            return None
        asked = [by_key[key] for key in shape.columns if key in by_key]
        named = [] if any(column.text for column in asked) else _names(columns)
        columns = [*named, *asked]
    # A page has no column that no line fills; the chosen ones are on the page.
    columns = [replace(column, only_csv=False) for column in columns]
    short = replace(table, columns=columns, lines=lines)
    return _best(short, shape.top) if shape.top else short


def _fits(line: Line, framework: str) -> bool:
    its = line.cells.get("framework")
    return not framework or line.kind != "ours" or its in (framework, None)


def _names(columns: Sequence[Column]) -> list[Column]:
    """The columns that name a line: what differs goes with the method's name."""
    named = [column for column in columns if column.key in (NAME, "differs")]
    return named or [column for column in columns if column.text][:1]


def _best(table: Table, top: int) -> Table:
    """The best `top` of our lines, by MAP or else the first column that has a better end."""
    ranked = [column for column in table.columns if column.direction != "none"]
    by = next((column for column in ranked if column.key == FIRST), ranked[0] if ranked else None)
    ours = [line for line in table.lines if line.kind == "ours"]
    if by is not None:
        sign = -1.0 if by.direction == "max" else 1.0
        ours.sort(key=lambda line: _worth(line, by, sign))
    kept = {id(line) for line in ours[:top]}
    left = [line for line in table.lines if line.kind != "ours"]
    return replace(table, lines=[line for line in ours if id(line) in kept] + left)


def _worth(line: Line, by: Column, sign: float) -> float:
    cell = line.cells.get(by.key)
    value = cell.value if isinstance(cell, Estimate) else cell
    known = isinstance(value, int | float) and value == value
    return sign * float(value) if known else float("inf")  # type: ignore[arg-type]


def standing(table: Table) -> dict[tuple[int, str], str]:
    """(id of a line, column's key) -> BEST, or LEVEL where its interval overlaps the best's.

    What is written like the best is the best too. Others are left out.
    """
    found = {}
    for column in table.shown:
        value = best(table, column)
        if math.isnan(value):
            continue
        ours = [line for line in table.lines if line.kind == "ours"]
        tops = [line.cells.get(column.key) for line in ours if seen(line, column) == value]
        for line in ours:
            cell = line.cells.get(column.key)
            if number(seen(line, column)) == number(value):
                found[id(line), column.key] = BEST
            elif isinstance(cell, Estimate) and any(_level(cell, top) for top in tops):
                found[id(line), column.key] = LEVEL
    return found


def _level(cell: Estimate, top: Cell) -> bool:
    return isinstance(top, Estimate) and cell.has_interval and overlap(cell, top)


def notes_of(table: Table) -> list[str]:
    """The notes of a table, what its bold and underlined figures mean, and its footnote marks."""
    shown = {column.key for column in table.shown}
    marks = "".join(
        mark for line in table.lines for key, mark in line.marks.items() if key in shown
    )
    level = [LEVEL_NOTE] if LEVEL in standing(table).values() else []
    return [*table.notes, *level, *(f"{m} {said}." for m, said in SAID.items() if m in marks)]


def to_latex(table: Table, longtable: bool = False) -> str:
    """A booktabs table that says which packages it needs, or one over several pages.

    The best of our lines is bold; those whose interval overlaps its own are underlined.
    """
    columns = table.shown
    shape = "".join("l" if c.text else "r" for c in columns)
    heads = " & ".join(escape(c.header) + ARROWS[c.direction] for c in columns) + r" \\"
    caption = rf"\caption{{{escape(table.title)}. {escape(' '.join(notes_of(table)))}}}"
    label = rf"\label{{tab:{table.name}}}"
    if longtable:
        top = [r"\begin{longtable}{" + shape + "}", caption + label + r" \\", r"\toprule", heads,
               r"\midrule", r"\endfirsthead", r"\toprule", heads, r"\midrule",
               r"\endhead", r"\bottomrule", r"\endfoot"]  # fmt: skip
        end = [r"\end{longtable}"]
    else:
        top = [r"\begin{table}", r"\centering", caption, label,
               r"\begin{tabular}{" + shape + "}", r"\toprule", heads, r"\midrule"]  # fmt: skip
        end = [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    needed = ["booktabs", "longtable"] if longtable else ["booktabs"]
    comment = "% needs " + " ".join(rf"\usepackage{{{package}}}" for package in needed)
    return "\n".join([comment, *top, *_body(table, columns), *end]) + "\n"


def _body(table: Table, columns: Sequence[Column]) -> list[str]:
    standings = standing(table)
    parts = table.part_order()
    out: list[str] = []
    for place, part in enumerate(parts):
        if place:
            out.append(r"\midrule")
        if parts != ["ours"]:
            title = escape(table.parts.get(part, part))
            out.append(rf"\multicolumn{{{len(columns)}}}{{l}}{{\textit{{{title}}}}} \\")
        for line in (x for x in table.lines if x.kind == part):
            cells = [_cell(line, c, standings.get((id(line), c.key), "")) for c in columns]
            out.append(" & ".join(cells) + r" \\")
    return out


def _cell(line: Line, column: Column, its: str) -> str:
    mark = escape(line.marks.get(column.key, ""))
    shown = escape(text(line.cells.get(column.key)))
    if not shown:
        return ""
    if line.kind in FOREIGN:
        return rf"\textit{{{shown}}}{mark}"
    if its == BEST:
        return rf"\textbf{{{shown}}}{mark}"
    return rf"\underline{{{shown}}}{mark}" if its == LEVEL else shown + mark


def escape(plain: str) -> str:
    """Plain text for LaTeX."""
    return "".join(SPECIAL.get(character, character) for character in plain)
