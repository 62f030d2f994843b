"""Members of tar and zip archives, read into memory one by one: nothing is unpacked to disk."""

import lzma
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from hardball.core.array_files import BROKEN
from hardball.core.errors import HardballError, brief

# What one member may take in memory.
MOST_BYTES = 2**32
_BROKEN = (tarfile.TarError, lzma.LZMAError, *BROKEN)


def is_archive(path: Path) -> bool:
    """Whether a file is a zip or a tar; raises HardballError on one that is cut off."""
    try:
        return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except _BROKEN as error:
        said = brief(error)
        raise HardballError(f"{path} is not a whole archive ({said}): copy it again") from None


def read_members(
    path: Path, members: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, bytes]:
    """Bytes of each named member of a zip, wheel or (compressed) tar.

    optional: members that need not be there. A member may lie in a folder, or be named ./member,
    where no other has its name. Raises HardballError when the archive is broken or lacks a member.
    """
    wanted = [*members, *optional]
    try:
        found = _read_zip(path, wanted) if zipfile.is_zipfile(path) else _read_tar(path, wanted)
    except _BROKEN as error:
        raise HardballError(
            f"{path} is not a readable archive ({brief(error)}): fetch it again"
        ) from None
    missing = [member for member in members if member not in found]
    if missing:
        raise HardballError(f"{path} has no member {missing[0]!r}")
    return found


def _read_zip(path: Path, members: Sequence[str]) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        placed = _placed(archive.namelist(), members)
        for name in placed.values():
            _bounded(path, name, archive.getinfo(name).file_size)
        return {member: archive.read(name) for member, name in placed.items()}


def _read_tar(path: Path, members: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(path, "r:*") as archive:
        for info in archive:
            fits = [m for m in members if m not in found and _is(info.name, m)]
            if fits and info.isfile():
                _bounded(path, info.name, info.size)
                handle = archive.extractfile(info)
                assert handle is not None
                found[fits[0]] = handle.read()
                if len(found) == len(members):
                    break
    return found


def _bounded(path: Path, name: str, size: int) -> None:
    if size > MOST_BYTES:
        raise HardballError(
            f"{path}: {name} unpacks to {size >> 20:,} MB, read are at most {MOST_BYTES >> 20:,}"
        )


def _placed(names: Sequence[str], members: Sequence[str]) -> dict[str, str]:
    """The name in the archive of each member that it has."""
    exact = {member: member for member in members if member in names}
    inside = {m: [n for n in names if _is(n, m)] for m in members if m not in exact}
    return exact | {member: found[0] for member, found in inside.items() if len(found) == 1}


def _is(name: str, member: str) -> bool:
    """Whether a name is the member's, ./ and folders before it aside."""
    return name == member or name.endswith(f"/{member}")
