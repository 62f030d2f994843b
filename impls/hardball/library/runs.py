"""Embeddings of runs: what a run's file, its name, or a saved embedding holds."""

import difflib
import json
from pathlib import Path
from typing import Any

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.data import store
from hardball.data.points import load_points
from hardball.library.embedding import Embedding, load
from hardball.metrics.polar import to_polar
from hardball.report.site.disk import Disk, disk

FIGURES = "metrics"


def embedding_of(reference: str, dataset: str = "") -> Embedding:
    """The embedding that a person means.

    reference: a file that `Embedding.save` wrote, a run's points/<run>.npz, or the name of a run
    whose points lie in results/work. dataset: what a run's file embeds, where its row does not lie
    beside it. Raises HardballError on anything else, with the runs that are alike.
    """
    path = Path(reference)
    if not path.is_file():
        path = _of_run(reference)
    row = row_of(path)
    if row is None and not dataset:
        try:
            return load(path)
        except HardballError as error:
            raise HardballError(f"{error}; of a run's points name the --dataset") from None
    h = store.open_hierarchy(dataset or str((row or {})["dataset"]))
    found = load_points(path, h.ids)
    figures = {k: v for k, v in (row or {}).get(FIGURES, {}).items() if v is not None}
    settings = {k: v for k, v in (row or {}).items() if k != FIGURES}
    return Embedding(h, found.points, found.manifold, found.c, settings, figures)


def disk_of(reference: str) -> Disk:
    """The disk of an embedding, of any dimension, for a page; see `embedding_of`.

    Raises HardballError on Euclidean points too.
    """
    found = embedding_of(reference)
    polar = to_polar(found.points, found.manifold, found.c)
    return disk(found.hierarchy, polar, made=f"of {Path(reference).name}")


def row_of(points: Path) -> dict[str, Any] | None:
    """The row of <suite>/points/<run>.npz among <suite>/rows/*.jsonl; None where there is none."""
    for file in sorted(points.parent.parent.glob("rows/[!.]*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            if row.get("run_id") == points.stem:
                return dict(row)
    return None


def _of_run(name: str) -> Path:
    found = {
        path.stem: path for path in sorted((paths.results() / "work").glob("*/points/[!.]*.npz"))
    }
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, n=2, cutoff=0.5)
    hint = f", did you mean {' or '.join(near)}?" if near else ""
    raise HardballError(
        f"no run or file {name!r}{hint}: name a file that `save` wrote, or a run whose points lie "
        f"in {paths.results() / 'work'}"
    )
