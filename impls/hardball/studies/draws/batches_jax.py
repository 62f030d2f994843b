"""Draws of a few batches as calls that end when the draws are there."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def batches(
    draw: Callable[..., Any],
    index: Mapping[str, np.ndarray],
    anchors: np.ndarray,
    words: np.ndarray,
) -> list[Callable[[], object]]:
    """One call a batch: draw(index, anchors[s], words[s]).

    Compiled by the first call. anchors int32 (S,B), words uint32 (S,B,K).
    Source: hardball, level order and rings.
    """
    compiled = jax.jit(draw)
    arrays = {key: jnp.asarray(array) for key, array in index.items()}
    given = [(jnp.asarray(a), jnp.asarray(w)) for a, w in zip(anchors, words, strict=True)]

    def call(a: jax.Array, w: jax.Array) -> Callable[[], object]:
        return lambda: jax.block_until_ready(compiled(arrays, a, w))

    return [call(a, w) for a, w in given]
