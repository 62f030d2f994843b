"""Draws from [lo, hi) minus [xlo, xhi): the uniform and the structural samplers."""

import torch
from torch import Tensor

from hardball.arrays.on_torch.integers import mulhi, subset


def uniform(index: dict[str, Tensor], anchors: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
    """Any node but the anchor: ids (B,K), valid (B,K); valid=False for a lone node.

    id = r + [r >= anchor], r uniform on 0..N-2. anchors (B,), words (B,K).
    Source: Nickel & Kiela 2017, section 3.2.
    """
    others = index["n_nodes"] - 1
    place = mulhi(words, others)
    ids = place + (place >= anchors[:, None])
    valid = (others > 0).expand(ids.shape)
    return torch.where(valid, ids, anchors[:, None]), valid


def ring(
    index: dict[str, Tensor], anchors: Tensor, words: Tensor, replace: bool = True
) -> tuple[Tensor, Tensor]:
    """Nodes of each anchor's ring: ids (B,K), valid (B,K); without replacement all different.

    id = lo + r, moved past [xlo, xhi), r uniform on 0..(hi-lo)-(xhi-xlo)-1. Where nothing is left
    to draw valid=False and the id is the anchor. anchors (B,), words (B,K).
    Source: hardball, level order and rings; without replacement Bentley & Floyd 1987.
    """
    low, skip = index["lo"][anchors], index["xlo"][anchors]
    gap = index["xhi"][anchors] - skip
    size = index["hi"][anchors] - low - gap
    if replace:
        place, valid = mulhi(words, size[:, None]), (size > 0)[:, None].expand(words.shape)
        # An empty ring's place is 0: choosing by row instead of by draw saves a pass over (B,K).
        low, gap = torch.where(size > 0, low, anchors), torch.where(size > 0, gap, 0)
        return place + low[:, None] + (place >= (skip - low)[:, None]) * gap[:, None], valid
    place, valid = subset(words, size)
    ids = place + low[:, None] + (place >= (skip - low)[:, None]) * gap[:, None]
    return torch.where(valid, ids, anchors[:, None]), valid


def tightening(
    index: dict[str, Tensor],
    anchors: Tensor,
    words: Tensor,
    progress: Tensor,
    replace: bool = True,
) -> tuple[Tensor, Tensor]:
    """Of k + 1 rings the one whose turn it is, the widest first: ids (B,K), valid (B,K).

    Ring floor(progress (k + 1)), each for as long; progress: the share of the training that is
    over. anchors (B,), words (B,K). Source: Bengio et al. 2009, Curriculum Learning; hardball,
    level order and rings.
    """
    levels, n = index["lo"].shape
    turn = (progress * levels).to(torch.int64).clamp(max=levels - 1)
    flat = {name: index[name].reshape(-1) for name in ("lo", "hi", "xlo", "xhi")}
    ids, valid = ring(flat, anchors + turn * n, words, replace)
    return torch.where(valid, ids, anchors[:, None]), valid
