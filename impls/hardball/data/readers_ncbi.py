"""The NCBI taxonomy: the official dump's nodes.dmp and names.dmp, or a wheel that carries it.

ids: TaxIDs as integers. names: scientific names. labels: rank ("no rank" where there is none).
"""

import io
import struct
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hardball.core import optional
from hardball.core.errors import HardballError
from hardball.data import archives
from hardball.data.table import Table, strings

# The wheel's rank codes count from 1 in the order of the enum of the package that wrote it.
_RANKS = (
    "biotype clade class cohort family forma forma_specialis genotype genus infraclass infraorder "
    "isolate kingdom morph order parvorder pathogroup phylum section series serogroup serotype "
    "species species_group species_subgroup strain subclass subcohort subfamily subgenus "
    "subkingdom suborder subphylum subsection subspecies subtribe subvariety superclass "
    "superfamily superkingdom superorder superphylum tribe varietas no_rank"
)

_RECORD = np.dtype([("parent", "<u4"), ("rank", "u1"), ("division", "u1"), ("flag", "u1")])


def read_wheel(
    path: Path, *, package: str, root: int | None = None, down_to: str | None = None
) -> Table:
    """The taxonomy, or its part below TaxID `root`, from a wheel: read as data, nothing is run.

    down_to: a rank, such as genus: only taxa of this rank and those above one are kept.

    <package>/taxa.marisa maps a TaxID to the record parent, rank, division, flag ("<IBBB");
    scientific_name.marisa maps it to a byte position in scientific_name.zstd, lines of names.
    Raises HardballError on a broken wheel, an unknown root or rank, or where the readers are
    missing.
    """
    with optional.needing(f"reading {path.name}"):
        import marisa_trie
        import zstandard

    stems = ("taxa.marisa", "scientific_name.marisa", "scientific_name.zstd")
    files = archives.read_members(path, [f"{package}/{stem}" for stem in stems])
    taxa, positions, text = (files[f"{package}/{stem}"] for stem in stems)
    try:
        ids, records = _trie(marisa_trie.BytesTrie(), taxa, _RECORD)
        named, starts = _trie(marisa_trie.BytesTrie(), positions, np.dtype("<u4"))
        with zstandard.ZstdDecompressor().stream_reader(text) as stream:
            raw = stream.read()
    except (ValueError, RuntimeError, zstandard.ZstdError, struct.error) as error:
        raise HardballError(f"{path} is not a taxonomy wheel ({error})") from None
    if not np.array_equal(ids, named):
        raise HardballError(f"{path}: {len(ids)} taxa but {len(named)} scientific names")
    ends = np.flatnonzero(np.frombuffer(raw, dtype=np.uint8) == ord("\n"))
    lines = strings(raw.decode("utf-8").split("\n"))
    ranks = np.array(_RANKS.split(), dtype=object)[records["rank"] - 1]
    names = lines[np.searchsorted(ends, starts)]
    return _table(ids, records["parent"].astype(np.int64), ranks, names, root, down_to)


