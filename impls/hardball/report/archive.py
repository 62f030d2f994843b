"""A version's archive: the curves and points of its frozen runs, in one tar outside of git.

results/<version>/archive.json says which: its file, sha256, size and members. The same runs give
the same bytes. `HARDBALL_ARCHIVES` says where archives lie: a folder, or the address of one.
"""

import re
import shutil
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hardball.core import files, paths
from hardball.core.errors import HardballError
from hardball.data import fetch

RECORD = "archive.json"
KINDS = {"curves": ".parquet", "points": ".npz"}
WAY_OUT = (
    "set HARDBALL_ARCHIVES to the folder or the address that has it, leave out what needs it with "
    "--rows-only, or train a run again with `hardball rerun ROW`"
)
_ADDRESS = re.compile(r"(https?|file)://")


class Record(BaseModel):
    """archive.json: the archive of a version, and the bytes of each member."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(pattern=r"^hardball-[\w.-]+\.tar$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)
    members: dict[str, int]

    def of(self, suite: str) -> list[str]:
        """The members of one suite."""
        return [name for name in self.members if name.startswith(f"{suite}/")]


def read_record(version: Path) -> Record | None:
    """archive.json of results/<version>, None where there is none.

    Raises HardballError on a file that is no record, or that names a member outside its suite.
    """
    path = version / RECORD
    if not path.is_file():
        return None
    try:
        record = Record.model_validate_json(path.read_bytes())
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(map(str, detail["loc"])) or "the whole"
        raise HardballError(f"{path}: {where}: {detail['msg']}") from None
    for name in record.members:
        _check_name(name, path)
    return record


def write_record(version: Path, record: Record) -> None:
    """Writes archive.json of results/<version>."""
    text = record.model_dump_json(indent=1) + "\n"
    (version / RECORD).write_text(text, encoding="utf-8")


def members_of(
    folder: Path, runs: Iterable[Mapping[str, Any]], others: Iterable[str] = ()
) -> dict[str, Path]:
    """The curves and points that a suite's folder has of these rows, by the members' names.

    others: points/<name>.npz of what was made elsewhere.
    """
    names = set(others)
    for row in runs:
        names.add(f"curves/{row['config_id']}-{row['framework']}.parquet")
        names |= {f"curves/{row['run_id']}.parquet", f"points/{row['run_id']}.npz"}
    found = {f"{folder.name}/{name}": folder / name for name in sorted(names)}
    return {name: path for name, path in found.items() if path.is_file()}


def pack(folder: Path, version: str, members: Mapping[str, Path]) -> Record:
    """Writes <folder>/hardball-<version>-<digest>.tar, whole or not at all; `members` by name.

    Members are sorted and carry no time and no owner, so the same files give the same bytes.
    """
    for name in members:
        _check_name(name, folder)
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{version}.tar.part"
    try:
        with files.explained(f"archive of {version}", folder):
            with tarfile.open(aside, "w", format=tarfile.PAX_FORMAT) as tar:
                for name, path in sorted(members.items()):
                    info = tarfile.TarInfo(name)
                    info.size = path.stat().st_size
                    with path.open("rb") as stream:
                        tar.addfile(info, stream)
            digest = files.sha256(aside)
            record = Record(
                file=f"hardball-{version}-{digest[:8]}.tar",
                sha256=digest,
                bytes=aside.stat().st_size,
                members={name: path.stat().st_size for name, path in sorted(members.items())},
            )
            aside.replace(folder / record.file)
    finally:
        aside.unlink(missing_ok=True)
    return record


def is_address(where: str) -> bool:
    """Whether HARDBALL_ARCHIVES is the address of a folder, not a folder's path."""
    return bool(_ADDRESS.match(where))


def own_folder() -> Path:
    """Where this machine keeps archives: HARDBALL_ARCHIVES, or a place for what is fetched."""
    where = paths.archives()
    return paths.cache() / "archives" if is_address(where) else Path(where)


def find(record: Record) -> Path:
    """The archive's file, fetched where HARDBALL_ARCHIVES is an address, its sha256 checked.

    Raises HardballError where it is not to be had, and on other bytes.
    """
    where = paths.archives()
    target = own_folder() / record.file
    if not target.is_file() and is_address(where):
        try:
            address = f"{where.rstrip('/')}/{record.file}"
            fetch.fetch_url(record.file, address, target, record.sha256)
        except HardballError as error:
            raise HardballError(f"{error}; {WAY_OUT}") from None
    if not target.is_file():
        raise HardballError(f"no {record.file} in {target.parent}: {WAY_OUT}")
    size = target.stat().st_size
    if size != record.bytes:
        raise HardballError(
            f"{target} has {size:,} bytes, the archive has {record.bytes:,}: it is cut off or "
            "another file; delete it and fetch it again"
        )
    digest = files.sha256(target)
    if digest != record.sha256:
        raise HardballError(
            f"{target} has sha256 {digest}, expected {record.sha256}: delete it and fetch it again"
        )
    return target


def unpack(archive: Path, record: Record, suite: str, into: Path) -> None:
    """Copies a suite's members, one by one, to <into>/curves and <into>/points.

    Raises HardballError on a member that the record does not list, that is no plain file or has
    another size, and on an archive that lacks one.
    """
    missing = set(record.of(suite))
    try:
        with tarfile.open(archive, "r:") as tar:
            for info in tar:
                _check_name(info.name, archive)
                if not info.isreg() or record.members.get(info.name) != info.size:
                    raise HardballError(f"{archive}: member {info.name!r} is not as {RECORD} says")
                if info.name in missing:
                    target = into / info.name.removeprefix(f"{suite}/")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    stream = tar.extractfile(info)
                    assert stream is not None
                    with stream, target.open("wb") as out:
                        shutil.copyfileobj(stream, out)
                    missing.remove(info.name)
    except (tarfile.TarError, EOFError) as error:
        raise HardballError(f"{archive}: not a readable archive ({error})") from None
    if missing:
        raise HardballError(f"{archive} lacks {len(missing)} members, such as {min(missing)}")


def _check_name(name: str, where: Path) -> None:
    """Raises HardballError unless a member is <suite>/curves/*.parquet or <suite>/points/*.npz."""
    parts = name.split("/")
    plain = len(parts) == 3 and all(p and not p.startswith(".") and "\\" not in p for p in parts)
    if not plain or not parts[2].endswith(KINDS.get(parts[1], "/")):
        raise HardballError(
            f"{where}: member {name!r}: allowed are <suite>/curves/*.parquet and "
            "<suite>/points/*.npz"
        )
