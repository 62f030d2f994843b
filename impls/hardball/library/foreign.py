"""Embeddings that somebody else made: rows and ids out of the files that tools write."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from hardball.core.array_files import BROKEN
from hardball.core.errors import HardballError, brief
from hardball.hierarchy.dag import Hierarchy

KINDS = ".npy, .npz, .tsv, .csv, .parquet, and word2vec's text as .vec, .w2v or .txt"
_IDS = ("id", "ids", "node", "nodes", "name", "names", "objects", "word", "words", "label")


class Foreign(NamedTuple):
    """rows (N, D) float64; ids (N,), None where a file has none."""

    rows: np.ndarray
    ids: list[str] | None


def read(path: Path, ids: Path | None = None) -> Foreign:
    """The rows of a file, its kind told by its ending; ids: a text with one id a line, beside it.

    Raises HardballError on another kind of file, on what is no table of finite numbers, and where
    there are not as many ids as rows.
    """
    if not path.is_file():
        raise HardballError(f"no file {path}")
    ending = path.suffix.lower()
    readers = {".npy": _npy, ".npz": _npz, ".tsv": _text, ".csv": _text, ".parquet": _parquet}
    readers |= dict.fromkeys((".vec", ".w2v", ".txt"), _word2vec)
    if ending not in readers:
        raise HardballError(f"{path}: unknown kind of embedding: allowed are {KINDS}")
    try:
        found = readers[ending](path)
        rows = np.asarray(found.rows, np.float64)
    except BROKEN as error:
        said = brief(error)
        raise HardballError(f"{path}: no table of numbers ({said})") from None
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise HardballError(f"{path}: no table of finite numbers, a row a node: {rows.shape}")
    named = found.ids if ids is None else lines(ids)
    if named is not None and len(named) != len(rows):
        raise HardballError(f"{path} has {len(rows)} rows, but there are {len(named)} ids")
    return Foreign(rows, named)


def aligned(found: Foreign, h: Hierarchy) -> np.ndarray:
    """The rows in the order of the hierarchy's nodes, by its ids, or else by its names.

    Raises HardballError where there are no ids, where one stands twice, and where a node has no
    row.
    """
    if found.ids is None:
        raise HardballError(
            "rows without ids: name a text with one id a line, in the order of the rows (--ids)"
        )
    known = set(map(str, h.ids)) if h.moved else set()
    ids = [raw if raw in known else h.moved.get(raw, raw) for raw in found.ids]
    place = {raw: row for row, raw in enumerate(ids)}
    if len(place) < len(ids):
        twice = pd.Series(ids)
        raise HardballError(f"id {twice[twice.duplicated()].iloc[0]!r} stands twice in the rows")
    wanted: Sequence[str] = [str(raw) for raw in h.ids]
    missing = [raw for raw in wanted if raw not in place]
    if missing:
        names = [str(name) for name in h.names]
        if len(set(names)) == len(names) and all(name in place for name in names):
            wanted, missing = names, []
    if missing:
        raise HardballError(
            f"{len(missing)} of the {h.n_nodes} nodes of {h.name} have no row, the first is "
            f"{missing[0]!r}"
        )
    return found.rows[[place[raw] for raw in wanted]]


def lines(path: Path) -> list[str]:
    if not path.is_file():
        raise HardballError(f"no file {path}")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise HardballError(f"{path}: not UTF-8: save the file as UTF-8") from None
    return [line.split("\t")[0].strip() for line in text.splitlines() if line.strip()]


def _npy(path: Path) -> Foreign:
    return Foreign(np.load(path, allow_pickle=False), None)


def _npz(path: Path) -> Foreign:
    """The one array of two axes, and the one of texts or ids beside it."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    tables = [a for a in arrays.values() if a.ndim == 2 and a.dtype.kind == "f"]
    if len(tables) != 1:
        raise ValueError(f"{len(tables)} arrays of two axes, one is needed")
    of_ids = [
        a for name, a in arrays.items()
        if name.lower() in _IDS and a.ndim == 1 and len(a) == len(tables[0])
    ]  # fmt: skip
    return Foreign(tables[0], [str(raw) for raw in of_ids[0]] if of_ids else None)


def _text(path: Path) -> Foreign:
    """Lines of an id and numbers; a first line that has no numbers is a header."""
    separator = "," if path.suffix.lower() == ".csv" else "\t"
    text = path.read_text("utf-8-sig")
    lines = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if row]
    if lines and not _number(lines[0][-1]):
        lines = lines[1:]
    if not lines:
        raise ValueError("no rows")
    return Foreign(np.array([row[1:] for row in lines], np.float64), [row[0] for row in lines])


def _parquet(path: Path) -> Foreign:
    frame = pd.read_parquet(path)
    texts = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]
    ids = next((c for c in frame.columns if str(c).lower() in _IDS), texts[0] if texts else None)
    numbers = frame.drop(columns=[c for c in {*texts, ids} if c is not None])
    named = None if ids is None else [str(raw) for raw in frame[ids]]
    return Foreign(numbers.to_numpy(np.float64), named)


def _word2vec(path: Path) -> Foreign:
    """`N D`, then lines of a word and D numbers, parted by spaces; the head may be missing."""
    lines = path.read_text("utf-8-sig").splitlines()
    head = lines[0].split() if lines else []
    if len(head) == 2 and all(part.isdigit() for part in head):
        lines = lines[1:]
    rows = [line.rstrip().rsplit(" ", len(line.split()) - 1) for line in lines if line.strip()]
    width = len(rows[0]) if rows else 0
    if any(len(row) != width for row in rows) or width < 2:
        raise ValueError("lines are not a word and as many numbers each")
    return Foreign(np.array([row[1:] for row in rows], np.float64), [row[0] for row in rows])


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
