"""Where cards, downloads, builds and results lie: in a checkout, or where a wheel put them."""

import os
import sys
from pathlib import Path

from hardball.core.errors import HardballError

PACKAGE = Path(__file__).resolve().parents[1]
NAME = "hardball"


def root() -> Path:
    """Folder that holds datasets/ and benchmarks/.

    `HARDBALL_ROOT` if set, else the checkout this package was installed from, else what the wheel
    brought. Raises HardballError when there is none.
    """
    named = os.environ.get("HARDBALL_ROOT")
    places = [Path(named)] if named else [PACKAGE.parents[1], PACKAGE / "share"]
    for candidate in places:
        if (candidate / "datasets").is_dir():
            return candidate
    raise HardballError(
        f"no datasets/ folder in {places[0]}: install hardball again, or set HARDBALL_ROOT to a "
        "checkout"
    )


def in_checkout() -> bool:
    """Whether cards and suites are those of a checkout, which has room for results too."""
    return root() != PACKAGE / "share"


def home() -> Path:
    """What a person's runs leave where there is no checkout: `HARDBALL_HOME`, else a folder of the
    platform for data.
    """
    return _own("HARDBALL_HOME", "XDG_DATA_HOME", ".local/share", "Application Support")


def datasets() -> Path:
    return root() / "datasets"


def cache() -> Path:
    """Folder of downloads and built hierarchies; `HARDBALL_CACHE` moves it.

    Else datasets/cache of a checkout, or cache/ of HARDBALL_HOME, or the platform's.
    """
    named = os.environ.get("HARDBALL_CACHE")
    if named:
        return Path(named)
    if in_checkout():
        return datasets() / "cache"
    if os.environ.get("HARDBALL_HOME"):
        return home() / "cache"
    return _own("", "XDG_CACHE_HOME", ".cache", "Caches")


def archives() -> str:
    """Where archives of versions lie: `HARDBALL_ARCHIVES`, a folder or the address of one, if set.

    Else archives/ in the cache.
    """
    return os.environ.get("HARDBALL_ARCHIVES") or str(cache() / "archives")


def suites() -> Path:
    return root() / "benchmarks" / "suites"


def tuning() -> Path:
    return root() / "benchmarks" / "tuning"


def results() -> Path:
    """Folder of results: of the checkout, else of `home`."""
    return (root() if in_checkout() else home()) / "results"


def _own(variable: str, xdg: str, below: str, mac: str) -> Path:
    """A folder of ours: the variable's, else the one that the platform has for such files."""
    named = os.environ.get(variable) if variable else None
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / NAME
    if sys.platform == "darwin":
        return Path.home() / "Library" / mac / NAME
    return Path(os.environ.get(xdg) or Path.home() / below) / NAME
