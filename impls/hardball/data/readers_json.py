"""JSON lines: an object a line, or one list of objects, as the columns of a table."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hardball.core.errors import HardballError
from hardball.data import headers, text_files
from hardball.data.separated import Columns
from hardball.data.table import strings

_FLAT = (
    'write an object a line, such as {"child": "cat", "parent": "feline"}; a tree of objects in '
    "objects is not read"
)


def read(path: Path) -> Columns:
    """The objects' keys in lower case as a header, their values as text.

    A list of parents makes as many rows; null, a missing key and an empty list make "".
    Raises HardballError naming the line on other JSON, and on values that are no ids.
    """
    rows: list[dict[str, str]] = []
    for where, found in _objects(path, text_files.text(path)):
        rows.extend(_rows(found, where))
    if not rows:
        raise HardballError(f"{path} is empty: nothing to build")
    header = list(dict.fromkeys(key for row in rows for key in row))
    columns = [strings(row.get(key, "") for row in rows) for key in header]
    return Columns(header, columns, [])


def _objects(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each object stands, and the object."""
    listed = text.lstrip().startswith("[")
    parts = [(1, text)] if listed else enumerate(text.split("\n"), start=1)
    for number, part in parts:
        if not part.strip():
            continue
        try:
            found = json.loads(part)
        except (ValueError, RecursionError) as error:
            raise HardballError(f"{path}, line {number}: not JSON ({error}): {_FLAT}") from None
        members = found if listed and isinstance(found, list) else [found]
        for place, member in enumerate(members, start=1):
            where = f"{path}, object {place}" if listed else f"{path}, line {number}"
            if not isinstance(member, dict):
                raise HardballError(f"{where}: no object: {_FLAT}")
            yield where, member


def _rows(found: dict[str, Any], where: str) -> list[dict[str, str]]:
    named = {str(key).strip().lower(): value for key, value in found.items()}
    if len(named) < len(found):
        raise HardballError(f"{where}: two keys differ in capitals alone: name each once")
    if "parents" in named:
        named.setdefault("parent", named.pop("parents"))
    at = headers.pick(list(named), headers.PARENT)
    key = None if at is None else list(named)[at]
    above = named.get(key) if key is not None else None
    if not isinstance(above, list):
        return [{name: _text(value, name, where) for name, value in named.items()}]
    return [
        {
            name: _text(parent if name == key else value, name, where)
            for name, value in named.items()
        }
        for parent in above or [None]
    ]


def _text(value: Any, name: str, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
            raise HardballError(f"{where}: {name} {value!a:.60} is no text: half of a character")
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    # What is neither child nor parent may be anything, but a tree inside a tree.
    if name in {*headers.CHILD, *headers.PARENT, "children"} or isinstance(value, dict | list):
        raise HardballError(f"{where}: {name} is {value!r:.60}, no id: {_FLAT}")
    return str(value)
