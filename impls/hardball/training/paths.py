"""How far the nodes of a batch lie apart along the spanning tree."""

from collections.abc import Mapping

from hardball.arrays.namespace import Array, Namespace


def path_lengths(xp: Namespace, index: Mapping[str, Array], nodes: Array, others: Array) -> Array:
    """Edges between nodes along the spanning tree: int32, of the shape that both broadcast to.

    depth(u) + depth(v) - 2 depth(lca). Where u comes before v in preorder, the least deep of the
    nodes after u up to v are children of the lowest common ancestor: two look-ups, whatever N is.
    Between nodes of different trees as if a root lay above all roots: depth(u) + depth(v) + 2.
    index: see `hierarchy.tree_paths.paths_index`, for the source too.
    """
    first, depth, least = index["first"], index["depth"], index["least"]
    ours, theirs = xp.lookup(first, nodes), xp.lookup(first, others)
    low, high = xp.minimum(ours, theirs), xp.maximum(ours, theirs)
    level = xp.highest_bit(high - low)
    # A node and itself leave nothing between: what is looked up then does not count.
    begin = xp.minimum(low + 1, first.shape[0] - 1)
    end = high + 1 - (1 << level)
    left, right = xp.lookup_at(least, level, begin), xp.lookup_at(least, level, end)
    above = xp.astype(xp.minimum(left, right), depth) - 1
    apart = xp.lookup(depth, nodes) + xp.lookup(depth, others) - 2 * above
    return xp.where(low == high, 0, apart)
