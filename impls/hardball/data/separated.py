"""Text tables: which character parts their columns, their header, comments and cells."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np

from hardball.core.errors import HardballError
from hardball.data import headers, text_files
from hardball.data.table import strings

SEPARATORS = {".tsv": "\t", ".tab": "\t", ".csv": ",", ".psv": "|"}
"""What parts the columns of files with these endings, unless their first line says another."""
UNSAID = (".txt", ".edges", ".edgelist", ".dat", ".list", "")
"""Endings of text tables that do not say what parts their columns."""
_NAMES = {"\t": "a tab", ",": "a comma", ";": ";", "|": "|", " ": "spaces", "  ": "two spaces"}
# A cell may be as long as a whole file; Python's own limit is 131,072 characters.
_LONGEST = 2**30
_SAMPLE = 200


class Columns(NamedTuple):
    """header: in lower case, None where there is none; columns: stripped text; notices."""

    header: list[str] | None
    columns: list[np.ndarray]
    notices: list[str]


def read(path: Path) -> Columns:
    """The columns of a text table.

    Its columns are parted by what the ending says; where that gives one column, or the ending says
    nothing, by the one of tab, comma, ;, | and spaces that gives every line as many cells.
    Raises HardballError on rows of unequal length, an empty table, and where two of them fit.
    """
    text = text_files.text(path)
    separator, notices = _separator(path, text)
    rows, comments = _rows(path, text, separator)
    if comments:
        notices.append(f"{comments} lines that begin with # are taken for comments")
    header = _header(rows[0])
    if header is not None:
        repeated = [label for label, count in Counter(header).items() if count > 1 and label]
        if repeated:
            raise HardballError(f"{path} has two columns {repeated[0]!r}: name each once")
        rows = rows[1:]
    if not rows:
        raise HardballError(f"{path} is empty below its header: nothing to build")
    return Columns(header, [strings(column) for column in zip(*rows, strict=True)], notices)


def parted_by(path: Path) -> str:
    """What is expected to part a file's columns, as the end of a sentence; "" if nothing is."""
    separator = SEPARATORS.get((text_files.endings(path) or [""])[-1])
    return "" if separator is None else f", parted by {_NAMES[separator]}"


def _header(row: Sequence[str]) -> list[str] | None:
    cells = [cell.lower().lstrip("#").strip() for cell in row]
    return cells if headers.known(cells) else None


def _separator(path: Path, text: str) -> tuple[str, list[str]]:
    """What parts the columns, and what is said of it."""
    expected = SEPARATORS.get((text_files.endings(path) or [""])[-1])
    sample = _sample(text)
    if expected is not None and len(_cells(sample[0], expected)) > 1:
        return expected, []
    fitting = {
        separator: rows
        for separator in _NAMES
        if separator != expected and (rows := _fit(sample, separator, expected is not None))
    }
    # Names may hold spaces, and one space parts what two part.
    for spaces in (" ", "  "):
        if len(fitting) > 1:
            fitting.pop(spaces, None)
    named = {key: rows for key, rows in fitting.items() if _edges(rows[0])}
    fitting = named or fitting
    if len(fitting) > 1:
        shown = " or ".join(
            f"by {_NAMES[key]} ({', '.join(rows[0])})" for key, rows in fitting.items()
        )
        raise HardballError(
            f"{path}: its columns may be parted {shown}: save it as .tsv or .csv, with child and "
            "parent in a first line"
        )
    if not fitting:
        return expected or "\t", []
    found = next(iter(fitting))
    usual = expected is None and found in ("\t", ",")
    return found, [] if usual else [f"columns are taken to be parted by {_NAMES[found]}"]


def _sample(text: str) -> list[str]:
    """The first lines that are neither blank nor comments; at least one."""
    lines, left = [], io.StringIO(text, newline=None)
    for line in left:
        if line.strip():
            lines.append(line.rstrip("\n"))
        if len(lines) == _SAMPLE:
            break
    plain = [line for line in lines if not line.startswith("#")]
    return plain or lines


def _fit(lines: Sequence[str], separator: str, strict: bool) -> list[list[str]]:
    """The lines' cells where all have as many, two at least, and it is clear which are the edges.

    strict: without a header spaces do not count, since they may stand in names.
    """
    rows = [_cells(line, separator) for line in lines]
    width = len(rows[0])
    if width < 2 or any(len(row) != width for row in rows):
        return []
    if _edges(rows[0]):
        return rows
    spaced = separator.isspace() and separator != "\t"
    return rows if width == 2 and not (spaced and strict) else []


def _edges(row: Sequence[str]) -> bool:
    """Whether a first row names a child and a parent."""
    header = _header(row)
    both = [headers.pick(header, names) for names in (headers.CHILD, headers.PARENT)]
    return None not in both


def _cells(line: str, separator: str) -> list[str]:
    if separator == "\t":
        return line.split("\t")
    if separator.isspace():
        return _spaced(line, separator)
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator))
    except (csv.Error, StopIteration):
        return [line]


def _spaced(line: str, separator: str) -> list[str]:
    return re.split(" {2,}" if separator == "  " else " +", line.strip(" "))


def _rows(path: Path, text: str, separator: str) -> tuple[list[list[str]], int]:
    """Rows of equal length and the number of comments; blank lines are left out.

    Quotes mean something unless a tab or spaces part the columns and not every cell of the first
    row has them. Lines that begin with # are comments where they have other columns than the rows.
    """
    reader = _reader(text, separator)
    rows: list[list[str]] = []
    said: list[list[str]] = []
    limit = csv.field_size_limit(_LONGEST)
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if row[0].lstrip().startswith("#") and (not rows or len(row) != len(rows[0])):
                said.append(row)
                continue
            if rows and len(row) != len(rows[0]):
                raise HardballError(
                    f"{path}, line {reader.line_num}: wrong columns: {len(rows[0])} expected, "
                    f"{len(row)} found"
                )
            rows.append([cell.strip() for cell in row])
    except csv.Error as error:
        raise HardballError(f"{path}, line {reader.line_num}: wrong columns ({error})") from None
    finally:
        csv.field_size_limit(limit)
    if not rows and not said:
        raise HardballError(f"{path} is empty: nothing to build")
    # What stands before the rows and has their columns is the first of them.
    width = len(rows[0]) if rows else len(said[0])
    alike = [[cell.strip() for cell in row] for row in said if len(row) == width]
    return [*alike, *rows], len(said) - len(alike)


class _Rows(Protocol):
    """The rows of a text, as csv.reader gives them."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...


class _Spaced:
    """A csv.reader of lines whose cells are parted by spaces."""

    def __init__(self, text: str, separator: str) -> None:
        self.lines = io.StringIO(text, newline=None)
        self.separator, self.line_num = separator, 0

    def __iter__(self) -> Iterator[list[str]]:
        for line in self.lines:
            self.line_num += 1
            yield _spaced(line, self.separator)


def _reader(text: str, separator: str) -> _Rows:
    if separator.isspace() and separator != "\t":
        return _Spaced(text, separator)
    first = [cell.strip() for cell in _sample(text)[0].split("\t")]
    quoted = all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in first)
    quoting: Literal[0, 3] = (
        csv.QUOTE_NONE if separator == "\t" and not quoted else csv.QUOTE_MINIMAL
    )
    return csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, quoting=quoting, strict=True
    )
