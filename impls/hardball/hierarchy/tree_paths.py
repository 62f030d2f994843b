"""How far nodes lie apart along the spanning tree: host arrays that answer it in a few look-ups."""

import numpy as np

from hardball.hierarchy.dag import Hierarchy


def paths_index(h: Hierarchy) -> dict[str, np.ndarray]:
    """first, depth int32 (N,), and least (L, N), L the bit length of N, in the smallest integers.

    least[l, i]: the smallest depth among the 2^l nodes of preorder from i on, as many as there are.
    Memory L bytes a node up to depth 127. Source: Bender & Farach-Colton 2000, The LCA Problem
    Revisited, section 3, on the preorder in place of an Euler tour.
    """
    depths = np.empty(h.n_nodes, np.min_scalar_type(-1 - h.max_depth))
    depths[h.first] = h.depth
    least = np.tile(depths, (h.n_nodes.bit_length(), 1))
    for level in range(1, len(least)):
        half = 2 ** (level - 1)
        shorter = least[level - 1]
        least[level] = shorter
        np.minimum(shorter[:-half], shorter[half:], out=least[level, :-half])
    return {"first": h.first, "depth": h.depth, "least": least}
