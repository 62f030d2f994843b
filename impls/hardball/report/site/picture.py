"""The ladder of negatives as SVG: one row a kind, one mark a test, intervals shown."""

import html
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hardball.report.site.evidence import Ladder, Rung, meaning
from hardball.report.statistics import Estimate

Across = Callable[[float], float]
MARKS = ("circle", "square", "diamond", "triangle", "cross", "ring")
COLORS = 6


class Layout(NamedTuple):
    """Sizes in pixels. beside: names stand left of their rows, else above them."""

    width: int
    names: int
    beside: bool
    track: float = 8.5


WIDE = Layout(width=1240, names=410, beside=True)
NARROW = Layout(width=360, names=20, beside=False)


def svg(ladder: Ladder, layout: Layout = WIDE) -> str:
    """The picture; its colours are classes s0, s1, ... of the page's style."""
    low, high = _limits(ladder.rungs)
    right, top = layout.width - 16, 26
    left = layout.names

    def across(value: float) -> float:
        return left + (min(max(value, low), high) - low) / (high - low) * (right - left)

    room = layout.track * len(ladder.panels) + (12 if layout.beside else 34)
    bottom = top + room * len(ladder.rungs)
    parts = [_axis(low, high, across, top, bottom)]
    for place, rung in enumerate(ladder.rungs):
        y = top + place * room
        parts.append(_row(rung, y, room, across, layout, len(ladder.panels)))
    label = "MAP minus that of uniform negatives, with intervals; kinds sorted by their mean"
    return (
        f'<svg viewBox="0 0 {layout.width} {bottom + 24:.0f}" width="{layout.width}" '
        f'height="{bottom + 24:.0f}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    )


def legend(ladder: Ladder) -> list[tuple[str, str]]:
    """(mark as SVG, title) of each test."""
    size = 'width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"'
    return [
        (f'<svg {size} class="s{k % COLORS}">{_mark(k, 7, 7)}</svg>', panel.title)
        for k, panel in enumerate(ladder.panels)
    ]


def _limits(rungs: Sequence[Rung]) -> tuple[float, float]:
    """What the axis spans: every interval, and zero."""
    ends = [0.0]
    for gain in (gain for rung in rungs for gain in rung.gains.values()):
        ends += [end for end in gain[:3] if math.isfinite(end)]
    step = _step(max(ends) - min(ends) or 1.0)
    return step * math.floor(min(ends) / step), step * math.ceil(max(ends) / step)


def _step(span: float) -> float:
    size = 10 ** math.floor(math.log10(span / 5))
    return next(size * k for k in (1, 2, 5, 10) if span / (size * k) <= 8)


def _axis(low: float, high: float, across: Across, top: float, bottom: float) -> str:
    step = _step(high - low)
    parts = []
    for k in range(round((high - low) / step) + 1):
        value = low + k * step
        zero = abs(value) < step / 2
        shown = "uniform" if zero else f"{value:+.2g}"
        x = across(value)
        parts.append(
            f'<line class="{"zero" if zero else "grid"}" x1="{x:.1f}" x2="{x:.1f}" y1="{top - 6}" '
            f'y2="{bottom:.1f}"/>'
        )
        for y in (top - 12, bottom + 17):
            parts.append(
                f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{shown}</text>'
            )
    return "".join(parts)


def _row(rung: Rung, top: float, room: float, across: Across, layout: Layout, count: int) -> str:
    mean = f"{rung.mean:+.3f}" if math.isfinite(rung.mean) else "diverged"
    some = f"{len(rung.gains)} of {count}" if len(rung.gains) < count else ""
    told = html.escape(f"{rung.name}: {meaning(rung.name)}. Mean gain {mean} {some}".strip())
    head = 6.0 if layout.beside else 24.0
    parts = [
        f'<g class="rung"><title>{told}</title>'
        f'<rect class="band" x="0" y="{top:.1f}" width="{layout.width}" height="{room:.1f}"/>'
    ]
    if layout.beside:
        y, name, number, after = top + room / 2 + 4, layout.names - 124, layout.names - 64, 58
        parts.append(_text("name", name, y, rung.name, "end"))
        parts.append(_text("mean", number, y, mean, "end"))
        parts.append(_text("some", layout.names - after, y, some, "start"))
    else:
        y = top + 16
        parts.append(_text("name small", 8, y, rung.name, "start"))
        told = f"{some.replace(' of ', '/')} {mean}".strip()
        parts.append(_text("mean small", layout.width - 10, y, told, "end"))
    for panel, gain in rung.gains.items():
        y = top + head + (panel + 0.5) * layout.track
        parts.append(_interval(panel, gain, y, across, rung.leads.get(panel, "")))
    return "".join([*parts, "</g>"])


def _text(kind: str, x: float, y: float, said: str, anchor: str) -> str:
    if not said:
        return ""
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
        f"{html.escape(said)}</text>"
    )


def _interval(panel: int, gain: Estimate, y: float, across: Across, leads: str) -> str:
    if not math.isfinite(gain.value):
        return ""
    line = ""
    if gain.has_interval:
        low, high = across(gain.low), across(gain.high)
        line = f'<line class="bar" x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    lead = f" {leads}" if leads else ""
    return f'<g class="s{panel % COLORS}{lead}">{line}{_mark(panel, across(gain.value), y)}</g>'


def _mark(panel: int, x: float, y: float) -> str:
    """A shape of its own for each test, so that colour is not all that tells them apart."""
    shape, r = MARKS[panel % len(MARKS)], 3.6
    if shape == "square":
        return f'<rect class="dot" x="{x - 3.2:.1f}" y="{y - 3.2:.1f}" width="6.4" height="6.4"/>'
    if shape == "diamond":
        return _polygon([(x, y - 4.6), (x + 4.6, y), (x, y + 4.6), (x - 4.6, y)])
    if shape == "triangle":
        return _polygon([(x, y - 4.4), (x + 4.4, y + 3.4), (x - 4.4, y + 3.4)])
    if shape == "cross":
        return f'<path class="stroke" d="M{x - 3.2:.1f} {y - 3.2:.1f}l6.4 6.4m0 -6.4l-6.4 6.4"/>'
    kind = "dot" if shape == "circle" else "stroke"
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>'


def _polygon(corners: Sequence[tuple[float, float]]) -> str:
    return f'<polygon class="dot" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in corners)}"/>'