def _trie(trie: Any, data: bytes, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """(keys as int64 ascending, records), in one walk: a look-up per key takes 5 x longer."""
    trie.frombytes(data)
    items = trie.items()
    ids = np.fromiter((int(key) for key, _ in items), np.int64, len(items))
    records = np.frombuffer(b"".join([value for _, value in items]), dtype=dtype)
    order = np.argsort(ids, kind="stable")
    return ids[order], records[order]


def read_dump(path: Path, *, root: int | None = None, down_to: str | None = None) -> Table:
    """The taxonomy, or its part below TaxID `root`, from nodes.dmp or an archive that holds it.

    names.dmp and merged.dmp, by which merged parents are found, are read beside nodes.dmp or from
    the archive, where they are there. down_to: see
    `read_wheel`. Raises HardballError on a broken file, a parent that is no node, an unknown root
    or rank.
    """
    if path.name.endswith(".dmp"):
        beside = path.with_name("names.dmp")
        nodes_text = path.read_bytes()
        names_text = beside.read_bytes() if beside.exists() else b""
        merged_file = path.with_name("merged.dmp")
        merged_text = merged_file.read_bytes() if merged_file.exists() else b""
    elif zipfile.is_zipfile(path) or tarfile.is_tarfile(path):
        files = archives.read_members(path, ["nodes.dmp"], ["names.dmp", "merged.dmp"])
        nodes_text, names_text = files["nodes.dmp"], files.get("names.dmp", b"")
        merged_text = files.get("merged.dmp", b"")
    else:
        raise HardballError(f"{path} is neither nodes.dmp nor an archive that holds it")

    merged = {
        int(fields[0]): int(fields[1])
        for fields in _rows(merged_text, path)
        if len(fields) >= 2 and fields[0].isdecimal() and fields[1].isdecimal()
    }
    ids, parents, ranks = [], [], []
    for number, fields in enumerate(_rows(nodes_text, path), start=1):
        if len(fields) < 3 or not (fields[0].isdecimal() and fields[1].isdecimal()):
            raise HardballError(
                f"{path}, line {number}: expected `tax_id | parent tax_id | rank | ...`"
            )
        ids.append(int(fields[0]))
        parents.append(merged.get(int(fields[1]), int(fields[1])))
        ranks.append(fields[2].replace(" ", "_"))
    if not ids:
        raise HardballError(f"{path} is empty: nothing to build")
    order = np.argsort(np.array(ids), kind="stable")
    known = np.array(ids)[order]
    if len(np.unique(known)) != len(known):
        twice = known[1:][known[1:] == known[:-1]][0]
        raise HardballError(f"{path}: TaxID {twice} stands there twice")
    scientific = {
        int(fields[0]): fields[1]
        for fields in _rows(names_text, path)
        if len(fields) >= 4 and fields[3].replace("_", " ") == "scientific name"
    }
    if names_text and not scientific:
        raise HardballError(
            f"{path}: names.dmp has no scientific name: its fourth field says which"
        )
    names = strings(scientific.get(int(i), str(i)) for i in known)
    found = _table(known, np.array(parents)[order], strings(ranks)[order], names, root, down_to)
    named = sum(int(i) in scientific for i in known)
    return replace(found, notices=[f"{named:,} of {len(known):,} taxa have a name"])


def _rows(data: bytes, path: Path) -> Iterator[list[str]]:
    """Fields of each line; they end in `<tab>|<newline>` and are parted by `<tab>|<tab>`."""
    try:
        text: Iterable[str] = io.StringIO(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise HardballError(f"{path}, line {line}: not UTF-8: save the file as UTF-8") from None
    for row in text:
        yield row.rstrip("\r\n").removesuffix("\t|").split("\t|\t")


def _table(
    ids: np.ndarray,
    parents: np.ndarray,
    ranks: np.ndarray,
    names: np.ndarray,
    root: int | None,
    down_to: str | None,
) -> Table:
    """ids ascending; a taxon that is its own parent is a root, as TaxID 1 is in the dump."""
    rows = np.searchsorted(ids, parents)
    rows[rows == len(ids)] = 0
    lost = np.flatnonzero(ids[rows] != parents)
    if len(lost):
        raise HardballError(f"TaxID {ids[lost[0]]} has the unknown parent {parents[lost[0]]}")
    kept = np.ones(len(ids), dtype=bool)
    edges = rows != np.arange(len(ids))
    if root is not None:
        at = int(np.searchsorted(ids, root))
        if at == len(ids) or ids[at] != root:
            raise HardballError(f"the taxonomy has no TaxID {root} to take as the root")
        kept = _below(rows, at)
        edges[at] = False
    if down_to is not None:
        has = kept & (ranks == down_to)
        if not has.any():
            raise HardballError(
                f"no taxon has the rank {down_to!r}: there are {', '.join(np.unique(ranks[kept]))}"
            )
        kept &= _above(rows, has)
    edges &= kept
    return Table(
        children=ids[edges],
        parents=parents[edges],
        nodes=ids[kept],
        names=names[kept],
        labels={"rank": ranks[kept]},
    )


def _below(parent: np.ndarray, at: int) -> np.ndarray:
    """Mask of row `at` and its descendants, by pointer doubling.

    `at` is made its own parent; after k passes a row points 2^k steps up, so whoever is below
    `at` points at it after log2(N) passes.
    """
    jump = parent.copy()
    jump[at] = at
    for _ in range(len(parent).bit_length()):
        jump = jump[jump]
    return jump == at


def _above(parent: np.ndarray, has: np.ndarray) -> np.ndarray:
    """Mask of the rows that `has` names and of all their ancestors."""
    found, fresh = has.copy(), np.flatnonzero(has)
    while len(fresh):
        above = np.unique(parent[fresh])
        fresh = above[~found[above]]
        found[fresh] = True
    return found
