"""A person's own hierarchy, whatever kind of file it is in."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hardball.core.array_files import BROKEN
from hardball.core.errors import HardballError, brief
from hardball.data import (
    headers,
    look_alikes,
    readers_json,
    readers_ncbi,
    readers_newick,
    readers_obo,
    readers_owl,
    separated,
    text_files,
)
from hardball.data.file_kinds import kind_of
from hardball.data.headers import CHILD, ID, NAME, PARENT, RELATION
from hardball.data.separated import Columns
from hardball.data.table import Table, strings


def read(
    edges: Path,
    nodes: Path | None = None,
    *,
    namespaces: Sequence[str] = (),
    relations: Sequence[str] = (),
) -> Table:
    """The hierarchy in a file, its kind told by its ending and its first bytes.

    edges: columns child, parent, by their header (CHILD, PARENT), else exactly two; an empty parent
    makes a root. Or an ontology, a tree in Newick's form, a taxonomy dump. nodes: columns
    id[, name][, any group columns]; ids that no edge names become lone nodes. namespaces: for
    ontologies, the ones to keep (all by default). relations: the edges to take, of ontologies
    beside is_a, of a file of triples by its column RELATION.
    Raises HardballError on a missing, empty, undecodable or ragged file and on unknown ids.
    """
    kind = kind_of(edges)
    if namespaces and kind not in ("obo", "owl"):
        raise HardballError(f"{edges} has no namespaces: --namespace goes with OBO and OWL files")
    if relations and kind in ("dump", "newick"):
        raise HardballError(
            f"{edges} has no relations: --relation goes with ontologies and triples"
        )
    if kind == "dump":
        table = readers_ncbi.read_dump(edges)
    elif kind == "obo":
        table = readers_obo.read_obo(text_files.text(edges), str(edges), namespaces, relations)
    elif kind == "owl":
        table = readers_owl.read_owl(edges, namespaces, relations)
    elif kind == "newick":
        table = readers_newick.read_newick(text_files.text(edges), str(edges))
    else:
        table = _edge_list(edges, _columns(edges, kind), relations)
    return table if nodes is None else _with_nodes(table, nodes)


def _edge_list(path: Path, read: Columns, relations: Sequence[str] = ()) -> Table:
    header, columns, notices = read
    columns = _of_relations(path, header, columns, relations)
    if len(columns) < 2:
        raise HardballError(
            f"{path} has one column: an edge list has two, child and parent"
            f"{separated.parted_by(path)}"
        )
    child, parent = headers.pick(header, CHILD), headers.pick(header, PARENT)
    if child is None or parent is None:
        child, parent = 0, 1
        if header is not None:
            raise HardballError(
                f"{path} has the columns {', '.join(header)}: name two of them child and parent"
            )
        if len(columns) != 2:
            first = ", ".join(str(column[0]) for column in columns)
            raise HardballError(
                f"{path} has {len(columns)} columns (first row: {first}) and no header that names "
                "child and parent: name two of them in a first line"
            )
        notices.append("no header names child and parent: the first column is taken for the child")
    children, parents = columns[child], columns[parent]
    children, parents, whole = _whole_numbers(children, parents)
    notices += whole
    if header is None:
        notices += _upside_down(children, parents)
    notices += look_alikes.notices([*children, *parents])
    orphan = np.flatnonzero(children == "")
    if len(orphan):
        row = orphan[0] + 1 + (header is not None)
        raise HardballError(f"{path}, row {row}: no child id: a row is child, parent")
    roots = parents == ""
    if not roots.any():
        return Table(children, parents, notices=notices)
    notices.append(f"{roots.sum()} rows without a parent: their ids are roots")
    linked = ~roots
    everyone = strings(dict.fromkeys([*children[roots], *children[linked], *parents[linked]]))
    return Table(children[linked], parents[linked], nodes=everyone, notices=notices)


def _of_relations(
    path: Path, header: list[str] | None, columns: list[np.ndarray], relations: Sequence[str]
) -> list[np.ndarray]:
    """The rows of the relations asked for, of a file of triples; all rows of any other."""
    at = headers.pick(header, RELATION)
    if at is None:
        if relations:
            raise HardballError(
                f"{path} has no column {', '.join(RELATION)} to choose a relation by"
            )
        return columns
    there = Counter(map(str, columns[at]))
    listed = ", ".join(f"{relation} ({count})" for relation, count in there.most_common(8))
    unknown = [relation for relation in relations if relation not in there]
    if unknown:
        raise HardballError(f"{path} has no relation {unknown[0]!r}: it has {listed}")
    if not relations:
        if len(there) > 1:
            raise HardballError(f"{path} has edges of several relations, {listed}: name --relation")
        return columns
    kept = np.isin(columns[at].astype(str), list(relations))
    return [column[kept] for column in columns]


def _whole_numbers(
    children: np.ndarray, parents: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Ids such as 1.0 are read as 1 where their whole column is so and the other has whole numbers.

    So a table writes numbers where one is missing.
    """
    both = [children, parents]
    real = [_all(column, r"-?\d+\.0+") for column in both]
    whole = [_all(column, r"-?\d+") for column in both]
    if not (any(real) and all(a or b for a, b in zip(real, whole, strict=True))):
        return children, parents, []
    cut = [
        strings(text.partition(".")[0] for text in column) if is_real else column
        for column, is_real in zip(both, real, strict=True)
    ]
    named = " and ".join(
        name for name, is_real in zip(("children", "parents"), real, strict=True) if is_real
    )
    return cut[0], cut[1], [f"{named} are whole numbers written like 1.0, and read as 1"]


