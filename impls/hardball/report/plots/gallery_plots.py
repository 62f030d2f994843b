"""Pictures of what samplers draw: the tree faint, the draws in size and colour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path as Curve
from numpy.typing import NDArray

from hardball.core.files import replacing
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.drawing import sectors
from hardball.methods import registry
from hardball.report import gallery, pictures, slim_svg
from hardball.report.gallery import Drawn, Scene
from hardball.report.plots import disk_plots, labels, style
from hardball.report.plots.labels import Name

Floats = NDArray[np.float64]

# Text as outlines: a reader's browser need not have the font.
SETTINGS: Any = style.SETTINGS | {"svg.fonttype": "path", "path.simplify": False}
STRETCH = 0.52
TURN = 0.35
ANCESTOR, DRAWN = style.PALETTE[0], "#7A3300"
# Shares from SMALLEST to 1 in GRADES steps of equal ratio; light to dark, so grey print tells them
# apart too.
SMALLEST, GRADES = 2e-4, 14
SHADES = "YlOrBr"
COLUMNS = 4
MOST_NAMES = 20


@dataclass(frozen=True, eq=False)
class Layout:
    """disk: (N, 2) places of the nodes; edges: all of the tree, those to leaves apart."""

    scene: Scene
    disk: Floats
    inner: Curve
    outer: Curve


def layout(scene: Scene) -> Layout:
    """The spanning tree in the disk: x = tanh(a / 2) in the direction of `sectors`, turned."""
    tree = scene.tree
    v = sectors(tree, np.zeros((tree.n_nodes, 2)), STRETCH)
    a = np.linalg.norm(v, axis=1, keepdims=True)
    x = np.divide(v, a, out=np.zeros_like(v), where=a > 0) * np.tanh(a / 2)
    turn = np.array([[np.cos(TURN), np.sin(TURN)], [-np.sin(TURN), np.cos(TURN)]])
    disk = x @ turn
    child = np.flatnonzero(tree.parent >= 0)
    edges = np.column_stack([child, tree.parent[child]])
    leaf = disk_plots.below(tree)[child] == 1
    inner, outer = (disk_plots.curves(disk, edges[some], parts=1) for some in (~leaf, leaf))
    return Layout(scene, disk, inner, outer)


def picture(layout: Layout, entry: registry.Entry, drawn: Drawn) -> Figure:
    """One sampler's picture, with names and a legend."""
    with matplotlib.rc_context(SETTINGS):
        fig, axes = style.figure(6.8, 7.4)
        style.titles(fig, entry.name)
        said = f"{entry.summary}\n{_figures(drawn)}"
        fig.supxlabel(said, x=0.01, ha="left", fontsize=8.5, color="#555555")
        _disk(axes, layout, drawn, 1.0, 1.18)
        axes.legend(
            handles=_keys(), loc="upper center", bbox_to_anchor=(0.5, 0.01), ncols=9, fontsize=8,
            handletextpad=0.1, columnspacing=1.2,
        )  # fmt: skip
        fig.canvas.draw()
        _names(axes, layout, drawn)
    return fig


