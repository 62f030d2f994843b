"""How far the nodes of a batch lie apart along the spanning tree."""

import jax.numpy as jnp
from jax import Array, lax

from hardball.arrays.on_jax.integers import lookup


def path_lengths(index: dict[str, Array], nodes: Array, others: Array) -> Array:
    """Edges between nodes along the spanning tree: int32, of the shape that both broadcast to.

    depth(u) + depth(v) - 2 depth(lca). Where u comes before v in preorder, the least deep of the
    nodes after u up to v are children of the lowest common ancestor: two look-ups, whatever N is.
    Between nodes of different trees as if a root lay above all roots: depth(u) + depth(v) + 2.
    index: see `hierarchy.paths.paths_index`, for the source too.
    """
    first, depth, least = index["first"], index["depth"], index["least"]
    ours, theirs = lookup(first, nodes), lookup(first, others)
    low, high = jnp.minimum(ours, theirs), jnp.maximum(ours, theirs)
    level = jnp.maximum(31 - lax.clz(high - low), 0)
    # A node and itself leave nothing between: what is looked up then does not count.
    begin = jnp.minimum(low + 1, first.shape[0] - 1)
    end = high + 1 - (1 << level)
    left = least.at[level, begin].get(mode="promise_in_bounds")
    right = least.at[level, end].get(mode="promise_in_bounds")
    above = jnp.minimum(left, right).astype(jnp.int32) - 1
    return jnp.where(low == high, 0, lookup(depth, nodes) + lookup(depth, others) - 2 * above)
