"""Dies at every rename of a writer, before and after it, and says what is found then.

`python killed.py WRITER FOLDER` prints one line of JSON a death. The process that dies is a fork
that ends without any clean-up, as one that is killed.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from hardball.core import array_files, files
from hardball.data.points import load_points, save_points
from hardball.hierarchy import stored
from hardball.hierarchy.dag import from_edges
from hardball.library import saved
from hardball.runs import collect, tables

DIED = 9


class Writer(NamedTuple):
    """write(folder, which) writes the old (0) or the new (1); read(folder) says which is there."""

    write: Callable[[Path, int], None]
    read: Callable[[Path], int]


def _hierarchy(which: int):
    return from_edges("t", ["b", "c"][: which + 1], ["a", "a"][: which + 1])


def _embedding(which: int):
    h = _hierarchy(which)
    return saved.Saved(h, np.zeros((h.n_nodes, 2)), "tangent", 1.0, {}, {})


def _text(folder: Path, which: int) -> None:
    with files.replacing(folder / "text") as aside:
        aside.write_text(str(which))


def _collected(folder: Path) -> int:
    # Hidden halves are no rows.
    count, left = collect.collect_folder(folder)
    assert (count, left) == (0, [])
    return len(tables.read_table(folder / "runs" / "runs.csv", ["run_id"])) - 1


WRITERS = {
    "build": Writer(
        lambda f, which: stored.save(_hierarchy(which), f / "build", str(which)),
        lambda f: stored.load(f / "build").n_edges - 1,
    ),
    "embedding": Writer(
        lambda f, which: saved.write(f / "x.npz", _embedding(which)) and None,
        lambda f: saved.read(f / "x.npz").hierarchy.n_edges - 1,
    ),
    "points": Writer(
        lambda f, which: save_points(
            f / "p.npz", np.full((1, 2), float(which)), "tangent", 1.0, ["a"]
        ),
        lambda f: int(load_points(f / "p.npz", ["a"]).points[0, 0]),
    ),
    "checkpoint": Writer(
        lambda f, which: array_files.write_arrays(
            f / "c.npz", {"identity": np.array("i"), "x": np.array(which)}
        ),
        lambda f: int((array_files.read_arrays(f / "c.npz", "i") or {"x": -1})["x"]),
    ),
    "table": Writer(
        lambda f, which: tables.write_table(
            f / "runs" / "runs.csv", pd.DataFrame({"run_id": ["NA"] * (which + 1)})
        ),
        _collected,
    ),
    "text": Writer(_text, lambda f: int((f / "text").read_text())),
}


def die(writer: Writer, folder: Path, place: int, after: bool) -> bool:
    """Whether a process that writes the new died at its rename `place`."""
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == DIED
    seen = 0

    def dying(real: Callable[..., None]) -> Callable[..., None]:
        def rename(*given: object, **named: object) -> None:
            nonlocal seen
            seen += 1
            if seen == place and not after:
                os._exit(DIED)
            real(*given, **named)
            if seen == place:
                os._exit(DIED)

        return rename

    os.rename, os.replace = dying(os.rename), dying(os.replace)
    writer.write(folder, 1)
    os._exit(0)


def main(name: str, root: Path) -> None:
    writer = WRITERS[name]
    for place in range(1, 10):
        for after in (False, True):
            folder = root / f"{place}-{after}"
            folder.mkdir(parents=True)
            writer.write(folder, 0)
            if not die(writer, folder, place, after):
                return
            found = writer.read(folder)
            long_ago = time.time() - 3600
            for path in folder.rglob("*"):
                os.utime(path, (long_ago, long_ago))
            writer.write(folder, 1)
            halves = [path.name for path in folder.rglob(".*")]
            halves += [path.name for path in sorted(folder.rglob("arrays-*"))[1:]]
            told = {"after": after, "found": found, "again": writer.read(folder), "halves": halves}
            print(json.dumps(told))


if __name__ == "__main__":
    for each in sys.argv[2:]:
        print(each)
        main(each, Path(sys.argv[1]) / each)
