"""What a sampler that keeps lists of nodes is given from the host when they are made anew."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from hardball.core import random_bits
from hardball.training.methods import Methods, Sampling


class Due(NamedTuple):
    """Lists to make: the place of their sampler among the run's, and the sampler.

    words: uint32 (N, W) random words; candidates: int32 (N, C), or None where all nodes are.
    """

    place: int
    sampling: Sampling
    words: np.ndarray
    candidates: np.ndarray | None


def due(how: Methods, step: int, nodes: int, points: Callable[[], np.ndarray]) -> Iterator[Due]:
    """Every sampler whose lists are due at `step`; nodes: N; points: (N, D) as they lie then."""
    for place, sampling in enumerate(how.samplers):
        if sampling.refresh is None or step % sampling.every:
            continue
        found = None
        if sampling.search:
            found = sampling.search(points(), how.spec.manifold.name, how.c)
        shape = nodes, sampling.refresh_words
        words = random_bits.words(how.spec.seed, f"lists/{place}", step, shape[0] * shape[1])
        yield Due(place, sampling, words.reshape(shape), found)
