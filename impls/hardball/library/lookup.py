"""Nodes by what people call them: an id, or a name; the nearest spelling where there is none."""

import difflib
from typing import Any

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy

SHOWN = 3
# Of more candidates than this, those that share no first letter are not compared.
MANY = 20_000


class Lookup:
    """Finds the row of a node by its id, or by its name where that is one node's alone."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._h = hierarchy
        self._by_id: dict[str, int] = {}
        self._by_name: dict[str, list[int]] = {}

    def row(self, asked: Any) -> int:
        """The row of a node.

        Ids come before names, earlier ids among them; names are read as they are, and then in lower
        case. Raises
        HardballError on a name of several nodes, and where there is none, with what is alike.
        """
        text = str(asked).strip()
        self._read()
        if text not in self._by_id:
            text = self._h.moved.get(text, text)
        if text in self._by_id:
            return self._by_id[text]
        for key in (text, text.lower()):
            found = self._by_name.get(key, [])
            if len(found) == 1:
                return found[0]
            if found:
                ids = ", ".join(map(str, self._h.ids[found[:SHOWN]]))
                more = ", ..." if len(found) > SHOWN else ""
                raise HardballError(f"{text!r} is the name of {len(found)} nodes: {ids}{more}")
        raise HardballError(f"{self._h.name} has no node {text!r}{self._hint(text)}")

    def rows(self, asked: Any) -> np.ndarray:
        """The rows of several nodes, or of one."""
        several = isinstance(asked, list | tuple | set | np.ndarray) or hasattr(asked, "to_list")
        return np.array([self.row(each) for each in (asked if several else [asked])], np.int64)

    def _read(self) -> None:
        if self._by_id:
            return
        self._by_id = {str(raw): row for row, raw in enumerate(self._h.ids)}
        for row, name in enumerate(self._h.names):
            for key in dict.fromkeys((str(name), str(name).lower())):
                self._by_name.setdefault(key, []).append(row)

    def _hint(self, text: str) -> str:
        known = list(dict.fromkeys([*map(str, self._h.names), *self._by_id]))
        if len(known) > MANY:
            first = text[:1].lower()
            known = [each for each in known if each[:1].lower() == first]
        near = difflib.get_close_matches(text, known, n=SHOWN, cutoff=0.6)
        return f", did you mean {' or '.join(map(repr, near))}?" if near else ""
