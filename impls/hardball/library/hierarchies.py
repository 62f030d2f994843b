"""A hierarchy out of what a person has: a name, a file, pairs, a DataFrame, a networkx graph."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hardball.core.errors import HardballError
from hardball.data import readers_files, store
from hardball.data.headers import CHILD, PARENT
from hardball.data.table import Table
from hardball.hierarchy.dag import Hierarchy

NAME = "hierarchy"


def hierarchy_of(
    data: Any, *, nodes: Path | str | None = None, name: str = "", reverse: bool = False
) -> Hierarchy:
    """The hierarchy in `data`.

    data: a Hierarchy; a path of an edge list, an OBO file or a taxonomy dump (see `hardball
    build`); the name of a data set or of a built folder; a DataFrame with columns child and parent,
    or two columns in that order; a networkx DiGraph whose edges lead from child to parent; pairs
    (child, parent). nodes: a file of ids, names and groups, beside an edge list. reverse: edges or
    pairs lead from the parent to the child instead. A graph's node attribute `name` is its name.
    Raises HardballError on what is none of these, and as the readers do.

    >>> hierarchy_of([("cat", "mammal"), ("dog", "mammal")]).n_nodes
    3
    """
    if isinstance(data, Hierarchy):
        return data
    if isinstance(data, str | Path):
        return _of_path(data, nodes, name)
    if nodes is not None:
        raise HardballError("nodes goes with a file of edges alone")
    if isinstance(data, pd.DataFrame):
        return _of_pairs(*_columns(data), name=name, reverse=reverse)
    if hasattr(data, "edges") and hasattr(data, "is_directed"):
        return _of_graph(data, name, reverse)
    if isinstance(data, Iterable):
        return _of_iterable(data, name, reverse)
    raise HardballError(
        f"no hierarchy in a {type(data).__name__}: give pairs (child, parent), a DataFrame, a "
        "networkx DiGraph, a path or a data set's name"
    )


def _of_path(data: str | Path, nodes: Path | str | None, name: str) -> Hierarchy:
    path = Path(data)
    if not path.is_file():
        return store.open_hierarchy(data)
    table = readers_files.read(path, None if nodes is None else Path(nodes))
    return store.own(name or path.name.split(".", 1)[0], table)


def _of_iterable(data: Iterable[Any], name: str, reverse: bool) -> Hierarchy:
    pairs = [tuple(pair) for pair in data]
    wrong = next((pair for pair in pairs if len(pair) != 2), None)
    if wrong is not None:
        raise HardballError(f"{wrong!r} is no pair: an edge is (child, parent)")
    if not pairs:
        raise HardballError("no edges: give pairs (child, parent)")
    children, parents = zip(*pairs, strict=True)
    return _of_pairs(children, parents, name=name, reverse=reverse)


def _columns(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The columns child and parent, by their names, else of two columns the first and second."""
    named = {str(column).lower(): column for column in frame.columns}
    child, parent = (next((named[n] for n in known if n in named), None) for known in
                     (CHILD, PARENT))  # fmt: skip
    if child is not None and parent is not None:
        return frame[child], frame[parent]
    if frame.shape[1] != 2:
        raise HardballError(
            f"a DataFrame with the columns {', '.join(map(str, frame.columns))}: name two of them "
            "child and parent"
        )
    return frame.iloc[:, 0], frame.iloc[:, 1]


def _of_pairs(
    children: Any, parents: Any, *, name: str, reverse: bool, nodes: Any = None, names: Any = None
) -> Hierarchy:
    """Ids as text, as readers give them; a missing parent makes a root."""
    given = [pd.Series(list(column), dtype=object) for column in (children, parents)]
    if reverse:
        given.reverse()
    child, parent = given
    if child.isna().any():
        raise HardballError("an edge without a child: an edge is (child, parent)")
    rooted = parent.isna() | (parent.astype(str) == "")
    linked = ~rooted
    everyone = nodes
    if rooted.any() and everyone is None:
        everyone = list(dict.fromkeys([*map(_text, child), *map(_text, parent[linked])]))
    table = Table(
        np.array([_text(x) for x in child[linked]], object),
        np.array([_text(x) for x in parent[linked]], object),
        None if everyone is None else np.array(everyone, object),
        None if names is None else np.array(names, object),
    )
    return store.own(name or NAME, table)


def _text(raw: Any) -> str:
    """An id as text: whole numbers that pandas made reals, 12.0, are 12."""
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw).strip()


def _of_graph(graph: Any, name: str, reverse: bool) -> Hierarchy:
    if not graph.is_directed():
        raise HardballError(
            "an undirected graph says no parents: give a DiGraph whose edges lead from child to "
            "parent, or with reverse=True from parent to child"
        )
    nodes = [_text(node) for node in graph.nodes]
    names = [str(said.get("name", "") or "") for _, said in graph.nodes(data=True)]
    edges = [(child, parent) for child, parent, *_ in graph.edges]
    children, parents = zip(*edges, strict=True) if edges else ((), ())
    return _of_pairs(
        children, parents, name=name, reverse=reverse, nodes=nodes,
        names=names if any(names) else None,
    )  # fmt: skip
