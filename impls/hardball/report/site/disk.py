"""A hierarchy in the Poincaré disk as a page: what its script is given, and its files."""

import base64
import html
import json
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray

from hardball.core.errors import HardballError
from hardball.core.files import replacing
from hardball.hierarchy.dag import Hierarchy
from hardball.metrics.polar import Polar
from hardball.report.site import plane

HERE = Path(__file__).parent
SCRIPTS = ("disk_geometry.js", "disk_painter.js", "disk.js")
STYLE = "disk.css"


@dataclass(frozen=True)
class Disk:
    """What a page shows: the title, a line below it, a note, and the script's data."""

    title: str
    subtitle: str
    note: str
    data: dict[str, str]


def disk(tree: Hierarchy, polar: Polar, title: str = "", made: str = "") -> Disk:
    """All nodes of a hierarchy at their points, drawn by `plane.drawn`.

    made: how the points came to be, a short text. Raises HardballError on points of R^d.
    """
    if not polar.hyperbolic:
        raise HardballError("points of R^d have no place in the Poincaré disk")
    placed = plane.drawn(tree, polar)
    title = title or tree.name
    note = f"{placed.said} Edges lead to the first parent. Click a node to move it to the centre."
    data = {
        "title": title,
        "said": note,
        "names": "\n".join(" ".join(str(name).split()) for name in tree.names),
        "parent": _packed(tree.parent, "<i4"),
        "radius": _packed(placed.radius, "<f4"),
        "angle": _packed(placed.angle, "<f8"),
    }
    reach = polar.radius / np.sqrt(polar.c)
    if not np.array_equal(reach, placed.radius):
        data["reach"] = _packed(reach, "<f4")
    subtitle = ", ".join(filter(None, [f"{tree.n_nodes:,} nodes", made]))
    return Disk(title, subtitle, note, data)


def _packed(values: NDArray[np.generic], kind: str) -> str:
    """The bytes of an array, little-endian, as base64."""
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode()


def script_of(found: Disk) -> str:
    """A script that hands the data to the page."""
    return f"window.hardballDiskData = {in_script(found.data)};\n"


def in_script(value: object) -> str:
    """JSON that no HTML parser takes for the end of a script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def page(found: Disk, *, data: str, assets: str, home: str) -> str:
    """A page of a site; data, assets: the addresses of its data and of the folder of scripts."""
    scripts = [f'<script src="{assets}{name}"></script>' for name in SCRIPTS]
    scripts.append(f'<script src="{html.escape(data)}"></script>')
    back = f'<a href="{html.escape(home)}">hardball</a> · '
    return _filled(found, f'<link rel="stylesheet" href="{assets}{STYLE}">', scripts, back)


def alone(found: Disk) -> str:
    """One page with everything in it."""
    sources = [asset(name) for name in SCRIPTS]
    scripts = [f"<script>\n{text}</script>" for text in (*sources, script_of(found))]
    return _filled(found, f"<style>\n{asset(STYLE)}</style>", scripts, "")


def write(found: Disk, path: Path) -> Path:
    """Writes `alone`, whole or not at all."""
    with replacing(path) as aside:
        aside.write_text(alone(found), encoding="utf-8")
    return path


def asset(name: str) -> str:
    """The text of a script or a style that comes with the package."""
    return (HERE / "assets" / name).read_text(encoding="utf-8")


def _filled(found: Disk, style: str, scripts: list[str], back: str) -> str:
    template = Template((HERE / "templates" / "disk.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(found.title),
        subtitle=html.escape(found.subtitle),
        style=style,
        scripts="\n".join(scripts),
        back=back,
    )
