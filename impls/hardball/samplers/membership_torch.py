"""Which draws are known positives of their node: searches in the rows of a CSR matrix."""

import torch
from torch import Tensor


def is_known(
    indptr: Tensor, indices: Tensor, nodes: Tensor, candidates: Tensor, steps: int
) -> Tensor:
    """candidates[b,k] in row nodes[b]: bool (B,K), by binary search without branches.

    indptr (N+1,), indices ascending inside each row, nodes (B,), candidates (B,K);
    steps: bit length of the longest row. Source: Knuth, TAOCP 3, section 6.2.1, algorithm U.
    """
    if not indices.shape[0]:
        return torch.zeros_like(candidates, dtype=torch.bool)
    end = indptr[nodes + 1][:, None]
    low = indptr[nodes][:, None].expand_as(candidates)
    high = end.expand_as(candidates)
    last = indices.shape[0] - 1
    for _ in range(steps):
        middle = (low + high) >> 1
        below = (indices[middle.clamp(0, last)] < candidates) & (low < high)
        low, high = torch.where(below, middle + 1, low), torch.where(below, high, middle)
    return (low < end) & (indices[low.clamp(0, last)] == candidates)


def pool_known(
    indptr: Tensor, indices: Tensor, width: int, nodes: Tensor, pool_sorted: Tensor
) -> Tensor:
    """pool_sorted[m] in row nodes[b]: bool (B,M), marked at the first of equal pool members.

    Searches each node's row, padded to `width` (length of the longest row), in the ascending pool:
    B * width * log M steps. Repeats stay unmarked since their weight is 0.
    Source: hardball, level order and rings.
    """
    shape = (nodes.shape[0], pool_sorted.shape[0])
    if not indices.shape[0] or not width:
        return torch.zeros(shape, dtype=torch.bool, device=nodes.device)
    places = indptr[nodes][:, None] + torch.arange(width, device=nodes.device)
    inside = places < indptr[nodes + 1][:, None]
    values = indices[places.clamp(0, indices.shape[0] - 1)].to(pool_sorted.dtype)
    found = torch.searchsorted(pool_sorted, values)
    hit = inside & (pool_sorted[found.clamp(0, shape[1] - 1)] == values) & (found < shape[1])
    columns = torch.where(hit, found, shape[1])
    # The extra column takes what is not in the pool.
    marked = torch.zeros((shape[0], shape[1] + 1), dtype=torch.bool, device=nodes.device)
    return marked.scatter_(1, columns, True)[:, :-1]
