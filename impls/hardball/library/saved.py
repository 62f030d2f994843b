"""An embedding in one file: points, ids, names, edges, settings."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hardball.core import files
from hardball.core.array_files import BROKEN, write_arrays
from hardball.core.errors import HardballError, brief
from hardball.hierarchy.dag import Hierarchy, from_edges

FORMAT = 1


class Saved(NamedTuple):
    """What a file holds, see `embedding.Embedding`."""

    hierarchy: Hierarchy
    points: np.ndarray
    manifold: str
    c: float
    settings: dict[str, Any]
    figures: dict[str, float]


def write(path: Path, held: Saved) -> Path:
    """One npz file, whole or not at all; returns its path.

    Raises HardballError where it cannot be written, and on points that are not finite.
    """
    h = held.hierarchy
    if not np.isfinite(held.points).all():
        raise HardballError(f"{path}: points are not finite")
    about = {"format": FORMAT, "name": h.name, "settings": held.settings, "figures": held.figures}
    about |= {"group_names": h.group_names, "moved": h.moved}
    child = np.repeat(np.arange(h.n_nodes, dtype=np.int32), np.diff(h.parents_indptr))
    # The first parent of a node is the one above it in the spanning tree.
    first = np.lexsort((h.parents_indices, h.parents_indices != h.parent[child], child))
    arrays = {
        "points": held.points,
        "manifold": np.array(held.manifold),
        "c": np.array(held.c, np.float64),
        "ids": _packed([str(raw) for raw in h.ids]),
        "child": child,
        "parent": h.parents_indices[first],
        "hardball": _packed(about),
    }
    if h.name_column is not None:
        arrays["names"] = _packed([str(name) for name in h.names])
    arrays |= {f"group:{label}": codes for label, codes in h.groups.items()}
    with files.explained(str(path), path.parent):
        write_arrays(path, arrays)
    return path


def read(path: Path) -> Saved:
    """What `write` wrote; raises HardballError, one line, on any other file."""
    if not path.is_file():
        raise HardballError(f"no file {path}")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = _unpacked(arrays["hardball"])
        if about["format"] != FORMAT:
            raise HardballError(f"{path} has format {about['format']}, read is {FORMAT}")
        return _read(path, arrays, about)
    except BROKEN as error:
        said = brief(error)
        raise HardballError(f"{path}: not an embedding that `save` wrote ({said})") from None


def _read(path: Path, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Saved:
    ids = _unpacked(arrays["ids"])
    names = _unpacked(arrays["names"]) if "names" in arrays else None
    raw = np.array(ids, object)
    groups = {
        label: [known[code] if code >= 0 else None for code in arrays[f"group:{label}"]]
        for label, known in about["group_names"].items()
    }
    h = from_edges(
        about["name"], raw[arrays["child"]], raw[arrays["parent"]], nodes=ids, names=names,
        groups=groups,
    )  # fmt: skip
    h = replace(h, moved=about.get("moved", {}))
    points = arrays["points"]
    if points.ndim != 2 or len(points) != len(ids) or not np.isfinite(points).all():
        raise ValueError("points are not a row of finite numbers a node")
    row = {each: place for place, each in enumerate(ids)}
    order = np.array([row[str(each)] for each in h.ids])
    manifold, c = str(arrays["manifold"]), float(arrays["c"])
    return Saved(h, points[order], manifold, c, about["settings"], about["figures"])


def _packed(value: Any) -> np.ndarray:
    """JSON as bytes, which no pickle is needed for."""
    return np.frombuffer(json.dumps(value, ensure_ascii=False).encode(), np.uint8)


def _unpacked(array: np.ndarray) -> Any:
    return json.loads(array.tobytes().decode())
