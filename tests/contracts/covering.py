"""Crosses of settings of which a quick run takes a part that has every value."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import pytest


def diagonal(*factors: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """As many combinations as the longest factor has values; every value of each is in one."""
    longest = max(len(factor) for factor in factors)
    return (tuple(f[i % len(f)] for f in factors) for i in range(longest))


def few(*factors: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """As many combinations as the shortest factor has values, each with values of its own."""
    return zip(*factors, strict=False)


def part(values: Sequence[Any], quick: Sequence[Any]) -> list[Any]:
    """Parameters of all values, of which `make test` runs the quick ones."""
    marks = {False: pytest.mark.full, True: ()}
    return [pytest.param(each, marks=marks[each in quick], id=str(each)) for each in values]


def crossed(*factors: Sequence[Any], quick: Iterable[tuple[Any, ...]] | None = None) -> list[Any]:
    """Parameters of the full cross; `make test` runs the quick ones, `make test-all` all of it.

    quick: the diagonal unless others are named.
    """
    chosen = list(diagonal(*factors) if quick is None else quick)
    return [
        pytest.param(*each, marks=() if each in chosen else pytest.mark.full)
        for each in product(*factors)
    ]
