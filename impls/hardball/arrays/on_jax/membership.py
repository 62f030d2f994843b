"""Which draws are known positives of their node: searches in the rows of a CSR matrix."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.integers import lookup


def is_known(indptr: Array, indices: Array, nodes: Array, candidates: Array, steps: int) -> Array:
    """candidates[b,k] in row nodes[b]: bool (B,K), by binary search without branches.

    indptr (N+1,), indices ascending inside each row, nodes (B,), candidates (B,K);
    steps: bit length of the longest row. Source: Knuth, TAOCP 3, section 6.2.1, algorithm U.
    """
    if not indices.shape[0] or not steps:
        return jnp.zeros(candidates.shape, bool)
    end = indptr[nodes + 1][:, None]
    low = jnp.broadcast_to(indptr[nodes][:, None], candidates.shape)
    high = jnp.broadcast_to(end, candidates.shape)
    last = indices.shape[0] - 1
    for _ in range(steps):
        middle = (low + high) >> 1
        below = (lookup(indices, jnp.clip(middle, 0, last)) < candidates) & (low < high)
        low, high = jnp.where(below, middle + 1, low), jnp.where(below, high, middle)
    return (low < end) & (lookup(indices, jnp.clip(low, 0, last)) == candidates)


def pool_known(
    indptr: Array, indices: Array, width: int, nodes: Array, pool_sorted: Array
) -> Array:
    """pool_sorted[m] in row nodes[b]: bool (B,M), marked at the first of equal pool members.

    Searches each node's row, padded to `width` (length of the longest row), in the ascending pool:
    B * width * log M steps. Repeats stay unmarked since their weight is 0.
    Source: hardball, level order and rings.
    """
    shape = (nodes.shape[0], pool_sorted.shape[0])
    if not indices.shape[0] or not width:
        return jnp.zeros(shape, bool)
    places = indptr[nodes][:, None] + jnp.arange(width, dtype=indptr.dtype)
    inside = places < indptr[nodes + 1][:, None]
    values = lookup(indices, jnp.clip(places, 0, indices.shape[0] - 1))
    found = jnp.searchsorted(pool_sorted, values, method="scan_unrolled")
    met = lookup(pool_sorted, jnp.clip(found, 0, shape[1] - 1)) == values
    rows = jnp.arange(shape[0])[:, None]
    columns = jnp.where(inside & met, found, shape[1])
    return jnp.zeros(shape, bool).at[rows, columns].set(True, mode="drop")


class Known(NamedTuple):
    """The known positives of a batch's anchors (B,).

    indptr (N+1,), indices: rows of all nodes; width: length of the longest.
    """

    indptr: Array
    indices: Array
    width: int
    anchors: Array

    def each(self, candidates: Array) -> Array:
        """Whether candidates[b,k] is a known positive of anchors[b], or that anchor: bool (B,K)."""
        steps = self.width.bit_length()
        hit = is_known(self.indptr, self.indices, self.anchors, candidates, steps)
        return hit | (candidates == self.anchors[:, None])

    def shared(self, ascending: Array) -> Array:
        """Whether ascending[m] is a known positive of anchors[b], or that anchor: bool (B,M).

        Of equal members only the first is looked up.
        """
        hit = pool_known(self.indptr, self.indices, self.width, self.anchors, ascending)
        return hit | (ascending == self.anchors[:, None])
