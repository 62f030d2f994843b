"""A person's own hierarchy: edge lists (TSV, CSV, Parquet), OBO ontologies, nodes.dmp."""

import csv
import gzip
import io
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hardball.core.errors import HardballError
from hardball.data import readers_ncbi
from hardball.data.readers_obo import read_obo
from hardball.data.table import Table, strings

CHILD = (
    "child", "child_id", "id1", "hyponym", "descendant", "head", "source", "subject", "from", "id",
)  # fmt: skip
PARENT = (
    "parent", "parent_id", "id2", "hypernym", "ancestor", "tail", "target", "object", "to",
)  # fmt: skip
RELATION = ("relation", "predicate", "rel", "relation_type", "edge_type", "type")
ID = ("id", "node", "node_id", "tax_id", "taxid")
NAME = ("name", "label", "title")
_SEPARATORS = {".tsv": "\t", ".tab": "\t", ".csv": ",", ".txt": "\t"}
_PARQUET = (".parquet", ".pq")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
# What a text may take in memory once it is unpacked.
MOST_BYTES = 2**30
_ALLOWED = ".tsv, .csv, .txt (also .gz), .parquet, .obo, nodes.dmp, taxdump.tar.gz or .zip"


def read(
    edges: Path,
    nodes: Path | None = None,
    *,
    namespaces: Sequence[str] = (),
    relations: Sequence[str] = (),
) -> Table:
    """The hierarchy in a file, its kind told by its ending.

    edges: columns child, parent, by their header (CHILD, PARENT), else exactly two; an empty parent
    makes a root. nodes: columns id[, name][, any group columns]; ids that no edge names become lone
    nodes. namespaces: for OBO, the ones to keep (all by default). relations: the edges to take, of
    OBO beside is_a, of a file of triples by its column RELATION.
    Raises HardballError on a missing, empty, undecodable or ragged file and on unknown ids.
    """
    _exists(edges)
    endings = edges.name.lower()
    if endings.endswith((".dmp", ".tar.gz", ".tgz", ".zip")):
        table = readers_ncbi.read_dump(edges)
    elif endings.endswith((".obo", ".obo.gz")):
        table = read_obo(_text(edges), str(edges), namespaces, relations)
    else:
        table = _edge_list(edges, relations)
    return table if nodes is None else _with_nodes(table, nodes)


def _edge_list(path: Path, relations: Sequence[str] = ()) -> Table:
    header, columns = _columns(path)
    notices = []
    columns = _of_relations(path, header, columns, relations)
    if len(columns) < 2:
        raise HardballError(
            f"{path} has one column: an edge list has two, child and parent{_parted_by(path)}"
        )
    child, parent = _pick(header, CHILD), _pick(header, PARENT)
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
    notices += _look_alikes([*children, *parents])
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
    at = _pick(header, RELATION)
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


def _look_alikes(ids: Sequence[str]) -> list[str]:
    """A warning of different ids that a person cannot tell apart."""
    unlike = dict.fromkeys(text for text in ids if not text.isascii())
    if not unlike:
        return []
    seen: dict[str, str] = {}
    for text in dict.fromkeys(ids):
        plain = unicodedata.normalize("NFC", _INVISIBLE.sub("", text.replace("\u00a0", " ")))
        if plain in seen:
            return [f"ids {seen[plain]!r} and {text!r} look alike and are two nodes"]
        seen[plain] = text
    return []


def _with_nodes(table: Table, path: Path) -> Table:
    """The same edges with ids, names and groups from a nodes file."""
    _exists(path)
    header, columns = _columns(path)
    at = _pick(header, ID)
    if header is None and len(columns) <= 2:
        at, header = 0, ["id", "name"][: len(columns)]
    if header is None or at is None:
        raise HardballError(
            f"{path} has no header with an id column: name the columns id, name and the groups"
        )
    by_label = dict(zip(header, columns, strict=True))
    ids = by_label.pop(header[at])
    if len(set(ids)) < len(ids):
        twice = next(raw for raw, count in Counter(ids).items() if count > 1)
        raise HardballError(f"{path} lists {twice!r} twice: list every id once")
    children, parents = strings(map(str, table.children)), strings(map(str, table.parents))
    mentioned = dict.fromkeys([*children, *parents])
    if table.nodes is not None:
        mentioned |= dict.fromkeys(map(str, table.nodes))
    known = set(ids)
    unknown = [raw for raw in mentioned if raw not in known]
    if unknown:
        raise HardballError(
            f"{path} lacks {len(unknown)} of the ids in the edges, first {unknown[0]!r}: "
            "list every node, or leave the nodes file out"
        )
    name = _pick(header, NAME)
    names = None if name is None else by_label.pop(header[name])
    lone = len(known) - len(mentioned)
    notices = [f"{lone} nodes without any edge"] if lone else []
    return Table(children, parents, ids, names, by_label, notices=table.notices + notices)


