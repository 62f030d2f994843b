"""Interrupted runs: named arrays, written aside and renamed, never pickled."""

import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an npz that appears whole or not at all, even when the process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        with aside.open("wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def read_arrays(path: Path, identity: str) -> dict[str, np.ndarray] | None:
    """The arrays of a checkpoint of this very run, None when there is none to go on from.

    identity: what the run depends on; a checkpoint of anything else is passed over.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["identity"]) == identity:
                return {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    return None


def under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays whose names begin with `prefix`, by what follows it."""
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
