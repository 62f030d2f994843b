"""Which draws are known positives of their node: searches in the rows of a CSR matrix."""

from typing import NamedTuple

import torch
from torch import Tensor

from hardball.arrays.on_torch.integers import lookup


def is_known(
    indptr: Tensor, indices: Tensor, nodes: Tensor, candidates: Tensor, steps: int
) -> Tensor:
    """candidates[b,k] in row nodes[b]: bool (B,K), by binary search without branches.

    indptr (N+1,), indices ascending inside each row, nodes (B,), candidates (B,K);
    steps: bit length of the longest row. Source: Knuth, TAOCP 3, section 6.2.1, algorithm U.
    """
    if not indices.shape[0] or not steps:
        return torch.zeros_like(candidates, dtype=torch.bool)
    # One batched search over padded rows replaces `steps` passes over (B,K), each a kernel here.
    rows = _padded(indptr, indices, 2**steps - 1, nodes)
    wanted = candidates.to(indices.dtype)
    found = torch.searchsorted(rows, wanted).clamp(max=rows.shape[1] - 1)
    return rows.gather(1, found) == wanted


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
    values = _padded(indptr, indices, width, nodes).to(pool_sorted.dtype)
    found = torch.searchsorted(pool_sorted, values)
    met = lookup(pool_sorted, found.clamp(0, shape[1] - 1)) == values
    columns = torch.where(met, found, shape[1])
    # The extra column takes what is not in the pool. Bytes, since compiled code takes thirty times
    # as long over bools.
    marked = torch.zeros((shape[0], shape[1] + 1), dtype=torch.uint8, device=nodes.device)
    return marked.scatter_(1, columns, 1)[:, :-1] > 0


class Known(NamedTuple):
    """The known positives of a batch's anchors (B,).

    indptr (N+1,), indices: rows of all nodes; width: length of the longest.
    """

    indptr: Tensor
    indices: Tensor
    width: int
    anchors: Tensor

    def each(self, candidates: Tensor) -> Tensor:
        """Whether candidates[b,k] is a known positive of anchors[b], or that anchor: bool (B,K)."""
        steps = self.width.bit_length()
        hit = is_known(self.indptr, self.indices, self.anchors, candidates, steps)
        return hit | (candidates == self.anchors[:, None])

    def shared(self, ascending: Tensor) -> Tensor:
        """Whether ascending[m] is a known positive of anchors[b], or that anchor: bool (B,M).

        Of equal members only the first is looked up.
        """
        hit = pool_known(self.indptr, self.indices, self.width, self.anchors, ascending)
        return hit | (ascending == self.anchors[:, None])


def _padded(indptr: Tensor, indices: Tensor, width: int, nodes: Tensor) -> Tensor:
    """The nodes' rows (B,width), ascending, filled up with a number that is no node."""
    places = indptr[nodes][:, None] + torch.arange(width, device=nodes.device)
    values = lookup(indices, places.clamp(max=indices.shape[0] - 1))
    return values.masked_fill_(places >= indptr[nodes + 1][:, None], torch.iinfo(values.dtype).max)
