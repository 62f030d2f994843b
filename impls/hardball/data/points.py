"""Embeddings on disk: the points, their geometry, and a hash that ties them to their nodes."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hardball.core.array_files import BROKEN, write_arrays
from hardball.core.errors import HardballError, brief


class Points(NamedTuple):
    """points (N, D) of `manifold` with curvature -c, rows in the order of the hashed ids.

    ids: those ids, (N,); empty in files of before they were kept.
    """

    points: np.ndarray
    manifold: str
    c: float
    ids_sha256: str
    ids: tuple[str, ...] = ()


def ids_sha256(ids: Sequence[str] | np.ndarray) -> str:
    """sha256 of raw ids in order, one a line."""
    return hashlib.sha256("\n".join(map(str, ids)).encode()).hexdigest()


def save_points(
    path: Path, points: np.ndarray, manifold: str, c: float, ids: Sequence[str] | np.ndarray
) -> None:
    """Write an embedding as npz, whole or not at all. Raises HardballError on points not finite."""
    if not np.isfinite(points).all():
        raise HardballError(f"{path}: points are not finite: the run diverged, lower its lr")
    write_arrays(
        path,
        {
            "points": points,
            "manifold": np.array(manifold),
            "c": np.array(c, np.float64),
            "ids_sha256": np.array(ids_sha256(ids)),
            "ids": np.frombuffer(json.dumps([str(raw) for raw in ids]).encode(), np.uint8),
        },
    )


def load_points(path: Path, ids: Sequence[str] | np.ndarray | None = None) -> Points:
    """Read what `save_points` wrote; `ids`, if given, must be those it was written with.

    Raises HardballError on another kind of file, on points that are not finite or outside the ball,
    and on other ids.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            kept = file["ids"].tobytes().decode() if "ids" in file.files else "[]"
            found = Points(
                file["points"],
                str(file["manifold"]),
                float(file["c"]),
                str(file["ids_sha256"]),
                tuple(json.loads(kept)),
            )
    except BROKEN as error:
        said = brief(error)
        raise HardballError(f"{path}: not an embedding written by hardball ({said})") from None
    if not (np.isfinite(found.c) and found.c > 0):
        raise HardballError(f"{path}: c is {found.c:g}, allowed are numbers above 0")
    table = found.points.ndim == 2 and found.points.dtype.kind == "f"
    if not table or not np.isfinite(found.points).all():
        raise HardballError(f"{path}: points are not a table of finite numbers")
    if found.manifold == "poincare":
        largest = float(np.linalg.norm(found.points.astype(np.float64), axis=1).max(initial=0))
        if largest * found.c**0.5 >= 1:
            raise HardballError(
                f"{path}: a point has norm {largest}, allowed is below {found.c**-0.5}"
            )
    if ids is not None and ids_sha256(ids) != found.ids_sha256:
        raise HardballError(f"{path}: belongs to other nodes: load the hierarchy it was trained on")
    return found
