"""A hierarchy in the Poincaré disk: geodesic edges, branches in colour, names that fit."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path as Curve
from numpy.typing import NDArray

from hardball.hierarchy.dag import Hierarchy
from hardball.report.plots import labels, style
from hardball.report.plots.labels import Name
from hardball.report.plots.projection import Plane

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]

LIMIT = 1500
INNER_NAMES = 34
BRANCHES = len(style.PALETTE)


def prominent(tree: Hierarchy, limit: int = LIMIT) -> Ints:
    """Up to `limit` nodes with most descendants, ascending; with a node comes its parent."""
    size = below(tree)
    order = np.lexsort((np.arange(tree.n_nodes), tree.depth, -size))
    return np.sort(order[:limit])


def below(tree: Hierarchy) -> Ints:
    """Nodes below or at each node of the spanning tree."""
    return (tree.last - tree.first).astype(int)


def has_child(tree: Hierarchy, shown: Ints) -> NDArray[np.bool_]:
    """Which of the shown nodes have a child that is shown."""
    return np.isin(shown, tree.parent[shown])


def branches(tree: Hierarchy, count: int = BRANCHES) -> Ints:
    """Heads of up to `count` large branches, largest first.

    The largest branch is opened into its children while it holds over a fifth of all nodes, or
    while there are too few; branches under 1 % of the nodes are no heads.
    """
    size = below(tree)
    heads = list(np.flatnonzero(tree.parent < 0))
    while True:
        heads.sort(key=lambda node: (-size[node], node))
        largest = heads[0]
        large = [h for h in heads if size[h] >= 0.01 * tree.n_nodes]
        if size[largest] <= 0.2 * tree.n_nodes and len(large) >= count:
            break
        children = np.flatnonzero(tree.parent == largest)
        if len(children) == 0 or size[largest] < 0.05 * tree.n_nodes:
            break
        heads = heads[1:] + list(children)
    kept = [h for h in heads if size[h] >= 0.01 * tree.n_nodes] or heads
    return np.asarray(kept[:count], dtype=int)


def branch_of(tree: Hierarchy, heads: Ints) -> Ints:
    """Position in `heads` of the branch that each node lies in, -1 for none."""
    found = np.full(tree.n_nodes, -1)
    for position, head in enumerate(heads):
        inside = (tree.first >= tree.first[head]) & (tree.first < tree.last[head])
        found[inside] = position
    return found


def arc(p: Floats, q: Floats, parts: int = 2) -> list[Floats]:
    """The geodesic from p to q as cubic Bézier points [p, (2 controls, end) x parts].

    Its circle meets the unit circle at right angles: 2 m.p = 1 + |p|^2, 2 m.q = 1 + |q|^2.
    A geodesic through the centre is a straight line.
    """
    cross = p[0] * q[1] - p[1] * q[0]
    if abs(cross) < 1e-6:
        return [p, p + (q - p) / 3, p + 2 * (q - p) / 3, q]
    right = np.array([1 + p @ p, 1 + q @ q]) / 2
    middle = np.array([right[0] * q[1] - right[1] * p[1], right[1] * p[0] - right[0] * q[0]])
    middle /= cross
    start, end = p - middle, q - middle
    turn = np.arctan2(start[0] * end[1] - start[1] * end[0], start @ end)
    points = [p]
    for step in range(parts):
        points += _quarter(middle, start, turn * step / parts, turn / parts)
    points[-1] = q
    return points


def _quarter(middle: Floats, start: Floats, begin: float, turn: float) -> list[Floats]:
    """Controls and end of one Bézier piece of a circle's arc."""
    length = 4 / 3 * np.tan(turn / 4)
    a, b = _rotate(start, begin), _rotate(start, begin + turn)
    along_a, along_b = np.array([-a[1], a[0]]), np.array([-b[1], b[0]])
    return [middle + a + length * along_a, middle + b - length * along_b, middle + b]


def _rotate(vector: Floats, angle: float) -> Floats:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([cosine * vector[0] - sine * vector[1], sine * vector[0] + cosine * vector[1]])


def curves(disk: Floats, edges: Ints, parts: int = 2) -> Curve:
    """One path of all edges (E, 2), each of `parts` pieces."""
    points: list[Floats] = []
    codes: list[int] = []
    for child, parent in edges:
        pieces = arc(disk[child], disk[parent], parts)
        points += pieces
        codes += [int(Curve.MOVETO)] + [int(Curve.CURVE4)] * (len(pieces) - 1)
    return Curve(np.asarray(points).reshape(-1, 2), codes)


