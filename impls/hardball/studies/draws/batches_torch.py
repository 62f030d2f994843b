"""Draws of a few batches as calls that end when the draws are there."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch


def batches(
    draw: Callable[..., Any],
    index: Mapping[str, np.ndarray],
    anchors: np.ndarray,
    words: np.ndarray,
) -> list[Callable[[], object]]:
    """One call a batch: draw(index, anchors[s], words[s]).

    Not compiled, as in a run. anchors int32 (S,B), words uint32 (S,B,K).
    Source: hardball, level order and rings.
    """
    arrays = {key: torch.as_tensor(array) for key, array in index.items()}
    places, drawn = torch.from_numpy(anchors.astype(np.int64)), words.astype(np.int64)
    given = list(zip(places, torch.from_numpy(drawn), strict=True))

    def call(a: torch.Tensor, w: torch.Tensor) -> Callable[[], object]:
        return lambda: draw(arrays, a, w)

    return [call(a, w) for a, w in given]
