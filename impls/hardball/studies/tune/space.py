"""What a search may vary: a setting or a parameter, by its path, and its range or its values."""

import copy
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import annotated_types
from pydantic.fields import FieldInfo

from hardball.core import random_bits
from hardball.core.errors import HardballError, unknown
from hardball.methods import registry
from hardball.methods.method import Method
from hardball.methods.parameter import Parameter
from hardball.runs import settings
from hardball.runs.spec import METHODS, Hard, MoreLoss, RunSpec

Point = dict[str, Any]
"""A value for each path of a space."""

KEYS = ("low", "high", "log", "steps")
# What trials must have in common, or what would not change their figures.
FIXED = ("dataset", "task", "device", "kernels", "words", "checkpoint_every", "eval_every")
# Entries of a list setting, and the method that each of them holds.
_LISTS: dict[str, tuple[Any, str]] = {"hard": (Hard, "sampler"), "losses": (MoreLoss, "loss")}
_MOST_POINTS = 100_000
_DIGITS = 4


@dataclass(frozen=True)
class Dimension:
    """One thing that varies: one of `values`, or a number from low to high.

    whole: whole numbers alone; log: even in the logarithm; steps: how many a grid takes, 0 for as
    many as the budget needs.
    """

    path: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False
    steps: int = 0

    @property
    def size(self) -> float:
        """How many values there are, infinity for real numbers."""
        if self.values:
            return len(self.values)
        return self.high - self.low + 1 if self.whole else math.inf

    def typed(self, value: float) -> float | int:
        """A number of the range as it is run: whole, or of four digits, and within the range."""
        if self.whole:
            return round(value)
        return min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)

    def grid(self, count: int) -> list[Any]:
        """All values, or so many numbers of the range, evenly from end to end; whole ones once."""
        if self.values:
            return list(self.values)
        ends = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        places = [ends[0] + (ends[1] - ends[0]) * k / (count - 1) for k in range(count)]
        return list(dict.fromkeys(self.typed(math.exp(s) if self.log else s) for s in places))

    def at_end(self, value: Any) -> bool:
        """Whether a number lies within a fiftieth of its range from an end of it."""
        if self.values:
            return False
        scale = math.log if self.log else float
        low, place, high = scale(self.low), scale(value), scale(self.high)
        return not 0.02 < (place - low) / (high - low) < 0.98

    def ends(self) -> list[Any]:
        """Every value, or both ends of the range."""
        return list(self.values) or [self.typed(self.low), self.typed(self.high)]


def size(dimensions: Sequence[Dimension]) -> float:
    """How many points a space has, infinity where a dimension is real."""
    return math.prod(each.size for each in dimensions)


def read(path: str, given: Any, values: Mapping[str, Any]) -> Dimension:
    """The dimension that a file gives at `path`; values: the settings of the method that it is of.

    Raises HardballError on an unknown path or key, an empty range or list, a bound that the
    parameter does not allow, a real number for a whole one, and the logarithm of 0.
    """
    parameter = declared(values, path)
    if isinstance(given, list):
        return Dimension(path, _choices(path, given, parameter))
    if not isinstance(given, Mapping):
        raise HardballError(
            f"{path}: {given!r}: write a list of values, or a range "
            "{low: 0.1, high: 10, log: true}"
        )
    for key in given:
        if key not in KEYS:
            raise unknown(f"key of {path}", str(key), KEYS)
    if parameter is None:
        raise HardballError(f"{path} has no range: write a list of values")
    if parameter.choices or isinstance(parameter.default, bool | str):
        if given or not (parameter.choices or isinstance(parameter.default, bool)):
            raise HardballError(f"{path} is no number: write a list of values")
        return Dimension(path, parameter.choices or (False, True))
    return _range(path, given, parameter)


def _choices(path: str, given: list[Any], parameter: Parameter | None) -> tuple[Any, ...]:
    if not given:
        raise HardballError(f"{path}: an empty list: write at least one value")
    values = given if parameter is None else [_allowed(path, v, parameter) for v in given]
    for value in values:
        if values.count(value) > 1:
            raise HardballError(f"{path}: {value!r} stands twice")
    return tuple(values)


def _range(path: str, given: Mapping[str, Any], parameter: Parameter) -> Dimension:
    whole = isinstance(parameter.default, int)
    ends = []
    for key, bound, opened in (
        ("low", parameter.low, parameter.low_open), ("high", parameter.high, parameter.high_open),
    ):  # fmt: skip
        if key not in given and (opened or not math.isfinite(bound)):
            raise HardballError(f"{path}: write {key}: allowed are {parameter.allowed}")
        value = given.get(key, bound if not whole or not math.isfinite(bound) else int(bound))
        ends.append(_allowed(f"{path}: {key}", value, parameter))
    low, high = ends
    log, steps = given.get("log", False), given.get("steps", 0)
    if low >= high:
        raise HardballError(f"{path}: low={low} and high={high}: low must be below high")
    if not isinstance(log, bool):
        raise HardballError(f"{path}: log={log!r}: allowed are true, false")
    if log and low <= 0:
        raise HardballError(f"{path}: low={low} has no logarithm: write low above 0, or log: false")
    if type(steps) is not int or (steps != 0 and steps < 2):
        raise HardballError(f"{path}: steps={steps!r}: allowed are whole numbers 2 <= x")
    return Dimension(path, (), float(low), float(high), whole, log, steps)


