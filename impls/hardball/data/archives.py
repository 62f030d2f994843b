"""Members of tar and zip archives, read into memory one by one: nothing is unpacked to disk."""

import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from hardball.core.errors import HardballError

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError)


def read_members(path: Path, members: Sequence[str]) -> dict[str, bytes]:
    """Bytes of each named member of a zip, wheel or (compressed) tar.

    Raises HardballError when the archive is broken or lacks a member.
    """
    try:
        found = _read_zip(path, members) if zipfile.is_zipfile(path) else _read_tar(path, members)
    except _BROKEN as error:
        raise HardballError(f"{path} is not a readable archive ({error}): fetch it again") from None
    missing = [member for member in members if member not in found]
    if missing:
        raise HardballError(f"{path} has no member {missing[0]!r}")
    return found


def _read_zip(path: Path, members: Sequence[str]) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        present = set(archive.namelist())
        return {member: archive.read(member) for member in members if member in present}


def _read_tar(path: Path, members: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(path, "r:*") as archive:
        for info in archive:
            if info.name in members and info.isfile():
                handle = archive.extractfile(info)
                assert handle is not None
                found[info.name] = handle.read()
                if len(found) == len(members):
                    break
    return found
