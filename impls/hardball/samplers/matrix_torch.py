"""Draws from rows of a dense probability matrix, held as cumulated integer weights."""

import torch
from torch import Tensor

from hardball.samplers.integers_torch import mulhi


def matrix(
    index: dict[str, Tensor], anchors: Tensor, words: Tensor, replace: bool = True
) -> tuple[Tensor, Tensor]:
    """Nodes by the anchor's row of weights: ids (B,K), valid (B,K).

    id = the first column whose cumulated weight exceeds floor(word * total / 2^32). Without
    replacement the weight of a drawn column becomes 0 before the next draw, as in NumPy's
    choice(replace=False, p): K passes over (B,N), and valid=False once a row is used up. An id that
    is not valid is the anchor. anchors (B,), words (B,K). Source: Devroye 1986, Non-Uniform Random
    Variate Generation, section III.2.
    """
    n = index["cumulative"].shape[0]
    if replace:
        total = index["cumulative"][anchors, n - 1][:, None]
        target = mulhi(words, total)
        low, high = torch.zeros_like(words), torch.full_like(words, n - 1)
        for _ in range((n - 1).bit_length()):
            middle = (low + high) >> 1
            below = index["cumulative"][anchors[:, None], middle] <= target
            low, high = torch.where(below, middle + 1, low), torch.where(below, high, middle)
        valid = (total > 0).expand(words.shape)
        return torch.where(valid, low, anchors[:, None]), valid

    rows = torch.arange(words.shape[0], device=words.device)
    columns = torch.arange(n, device=words.device)
    cumulative = index["cumulative"][anchors]
    ids, valid = torch.zeros_like(words), torch.zeros_like(words, dtype=torch.bool)
    for step in range(words.shape[1]):
        total = cumulative[:, -1]
        target = mulhi(words[:, step], total)
        places = torch.searchsorted(cumulative, target[:, None].to(cumulative.dtype), right=True)
        drawn = places[:, 0].clamp(max=n - 1)
        before = torch.where(drawn > 0, cumulative[rows, drawn - 1], 0)
        used = cumulative[rows, drawn] - before
        after = columns >= drawn[:, None]
        cumulative = cumulative - torch.where(after, used[:, None], 0)
        ids[:, step] = torch.where(total > 0, drawn, anchors)
        valid[:, step] = total > 0
    return ids, valid
