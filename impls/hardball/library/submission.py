"""A submission: rows, points and code of one method in one zip, with a manifest that checks it.

Members: `manifest.json`; `external.csv`, its rows; `points/*.npz`; `code/<sha256>.py`. Unpacked it
is a folder that `hardball table` reads.
"""

import contextlib
import hashlib
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hardball.core import files
from hardball.core.array_files import BROKEN
from hardball.core.errors import HardballError, brief

MANIFEST, ROWS = "manifest.json", "external.csv"
POINTS = r"points/\w[\w.-]{0,200}\.npz"
MEMBER = re.compile(rf"external\.csv|{POINTS}|code/[0-9a-f]{{64}}\.py")
# Of all members together, unpacked: the points of a million nodes in 100 dimensions are less.
MOST_BYTES = 2**30
# What a row says of its run, and of what it was made with.
SPEC = ("dataset", "data_sha256", "task", "space", "dim", "seed", "settings", "framework", "source")
ENVIRONMENT = ("hardball", "git_commit", "python", "numpy", "jax", "torch", "platform", "cpu")

_Line = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f<>|`]*$")]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Strict):
    """One file of the archive: its size and the sha256 of its bytes."""

    bytes: int = Field(ge=0, le=MOST_BYTES)
    sha256: _Digest


class Manifest(_Strict):
    """What a submission says of itself; spec: what each row is of, in the order of the rows."""

    format: Literal[1] = 1
    label: _Line
    author: _Line
    licence: _Line
    link: Annotated[str, Field(max_length=300, pattern=r"^https?://[^\s<>|`\"']+$")]
    evaluator: int
    environment: dict[str, list[str]]
    spec: list[dict[str, str]]
    members: dict[str, Member]


def about(label: str, author: str, licence: str, link: str) -> dict[str, str]:
    """Who made what, as a manifest has it; raises HardballError, one line, on what is no such text.

    >>> about("mine", "Ada", "MIT", "https://example.org")["licence"]
    'MIT'
    """
    given = {"label": label, "author": author, "licence": licence, "link": link}
    empty = {"evaluator": 0, "environment": {}, "spec": [], "members": {}}
    try:
        Manifest.model_validate({**given, **empty})
    except ValidationError as error:
        field = error.errors(include_url=False)[0]["loc"][0]
        allowed = "a web address, https://..." if field == "link" else "one line of text"
        raise HardballError(
            f"--{field} {given[str(field)]!r}: allowed is {allowed}, without < > | `"
        ) from None
    return given


def spec_of(rows: pd.DataFrame) -> list[dict[str, str]]:
    """What each row is of, as text."""
    return [{key: str(row[key]) for key in SPEC} for _, row in rows.iterrows()]


def write(path: Path, said: Mapping[str, str], rows: pd.DataFrame, folder: Path) -> Manifest:
    """Packs the files of a folder, all members of it, as a zip that appears whole or not at all.

    said: as `about` has it. The same files give the same bytes.
    """
    found = {name.relative_to(folder).as_posix(): name for name in folder.rglob("*")}
    members = {name: each.read_bytes() for name, each in sorted(found.items()) if each.is_file()}
    seen = {
        key: sorted({str(value) for value in rows[key] if str(value)})
        for key in ENVIRONMENT
        if key in rows
    }
    manifest = Manifest(
        **said,  # type: ignore[arg-type]
        evaluator=int(rows["evaluator"].iloc[0]),
        environment=seen,
        spec=spec_of(rows),
        members={
            name: Member(bytes=len(text), sha256=hashlib.sha256(text).hexdigest())
            for name, text in members.items()
        },
    )
    text = manifest.model_dump_json(indent=1) + "\n"
    with (
        files.explained(str(path), path.parent),
        files.replacing(path) as aside,
        zipfile.ZipFile(aside, "w") as packed,
    ):
        for name, content in {MANIFEST: text.encode(), **members}.items():
            # A ZipInfo without a date is of 1980.
            packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return manifest


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[Manifest, Path]]:
    """The manifest of a submission, and a folder with its checked members while the block runs.

    Raises HardballError, one line, on a damaged archive, on a member that has no place in one or is
    not what the manifest says, and on more than MOST_BYTES.
    """
    if not path.is_file():
        raise HardballError(f"no file {path}")
    try:
        with zipfile.ZipFile(path) as packed:
            manifest, members = _checked(path, packed)
    except BROKEN as error:
        said = brief(error)
        raise HardballError(f"{path}: no whole archive of `hardball submit` ({said})") from None
    with tempfile.TemporaryDirectory() as name:
        for member, content in members.items():
            target = Path(name) / member
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(content)
        yield manifest, Path(name)


def _checked(path: Path, packed: zipfile.ZipFile) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the bytes of the other members, each checked by name, size and sha256."""
    listed = packed.infolist()
    names = [info.filename for info in listed]
    for name in names:
        if name != MANIFEST and not MEMBER.fullmatch(name):
            raise HardballError(
                f"{path}: member {name!r} has no place in a submission: allowed are {MANIFEST}, "
                f"{ROWS}, points/*.npz, code/<sha256>.py"
            )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise HardballError(f"{path}: member {twice!r} stands twice")
    if sum(info.file_size for info in listed) > MOST_BYTES:
        raise HardballError(f"{path}: over {MOST_BYTES >> 20} MiB unpacked: submit fewer rows")
    missing = next((name for name in (MANIFEST, ROWS) if name not in names), None)
    if missing:
        raise HardballError(f"{path}: no {missing}: not an archive of `hardball submit`")
    manifest = _manifest(path, packed.read(MANIFEST))
    strange = sorted({*names} - {MANIFEST} ^ {*manifest.members})
    if strange:
        raise HardballError(f"{path}: {strange[0]!r} is not both packed and in {MANIFEST}")
    found = {name: packed.read(name) for name in manifest.members}
    for name, content in found.items():
        said = manifest.members[name]
        if len(content) != said.bytes or hashlib.sha256(content).hexdigest() != said.sha256:
            raise HardballError(f"{path}: {name} is not the file that {MANIFEST} names: tampered")
    return manifest, found


def _manifest(path: Path, text: bytes) -> Manifest:
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, detail["loc"])) or "the whole"
        raise HardballError(f"{path}: {MANIFEST}: {where}: {detail['msg']}") from None