def _allowed(path: str, value: Any, parameter: Parameter) -> Any:
    try:
        return parameter.typed(value)
    except (TypeError, ValueError):
        raise HardballError(f"{path}={value!r}, allowed are {parameter.allowed}") from None


def declared(values: Mapping[str, Any], path: str) -> Parameter | None:
    """What is declared of a path, in the settings `values`; None of a setting that is no number.

    Paths are settings (`lr`), and parameters of methods: `sampler.k`, `regularizers.0.weight`,
    `hard.0.negatives`, `hard.0.sampler.alpha`. Raises HardballError on others.
    """
    head, *rest = path.split(".")
    allowed = [name for name in settings.names() if name not in FIXED]
    if head in FIXED:
        raise HardballError(f"{path} is the same in all trials: set it in `base`")
    if head not in allowed:
        raise unknown("setting", head, allowed)
    if not rest:
        return _of_field(RunSpec.model_fields[head])
    if head in METHODS:
        return _of_method(path, head, given_or_default(values, head), rest)
    if head not in (*_LISTS, "regularizers"):
        raise HardballError(f"{path}: {head} has no parameters: write {head}")
    entries = values.get(head) or []
    if not rest[0].isdigit() or int(rest[0]) >= len(entries):
        raise HardballError(
            f"{path}: {head} has {len(entries)} entries: write {head}.0 for the first"
        )
    entry, below = entries[int(rest[0])], rest[1:]
    if head == "regularizers":
        return _of_method(path, "regularizer", entry, below)
    model, kind = _LISTS[head]
    if len(below) == 1 and below[0] != kind:
        if below[0] not in model.model_fields:
            raise unknown(f"key of {head}", below[0], model.model_fields)
        return _of_field(model.model_fields[below[0]])
    return _of_method(path, kind, entry[kind], below[1:])


def _of_method(path: str, kind: Any, method: Any, rest: Sequence[str]) -> Parameter:
    named = Method.model_validate(method).name
    entry = registry.entry(kind, named)
    if len(rest) != 1:
        raise HardballError(f"{path}: write one parameter of {kind} {named} after it")
    if rest[0] not in entry.declared:
        raise unknown(f"parameter of {kind} {named}", rest[0], entry.declared or ["none"])
    return entry.declared[rest[0]]


def _of_field(field: FieldInfo) -> Parameter | None:
    """A setting as a parameter; None where it holds methods."""
    if choices := get_args(field.annotation):
        return Parameter(choices[0], choices=choices) if isinstance(choices[0], str) else None
    if field.annotation is str:
        return Parameter("")
    if field.annotation not in (int, float):
        return None
    low, high, low_open, high_open = -math.inf, math.inf, False, False
    for each in field.metadata:
        if isinstance(each, annotated_types.Ge | annotated_types.Gt):
            low_open = isinstance(each, annotated_types.Gt)
            low = float(getattr(each, "gt" if low_open else "ge"))
        elif isinstance(each, annotated_types.Le | annotated_types.Lt):
            high_open = isinstance(each, annotated_types.Lt)
            high = float(getattr(each, "lt" if high_open else "le"))
    return Parameter(field.annotation(0), "", low, high, low_open, high_open)


def put(values: Mapping[str, Any], point: Point) -> dict[str, Any]:
    """Settings with the values of a point in their places."""
    out = copy.deepcopy(dict(values))
    for path, value in point.items():
        *way, last = path.split(".")
        inside: Any = out
        for part in way:
            place = int(part) if isinstance(inside, list) else part
            found = given_or_default(inside, part) if inside is out else inside[place]
            found = {"name": found} if isinstance(found, str) else found
            inside[place] = found
            inside = found
        inside[last] = value
    return out


def given_or_default(values: Mapping[str, Any], head: str) -> Any:
    """The value of a setting, its default where there is none, as a suite writes it."""
    if head in values:
        return values[head]
    default = RunSpec.model_fields[head].default
    return {"name": default.name, **default.params} if isinstance(default, Method) else default


def grid(dimensions: Sequence[Dimension], trials: int, seed: int) -> list[Point]:
    """A grid's points: exactly `trials` of them.

    A range has `steps` numbers, or the fewest, two or more, with which the crossing has as many
    points as trials. Where it has more, a seeded choice of them. Raises HardballError where there
    are too few, and where there are far too many.
    """
    free = [each for each in dimensions if not each.values and not each.steps]
    count = 2
    while True:
        axes = [each.grid(each.steps or count) for each in dimensions]
        crossed = math.prod(map(len, axes))
        if crossed > _MOST_POINTS:
            raise HardballError(f"a grid of {crossed:,} points, allowed are {_MOST_POINTS:,}")
        if crossed >= trials or all(count > each.size for each in free):
            break
        count += 1
    if crossed < trials:
        raise HardballError(
            f"a grid of {crossed} points for {trials} trials: every method has the same number of "
            f"trials, so give this one more values, or set trials to {crossed}"
        )
    points = list(itertools.product(*axes))
    names = [each.path for each in dimensions]
    chosen = random_bits.subset(seed, "tune/grid", len(points), trials)
    return [dict(zip(names, points[place], strict=True)) for place in chosen]