@style.styled
def draw(
    plane: Plane,
    tree: Hierarchy,
    shown: Ints,
    names: Sequence[str],
    title: str,
    subtitle: str,
) -> Figure:
    """The picture. shown: the nodes (ascending) that plane.disk holds; names: theirs."""
    fig, axes = style.figure(8.6, 9.0)
    style.titles(fig, title, subtitle)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-1.38, 1.38)
    axes.set_ylim(-1.34, 1.34)
    axes.add_patch(Circle((0, 0), 1, facecolor="#FBFBFA", edgecolor="#BBBBBB", linewidth=0.8))

    heads = branches(tree)
    branch = branch_of(tree, heads)[shown]
    size = below(tree)[shown]
    edges(axes, plane.disk, tree, shown, branch)
    nodes(axes, plane.disk, branch, size)
    fig.canvas.draw()
    _names(axes, plane.disk, shown, names, heads, branch, size, tree)
    return fig


def color(branch: int) -> str:
    """The colour of a branch by its place among the heads; -1: of none."""
    return style.PALETTE[branch] if branch >= 0 else style.OTHER


def nodes(axes: Axes, disk: Floats, branch: Ints, size: Ints, width: float = 1.0) -> None:
    """Dots in a few sizes, times `width`: markers of one size share one shape in the SVG."""
    grade = np.ceil(np.log10(size)).astype(int)
    for position in np.unique(branch):
        for step in np.unique(grade):
            here = (branch == position) & (grade == step)
            axes.plot(
                disk[here, 0],
                disk[here, 1],
                "o",
                markersize=(1.9 + 1.1 * step) * width,
                color=color(int(position)),
                markeredgecolor="white",
                markeredgewidth=0.25 * width,
                zorder=4,
            )


def edges(
    axes: Axes,
    disk: Floats,
    tree: Hierarchy,
    shown: Ints,
    branch: Ints,
    width: float = 1.0,
    thin: bool = True,
) -> None:
    """Geodesics to the first parent, in the child's colour; those to leaves thin or left out."""
    place = np.full(tree.n_nodes, -1)
    place[shown] = np.arange(len(shown))
    parent = tree.parent[shown]
    child = np.flatnonzero(parent >= 0)
    pairs = np.column_stack([child, place[parent[child]]])
    inner = has_child(tree, shown)[child]
    for position in np.unique(branch):
        for thick in (False, True) if thin else (True,):
            chosen = pairs[(branch[child] == position) & (inner == thick)]
            if len(chosen):
                axes.add_patch(
                    PathPatch(
                        curves(disk, chosen),
                        facecolor="none",
                        edgecolor=color(position),
                        linewidth=(0.9 if thick else 0.4) * width,
                        alpha=0.75 if thick else 0.4,
                        zorder=3 if thick else 2,
                    )
                )


def _names(
    axes: Axes,
    disk: Floats,
    shown: Ints,
    names: Sequence[str],
    heads: Ints,
    branch: Ints,
    size: Ints,
    tree: Hierarchy,
) -> None:
    """Branch heads first, then inner nodes by descendants; leaves around the rim."""
    is_head = np.isin(shown, heads)
    order = np.lexsort((shown, -size, ~is_head))
    made = [
        Name(
            names[i],
            disk[i, 0],
            disk[i, 1],
            _dark(int(branch[i])),
            9.0 if is_head[i] else 7.0,
            bool(is_head[i]),
        )
        for i in order
    ]
    is_inner = has_child(tree, shown) | is_head
    inner = [name for name, i in zip(made, order, strict=True) if is_inner[i]]
    placed = labels.place(axes, inner, INNER_NAMES, within=0.995)
    said = {name.text for name in placed}
    depth = tree.depth[shown]
    by_depth = np.lexsort((shown, depth, -size))
    rank = {int(i): position for position, i in enumerate(order)}
    leaves = [made[rank[int(i)]] for i in by_depth if not is_inner[i]]
    outside = [n for n in leaves if n.text not in said and np.hypot(n.x, n.y) > 0.9]
    labels.around(axes, [Name(n.text, n.x, n.y, n.color, 6.0) for n in outside])


def _dark(branch: int) -> str:
    """The branch's colour, darkened so that text has contrast on white."""
    red, green, blue = (int(color(branch)[k : k + 2], 16) for k in (1, 3, 5))
    return f"#{int(red * 0.72):02X}{int(green * 0.72):02X}{int(blue * 0.72):02X}"


def subtitle_of(plane: Plane, dim: int, radius: Floats, total: int, shown: int) -> str:
    """What the picture is, and what the projection cost."""
    count = f"all {total:,} nodes" if shown == total else f"{shown:,} of {total:,} nodes"
    said = f"{count}; edges to the first parent are geodesics; colours: largest branches."
    if plane.exact:
        return (
            f"{said}\nPoincaré disk, as trained in two dimensions. "
            f"Largest hyperbolic radius {radius.max():.1f}."
        )
    return (
        f"{said}\nTrained in {dim} dimensions, drawn in the Poincaré disk by hydra+ "
        f"(Keller-Ressel & Nargang 2020), lengths × {plane.scale:.2f}.\n"
        f"Cost of the projection: mean relative error of distances {plane.relative_error:.0%}, "
        f"stress {plane.stress:.2f}, rank correlation of distances {plane.rank_correlation:.2f}."
    )
