"""Declares metrics beside the functions that compute them.

>>> from hardball.metrics.declare import metric
>>> @metric(
...     direction="min",
...     low=0,
...     summary="smallest radius of a node",
...     formula="min over nodes of d(0, x)",
... )
... def radius_min(polar):
...     return float(polar.radius.min())

From then on every run that ends has the column `radius_min`, and tables know which way is better.
A function names what it needs, see `FACTS`. A metric of your own is declared in the same way, in a
module of yours.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from hardball.core.errors import HardballError

Direction = Literal["max", "min", "none"]
Figures = Callable[..., Mapping[str, float]]
F = TypeVar("F", bound=Callable[..., Any])
INF = float("inf")
CUTS = (1, 10, 100, 1000)

FACTS: Mapping[str, str] = {
    "polar": "the points as radius and direction, a `polar.Polar`",
    "start": "the points before training, a `polar.Polar`, or None",
    "hierarchy": "the `dag.Hierarchy`",
    "depth": "the depth of each node, (N,)",
    "groups": "labels of nodes by grouping, each int (N,), -1 where a node has none",
    "neighbours": "the direct parents and children of each node, a `closure.Csr`",
    "closure": "the ancestors of each node, a `closure.Csr`",
    "split": "what is known and what is held out, a `splits.Split`",
    "test": "the pairs (node, ancestor) that are ranked, (T, 2)",
    "exclude": "the positives that never count as negatives, a `closure.Csr`",
    "ranks": "the rank of each of these pairs, a `ranking.Ranks`",
    "near": "the nearest nodes beside the direct neighbours, a `ranking.Neighbours`",
    "seed": "the seed of the run, for figures that draw at random",
    "energy": "how far a pair is from a link, by the cones that were trained, or None",
}
"""What a function of the evaluator may ask for, by the names of its parameters."""


@dataclass(frozen=True)
class Metric:
    """One column of a row; `<group>` in a name stands for a grouping of the hierarchy.

    direction: which way is better, "none" where neither is. low, high: its range. formula: how it
    is computed, from what a function says of one pair, node or label.
    """

    name: str
    direction: Direction
    low: float
    high: float
    summary: str
    formula: str = ""


@dataclass(frozen=True)
class Measure:
    """A function that `evaluate` calls. exact: left out where only a sample of nodes is ranked."""

    function: Figures
    exact: bool = False

    @property
    def takes(self) -> frozenset[str]:
        """The facts that the function asks for."""
        return frozenset(inspect.signature(self.function).parameters)

    def figures(self, facts: Mapping[str, Any]) -> Mapping[str, float]:
        """What the function says, given the facts that it asks for."""
        return self.function(**{name: facts[name] for name in self.takes})


METRICS: dict[str, Metric] = {}
MEASURES: dict[str, Measure] = {}
_PLACES: dict[str, str] = {}


def cuts(name: str, low: float, high: float, summary: str, formula: str) -> tuple[Metric, ...]:
    """A metric of the K nearest, for each K: `{k}` in the texts is K."""
    return tuple(
        Metric(f"{name}_at_{k}", "max", low, high, summary.format(k=k), formula.format(k=k))
        for k in CUTS
    )


def declares(*metrics: Metric) -> Callable[[F], F]:
    """Decorates a function that computes these metrics somewhere in a run.

    Raises HardballError where another module has declared one of them.
    """

    def decorate(function: F) -> F:
        place = f"{function.__module__}.{function.__qualname__}"
        for one in metrics:
            known = _PLACES.get(one.name, place)
            if known != place:
                raise HardballError(
                    f"metric {one.name!r} is declared by {known} and by {place}: rename one"
                )
            METRICS[one.name], _PLACES[one.name] = one, place
        return function

    return decorate


def measures(*metrics: Metric, exact: bool = False) -> Callable[[F], F]:
    """Decorates a function that `evaluate` calls: facts -> {metric: value}, without undefined ones.

    exact: leave it out where only a sample of nodes is ranked. Raises HardballError on a parameter
    that is no fact, and as `declares` does.
    """

    def decorate(function: F) -> F:
        for name in inspect.signature(function).parameters:
            if name not in FACTS:
                raise HardballError(
                    f"{function.__qualname__}: no metric can ask for {name!r}: allowed are "
                    f"{', '.join(FACTS)}"
                )
        declared = declares(*metrics)(function)
        MEASURES[f"{function.__module__}.{function.__qualname__}"] = Measure(function, exact)
        return declared

    return decorate


def metric(
    *,
    direction: Direction,
    summary: str,
    formula: str = "",
    low: float = -INF,
    high: float = INF,
    name: str = "",
    exact: bool = False,
) -> Callable[[F], F]:
    """Decorates a function that computes one metric: facts -> its value, None where undefined.

    name: the function's own unless it is given. exact: see `measures`.
    """

    def decorate(function: F) -> F:
        called = name or function.__name__

        def figures(*given: Any, **facts: Any) -> dict[str, float]:
            value = function(*given, **facts)
            return {} if value is None else {called: value}

        figures.__module__, figures.__qualname__ = function.__module__, function.__qualname__
        figures.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
        measures(Metric(called, direction, low, high, summary, formula), exact=exact)(figures)
        return function

    return decorate
