"""Lets the workflow's shell commands find this very package."""

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def export() -> None:
    """Puts this interpreter first on PATH and this package's source on PYTHONPATH.

    A job's conda environment goes before both, and then runs the same source.
    """
    _prepend("PATH", Path(sys.executable).parent)
    _prepend("PYTHONPATH", PACKAGE.parent)


def _prepend(name: str, folder: Path) -> None:
    others = [part for part in os.environ.get(name, "").split(os.pathsep) if part]
    os.environ[name] = os.pathsep.join([str(folder), *(p for p in others if p != str(folder))])
