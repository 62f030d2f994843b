"""The disks of a site: of a run's points where they are at hand, else drawn without training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hardball.core.errors import HardballError
from hardball.data import cards, store
from hardball.data.points import load_points
from hardball.hierarchy import drawing, stored
from hardball.hierarchy.dag import Hierarchy
from hardball.metrics.polar import Polar, to_polar
from hardball.report import rows
from hardball.report.site.disk import Disk, disk
from hardball.report.site.suites import Shown
from hardball.report.summary import FINISHED

UNTRAINED = "drawn without training: each subtree has its share of the circle"
MAP = "map"


def disks(shown: Sequence[Shown]) -> list[Disk]:
    """One of each data set of the rows that is on this machine; nothing is fetched for it."""
    found = []
    for dataset in dict.fromkeys(str(d) for suite in shown for d in suite.runs["dataset"].unique()):
        tree = _at_hand(dataset)
        if tree is not None:
            polar, made = _trained(tree, dataset, shown) or _drawn(tree)
            found.append(disk(tree, polar, made=made))
    return found


def _at_hand(dataset: str) -> Hierarchy | None:
    bundled = cards.exists(dataset) and cards.load(dataset).bundled is not None
    if bundled or stored.is_build(store.built(dataset)):
        return store.open_hierarchy(dataset)
    return None


def _drawn(tree: Hierarchy) -> tuple[Polar, str]:
    points = drawing.sectors(tree, np.zeros((tree.n_nodes, 2)), stretch=1.0)
    return to_polar(points, "tangent"), UNTRAINED


def _trained(tree: Hierarchy, dataset: str, shown: Sequence[Shown]) -> tuple[Polar, str] | None:
    """The points of the run with the highest MAP among those whose points lie beside its row."""
    for suite in shown:
        run = _best(suite, dataset)
        if run is None:
            continue
        try:
            found = load_points(_file(suite.folder, str(run["run_id"])), tree.ids)
        except HardballError:  # of a hierarchy that has changed since
            continue
        task, sampler = (rows.method_name(str(run[key])) for key in ("task", "sampler"))
        told = f"{task}, {sampler}, MAP {run[MAP]:.3f}, run {run['run_id']}"
        return to_polar(found.points, found.manifold, found.c), told
    return None


def _best(suite: Shown, dataset: str) -> dict[str, Any] | None:
    runs = suite.runs
    if MAP not in runs or not (suite.folder / "points").is_dir():
        return None
    runs = runs[(runs["dataset"] == dataset) & (runs["status"] == FINISHED) & runs[MAP].notna()]
    flat = runs["manifold"].map(rows.method_name) == "euclidean"
    kept = [_file(suite.folder, run).is_file() for run in runs["run_id"]]
    runs = runs[np.array(kept, bool) & ~flat.to_numpy(bool)]
    if runs.empty:
        return None
    first = int(runs[MAP].to_numpy().argmax())
    return {str(key): value for key, value in runs.iloc[first].items()}


def _file(folder: Path, run: str) -> Path:
    return folder / "points" / f"{run}.npz"
