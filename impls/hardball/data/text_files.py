"""Files as text: unpacked by what their first bytes say, in UTF-8, bounded in size."""

import bz2
import contextlib
import gzip
import io
import lzma
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from hardball.core.array_files import BROKEN
from hardball.core.errors import HardballError, brief

# What a text may take in memory once it is unpacked.
MOST_BYTES = 2**30
PACKED = (".gz", ".bz2", ".xz", ".zip")
_BROKEN = (lzma.LZMAError, *BROKEN)
_MARKS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip"}
_PACKERS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zip": "zip"}
_WIDE = {
    b"\xff\xfe\x00\x00": "UTF-32", b"\x00\x00\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}  # fmt: skip


def check(path: Path) -> None:
    """Raises HardballError unless `path` is a plain file."""
    if path.is_dir():
        raise HardballError(f"{path} is a folder: name a file in it")
    if path.exists() and not path.is_file():
        raise HardballError(f"{path} is no plain file: save what it gives to one")
    if not path.is_file():
        raise HardballError(f"no file {path}")


def endings(path: Path) -> list[str]:
    """The endings of a file's name in lower case, those of packers left out.

    >>> endings(Path("My.edges.TSV.gz"))
    ['.edges', '.tsv']
    """
    return [ending for ending in map(str.lower, path.suffixes) if ending not in PACKED]


def first_bytes(path: Path, count: int = 4096) -> bytes:
    """The first bytes of what a file holds, unpacked; raises HardballError as `text` does."""
    with _reading(path), _opened(path) as stream:
        return stream.read(count)


def text(path: Path) -> str:
    """The whole text of a file; packed ones (gzip, bzip2, xz, a zip of one file) are unpacked.

    Raises HardballError on what is not UTF-8, cut off, empty, or larger than MOST_BYTES.
    """
    with _reading(path), _opened(path) as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise HardballError(f"{path} unpacks to more than {MOST_BYTES >> 20} MB: write Parquet")
    return decoded(data, path)


def decoded(data: bytes, path: Path) -> str:
    """Bytes in UTF-8 as text, without byte order marks; raises HardballError with the line."""
    wide = next((name for mark, name in _WIDE.items() if data.startswith(mark)), "")
    if wide:
        raise HardballError(f"{path}, line 1: not UTF-8 but {wide}: save the file as UTF-8")
    try:
        found = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise HardballError(f"{path}, line {line}: not UTF-8: save the file as UTF-8") from None
    if "\0" in found:
        line = found[: found.index("\0")].count("\n") + 1
        raise HardballError(f"{path}, line {line}: not UTF-8 text: save the file as UTF-8")
    if not found.strip("\ufeff \t\r\n"):
        raise HardballError(f"{path} is empty: nothing to build")
    return found.lstrip("\ufeff")


def zip_members(path: Path) -> list[str]:
    """The names of the files in a zip; [] of any other file."""
    try:
        if not zipfile.is_zipfile(path):
            return []
        with zipfile.ZipFile(path) as archive:
            return [info.filename for info in archive.infolist() if not info.is_dir()]
    except _BROKEN:
        return []


def _opened(path: Path) -> IO[bytes]:
    """A stream of what a file holds, unpacked."""
    with path.open("rb") as stream:
        begin = stream.read(8)
    packer = next((name for mark, name in _MARKS.items() if begin.startswith(mark)), "")
    said = _PACKERS.get(path.suffix.lower(), "")
    if said and packer != said and begin:
        raise HardballError(f"{path} is not a whole {said} file: its first bytes are others")
    if packer == "gzip":
        return cast(IO[bytes], gzip.open(path))
    if packer == "bzip2":
        return bz2.open(path)
    if packer == "xz":
        return lzma.open(path)
    if packer == "zip":
        return _only_member(path)
    return path.open("rb")


def _only_member(path: Path) -> IO[bytes]:
    members = zip_members(path)
    if len(members) != 1:
        shown = ", ".join(members[:4]) or "none"
        raise HardballError(
            f"{path} holds {len(members)} files ({shown}): a zip has one file of "
            "edges, or nodes.dmp"
        )
    with zipfile.ZipFile(path) as archive, archive.open(members[0]) as stream:
        return io.BytesIO(stream.read(MOST_BYTES + 1))


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns what a broken packed file raises into one line."""
    try:
        yield
    except PermissionError:
        raise HardballError(f"{path} may not be read: allow it, or copy the file") from None
    except _BROKEN as error:
        said = brief(error)
        raise HardballError(f"{path} is not a whole packed file ({said}): copy it again") from None
