"""Splits that a paper's authors published, as files of pairs: datasets/splits/<name>.yaml."""

import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from hardball.core import files, paths
from hardball.core.errors import HardballError
from hardball.core.text import read_yaml
from hardball.data import fetch
from hardball.hierarchy.dag import Hierarchy


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Set(_Strict):
    """The files of one data set: `<prefix>.<part>`, with the sha256 of each part."""

    prefix: str
    sha256: dict[str, str]


class Published(_Strict):
    """A published split: where its files are, and what they must hold."""

    title: str
    licence: str
    citation: str
    homepage: str
    url: str
    remarks: str = ""
    sets: dict[str, Set]


def names() -> list[str]:
    """Names of all published splits, sorted."""
    return sorted(path.stem for path in (paths.datasets() / "splits").glob("*.yaml"))


def load(name: str) -> Published:
    """The split called `name`; raises HardballError where there is none, or it cannot be read."""
    path = paths.datasets() / "splits" / f"{name}.yaml"
    if name not in names():
        raise HardballError(f"no published split {name!r}: there are {', '.join(names())}")
    try:
        return Published.model_validate(read_yaml(path.read_text("utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise HardballError(f"{path}: {' '.join(str(error).split())}") from None


def folder(name: str) -> Path:
    """Where the files of a split lie once they are fetched."""
    return paths.cache() / "splits" / name


def fetch_split(name: str, given: Path | None = None, progress: bool = True) -> Path:
    """Brings every file of a split into `folder`, checked by sha256; what lies there stays.

    given: take them from a folder, plain or packed as <file>.xz, instead of from their address.
    Raises HardballError on a file that is missing or not the published one.
    """
    split = load(name)
    for published in split.sets.values():
        for part in published.sha256:
            _bring(
                name, split, f"{published.prefix}.{part}", published.sha256[part], given, progress
            )
    return folder(name)


def opened(name: str, h: Hierarchy) -> Callable[[str], np.ndarray]:
    """A function that reads a part of a split: pairs (node, ancestor) of nodes of `h`, (P, 2).

    Raises HardballError where the data set has no such split, where its files were not fetched, and
    where they name a node that the hierarchy does not have. The function raises it for a part that
    was not published.
    """
    split = load(name)
    if h.name not in split.sets:
        raise HardballError(f"{name} has no pairs of {h.name}: allowed are {', '.join(split.sets)}")
    published = split.sets[h.name]
    number = _numbers(name, h, published)

    def read(part: str) -> np.ndarray:
        text = _text(name, published, part)
        rows = np.array([line.split("\t") for line in text.splitlines()], np.int64)
        return np.ascontiguousarray(number[rows[:, ::-1]], np.int32)

    return read


def has(name: str, dataset: str, part: str) -> bool:
    """Whether the authors published this part."""
    known = load(name).sets.get(dataset)
    return known is not None and part in known.sha256


def _numbers(name: str, h: Hierarchy, published: Set) -> np.ndarray:
    """The node of each row of the vocabulary."""
    known = {str(id_): node for node, id_ in enumerate(h.ids)}
    words = [line.split("\t")[1] for line in _text(name, published, "vocab").splitlines()]
    lost = [word for word in words if word not in known]
    if lost:
        raise HardballError(f"{name}: {h.name} has no node {lost[0]!r}, nor {len(lost) - 1} others")
    return np.array([known[word] for word in words], np.int64)


def _text(name: str, published: Set, part: str) -> str:
    """What a fetched file holds, once more checked by its sha256."""
    file, sha256 = f"{published.prefix}.{part}", published.sha256.get(part)
    if sha256 is None:
        raise HardballError(f"{name} has no file {file}: the authors published none")
    path = folder(name) / file
    if not path.is_file():
        raise HardballError(f"no {path}: run `hardball fetch {name}`, or with --from FOLDER")
    if files.sha256(path) != sha256:
        raise HardballError(f"{path} is not the published file: delete it and fetch {name} again")
    return path.read_text("utf-8")


def _bring(
    name: str, split: Published, file: str, sha256: str, given: Path | None, progress: bool
) -> None:
    target = folder(name) / file
    if target.is_file() and files.sha256(target) == sha256:
        return
    if given is None:
        target.unlink(missing_ok=True)
        fetch.fetch_url(f"{name}, {file}", f"{split.url}/{file}", target, sha256, progress)
        return
    with files.explained(name, target.parent):
        content = _given(given, file)
        target.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(target) as aside:
            aside.write_bytes(content)
            found = files.sha256(aside)
            if found != sha256:
                raise HardballError(
                    f"{given / file}: sha256 {found}, expected {sha256}: not the published file"
                )


def _given(given: Path, file: str) -> bytes:
    plain, packed = given / file, given / f"{file}.xz"
    if plain.is_file():
        return plain.read_bytes()
    if not packed.is_file():
        raise HardballError(f"neither {plain} nor {packed.name} is there")
    try:
        return lzma.decompress(packed.read_bytes())
    except lzma.LZMAError as error:
        raise HardballError(f"{packed}: cannot be unpacked ({error})") from None
