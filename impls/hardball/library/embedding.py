"""An embedding with its names: what is near, what lies above, where something new belongs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hardball.core.errors import HardballError
from hardball.hierarchy import closure as closures
from hardball.hierarchy.closure import Csr, contains
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.library import saved
from hardball.library.coordinates import coordinates
from hardball.library.links import Links, fitted
from hardball.library.lookup import Lookup
from hardball.library.pictures import disk, page
from hardball.library.placing import place
from hardball.metrics.polar import Polar, between, distances, to_polar


@dataclass(frozen=True, eq=False)
class Embedding:
    """Points of a hierarchy's nodes, asked by id or by name; nothing of it ever changes.

    hierarchy: nodes with ids, names and edges. points: (N, D) in its order and in the coordinates
    of `manifold`, curvature -c. settings: of the run that made it; figures: its metrics.
    """

    hierarchy: Hierarchy
    points: np.ndarray
    manifold: str
    c: float = 1.0
    settings: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.hierarchy.n_nodes

    def __repr__(self) -> str:
        found = self.figures.get("map")
        quality = "" if found is None else f", MAP {found:.3f}"
        return (
            f"<Embedding of {self.hierarchy.name}: {len(self):,} nodes, {self.dim} dimensions, "
            f"{self.manifold}{quality}>"
        )

    @property
    def dim(self) -> int:
        """Dimensions of the space."""
        return int(self._polar.direction.shape[1])

    def nearest(self, node: Any, k: int = 10) -> pd.DataFrame:
        """The k nodes nearest to a node: id, name, distance, and what each is to it.

        Raises HardballError on a node that is not here, and on k below 1.
        """
        row = self._find.row(node)
        if k < 1:
            raise HardballError(f"k={k}, allowed are 1 or more")
        d = distances(self._polar, np.array([row]))[0]
        d[row] = np.inf
        near = np.argsort(d, kind="stable")[: min(k, len(self) - 1)]
        found = self._named(near).assign(distance=d[near])
        return found.assign(relation=[self._relation(row, other) for other in near])

    def ancestors(self, node: Any) -> pd.DataFrame:
        """The nodes above a node: id, name, depth, distance, and the rank that it has by distance.

        rank: 1 where nothing that is no ancestor lies nearer; from the root down.
        """
        row = self._find.row(node)
        above = self._above(row)
        d = distances(self._polar, np.array([row]))[0]
        others = np.ones(len(self), bool)
        others[above] = others[row] = False
        ranks = [1 + int(np.count_nonzero(d[others] < d[a])) for a in above]
        found = self._named(above).assign(depth=self.hierarchy.depth[above], distance=d[above])
        order = ["depth", "distance"]
        return found.assign(rank=ranks).sort_values(order, ignore_index=True)

    def rows(self, nodes: Any) -> np.ndarray:
        """The rows of nodes in `points`: (n,), of one node (1,)."""
        return self._find.rows(nodes)

    def distance(self, a: Any, b: Any) -> float | np.ndarray:
        """The distance of two nodes; of lists of nodes, one by one, (n,)."""
        ours, theirs = self._find.rows(a), self._find.rows(b)
        count = max(len(ours), len(theirs))
        found = between(self._polar, np.resize(ours, count), np.resize(theirs, count))
        several = any(not isinstance(each, str | int) for each in (a, b))
        return found if several else float(found[0])

    def is_a(self, node: Any, other: Any) -> bool:
        """Whether the hierarchy has `other` above `node`; the points' word: `is_a_probability`."""
        rows = (np.array([self._find.row(each)]) for each in (node, other))
        return bool(contains(self._closure, *rows)[0])

    def is_a_probability(self, node: Any, other: Any) -> float:
        """How likely the points make it that `other` is above `node`, from 0 to 1.

        A logistic score of distance, radii, angle and how dense both surroundings are, fitted to
        known pairs against made-up ones at the first call, see `links.fitted`.
        """
        asked = np.array([[self._find.row(node), self._find.row(other)]])
        return float(self._links.probability(self._polar, asked)[0])

    def place(self, new: str, parents: Any, *, name: str = "") -> "Embedding":
        """This embedding with one more node, below `parents`; no other point moves.

        The new point is where the training loss of its own pairs is least, see `placing.place`.
        Raises HardballError where `new` is here already.
        """
        if new in set(map(str, self.hierarchy.ids)):
            raise HardballError(f"{self.hierarchy.name} has a node {new!r} already")
        rows = self._find.rows(parents)
        above = np.unique(np.concatenate([rows, *(self._above(row) for row in rows)]))
        vector = place(self._polar, above, rows)
        h = self.hierarchy
        tangent = np.concatenate(
            [self._polar.radius[:, None] * self._polar.direction, vector[None]]
        )
        larger = _with_node(h, new, [str(h.ids[row]) for row in rows], name)
        larger = replace(larger, moved={k: v for k, v in h.moved.items() if k != new})
        number = {str(raw): row for row, raw in enumerate(h.ids)} | {new: len(h.ids)}
        order = np.array([number[str(raw)] for raw in larger.ids])
        made = "tangent" if self._polar.hyperbolic else "euclidean"
        scale = 1 / np.sqrt(self.c) if self._polar.hyperbolic else 1.0
        return Embedding(larger, scale * tangent[order], made, self.c, self.settings)

    def to_frame(self, space: str = "") -> pd.DataFrame:
        """A row a node: id, name, depth, radius, and its coordinates x0, x1, ... in float64.

        space: tangent, poincare, lorentz or euclidean; its own unless one is named.
        Raises HardballError as `coordinates.coordinates` does.
        """
        rows = coordinates(self._polar, space or self.manifold, self.c)
        scale = 1 / np.sqrt(self.c) if self._polar.hyperbolic else 1.0
        found = self._named(np.arange(len(self)))
        found = found.assign(depth=self.hierarchy.depth, radius=scale * self._polar.radius)
        axes = pd.DataFrame(rows, columns=[f"x{axis}" for axis in range(rows.shape[1])])
        return pd.concat([found, axes], axis=1)

    def save(self, path: str | Path) -> Path:
        """Writes points, ids, names and edges to one file, which `hardball.load` reads."""
        held = self.hierarchy, self.points, self.manifold, self.c, self.settings, self.figures
        return saved.write(Path(path), saved.Saved(*held))

    def plot(self, path: str | Path | None = None, *, interactive: bool = False) -> Any:
        """The nodes in the Poincaré disk, as a Matplotlib figure, written to `path` too.

        Up to 1,500 nodes with most descendants. interactive: all nodes, as one page to zoom, search
        and recentre, written to `path`, which is given back. Raises HardballError on Euclidean
        points, on an interactive plot without a path, and where Matplotlib is not installed.
        """
        where = None if path is None else Path(path)
        if interactive:
            return page(self.hierarchy, self._polar, where)
        return disk(self.hierarchy, self._polar, where)

    @cached_property
    def _polar(self) -> Polar:
        return to_polar(self.points, self.manifold, self.c)

    @cached_property
    def _find(self) -> Lookup:
        return Lookup(self.hierarchy)

    @cached_property
    def _closure(self) -> Csr:
        return closures.closure(self.hierarchy)

    @cached_property
    def _links(self) -> Links:
        return fitted(self._polar, self._closure)

    def _above(self, row: int) -> np.ndarray:
        return self._closure.indices[self._closure.indptr[row] : self._closure.indptr[row + 1]]

    def _named(self, rows: Sequence[int] | np.ndarray) -> pd.DataFrame:
        h = self.hierarchy
        return pd.DataFrame({"id": h.ids[rows], "name": h.names[rows]})

    def _relation(self, row: int, other: int) -> str:
        h, known = self.hierarchy, self._closure
        one, two = np.array([row]), np.array([other])
        mine = h.parents_indices[h.parents_indptr[row] : h.parents_indptr[row + 1]]
        theirs = h.parents_indices[h.parents_indptr[other] : h.parents_indptr[other + 1]]
        if other in mine:
            return "parent"
        if row in theirs:
            return "child"
        if contains(known, one, two)[0]:
            return "ancestor"
        if contains(known, two, one)[0]:
            return "descendant"
        return "sibling" if len(np.intersect1d(mine, theirs)) else ""


def _with_node(h: Hierarchy, new: str, parents: list[str], name: str) -> Hierarchy:
    """The hierarchy with one more node; ids become text."""
    child = np.repeat(np.arange(h.n_nodes), np.diff(h.parents_indptr))
    ids = [*map(str, h.ids), new]
    names = None if h.name_column is None and not name else [*map(str, h.names), name or new]
    return from_edges(
        h.name,
        [*(ids[row] for row in child), *[new] * len(parents)],
        [*(ids[row] for row in h.parents_indices), *parents],
        nodes=ids,
        names=names,
    )


def load(path: str | Path) -> Embedding:
    """The embedding in a file that `Embedding.save` wrote.

    Raises HardballError, one line, on any other file.
    """
    return Embedding(*saved.read(Path(path)))
