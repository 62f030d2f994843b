"""Where the words of a picture stand: which overlap, and which leave it."""

import itertools

import numpy as np
from matplotlib.axis import Tick
from matplotlib.text import Text


def boxes(figure):
    """(text, corners in pixels (4, 2)) of every word that is drawn, turned as it is drawn."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    hidden = {id(text) for axes in figure.axes for text in _hidden(axes)}
    return [
        (text.get_text(), _corners(text, renderer))
        for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_visible() and id(text) not in hidden
    ]


def _hidden(axes):
    """Words of axes that are not drawn, and ticks' words beyond the ends of an axis."""
    if not axes.get_visible():
        return axes.findobj(Text)
    found = []
    for axis in (axes.xaxis, axes.yaxis):
        shown = {id(tick) for tick in axis._update_ticks()} if axes.axison else set()
        found += [t for tick in axis.findobj(Tick) if id(tick) not in shown
                  for t in (tick.label1, tick.label2)]  # fmt: skip
        found += [] if axes.axison else [axis.label, axis.offsetText]
    return found


def _corners(text, renderer):
    angle = text.get_rotation()
    if angle % 90 == 0:
        return text.get_window_extent(renderer).corners()[[0, 1, 3, 2]]
    # Turned words are placed by an anchor and then turned about it.
    assert text.get_rotation_mode() == "anchor"
    text.set_rotation(0)
    flat = text.get_window_extent(renderer).corners()[[0, 1, 3, 2]]
    text.set_rotation(angle)
    anchor = text.get_transform().transform(text.get_position())
    turn = np.radians(angle)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return (flat - anchor) @ matrix + anchor


def overlapping(figure, slack=1.0):
    """Pairs of words whose boxes share more than `slack` pixels; lines' own leading is let go."""
    found = boxes(figure)
    return [(a, b) for (a, p), (b, q) in itertools.combinations(found, 2) if _depth(p, q) > slack]


def _depth(p, q):
    """By how many pixels two boxes overlap, along the side on which they do least."""
    least = np.inf
    for box in (p, q):
        for side in (box[1] - box[0], box[2] - box[1]):
            along = side / max(np.linalg.norm(side), 1e-9)
            a, b = p @ along, q @ along
            least = min(least, min(a.max(), b.max()) - max(a.min(), b.min()))
    return least


def outside(figure, slack=1.0):
    """Words that leave the picture by more than `slack` pixels."""
    width, height = figure.canvas.get_width_height()
    low, high = np.array([-slack, -slack]), np.array([width + slack, height + slack])
    return [t for t, box in boxes(figure) if (box < low).any() or (box > high).any()]
