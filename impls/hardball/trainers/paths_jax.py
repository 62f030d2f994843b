"""How far the nodes of a batch lie apart along the spanning tree."""

import jax.numpy as jnp
from jax import Array, lax

from hardball.samplers.integers_jax import lookup


def path_lengths(index: dict[str, Array], nodes: Array, others: Array) -> Array:
    """Edges between nodes along the spanning tree: int32, of the shape that both broadcast to.

    depth(u) + depth(v) - 2 depth(lca). Of the nodes after u in preorder, up to v itself, the least
    deep are children of the lowest common ancestor: no walk, two look-ups whatever N. Between nodes
    of different trees as if a root lay above all roots: depth(u) + depth(v) + 2. To itself 0.
    index: see `hierarchy.paths.paths_index`, the source too.
    """
    first, depth, least = index["first"], index["depth"], index["least"]
    ours, theirs = lookup(first, nodes), lookup(first, others)
    low, high = jnp.minimum(ours, theirs), jnp.maximum(ours, theirs)
    level = jnp.maximum(31 - lax.clz(high - low), 0)
    # A node and itself leave nothing between: what is looked up then does not count.
    begin = jnp.minimum(low + 1, first.shape[0] - 1)
    end = jnp.maximum(high + 1 - (1 << level), 0)
    left = least.at[level, begin].get(mode="promise_in_bounds")
    right = least.at[level, end].get(mode="promise_in_bounds")
    above = jnp.minimum(left, right).astype(jnp.int32) - 1
    return jnp.where(low == high, 0, lookup(depth, nodes) + lookup(depth, others) - 2 * above)
