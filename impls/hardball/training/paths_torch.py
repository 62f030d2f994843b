"""How far the nodes of a batch lie apart along the spanning tree."""

import torch
from torch import Tensor

from hardball.arrays.on_torch.integers import lookup


def path_lengths(index: dict[str, Tensor], nodes: Tensor, others: Tensor) -> Tensor:
    """Edges between nodes along the spanning tree: int32, of the shape that both broadcast to.

    depth(u) + depth(v) - 2 depth(lca). Where u comes before v in preorder, the least deep of the
    nodes after u up to v are children of the lowest common ancestor: two look-ups, whatever N is.
    Between nodes of different trees as if a root lay above all roots: depth(u) + depth(v) + 2.
    index: see `hierarchy.paths.paths_index`, for the source too.
    """
    first, depth, least = index["first"], index["depth"], index["least"].reshape(-1)
    ours, theirs = lookup(first, nodes), lookup(first, others)
    low, high = torch.minimum(ours, theirs), torch.maximum(ours, theirs)
    # The exponent of a number is its length in bits, that of 0 is 0.
    level = (torch.frexp((high - low).double()).exponent.to(torch.int64) - 1).clamp(min=0)
    # A node and itself leave nothing between: what is looked up then does not count.
    begin = (low + 1).clamp(max=first.shape[0] - 1)
    end = high + 1 - (1 << level)
    left = lookup(least, level * first.shape[0] + begin)
    right = lookup(least, level * first.shape[0] + end)
    above = torch.minimum(left, right).to(torch.int32) - 1
    return torch.where(low == high, 0, lookup(depth, nodes) + lookup(depth, others) - 2 * above)
