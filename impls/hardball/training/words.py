"""Random words of a step: how many its samplers take, and those that stand for earlier pairs.

Which pairs a run shows follows from its seed and the step. So a queue of earlier positives has not
to be kept from batch to batch: the words of a step name its nodes, and a run that was interrupted
goes on alike.
"""

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hardball.methods import registry
from hardball.methods.batches.cut import Steps
from hardball.methods.samplers.compose import Part
from hardball.runs.negatives import samplers
from hardball.runs.spec import RunSpec


def words_shape(part: Part, batch: int) -> tuple[int, ...]:
    """Of the words of one sampler: (M,) for a pool of its own, (B, words an anchor) otherwise.

    A draw takes one word, unless the method says how many K draws take.
    """
    known, draws = registry.entry("sampler", part.method.name), part.each(batch)
    words = draws if known.draws_words is None else known.draws_words(draws, **part.method.params)
    return (words,) if known.form == "pool" else (batch, words)


def words_per_step(spec: RunSpec, batch: int | None = None) -> int:
    """Words that the samplers of a run take for a batch, of its own size unless told otherwise."""
    size = spec.batch_size if batch is None else batch
    return sum(math.prod(words_shape(part, size)) for part in samplers(spec))


def naming(nodes: np.ndarray, n_nodes: int) -> np.ndarray:
    """The least word w of each node v with floor(w N / 2^32) = v: uint32, the shape of `nodes`.

    >>> words = naming(np.array([0, 1, 2]), 3)
    >>> (words.astype(np.uint64) * np.uint64(3) >> np.uint64(32)).tolist()
    [0, 1, 2]
    """
    return (-(-(nodes.astype(np.int64) << 32) // n_nodes)).astype(np.uint32)


def replayed(task: Any, batches: Steps, first: int, words: np.ndarray, batch: int) -> np.ndarray:
    """The words (S, W) of steps from `first` on, those of a queue naming the nodes that it holds.

    A queue of M nodes holds the positives of the last M pairs that were shown before the step,
    oldest first; words for which no pair was shown yet stay as they are. task: a Problem; batch:
    how many pairs a step the words were drawn for. Where no sampler replays, `words` itself.
    """
    offset = 0
    for part in samplers(task.spec):
        size = math.prod(words_shape(part, batch))
        if size and len(words) and registry.entry("sampler", part.method.name).replays:
            words = words.copy()
            _fill(task, batches, first, words[:, offset : offset + size])
        offset += size
    return words


def _fill(task: Any, batches: Steps, first: int, words: np.ndarray) -> None:
    """Names in words (S, M) the positives of the last M pairs before each step."""
    steps, size = words.shape
    begin = max(0, first - -(-size // task.spec.batch_size))
    rows = batches.take(begin, first + steps - begin)[:, : task.spec.batch_size]
    shown = naming(task.positives[rows.reshape(-1), 1], task.hierarchy.n_nodes)
    # One window a step, the last entry of which is the pair just before it; -1 where none was.
    padded = np.concatenate([np.full(size, -1, np.int64), shown.astype(np.int64)])
    width = rows.shape[1]
    ends = (first - begin + np.arange(steps)) * width
    window = sliding_window_view(padded, size)[ends]
    np.copyto(words, window.astype(np.uint32), where=window >= 0)
