"""Draws from rows of a dense probability matrix, held as cumulated integer weights."""

import torch
from torch import Tensor

from hardball.arrays.on_torch.integers import lookup, mulhi


def matrix(
    index: dict[str, Tensor], anchors: Tensor, words: Tensor, replace: bool = True
) -> tuple[Tensor, Tensor]:
    """Nodes by the anchor's row of weights: ids (B,K), valid (B,K).

    id = the first column whose cumulated weight exceeds floor(word * total / 2^32). Without
    replacement a drawn column has weight 0 from then on, as in NumPy's choice(replace=False, p),
    and valid=False once a row is used up. An id that is not valid is the anchor. anchors (B,),
    words (B,K). Source: Devroye 1986, Non-Uniform Random Variate Generation, section III.2;
    without replacement Efraimidis & Spirakis 2006, Weighted Random Sampling, definition 1.
    """
    n = index["cumulative"].shape[0]
    table, rows = index["cumulative"].reshape(-1), anchors * n
    total = lookup(table, rows + n - 1)
    if replace:
        drawn = first_above(table, n, rows[:, None], mulhi(words, total[:, None]))
        valid = (total[:, None] > 0).expand(words.shape)
        return torch.where(valid, drawn, anchors[:, None]), valid

    # Of each drawn column its weight, and where in the weight that is left its gap lies.
    starts, weights = torch.zeros_like(words), torch.zeros_like(words)
    ids, valid = torch.zeros_like(words), torch.zeros_like(words, dtype=torch.bool)
    for step in range(words.shape[1]):
        target = mulhi(words[:, step], total)
        passed = starts <= target[:, None]
        skipped = (weights * passed).sum(1)
        drawn = first_above(table, n, rows, target + skipped)
        before = torch.where(drawn > 0, lookup(table, rows + (drawn - 1).clamp(min=0)), 0)
        left = total > 0
        used = torch.where(left, lookup(table, rows + drawn) - before, 0)
        starts -= ~passed * used[:, None]
        total = total - used
        starts[:, step], weights[:, step] = before - skipped, used
        ids[:, step], valid[:, step] = torch.where(left, drawn, anchors), left
    return ids, valid


def first_above(table: Tensor, n: int, rows: Tensor, targets: Tensor) -> Tensor:
    """First of n columns from `rows` on whose entry exceeds the target; n - 1 where none does."""
    low, high = torch.zeros_like(targets), torch.full_like(targets, n - 1)
    for _ in range((n - 1).bit_length()):
        middle = (low + high) >> 1
        below = lookup(table, rows + middle) <= targets
        low, high = torch.where(below, middle + 1, low), torch.where(below, high, middle)
    return low.clamp(max=n - 1)
