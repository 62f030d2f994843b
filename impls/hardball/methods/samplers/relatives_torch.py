"""Nodes of subtrees: the anchor's own, and those of its ancestors."""

import torch
from torch import Tensor

from hardball.arrays.on_torch.integers import lookup, mulhi, wide_product


def relatives(index: dict[str, Tensor], anchors: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
    """An ancestor uniformly, then a node of its subtree uniformly: ids (B,K), valid (B,K).

    p(n) = (1 / depth) sum over ancestors a of the anchor, n in subtree(a), of 1 / |subtree(a)|,
    with a and subtrees of the spanning tree; up to depth |subtree| / 2^32, since one word decides
    both. valid=False for a root, whose id is its own. The anchor and its ancestors may be drawn.
    anchors (B,), words (B,K).
    Source: hardball, level order and rings.
    """
    depth = index["depth"][anchors][:, None]
    levels, rest = wide_product(words, depth)
    node = anchors[:, None].expand(words.shape)
    for bit in range(index["up"].shape[0]):
        higher = lookup(index["up"][bit], node)
        node = torch.where((levels + (depth > 0)) >> bit & 1 > 0, higher, node)
    low = lookup(index["first"], node)
    place = low + mulhi(rest << 1, lookup(index["last"], node) - low)
    valid = (depth > 0).expand(words.shape)
    return torch.where(valid, lookup(index["order"], place), anchors[:, None]), valid


def descendants(index: dict[str, Tensor], anchors: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
    """A node below the anchor, uniformly: ids (B,K), valid (B,K).

    p(n) = 1 / (|subtree(anchor)| - 1), n in the anchor's subtree of the spanning tree. valid=False
    for a leaf, whose id is its own. anchors (B,), words (B,K).
    Source: hardball, level order and rings.
    """
    low = index["first"][anchors][:, None] + 1
    others = index["last"][anchors][:, None] - low
    place = low + mulhi(words, others)
    valid = (others > 0).expand(words.shape)
    place = torch.where(valid, place, low - 1)
    return lookup(index["order"], place), valid
