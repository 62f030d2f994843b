"""A person's own hierarchy: edge lists (TSV, CSV, Parquet), OBO ontologies, nodes.dmp."""

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hardball.errors import HardballError
from hardball.hierarchy import readers_ncbi
from hardball.hierarchy.readers_obo import read_obo
from hardball.hierarchy.table import Table, strings

CHILD = ("child", "child_id", "id1", "hyponym", "descendant")
PARENT = ("parent", "parent_id", "id2", "hypernym", "ancestor")
ID = ("id", "node", "node_id", "tax_id", "taxid")
NAME = ("name", "label", "title")
_SEPARATORS = {".tsv": "\t", ".tab": "\t", ".csv": ",", ".txt": "\t"}
_ALLOWED = ".tsv, .csv, .txt (also .gz), .parquet, .obo, nodes.dmp, taxdump.tar.gz or .zip"


def read(edges: Path, nodes: Path | None = None, *, namespaces: Sequence[str] = ()) -> Table:
    """The hierarchy in a file, its kind told by its ending.

    edges: columns child, parent (by header, else the first two); an empty parent makes a root.
    nodes: columns id[, name][, any group columns]; ids that no edge names become lone nodes.
    namespaces: for OBO, the ones to keep (all by default).
    Raises HardballError on a missing, empty, undecodable or ragged file and on unknown ids.
    """
    _exists(edges)
    endings = edges.name.lower()
    if endings.endswith((".dmp", ".tar.gz", ".tgz", ".zip")):
        table = readers_ncbi.read_dump(edges)
    elif endings.endswith((".obo", ".obo.gz")):
        table = read_obo(_text(edges), str(edges), namespaces)
    else:
        table = _edge_list(edges)
    return table if nodes is None else _with_nodes(table, nodes)


def _edge_list(path: Path) -> Table:
    header, frame = _frame(path)
    notices = []
    if frame.shape[1] < 2:
        raise HardballError(
            f"{path} has one column: an edge list has two, child and parent, parted by "
            f"{_separator_name(path)}"
        )
    child, parent = _pick(header, CHILD), _pick(header, PARENT)
    if child is None or parent is None:
        child, parent = 0, 1
        if header is not None:
            raise HardballError(
                f"{path} has the columns {', '.join(header)}: name two of them child and parent"
            )
        notices.append("no header names child and parent: the first column is taken for the child")
    children, parents = (
        frame.iloc[:, child].to_numpy(object),
        frame.iloc[:, parent].to_numpy(object),
    )
    orphan = np.flatnonzero(children == "")
    if len(orphan):
        line = orphan[0] + 1 + (header is not None)
        raise HardballError(f"{path}, row {line}: no child id: a row is child, parent")
    roots = parents == ""
    if not roots.any():
        return Table(children, parents, notices=notices)
    notices.append(f"{roots.sum()} rows without a parent: their ids are roots")
    linked = ~roots
    everyone = strings(dict.fromkeys([*children[roots], *children[linked], *parents[linked]]))
    return Table(children[linked], parents[linked], nodes=everyone, notices=notices)


def _with_nodes(table: Table, path: Path) -> Table:
    """The same edges with ids, names and groups from a nodes file."""
    _exists(path)
    header, frame = _frame(path)
    at = _pick(header, ID)
    if header is None and frame.shape[1] <= 2:
        at, header = 0, ["id", "name"][: frame.shape[1]]
    if header is None or at is None:
        raise HardballError(
            f"{path} has no header with an id column: name the columns id, name and the groups"
        )
    columns = {label: frame.iloc[:, i].to_numpy(object) for i, label in enumerate(header)}
    ids = columns.pop(header[at])
    if len(set(ids)) < len(ids):
        twice = pd.Series(ids)[pd.Series(ids).duplicated()].iloc[0]
        raise HardballError(f"{path} lists {twice!r} twice: list every id once")
    used = [table.children.astype(str), table.parents.astype(str)]
    if table.nodes is not None:
        used.append(table.nodes.astype(str))
    mentioned = pd.Index(np.concatenate([column.astype(object) for column in used]))
    unknown = mentioned[~mentioned.isin(ids)]
    if len(unknown):
        raise HardballError(
            f"{path} lacks {unknown.nunique()} of the ids in the edges, first {unknown[0]!r}: "
            "list every node, or leave the nodes file out"
        )
    name = _pick(header, NAME)
    names = None if name is None else columns.pop(header[name])
    lone = int((~pd.Index(ids).isin(mentioned)).sum())
    notices = [f"{lone} nodes without any edge"] if lone else []
    children, parents = used[0].astype(object), used[1].astype(object)
    return Table(children, parents, ids, names, labels=columns, notices=table.notices + notices)


def _frame(path: Path) -> tuple[list[str] | None, pd.DataFrame]:
    """(lower-case header or None, all columns as stripped str)."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return _parquet(path)
    separator = _separator(path)
    text = _text(path)
    if separator == "\t" and "\t" not in text.split("\n", 1)[0] and path.suffix == ".txt":
        separator = ","
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None,
            dtype=str,
            keep_default_na=False,
            quoting=quoting,
            skip_blank_lines=True,
        )
    except pd.errors.EmptyDataError:
        raise HardballError(f"{path} is empty: nothing to build") from None
    except (pd.errors.ParserError, ValueError) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise HardballError(f"{path}: wrong columns ({reason}): every row needs as many") from None
    short = frame.isna().any(axis=1).to_numpy()
    if short.any():
        raise HardballError(
            f"{path}, row {int(short.argmax()) + 1}: wrong columns: {frame.shape[1]} expected, "
            f"{int(frame.iloc[int(short.argmax())].notna().sum())} found"
        )
    frame = frame.apply(lambda column: column.str.strip())
    first = [cell.lower().lstrip("#").strip() for cell in frame.iloc[0]]
    if not set(first) & {*CHILD, *PARENT, *ID}:
        return None, frame
    frame = frame.iloc[1:]
    if frame.empty:
        raise HardballError(f"{path} is empty below its header: nothing to build")
    return first, frame


def _parquet(path: Path) -> tuple[list[str], pd.DataFrame]:
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise HardballError(f"{path} is not readable Parquet ({error})") from None
    if table.num_rows == 0:
        raise HardballError(f"{path} is empty: nothing to build")
    try:
        columns = {
            field.name: pd.Series(
                [("" if v is None else v) for v in column.cast(pa.string()).to_pylist()], dtype=str
            )
            for field, column in zip(table.schema, table.columns, strict=True)
        }
    except pa.ArrowException as error:
        raise HardballError(f"{path}: wrong columns ({error}): ids are text or numbers") from None
    return [name.lower() for name in table.column_names], pd.DataFrame(columns)


def _text(path: Path) -> str:
    """The file as text; HardballError on anything but UTF-8."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise HardballError(f"{path} is not a whole gzip file ({error})") from None
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


def _separator_name(path: Path) -> str:
    return {"\t": "a tab", ",": "a comma"}[_SEPARATORS.get(path.suffix.lower(), ",")]


def _pick(header: list[str] | None, allowed: Sequence[str]) -> int | None:
    """Position of the header cell that is one of `allowed`."""
    for label in allowed:
        if header is not None and label in header:
            return header.index(label)
    return None


def _exists(path: Path) -> None:
    if not path.is_file():
        raise HardballError(f"no file {path}")
