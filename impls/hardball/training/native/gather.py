"""Adding up the gradients of a tile's nodes over all places of a batch where they stand.

By nodes, not by places: a node's sum is its own, in the order of its places, so threads share the
tiles and no digit depends on their number.
"""

import numpy as np

from hardball.training.native.compiled import compiled
from hardball.training.native.rows import COTH, DOWN, FORM, SINH, UP
from hardball.training.native.softmax import FAST
from hardball.training.native.vectors import LANES, fma, load, splat, store


@compiled(fastmath=FAST, error_model="numpy")
def pull_towards(out, place, other, filled, by, slope, at):
    """Add by (w - u) to the gradient at `at`; u and w begin at `place` and `other` of `out`."""
    step, j = np.uint64(LANES), np.uint64(0)
    factor = splat(by)
    while j < filled:
        apart = load(out, other + j) - load(out, place + j)
        store(slope, at + j, fma(factor, apart, load(slope, at + j)))
        j += step


@compiled(fastmath=FAST, error_model="numpy")
def add_rest(o, found, filled, out, place, across, slope, at):
    """Add what place o, of an anchor, of a positive or of what is shared, does to a node."""
    slots, _, _, _, mine, near, _, _, shared, radii = found
    size, up = len(mine), filled + np.uint64(UP)
    down, sinh, coth = filled + np.uint64(DOWN), filled + np.uint64(SINH), filled + np.uint64(COTH)
    if o >= 2 * size:
        k = o - 2 * size
        for block in range(len(shared)):
            for j in range(shared.shape[1]):
                slope[at + np.uint64(j)] += shared[block, j, k]
            slope[at + filled] += radii[block, k]
        return
    i = o if o < size else o - size
    other = np.uint64(slots[i + size] if o < size else slots[i]) * across
    steep, angular = near[i, 0], near[i, 1]
    pull_towards(out, place, other, filled, -steep * out[other + sinh], slope, at)
    outward = (out[place + up] * out[other + down] - out[place + down] * out[other + up]) * (
        out[place + up] * out[other + down] + out[place + down] * out[other + up]
    )
    eight = out.dtype.type(8)
    slope[at + filled] += eight * steep * outward + out[place + coth] * steep * angular
    if o < size:
        for j in range(mine.shape[1]):
            slope[at + np.uint64(j)] += mine[i, j]


@compiled(fastmath=FAST, error_model="numpy")
def gather(start, end, found, wide, slope):
    """The gradients of m and of the radius of the nodes in slots start to end, into flat slope.

    found: what `lean.train` found: slots, order and bounds of `step.number`; points of `open_rows`;
    mine (B, lanes(D) + 1), of the anchors by their negatives; near (B, 2), dL/dx and the angular
    part of the positives; slopes and radii (B, K), of the own negatives: dL/dx times the anchor's
    sinh(a), and the gradients of their radii; (.., D, M) and (.., M), of what all share, a block
    of anchors each. wide: numbers a node in slope.
    """
    slots, order, bounds, points, mine, _, slopes, radii, shared, _ = found
    out, across = points.ravel(), np.uint64(points.shape[1])
    filled, few = across - np.uint64(FORM), np.uint64(max(slopes.shape[1], 1))
    own, steep, radial = 2 * len(mine) + shared.shape[2], slopes.ravel(), radii.ravel()
    for place_in_order in range(bounds[start], bounds[end]):
        o = order[place_in_order]
        slot = slots[o]
        at, place = np.uint64(slot - start) * wide, np.uint64(slot) * across
        if o < own:
            add_rest(o, found, filled, out, place, across, slope, at)
            continue
        k = np.uint64(o - own)
        anchor = np.uint64(slots[k // few]) * across
        pull_towards(out, place, anchor, filled, steep[k], slope, at)
        slope[at + filled] += radial[k]
