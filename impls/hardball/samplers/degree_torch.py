"""Draws from an alias table: one word gives column and fraction."""

import torch
from torch import Tensor

from hardball.samplers.integers_torch import lookup, product


def degree(index: dict[str, Tensor], anchors: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
    """Nodes by the table's probabilities: ids (B,K), valid (B,K), always True.

    word * N = column * 2^32 + fraction; the id is the column where fraction < threshold, else its
    alias. A probability is off by at most 2^-31 a column that names the node. words (B,K); anchors
    (B,) give the rows only. Source: Walker 1977, alias method; Mikolov et al. 2013, section 2.2.
    """
    column, fraction = product(words, index["alias"].shape[0])
    ids = torch.where(
        fraction < lookup(index["threshold"], column), column, lookup(index["alias"], column)
    )
    return ids, torch.ones_like(ids, dtype=torch.bool)
