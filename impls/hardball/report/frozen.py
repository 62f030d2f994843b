"""Frozen suites: results/<version>/<suite> of a checkout, and where what is drawn of them goes."""

import re
from pathlib import Path
from typing import NamedTuple

VERSION = re.compile(r"v\d+(\.\d+)*([a-z]+\d*)?")
ENVIRONMENT = "environment.json"


class Frozen(NamedTuple):
    """A suite of a frozen version; results: the folder that holds the versions."""

    results: Path
    version: str
    suite: str

    @property
    def folder(self) -> Path:
        return self.results / self.version / self.suite

    @property
    def drawn(self) -> Path:
        """Where tables and pictures that are made again are written: a folder that git ignores."""
        return self.results / "work" / "redrawn" / self.version / self.suite


def frozen(folder: Path) -> Frozen | None:
    """The frozen suite in a folder, None where it holds anything else."""
    place = folder.resolve()
    if VERSION.fullmatch(place.parent.name) and (place / ENVIRONMENT).is_file():
        return Frozen(place.parents[1], place.parent.name, place.name)
    return None
