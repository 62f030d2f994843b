"""Parameters of methods: a default, a type and the values that are allowed, in one place."""

import math
from dataclasses import dataclass

Value = bool | int | float | str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a method; its type is that of its default.

    low and high bound a number; with `low_open` or `high_open` the bound itself is not allowed.
    choices: the only values allowed, any where it is empty. summary: what it does, in one line.
    """

    default: Value
    summary: str = ""
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    choices: tuple[Value, ...] = ()

    def typed(self, value: Value) -> Value:
        """`value` in the type of the default: whole numbers stand for reals, nothing else mixes.

        Raises TypeError on another type, ValueError on a value that is not allowed.
        """
        if isinstance(self.default, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(self.default):
            raise TypeError(f"is not of type {type(self.default).__name__}")
        if not self._allows(value):
            raise ValueError(f"allowed are {self.allowed}")
        return value

    def _allows(self, value: Value) -> bool:
        if self.choices:
            return value in self.choices
        if isinstance(value, bool | str):
            return True
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return math.isfinite(value) and above and below

    @property
    def allowed(self) -> str:
        """The allowed values as a person reads them: "anchor, positive", "0 < x <= 1"."""
        if self.choices:
            return ", ".join(map(str, self.choices))
        if isinstance(self.default, bool):
            return "true, false"
        if isinstance(self.default, str):
            return "any text"
        kind = "whole numbers" if isinstance(self.default, int) else "numbers"
        low = "" if self.low == -math.inf else f"{self.low:g} {'<' if self.low_open else '<='} "
        high = "" if self.high == math.inf else f" {'<' if self.high_open else '<='} {self.high:g}"
        return f"{kind} {low}x{high}" if low or high else f"{kind}"


def real(
    default: float,
    summary: str = "",
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> Parameter:
    """A finite real number, within bounds if any; `above` and `below` leave the bound out.

    >>> real(0.5, "how much nearer", at_least=0).allowed
    'numbers 0 <= x'
    """
    low, high = _first(above, at_least, -math.inf), _first(below, at_most, math.inf)
    opened = above is not None, below is not None
    return Parameter(float(default), summary, low, high, *opened)


def whole(
    default: int, summary: str = "", *, at_least: int | None = None, at_most: int | None = None
) -> Parameter:
    """A whole number, within bounds where there are any.

    >>> whole(1, at_least=1).allowed
    'whole numbers 1 <= x'
    """
    low, high = _first(at_least, -math.inf), _first(at_most, math.inf)
    return Parameter(int(default), summary, low, high)


def choice(*values: Value, summary: str = "") -> Parameter:
    """One of `values`, the first unless another is given.

    >>> choice("anchor", "positive").default
    'anchor'
    """
    return Parameter(values[0], summary, choices=values)


def flag(default: bool, summary: str = "") -> Parameter:
    """True or false."""
    return Parameter(bool(default), summary)


def text(default: str, summary: str = "") -> Parameter:
    """Any text."""
    return Parameter(str(default), summary)


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)
