"""Draws from rows of ranges of ids, and which nodes lie in them."""

import torch
from torch import Tensor

from hardball.arrays.on_torch.integers import lookup, mulhi


def segments(index: dict[str, Tensor], anchors: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
    """Nodes of each anchor's ranges, uniformly: ids (B,K), valid (B,K).

    id = start + (r - before) of the range in which the r-th id of the row lies, r uniform on
    0..size-1. Where there is none valid=False and the id is the anchor. anchors (B,), words (B,K).
    Source: hardball, level order and rings.
    """
    size = index["size"][anchors][:, None]
    valid = (size > 0).expand(words.shape)
    if not index["start"].shape[0]:
        return anchors[:, None].expand(words.shape), valid
    wanted = mulhi(words, size)
    place = _last_reached(index, index["before"], anchors, wanted)
    ids = lookup(index["start"], place) + (wanted - lookup(index["before"], place))
    return torch.where(valid, ids, anchors[:, None]), valid


def is_within(index: dict[str, Tensor], nodes: Tensor, candidates: Tensor) -> Tensor:
    """candidates[b,k] in the ranges of nodes[b]: bool (B,K), by binary search without branches.

    index: see `segments.within`; nodes (B,), candidates (B,K).
    Source: Knuth, TAOCP 3, section 6.2.1, algorithm U.
    """
    place = _last_reached(index, index["start"], nodes, candidates)
    reached = lookup(index["start"], place) <= candidates
    return reached & (candidates < lookup(index["stop"], place))


def _last_reached(index: dict[str, Tensor], keys: Tensor, nodes: Tensor, values: Tensor) -> Tensor:
    """Place of the last key <= value in the node's row, (B,K); the row's first where none is."""
    last = (index["indptr"][nodes + 1][:, None] - 1).clamp(min=0)
    place = torch.minimum(index["indptr"][nodes][:, None], last).expand(values.shape)
    # Converted here once, not by every comparison.
    values = values.to(keys.dtype)
    for step in range(index["strides"].shape[0]):
        further = torch.minimum(place + index["strides"][step], last)
        place = torch.where(lookup(keys, further) <= values, further, place)
    return place