def _columns(path: Path) -> tuple[list[str] | None, list[np.ndarray]]:
    """(lower-case header or None, every column as stripped str)."""
    if path.suffix.lower() in _PARQUET:
        return _parquet(path)
    text = _text(path)
    separator = _separator(path)
    if path.suffix.lower() == ".txt" and "\t" not in text.split("\n", 1)[0]:
        separator = ","
    rows = _rows(path, text, separator)
    first = [cell.lower().lstrip("#").strip() for cell in rows[0]]
    header = first if set(first) & {*CHILD, *PARENT, *ID} else None
    if header is not None:
        repeated = [label for label, count in Counter(header).items() if count > 1]
        if repeated:
            raise HardballError(f"{path} has two columns {repeated[0]!r}: name each once")
        rows = rows[1:]
    if not rows:
        raise HardballError(f"{path} is empty below its header: nothing to build")
    return header, [strings(column) for column in zip(*rows, strict=True)]


def _rows(path: Path, text: str, separator: str) -> list[list[str]]:
    """Rows of equal length, blank lines left out; quotes mean something in CSV alone."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, quoting=quoting, strict=True
    )
    rows: list[list[str]] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if rows and len(row) != len(rows[0]):
                raise HardballError(
                    f"{path}, line {reader.line_num}: wrong columns: {len(rows[0])} expected, "
                    f"{len(row)} found"
                )
            rows.append([cell.strip() for cell in row])
    except csv.Error as error:
        raise HardballError(f"{path}, line {reader.line_num}: wrong columns ({error})") from None
    return rows


def _parquet(path: Path) -> tuple[list[str], list[np.ndarray]]:
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise HardballError(f"{path} is not readable Parquet ({error})") from None
    if table.num_rows == 0:
        raise HardballError(f"{path} is empty: nothing to build")
    try:
        texts = [column.cast(pa.string()).to_pylist() for column in table.columns]
    except pa.ArrowException as error:
        raise HardballError(f"{path}: wrong columns ({error}): ids are text or numbers") from None
    columns = [strings("" if v is None else v.strip() for v in values) for values in texts]
    return [name.lower() for name in table.column_names], columns


def _text(path: Path) -> str:
    """The file as text; HardballError on anything but UTF-8."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise HardballError(f"{path} is not a whole gzip file ({error})") from None
    if len(data) > MOST_BYTES:
        raise HardballError(f"{path} unpacks to more than {MOST_BYTES >> 20} MB: write Parquet")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise HardballError(f"{path}, line {line}: not UTF-8: save the file as UTF-8") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise HardballError(f"{path}, line {line}: not UTF-8 text: save the file as UTF-8")
    if not text.strip():
        raise HardballError(f"{path} is empty: nothing to build")
    return text


def _separator(path: Path) -> str:
    suffixes = [s for s in map(str.lower, path.suffixes) if s != ".gz"]
    if not suffixes or suffixes[-1] not in _SEPARATORS:
        raise HardballError(f"{path}: unknown kind of file: allowed are {_ALLOWED}")
    return _SEPARATORS[suffixes[-1]]


def _parted_by(path: Path) -> str:
    """What parts the columns of a text file."""
    if path.suffix.lower() in _PARQUET:
        return ""
    return ", parted by " + {"\t": "a tab", ",": "a comma"}[_separator(path)]


def _pick(header: list[str] | None, allowed: Sequence[str]) -> int | None:
    """Position of the header cell that is one of `allowed`."""
    for label in allowed:
        if header is not None and label in header:
            return header.index(label)
    return None


def _exists(path: Path) -> None:
    if not path.is_file():
        raise HardballError(f"no file {path}")
