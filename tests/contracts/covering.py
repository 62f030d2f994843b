"""Crosses of settings of which a quick run takes a part that has every value."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pytest


def diagonal(*factors: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """As many combinations as the longest factor has values; every value of each is in one."""
    longest = max(len(factor) for factor in factors)
    return (tuple(f[i % len(f)] for f in factors) for i in range(longest))


def crossed(*factors: Sequence[Any]) -> list[Any]:
    """Parameters of the full cross; `make test` runs the diagonal, `make test-all` all of it."""
    quick = list(diagonal(*factors))
    return [
        pytest.param(*each, marks=() if each in quick else pytest.mark.full)
        for each in product(*factors)
    ]
