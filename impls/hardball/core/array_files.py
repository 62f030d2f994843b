"""Interrupted runs: named arrays, written aside and renamed, never pickled."""

import os
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hardball.core import files
from hardball.core.errors import brief

BROKEN = (
    OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, NotImplementedError,
    RuntimeError, MemoryError, OverflowError, SyntaxError, struct.error, tokenize.TokenError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What NumPy, zipfile, Arrow and json raise where a file is cut off, changed or another's."""


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an npz that appears whole or not at all, even when the process is killed."""
    with files.replacing(path) as aside, aside.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]
        stream.flush()
        os.fsync(stream.fileno())


def read_arrays(path: Path, identity: str) -> dict[str, np.ndarray] | None:
    """The arrays of a checkpoint of this very run, None when there is none to go on from.

    identity: what the run depends on; a checkpoint of anything else is passed over.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["identity"]) == identity:
                return {name: file[name] for name in file.files}
    except FileNotFoundError:
        return None
    except BROKEN as error:
        said = brief(error)
        print(f"{path}: no whole checkpoint ({said}): the run starts afresh", file=sys.stderr)
    return None


def under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays whose names begin with `prefix`, by what follows it."""
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
