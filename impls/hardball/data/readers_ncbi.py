"""The NCBI taxonomy: the official dump's nodes.dmp and names.dmp, or a wheel that carries it.

ids: TaxIDs as integers. names: scientific names. labels: rank ("no rank" where there is none).
"""

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hardball.core import optional
from hardball.core.errors import HardballError
from hardball.data import archives, text_files
from hardball.data.table import Table, strings

# The wheel's rank codes count from 1 in the order of the enum of the package that wrote it.
_RANKS = (
    "biotype clade class cohort family forma forma_specialis genotype genus infraclass infraorder "
    "isolate kingdom morph order parvorder pathogroup phylum section series serogroup serotype "
    "species species_group species_subgroup strain subclass subcohort subfamily subgenus "
    "subkingdom suborder subphylum subsection subspecies subtribe subvariety superclass "
    "superfamily superkingdom superorder superphylum tribe varietas no_rank"
)

_BESIDE = ("names.dmp", "merged.dmp", "delnodes.dmp")
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

    names.dmp, merged.dmp (which leads from TaxIDs that were merged to those that stand: parents,
    `root`, and what is asked for later) and delnodes.dmp are read beside nodes.dmp or from the
    archive, where they are there. down_to: see
    `read_wheel`. Raises HardballError on a broken file, a parent that is no node, an unknown root
    or rank.
    """
    texts = _dump_files(path)
    merged = _merged(texts.get("merged.dmp", b""), path)
    ids, parents, ranks = _nodes(texts["nodes.dmp"], path)
    present, followed = set(ids), 0
    for place, parent in enumerate(parents):
        if parent not in present and parent in merged:
            parents[place] = merged[parent]
            followed += 1
            if parents[place] == ids[place]:
                raise HardballError(
                    f"{path}: TaxID {ids[place]} has the parent {parent}, which merged.dmp says "
                    "was merged into it"
                )
    order = np.argsort(np.array(ids), kind="stable")
    known = np.array(ids)[order]
    if len(present) != len(known):
        twice = known[1:][known[1:] == known[:-1]][0]
        raise HardballError(f"{path}: TaxID {twice} stands there twice")
    _not_deleted(parents, present, texts.get("delnodes.dmp", b""), path)
    scientific = _scientific(texts.get("names.dmp", b""), path)
    names = strings(scientific.get(int(i), str(i)) for i in known)
    asked = root if root in present else merged.get(root or 0, root)
    found = _table(known, np.array(parents)[order], strings(ranks)[order], names, asked, down_to)
    assert found.nodes is not None
    named = sum(int(i) in scientific for i in known)
    notices = [f"{named:,} of {len(known):,} taxa have a name"]
    if followed:
        notices.append(f"{followed:,} parents were merged into others, which were followed")
    kept = set(found.nodes.tolist())
    moved = {str(old): str(new) for old, new in merged.items() if new in kept}
    return replace(found, notices=notices, moved=moved)


def _dump_files(path: Path) -> dict[str, bytes]:
    """The dump's files by name, from a folder or an archive; nodes.dmp is among them."""
    if path.name.endswith(".dmp"):
        text_files.check(path)
        beside = {name: path.with_name(name) for name in _BESIDE}
        found = {name: file.read_bytes() for name, file in beside.items() if file.is_file()}
        return {**found, "nodes.dmp": path.read_bytes()}
    if archives.is_archive(path):
        return archives.read_members(path, ["nodes.dmp"], _BESIDE)
    raise HardballError(f"{path} is neither nodes.dmp nor an archive that holds it")


def _nodes(data: bytes, path: Path) -> tuple[list[int], list[int], list[str]]:
    """(ids, parents, ranks) in the order of the file."""
    ids, parents, ranks = [], [], []
    for number, fields in enumerate(_rows(data, path), start=1):
        if len(fields) < 3 or not (_is_taxid(fields[0]) and _is_taxid(fields[1])):
            raise HardballError(
                f"{path}, line {number}: expected `tax_id | parent tax_id | rank | ...`"
            )
        ids.append(int(fields[0]))
        parents.append(int(fields[1]))
        ranks.append(fields[2].replace(" ", "_"))
    if not ids:
        raise HardballError(f"{path} is empty: nothing to build")
    return ids, parents, ranks


def _merged(data: bytes, path: Path) -> dict[int, int]:
    """TaxIDs that were merged -> the one that stands now, over those that were merged again."""
    merged = {
        int(fields[0]): int(fields[1])
        for fields in _rows(data, path)
        if len(fields) >= 2 and _is_taxid(fields[0]) and _is_taxid(fields[1])
    }
    for old in merged:
        seen = {old}
        while merged[old] in merged and merged[old] not in seen:
            seen.add(merged[old])
            merged[old] = merged[merged[old]]
    return merged


def _not_deleted(parents: list[int], present: set[int], data: bytes, path: Path) -> None:
    """Raises HardballError where a parent is missing that delnodes.dmp says was deleted."""
    lost = {parent for parent in parents if parent not in present}
    if not lost:
        return
    deleted = sorted(lost & {int(f[0]) for f in _rows(data, path) if _is_taxid(f[0])})
    if deleted:
        raise HardballError(
            f"{path}: {len(deleted)} parents are deleted by delnodes.dmp (first: {deleted[0]}): "
            "nodes.dmp is of another day, fetch the whole dump again"
        )


def _scientific(data: bytes, path: Path) -> dict[int, str]:
    """The scientific name of each TaxID that has one."""
    found = {
        int(fields[0]): fields[1]
        for fields in _rows(data, path)
        if len(fields) >= 4
        and _is_taxid(fields[0])
        and fields[3].replace("_", " ") == "scientific name"
    }
    if data and not found:
        raise HardballError(
            f"{path}: names.dmp has no scientific name: its fourth field says which"
        )
    return found


def _is_taxid(text: str) -> bool:
    """Whether a text is a whole number that 64 bits hold."""
    return text.isdecimal() and len(text) <= 18


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
