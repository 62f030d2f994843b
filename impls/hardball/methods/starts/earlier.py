"""Beginning where an earlier run ended: its points, found by the raw ids of their nodes."""

import itertools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.data import store
from hardball.data.points import load_points
from hardball.hierarchy import temporal
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.methods.declare import start
from hardball.methods.parameter import text
from hardball.methods.sources import HARDBALL
from hardball.metrics.charts import chart
from hardball.metrics.polar import to_polar


class Earlier(NamedTuple):
    """Where an earlier run ended, beside the hierarchy of a later one.

    hierarchy: that of the earlier run, N' nodes. vectors: float64 (N', dim), its points as tangent
    vectors at the origin. place: (N,), the row there of each node of the later one, -1 if new.
    """

    hierarchy: Hierarchy
    vectors: np.ndarray
    place: np.ndarray


def carried(hierarchy: Hierarchy, noise: np.ndarray, found: Earlier) -> np.ndarray:
    """Each node where the earlier run left it, a new one at its parent: float64 (N, dim).

    Parents are those of the spanning tree, new themselves or not; the noise (N, dim) is added to
    new nodes alone, and is where a new root lies.
    """
    known = found.place >= 0
    out = noise.astype(np.float64)
    out[known] = found.vectors[found.place[known]]
    new = np.flatnonzero(~known & (hierarchy.parent >= 0))
    # Levels in turn, for which nodes are numbered: a parent has its place before its children.
    edges = np.searchsorted(new, hierarchy.level_starts)
    for begin, end in itertools.pairwise(edges):
        out[new[begin:end]] += out[hierarchy.parent[new[begin:end]]]
    return out


def earlier(hierarchy: Hierarchy, points: str, of: str) -> Earlier:
    """What `run` begins from.

    Raises HardballError when there are no such points, when they belong to another hierarchy than
    `of`, and when no node is in both.
    """
    file = points_file(points)
    before = store.open_hierarchy(of) if of else hierarchy.whole or hierarchy
    try:
        read = load_points(file, before.ids)
        ended = vectors(read.points, read.manifold, read.c)
    except HardballError as error:
        raise HardballError(f"start run: of={of!r}, {error}") from None
    place = temporal.rows_of(hierarchy.id_column, before.id_column)
    if (place < 0).all():
        raise HardballError(
            f"start run: {before.name}, which {points} was trained on, and {hierarchy.name} have "
            "no node in common: raw ids are compared, begin elsewhere"
        )
    return Earlier(before, ended, place)


def points_file(points: str) -> Path:
    """The file of a run's id, looked for in results/work/, or of a path below results/ to an .npz.

    Raises HardballError when there is none, when files of that id differ, and on an absolute path:
    a run is called by what it is given, which must be the same on every machine.
    """
    base = paths.results()
    if points.endswith(".npz"):
        if Path(points).is_absolute():
            raise HardballError(
                f"start run: points={points!r}, allowed is a run's id, or a path below {base}, so "
                "that the run has the same name on every machine"
            )
        found = [base / points] if (base / points).is_file() else []
    else:
        every = base.glob("work/*/points/[!.]*.npz") if points else ()
        found = sorted(path for path in every if path.stem == points)
    if not found:
        raise HardballError(
            f"start run: no points {points!r}: name a run whose points lie in "
            f"{base}/work/*/points, or their path below results/"
        )
    if len({path.read_bytes() for path in found}) > 1:
        raise HardballError(
            f"start run: {len(found)} files of {points} differ: name the path of one below results/"
        )
    return found[0]


def vectors(points: np.ndarray, manifold: str, c: float) -> np.ndarray:
    """Points (N, D) as tangent vectors at the origin, whose length is the radius: float64."""
    if chart(manifold).vectors:
        return points.astype(np.float64)
    polar = to_polar(points, manifold, c)
    return (polar.radius / c**0.5)[:, None] * polar.direction


def files(points: str = "", of: str = "") -> list[Path]:
    """The file that a run begins from, see `points_file`."""
    return [points_file(points)]


@start(
    summary="where an earlier run ended, new nodes at their parents; `points`: its id",
    source=HARDBALL,
    parameters={
        "points": text("", "the run's id, or a path below results/"),
        "of": text("", "the data set it was trained on, where that is another"),
    },
    earlier=earlier,
    reads=files,
)
def run(hierarchy: Hierarchy, noise: np.ndarray, *, points: str, of: str) -> np.ndarray:
    """The points of an earlier run, as tangent vectors at the origin: float64 (N, dim).

    points: see `points_file`; of: the data set it was trained on, "" where that is this one. For
    nodes that it lacks see `carried`. Raises HardballError where `earlier` does, and on points of
    another dimension.
    """
    found = earlier(hierarchy, points, of)
    if found.vectors.shape[1] != noise.shape[1]:
        raise HardballError(
            f"start run: the points of {points} have {found.vectors.shape[1]} dimensions, this run "
            f"has {noise.shape[1]}: set dim={found.vectors.shape[1]}"
        )
    return carried(hierarchy, noise, found)


def goes_on(spec: Any, **_: Any) -> None:
    """Raises HardballError unless a run begins from an earlier one and is held there by one term.

    For regularisers that are told where the run began and how much that mattered.
    """
    held = [
        m.name for m in spec.regularizers if registry.entry("regularizer", m.name).fits is goes_on
    ]
    if registry.entry("start", spec.start.name).earlier is None or len(held) > 1:
        able = ", ".join(each.name for each in registry.entries("start") if each.earlier)
        raise HardballError(
            f"regularizer {held[0]}, {len(held)} times, with start {spec.start.name}: it holds a "
            f"run near the points of an earlier one, once; allowed with start {able}"
        )