def _all(column: np.ndarray, pattern: str) -> bool:
    """Whether all texts that are not empty match, and there is one."""
    given = [text for text in column if text]
    return bool(given) and all(re.fullmatch(pattern, text) for text in given)


def _upside_down(children: np.ndarray, parents: np.ndarray) -> list[str]:
    """A warning where the reverse of the edges would be a tree, and the edges are none."""
    linked = parents != ""
    below, above = children[linked], parents[linked]
    roots = set(above) - set(below)
    reverse_roots = set(below) - set(above)
    tree = len(set(above)) == len(above) and len(reverse_roots) == 1
    if not tree or (len(set(below)) == len(below) and len(roots) == 1):
        return []
    return [
        f"the reverse would be a tree with the root {next(iter(reverse_roots))!r}: if the first "
        "column is the parent, say so in a first line, parent and child"
    ]


def _with_nodes(table: Table, path: Path) -> Table:
    """The same edges with ids, names and groups from a nodes file."""
    header, columns, said = _columns(path, kind_of(path))
    at = headers.pick(header, ID)
    if header is None and len(columns) <= 2:
        at, header = 0, ["id", "name"][: len(columns)]
    if header is None or at is None:
        raise HardballError(
            f"{path} has no header with an id column: name the columns id, name and the groups"
        )
    by_label = dict(zip(header, columns, strict=True))
    children, parents = strings(map(str, table.children)), strings(map(str, table.parents))
    mentioned = dict.fromkeys([*children, *parents])
    if table.nodes is not None:
        mentioned |= dict.fromkeys(map(str, table.nodes))
    read = by_label.pop(header[at])
    ids = strings(raw if raw in mentioned else table.moved.get(raw, raw) for raw in read)
    if len(set(ids)) < len(ids):
        twice = next(raw for raw, count in Counter(ids).items() if count > 1)
        raise HardballError(f"{path} lists {twice!r} twice: list every id once")
    known = set(ids)
    unknown = [raw for raw in mentioned if raw not in known]
    if unknown:
        raise HardballError(
            f"{path} lacks {len(unknown)} of the ids in the edges, first {unknown[0]!r}: "
            "list every node, or leave the nodes file out"
        )
    name = headers.pick(header, NAME)
    names = None if name is None else by_label.pop(header[name])
    lone = len(known) - len(mentioned)
    notices = [f"{lone} nodes without any edge"] if lone else []
    notices = table.notices + said + notices
    return Table(children, parents, ids, names, by_label, notices=notices, moved=table.moved)


def _columns(path: Path, kind: str) -> Columns:
    """The columns of a table of any kind."""
    if kind == "parquet":
        return _parquet(path)
    if kind == "json":
        return readers_json.read(path)
    if kind == "table":
        return separated.read(path)
    raise HardballError(f"{path} is no table of ids: name a .tsv, .csv, .jsonl or .parquet file")


def _parquet(path: Path) -> Columns:
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, *BROKEN) as error:
        said = brief(error)
        raise HardballError(f"{path} is not readable Parquet ({said})") from None
    if table.num_rows == 0:
        raise HardballError(f"{path} is empty: nothing to build")
    try:
        texts = [column.cast(pa.string()).to_pylist() for column in table.columns]
    except (pa.ArrowException, *BROKEN) as error:
        said = brief(error)
        raise HardballError(f"{path}: wrong columns ({said}): ids are text or numbers") from None
    columns = [strings("" if v is None else v.strip() for v in values) for values in texts]
    return Columns([name.lower().strip() for name in table.column_names], columns, [])
