"""Names on a picture without collisions: greedy, in order of importance, the same every time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from hardball.report.plots.style import INK

Floats = NDArray[np.float64]
# Where a name may stand beside its point: right, left, above, below, then the diagonals.
PLACES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
REACHES = (4.0, 9.0)
PADDING = 1.5


@dataclass(frozen=True)
class Name:
    """A text for the point (x, y) in data coordinates."""

    text: str
    x: float
    y: float
    color: str = INK
    size: float = 8.0
    bold: bool = False


def place(axes: Axes, names: Sequence[Name], limit: int, within: float = 1.0) -> list[Name]:
    """Writes up to `limit` names, each where it covers no other; returns those that found room.

    Earlier names go first. within: a name's box must stay inside this radius (data units) around
    (0, 0). The figure's layout must be final: boxes are measured in its pixels.
    """
    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    pixel = axes.figure.dpi / 72  # type: ignore[union-attr]
    taken: list[Bbox] = []
    written: list[Name] = []
    for name in names:
        if len(written) == limit:
            break
        found = _try(axes, name, taken, renderer, pixel, within)
        if found is not None:
            taken.append(found)
            written.append(name)
    return written


def _try(
    axes: Axes, name: Name, taken: list[Bbox], renderer: object, pixel: float, within: float
) -> Bbox | None:
    for reach in REACHES:
        for right, up in PLACES:
            length = reach / np.hypot(right, up)
            text = axes.annotate(
                name.text,
                (name.x, name.y),
                xytext=(right * length, up * length),
                textcoords="offset points",
                ha={1: "left", 0: "center", -1: "right"}[right],
                va={1: "bottom", 0: "center", -1: "top"}[up],
                fontsize=name.size,
                fontweight="bold" if name.bold else "normal",
                color=name.color,
                zorder=10,
                path_effects=[withStroke(linewidth=2.2, foreground="white", alpha=0.85)],
            )
            box = text.get_window_extent(renderer).padded(PADDING * pixel)  # type: ignore[arg-type]
            inside = _corners(axes, box, within)
            if inside and not any(box.overlaps(other) for other in taken):
                return box
            text.remove()
    return None


def _corners(axes: Axes, box: Bbox, within: float) -> bool:
    corners = axes.transData.inverted().transform(box.corners())
    return bool((np.hypot(corners[:, 0], corners[:, 1]) <= within).all())


def around(
    axes: Axes, names: Sequence[Name], *, start: float = 1.025, apart: float = 3.2
) -> list[Name]:
    """Writes names outside the unit circle, each along its radius, `apart` degrees between them.

    A name stands at the angle of its point (x, y), with a short line from the rim.
    """
    used: list[float] = []
    written = []
    for name in names:
        angle = float(np.degrees(np.arctan2(name.y, name.x)))
        if any(abs((angle - other + 180) % 360 - 180) < apart for other in used):
            continue
        used.append(angle)
        written.append(name)
        turned = angle + 180 if abs(angle) > 90 else angle
        across, along = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        axes.plot(
            [name.x, start * across],
            [name.y, start * along],
            color=name.color,
            linewidth=0.4,
            alpha=0.6,
            zorder=1,
        )
        axes.text(
            start * across,
            start * along,
            name.text,
            rotation=turned,
            rotation_mode="anchor",
            ha="right" if abs(angle) > 90 else "left",
            va="center",
            fontsize=name.size,
            color=name.color,
        )
    return written
