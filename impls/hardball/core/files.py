"""Files that appear whole or not at all: locks, checksums and plain words for a full disk."""

import contextlib
import errno
import glob
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from hardball.core.errors import HardballError

try:
    import fcntl
except ImportError:  # a system without flock: two processes may do the same work twice
    fcntl = None  # type: ignore[assignment]

# Bytes that are written at once where the room on a disk is looked at.
_PROBE = 2**20
# How long nobody must have written to a half file before it may be taken for a leftover.
_IDLE_SECONDS = 60


@contextlib.contextmanager
def explained(what: str, where: Path, way_out: str = "set HARDBALL_CACHE to") -> Iterator[None]:
    """Turns a full disk, a full quota or a refused write into one line.

    way_out: how a person names another folder. Raises HardballError for ENOSPC, EDQUOT, EFBIG,
    EACCES, EPERM, EROFS, and where a file stands in the place of a folder; other errors pass.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise HardballError(
                f"{what}: no disk space left in {where}: free some, or {way_out} a folder on "
                "another disk"
            ) from None
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise HardballError(
                f"{what}: may not write in {where}: {way_out} a folder of yours"
            ) from None
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            raise HardballError(
                f"{what}: {error.filename or where} is no folder: {way_out} one"
            ) from None
        raise


def check_room(what: str, where: Path, size: int, way_out: str) -> None:
    """Writes and deletes as many bytes in a folder; raises HardballError where that fails."""
    probe = where / f".{os.getpid()}.room"
    with explained(what, where, way_out):
        where.mkdir(parents=True, exist_ok=True)
        try:
            with probe.open("wb") as stream:
                for begin in range(0, size, _PROBE):
                    stream.write(b"\0" * min(size - begin, _PROBE))
                stream.flush()
                os.fsync(stream.fileno())
        finally:
            with contextlib.suppress(OSError):
                probe.unlink()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write aside; it replaces `path` when the block ends well, else it is removed.

    What processes that were killed left of the same path is removed too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_halves(path)
    aside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield aside
        if path.is_dir():
            raise HardballError(f"{path} is a folder, a file is to be written there: move it away")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _remove_halves(path: Path) -> None:
    """Removes what was written aside for `path` by processes that are gone.

    A process of another machine is not seen from here: what it writes is younger than that.
    """
    for half in path.parent.glob(f".*.{glob.escape(path.name)}"):
        number = half.name[1:].partition(".")[0]
        if half.name != f".{number}.{path.name}" or not number.isdigit():
            continue
        with contextlib.suppress(OSError):
            if time.time() - half.stat().st_mtime > _IDLE_SECONDS and not _runs(int(number)):
                half.unlink()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process at a time works on `path`; the lock dies with its process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as handle:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
