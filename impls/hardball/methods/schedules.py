"""How the weight of a term goes over a run: its setting `schedule`, as a text.

>>> read("piecewise(0:1,0.5:0.2)").corners
((0.0, 1.0), (0.5, 0.2))
"""

import itertools
import math
import re
from typing import NamedTuple

from hardball.arrays.namespace import Array, Namespace
from hardball.core.errors import HardballError

NAMES = ("constant", "decay", "ramp", "late_ramp")
FORMS = ("exp(b)", "linear(a,b)", "piecewise(p:a,q:b,...)")
_CALL = re.compile(r"(?P<form>exp|linear|piecewise)\((?P<inner>[^()]*)\)")


class Schedule(NamedTuple):
    """A schedule that was read.

    name: one of NAMES, "exp", "linear" or "piecewise". corners: (progress, factor) of the last two,
    ascending. last: the factor at the end, of "exp". floor: the least factor, 0 where none is set.
    """

    name: str
    corners: tuple[tuple[float, float], ...] = ()
    last: float = 1.0
    floor: float = 0.0


def read(text: str) -> Schedule:
    """A schedule from its text; raises HardballError, one line, on one that cannot be read.

    constant: 1; decay: 1 - p; ramp: p; late_ramp: max(0, 2 p - 1); exp(b): b^p; linear(a,b): from a
    to b; piecewise(p:a,q:b): straight lines between corners, level before the first and after the
    last. p: the share of the training that is over. " floor f" after any: at least f.
    """
    written, floored, least = text.partition(" floor ")
    floor = _number(least, text) if floored else 0.0
    written = written.strip()
    if written in NAMES:
        return Schedule(written, floor=floor)
    found = _CALL.fullmatch(written)
    if not found:
        raise _wrong(text)
    form, inner = found["form"], found["inner"]
    if form == "exp":
        last = _number(inner, text)
        if last <= 0:
            raise _wrong(text)
        return Schedule(form, last=last, floor=floor)
    parts = inner.split(",")
    if form == "linear":
        parts = [f"{end}:{part}" for end, part in enumerate(parts)]
    corners = tuple(_corner(part, text) for part in parts)
    ordered = all(p < q for (p, _), (q, _) in itertools.pairwise(corners))
    if not ordered or (form == "linear" and len(corners) != 2):
        raise _wrong(text)
    return Schedule(form, corners, floor=floor)


def schedule(xp: Namespace, progress: Array, text: str) -> Array:
    """What a term is multiplied by at progress p, 0 at a run's first step and 1 at its last.

    () -> (); see `read`. Source: Bengio et al. 2009, Curriculum Learning, for terms that come in
    one after another.
    """
    asked = read(text)
    value = _value(xp, progress, asked)
    return xp.maximum(value, asked.floor) if asked.floor else value


def _value(xp: Namespace, progress: Array, asked: Schedule) -> Array:
    if asked.name == "decay":
        return 1 - progress
    if asked.name == "ramp":
        return progress
    if asked.name == "late_ramp":
        return xp.maximum(2 * progress - 1, 0)
    if asked.name == "exp":
        return xp.exp(math.log(asked.last) * progress)
    value = xp.ones_like(progress)
    if not asked.corners:
        return value
    value = value * asked.corners[0][1]
    for (begin, low), (end, high) in itertools.pairwise(asked.corners):
        along = xp.minimum(xp.maximum((progress - begin) / (end - begin), 0), 1)
        value = value + (high - low) * along
    return value


def _corner(text: str, whole: str) -> tuple[float, float]:
    """Progress and factor from "0.5:0.2"."""
    progress, _, factor = text.partition(":")
    at = _number(progress, whole)
    if at > 1:
        raise _wrong(whole)
    return at, _number(factor, whole)


def _number(text: str, whole: str) -> float:
    """A finite number from 0."""
    try:
        value = float(text)
    except ValueError:
        raise _wrong(whole) from None
    if not (math.isfinite(value) and value >= 0):
        raise _wrong(whole)
    return value


def _wrong(text: str) -> HardballError:
    allowed = ", ".join([*NAMES, *FORMS])
    return HardballError(
        f"schedule {text!r}: allowed are {allowed}, each with ' floor f' or without; factors and f "
        "from 0, p ascending from 0 to 1"
    )
