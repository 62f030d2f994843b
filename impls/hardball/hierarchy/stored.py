"""Built hierarchies on disk: a folder that holds a whole one at every moment.

The arrays lie in a folder of their own below it, and meta.json says which: to replace that one file
is the switch from the old build to the new, so that a process that is killed leaves one of both.
"""

import contextlib
import hashlib
import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hardball.core import files
from hardball.core.array_files import BROKEN
from hardball.core.errors import HardballError, brief
from hardball.hierarchy.dag import ARRAYS, Hierarchy

FORMAT = 2
_META = "meta.json"
_ARRAYS = "arrays-"
_MOVED = "moved.parquet"
# In format 1 the arrays lay beside meta.json, without checksums.
_READ = (1, FORMAT)


def save(hierarchy: Hierarchy, folder: Path | str, recipe: str = "") -> None:
    """Writes a hierarchy to a folder, in place of the build that may lie there.

    recipe: what the build depends on, see `recipe_of`. Raises HardballError when `folder` is
    something else than a build, or cannot be written; what was there then stands as it was.
    """
    target = Path(folder)
    if target.exists() and not is_build(target) and not _only_leftovers(target):
        raise HardballError(f"{target} is no built hierarchy: choose another folder")
    fresh = not target.exists()
    into = target / f"{_ARRAYS}{uuid.uuid4().hex[:12]}"
    try:
        into.mkdir(parents=True)
        _write(hierarchy, into)
        with files.replacing(target / _META) as aside:
            aside.write_text(_description(hierarchy, into, recipe), "utf-8")
    except OSError as error:
        with contextlib.suppress(OSError):
            shutil.rmtree(target if fresh else into)
        raise HardballError(
            f"cannot write {target} ({error}): free space, or choose another folder"
        ) from None
    for left in filter(_is_leftover, target.iterdir()):
        if left != into:
            _remove(left)


def is_build(folder: Path | str) -> bool:
    """Whether a built hierarchy lies there."""
    try:
        return (Path(folder) / _META).is_file()
    except OSError:  # a name that no file can have
        return False


def recipe_of(folder: Path | str) -> str:
    """The recipe that `save` was given; "" where no build lies there, or it says none."""
    try:
        meta = json.loads((Path(folder) / _META).read_text("utf-8"))
        return str(meta.get("recipe", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def load(folder: Path | str) -> Hierarchy:
    """The hierarchy that `save` wrote; ids and names become Python strings when first asked for.

    Raises HardballError when the folder holds no whole build, or one of its files was changed.
    """
    source = Path(folder)
    before = ""
    while True:
        try:
            return _read(source)
        except FileNotFoundError as error:
            # Another process may have put a new build in its place in between: then meta.json says.
            now = (source / _META).read_text("utf-8") if is_build(source) else ""
            if now == before:
                raise _broken(source, error) from None
            before = now
        except BROKEN as error:
            raise _broken(source, error) from None


def _broken(source: Path, error: Exception) -> HardballError:
    said = brief(error)
    return HardballError(f"{source} holds no whole hierarchy ({said}): build it again")


def _read(source: Path) -> Hierarchy:
    meta = json.loads((source / _META).read_text("utf-8"))
    if meta["format"] not in _READ:
        raise HardballError(f"{source} has format {meta['format']}, read is {FORMAT}: rebuild")
    where = source
    if meta["format"] > 1:
        _check(meta, source)
        where = source / meta["arrays"]
        for name, sum_of_it in meta["sha256"].items():
            if files.sha256(where / name) != sum_of_it:
                raise ValueError(f"{name} was changed")
    table = pq.read_table(where / "nodes.parquet").combine_chunks()
    fields = {key: table[key].combine_chunks() for key in table.column_names}
    moved = pq.read_table(where / _MOVED) if _MOVED in meta.get("sha256", {}) else None
    return Hierarchy(
        name=meta["name"],
        id_column=fields["id"],
        name_column=fields.get("name"),
        groups={
            label: fields[f"group:{label}"].to_numpy(zero_copy_only=False)
            for label in meta["group_names"]
        },
        group_names=meta["group_names"],
        notices=meta["notices"],
        moved={} if moved is None else dict(zip(*moved.to_pydict().values(), strict=True)),
        **{key: np.load(where / f"{key}.npy", allow_pickle=False) for key in ARRAYS},
    )


def _check(meta: dict[str, Any], source: Path) -> None:
    told = {key: value for key, value in meta.items() if key != "sum"}
    if meta.get("sum") != _sum(told) or not meta["arrays"].startswith(_ARRAYS):
        raise ValueError(f"{_META} was changed")


def _write(h: Hierarchy, folder: Path) -> None:
    fields = {"id": h.id_column}
    if h.name_column is not None:
        fields["name"] = h.name_column
    fields |= {f"group:{label}": pa.array(codes) for label, codes in h.groups.items()}
    pq.write_table(pa.table(fields), folder / "nodes.parquet", compression="zstd")
    if h.moved:
        columns = {"old": list(h.moved), "new": list(h.moved.values())}
        pq.write_table(pa.table(columns), folder / _MOVED, compression="zstd")
    for key in ARRAYS:
        np.save(folder / f"{key}.npy", getattr(h, key), allow_pickle=False)


def _description(h: Hierarchy, arrays: Path, recipe: str) -> str:
    meta = {
        "format": FORMAT,
        "name": h.name,
        "nodes": h.n_nodes,
        "edges": h.n_edges,
        "roots": h.roots.size,
        "max_depth": h.max_depth,
        "notices": h.notices,
        "group_names": h.group_names,
        "content_sha256": h.content_sha256,
        "recipe": recipe,
        "arrays": arrays.name,
        "sha256": {path.name: files.sha256(path) for path in sorted(arrays.iterdir())},
    }
    return json.dumps(meta | {"sum": _sum(meta)}, indent=1, ensure_ascii=False) + "\n"


def _sum(meta: dict[str, Any]) -> str:
    """sha256 of what meta.json says beside this very sum."""
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()


def _only_leftovers(folder: Path) -> bool:
    """Whether a folder is empty, or holds nothing but what a killed build left."""
    return folder.is_dir() and all(map(_is_leftover, folder.iterdir()))


def _is_leftover(path: Path) -> bool:
    """Whether a file beside meta.json is an earlier build's, or half of one."""
    name = path.name
    earlier = {"nodes.parquet", "recipe.json", *(f"{key}.npy" for key in ARRAYS)}
    half = name.startswith(".") and name.endswith(f".{_META}")
    return name.startswith(_ARRAYS) or half or name in earlier


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