def sheet(layout: Layout, entries: Sequence[registry.Entry], drawn: Mapping[str, Drawn]) -> Figure:
    """All samplers side by side."""
    with matplotlib.rc_context(SETTINGS):
        rows = -(-len(entries) // COLUMNS)
        fig, grid = style.figure(
            2.35 * COLUMNS, 2.62 * rows, nrows=rows, ncols=COLUMNS, squeeze=False
        )
        for axes in grid.flat[len(entries) :]:
            axes.set_axis_off()
        for axes, entry in zip(grid.flat, entries, strict=False):
            _disk(axes, layout, drawn[entry.name], 0.5, 1.02)
            axes.set_title(entry.name, loc="center", fontsize=9.5)
        fig.legend(handles=_keys(), loc="outside lower center", ncols=9, fontsize=9)
    return fig


def _figures(drawn: Drawn) -> str:
    if not drawn.share.any():
        return "no draw is left for this anchor"
    masked = f"{100 * drawn.masked:.1f} % of the draws masked"
    widened = " · widened" if drawn.widened else ""
    return f"{drawn.effective:,.1f} effective negatives · {masked}{widened}"


def _disk(axes: Axes, layout: Layout, drawn: Drawn, size: float, reach: float) -> None:
    """Everything but words; size: of dots and lines; reach: how far the picture goes."""
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.add_patch(
        Circle((0, 0), 1, facecolor="#FBFBFA", edgecolor="#BBBBBB", linewidth=0.8 * size)
    )
    _lines(axes, layout.outer, "#DADADA", 0.35 * size, 1)
    _lines(axes, layout.inner, "#C4C4C4", 0.7 * size, 2)
    _dots(axes, layout.disk, "#B4B4B4", 1.1 * size, 3)
    scene, tree = layout.scene, layout.scene.tree
    line = _lineage(tree, scene.anchor)
    edges = np.column_stack([line[:-1], line[1:]])
    _lines(axes, disk_plots.curves(layout.disk, edges), ANCESTOR, 1.4 * size, 4)
    grade = grades(drawn.share)
    for step in range(GRADES):
        here = (grade == step) & (drawn.share > 0)
        if here.any():
            _dots(axes, layout.disk[here], _shade(step), _width(step) * size, 5 + step / GRADES)
    at = layout.disk[scene.ancestors]
    _marks(axes, at, "D", 5.2 * size, ANCESTOR, 7)
    _marks(axes, layout.disk[[scene.anchor]], "*", 13 * size, "black", 8)


def _lineage(tree: Hierarchy, node: int) -> list[int]:
    line = [node]
    while tree.parent[line[-1]] >= 0:
        line.append(int(tree.parent[line[-1]]))
    return line


def grades(share: Floats) -> NDArray[np.int_]:
    """Step of each share between SMALLEST and 1, on a logarithmic scale: 0..GRADES - 1."""
    height = 1 - np.log(np.maximum(share, SMALLEST)) / np.log(SMALLEST)
    return np.minimum((height * GRADES).astype(int), GRADES - 1)


def _shade(step: int) -> str:
    return matplotlib.colors.to_hex(matplotlib.colormaps[SHADES](0.34 + 0.66 * step / (GRADES - 1)))


def _width(step: int) -> float:
    return 1.9 + 11.5 * (step / (GRADES - 1)) ** 1.25


def _lines(axes: Axes, path: Curve, color: str, width: float, order: float) -> None:
    patch = PathPatch(path, facecolor="none", edgecolor=color, linewidth=width, zorder=order)
    axes.add_patch(patch)


def _dots(axes: Axes, places: Floats, color: str, width: float, order: float) -> None:
    """Dots as one path of points with round caps: a tenth of the bytes of markers."""
    ends = np.stack([places, places + np.array([1e-4, 0])], axis=1).reshape(-1, 2)
    codes = np.tile([Curve.MOVETO, Curve.LINETO], len(places))
    patch = PathPatch(
        Curve(ends, codes), facecolor="none", edgecolor=color, linewidth=width, zorder=order,
        capstyle="round", snap=False,
    )  # fmt: skip
    axes.add_patch(patch)


def _marks(axes: Axes, at: Floats, mark: str, size: float, color: str, order: float) -> None:
    axes.plot(
        at[:, 0], at[:, 1], mark, markersize=size, color=color, markeredgecolor="white",
        markeredgewidth=0.09 * size, zorder=order,
    )  # fmt: skip


def _names(axes: Axes, layout: Layout, drawn: Drawn) -> None:
    """The anchor, its ancestors, and what at least 1 % of the draws go to: near the rim outside."""
    scene = layout.scene
    often = np.lexsort((np.arange(len(drawn.share)), -drawn.share))
    often = often[drawn.share[often] >= 0.01]
    outside = np.linalg.norm(layout.disk[often], axis=1) > 0.9
    wanted = [_name(layout, scene.anchor, "black", 9.5, True)]
    wanted += [_name(layout, int(a), "#00466F", 7.5) for a in scene.ancestors[::-1]]
    wanted += [_name(layout, int(n), DRAWN, 7.0) for n in often[~outside]]
    labels.place(axes, wanted, MOST_NAMES, within=1.0)
    for text in axes.texts:
        # A halo would turn every name into two outlines of its own.
        text.set_path_effects([])
        text.set_bbox({"facecolor": "#FBFBFA", "edgecolor": "none", "alpha": 0.6, "pad": 0.2})
    labels.around(axes, [_name(layout, int(n), DRAWN, 6.5) for n in often[outside]])


def _name(layout: Layout, node: int, color: str, size: float, bold: bool = False) -> Name:
    x, y = layout.disk[node]
    return Name(str(layout.scene.tree.names[node]), float(x), float(y), color, size, bold)


def _keys() -> list[Line2D]:
    """The marks of a legend, and dots for shares of the draws."""
    keys = [_key("*", 11, "black", "anchor"), _key("D", 5, ANCESTOR, "its ancestors")]
    for share, label in ((0.001, "0.1 % of the draws"), (0.01, "1 %"), (0.1, "10 %"), (1.0, "all")):
        step = int(grades(np.array([share]))[0])
        keys.append(_key("o", _width(step), _shade(step), label))
    return keys


def _key(mark: str, size: float, color: str, label: str) -> Line2D:
    return Line2D(
        [], [], linestyle="", marker=mark, markersize=size, color=color, markeredgecolor="none",
        label=label,
    )  # fmt: skip


def write_one(layout: Layout, entry: registry.Entry, drawn: Drawn, path: Path) -> Path:
    fig = picture(layout, entry, drawn)
    with replacing(path) as aside:
        with matplotlib.rc_context(SETTINGS):
            fig.savefig(aside, format="svg", metadata={"Date": None, "Creator": None})
        aside.write_text(slim_svg.light(aside.read_text(encoding="utf-8")), encoding="utf-8")
    return path


def write_sheet(
    layout: Layout, entries: Sequence[registry.Entry], drawn: Mapping[str, Drawn], path: Path
) -> Path:
    fig = sheet(layout, entries, drawn)
    with replacing(path) as aside:
        with matplotlib.rc_context(SETTINGS):
            fig.savefig(aside, format="png", metadata={"Software": None})
        aside.write_bytes(pictures.small_png(aside))
    return path


def write(folder: Path) -> list[Path]:
    """Draws every sampler's picture and their sheet, and writes the page below `folder`."""
    entries = registry.entries("sampler")
    here, framework = gallery.scene(), gallery.half()
    places = layout(here)
    drawn = {e.name: gallery.summarise(here, *gallery.draw(e, here, framework)) for e in entries}
    at = folder / gallery.FOLDER
    written = [write_one(places, e, drawn[e.name], at / f"{e.name}.svg") for e in entries]
    written.append(write_sheet(places, entries, drawn, at / f"{gallery.SHEET}.png"))
    page = folder / gallery.PAGE
    with replacing(page) as aside:
        aside.write_text(gallery.page(entries), encoding="utf-8")
    return [*written, page]
