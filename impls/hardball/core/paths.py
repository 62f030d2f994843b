"""Where cards, downloads, builds and results lie."""

import os
from pathlib import Path

from hardball.core.errors import HardballError


def root() -> Path:
    """Folder that holds datasets/, benchmarks/ and results/.

    `HARDBALL_ROOT` if set, else the checkout this package was installed from.
    Raises HardballError when there is none (a package copied without its checkout).
    """
    named = os.environ.get("HARDBALL_ROOT")
    candidate = Path(named) if named else Path(__file__).resolve().parents[3]
    if not (candidate / "datasets").is_dir():
        raise HardballError(
            f"no datasets/ folder in {candidate}: install hardball from its checkout with "
            "`pip install -e .`, or set HARDBALL_ROOT to the checkout"
        )
    return candidate


def datasets() -> Path:
    return root() / "datasets"


def cache() -> Path:
    """Folder of downloads and built hierarchies; `HARDBALL_CACHE` moves it."""
    named = os.environ.get("HARDBALL_CACHE")
    return Path(named) if named else datasets() / "cache"


def archives() -> str:
    """Where archives of versions lie: `HARDBALL_ARCHIVES`, a folder or the address of one, if set.

    Else archives/ in the cache.
    """
    return os.environ.get("HARDBALL_ARCHIVES") or str(cache() / "archives")


def suites() -> Path:
    return root() / "benchmarks" / "suites"


def results() -> Path:
    return root() / "results"
