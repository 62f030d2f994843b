"""Choosing each anchor's negatives among candidates, by distances of hyperbolic points.

Distances are compared by x = cosh(d) - 1, which grows with d; e^-d = 1 / (1 + x + sqrt(x (x + 2))).
"""

import numpy as np
from numba import prange

from hardball.training.native import lean_rows
from hardball.training.native.compiled import compiled
from hardball.training.native.lean_rows import lanes
from hardball.training.native.rows import (
    DIM,
    DOWN,
    FORM,
    OPTIMISER,
    RMSPROP,
    SINH,
    TILE,
    UP,
    open_rows,
)
from hardball.training.native.softmax import BLOCKS, FAST, spread
from hardball.training.native.step import lay_out, number

NEAREST, TOP, TEMPERATURE, SEMI_HARD = range(4)
# Places in the vector of codes after rows.BEFORE.
RULE, COUNT, CHECK_KNOWN, CHECK_NEAR = 5, 6, 7, 8


@compiled(fastmath=FAST, error_model="numpy")
def separate(up, down, sinh, ups, downs, sinhs, gap):
    """x from one node to n others; gap (n,): |u - w|^2 on entry, x on return."""
    two = gap.dtype.type(2)
    scale = gap.dtype.type(0.5) * sinh
    for k in range(len(gap)):
        radial = two * (up * downs[k] - down * ups[k])
        gap[k] = scale * sinhs[k] * gap[k] + two * radial * radial


@compiled(fastmath=FAST, error_model="numpy")
def apart(points, i, slots, x):
    """x between the node in slot i and those in slots (n,)."""
    width, flat = np.uint64(points.shape[1]), points.ravel()
    dim = points.shape[1] - FORM
    two, scale = x.dtype.type(2), x.dtype.type(0.5) * points[i, dim + SINH]
    u, up, down = points[i, :dim].copy(), points[i, dim + UP], points[i, dim + DOWN]
    # Places without a sign, of which numba does not ask whether they count from the end.
    ups, downs, sinhs = np.uint64(dim + UP), np.uint64(dim + DOWN), np.uint64(dim + SINH)
    for k in range(len(slots)):
        first, gap = np.uint64(slots[k]) * width, x.dtype.type(0)
        for j in range(dim):
            step = u[j] - flat[first + np.uint64(j)]
            gap += step * step
        radial = two * (up * flat[first + downs] - down * flat[first + ups])
        x[k] = scale * flat[first + sinhs] * gap + two * radial * radial


@compiled(error_model="numpy")
def nearness(x):
    """e^-d."""
    one, two = x.dtype.type(1), x.dtype.type(2)
    for k in range(len(x)):
        x[k] = one / (one + x[k] + np.sqrt(x[k]) * np.sqrt(x[k] + two))


@compiled()
def reached(values, low, high, wanted):
    """How far the ascending values[low:high] are not above `wanted`: a place in low..high."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] <= wanted:
            low = middle + 1
        else:
            high = middle
    return low


@compiled()
def barred(node, anchor, indices, known, known_end, near_start, near_stop, near, near_end):
    """Whether a node is the anchor, a known positive of it, or in one of its ranges.

    Those are indices[known:known_end], and the near_start[near:near_end] up to the near_stop.
    """
    if node == anchor:
        return True
    at = reached(indices, known, known_end, node)
    if at > known and indices[at - 1] == node:
        return True
    at = reached(near_start, near, near_end, node)
    return at > near and node < near_stop[at - 1]


@compiled()
def smallest(keys, nodes, usable, anchor, indices, known, known_end, near_start, near_stop, near,
             near_end, least, places):  # fmt: skip
    """Places of the smallest keys (C,) of nodes that may be drawn, in order; how many there are.

    At most as many as `places` holds; least: their keys.
    """
    found, most = 0, len(places)
    for k in range(len(keys)):
        # Of what is near enough alone it is asked whether it may be drawn.
        if found == most and not keys[k] < least[most - 1]:
            continue
        if not usable[k] or barred(
            nodes[k], anchor, indices, known, known_end, near_start, near_stop, near, near_end
        ):
            continue
        found = min(found + 1, most)
        j = found - 1
        while j > 0 and least[j - 1] > keys[k]:
            least[j], places[j] = least[j - 1], places[j - 1]
            j -= 1
        least[j], places[j] = keys[k], k
    return found


@compiled()
def strike_out(keys, nodes, usable, anchor, indices, known, known_end, near_start, near_stop, near,
               near_end):  # fmt: skip
    """Set the keys (C,) of nodes that may not be drawn to 0."""
    for k in range(len(keys)):
        if not usable[k] or barred(
            nodes[k], anchor, indices, known, known_end, near_start, near_stop, near, near_end
        ):
            keys[k] = 0


@compiled()
def softly(near, heat, words, anchor, nodes, sums, chosen, fine):
    """Draw nodes (C,) by words, p ~ near^(1 / heat); sums (C,) is scratch."""
    zero, one, top = near.dtype.type(0), near.dtype.type(1), near.dtype.type(0)
    for k in range(len(near)):
        top = max(top, near[k])
    total = zero
    for k in range(len(near)):
        if near[k] > zero:
            share = near[k] / top
            total += share if heat == one else share ** (one / heat)
        sums[k] = total
    for j in range(len(words)):
        # 24 bits, which float32 holds.
        wanted = near.dtype.type(words[j] >> np.uint32(8)) / near.dtype.type(2**24) * total
        at = min(reached(sums, 0, len(sums), wanted), len(sums) - 1)
        fine[j] = near[at] > zero
        chosen[j] = nodes[at] if fine[j] else anchor


@compiled(parallel=True, fastmath=FAST, error_model="numpy")
def choose(table, anchors, positives, candidates, usable, words, indptr, indices, near_indptr,
           near_start, near_stop, powers, settings, codes, heat, number_type, chosen,
           fine):  # fmt: skip
    """K of C candidates for each of B anchors: chosen, fine (B, K); the anchor where none is left.

    table (N, W); anchors, positives (B,); candidates, usable (B, C), or (1, C) for all anchors.
    Left out are the anchor, its known positives (indptr, indices) and what lies in its ranges
    (near_...), as codes[CHECK_...] say. codes[RULE]: NEAREST, nearest first; TOP, of the
    codes[COUNT] nearest by words (B, K); TEMPERATURE, p ~ exp(-d / heat[0]) by words; SEMI_HARD,
    those beyond the positive, nearest first, then the others, farthest first. number_type: an
    array of the type that it computes in.
    """
    size, count, wanted = len(anchors), candidates.shape[1], chosen.shape[1]
    kind, dim = number_type.dtype, np.int64(codes[DIM])
    settings = settings.astype(kind)
    slots = np.concatenate((anchors, positives, candidates.ravel()))
    if len(slots) < len(table):
        named, unique = slots.copy(), np.empty(len(slots), np.int32)
        order, bounds = np.empty(len(slots), np.int32), np.empty(len(slots) + 1, np.int32)
        nodes = unique[: number(named, slots, unique, order, bounds)]
    else:
        nodes = np.arange(len(table), dtype=np.int32)
    lean = codes[OPTIMISER] == RMSPROP
    dim = lanes(dim) if lean else dim
    stretches = np.empty(((len(nodes) - 1) // TILE + 1, 4, TILE), kind)
    points = np.empty((len(nodes), dim + FORM), kind)
    if lean:
        lean_rows.open_rows(table, nodes, codes, np.int64(codes[DIM]), stretches, points)
    else:
        tiles = np.empty((len(stretches), table.shape[1], TILE), kind)
        open_rows(table, nodes, codes, powers, settings, tiles, stretches, points)
    shared = len(candidates) == 1
    form, w = np.empty((FORM, count if shared else 0), kind), np.empty((dim, count), kind)
    if shared:
        lay_out(slots, 2 * size, points, form, w)
    rule, check_known, check_near = codes[RULE], codes[CHECK_KNOWN] > 0, codes[CHECK_NEAR] > 0
    keep = codes[COUNT] if rule == TOP else wanted
    for block in prange(BLOCKS):
        x, sums = np.empty(count, kind), np.empty(count, kind)
        least, places = np.empty(keep, kind), np.empty(keep, np.int64)
        limit = np.empty(1, kind)
        for i in range(size * block // BLOCKS, size * (block + 1) // BLOCKS):
            at, row, anchor = slots[i], 0 if shared else i, anchors[i]
            if shared:
                up, down = points[at, dim + UP], points[at, dim + DOWN]
                spread(points[at, :dim], w, x)
                separate(up, down, points[at, dim + SINH], form[0], form[1], form[2], x)
            else:
                start = 2 * size + i * count
                apart(points, at, slots[start : start + count], x)
            if rule == SEMI_HARD:
                apart(points, at, slots[size + i : size + i + 1], limit)
                sums[:] = x
                nearness(x)
                for k in range(count):
                    x[k] = -x[k] if sums[k] > limit[0] else x[k]
            known = indptr[anchor] if check_known else 0
            near = near_indptr[anchor] if check_near else 0
            known_end = indptr[anchor + 1] if check_known else known
            near_end = near_indptr[anchor + 1] if check_near else near
            if rule == TEMPERATURE:
                nearness(x)
                strike_out(
                    x, candidates[row], usable[row], anchor, indices, known, known_end,
                    near_start, near_stop, near, near_end,
                )  # fmt: skip
                softly(x, heat[0], words[i], anchor, candidates[row], sums, chosen[i], fine[i])
                continue
            found = smallest(
                x, candidates[row], usable[row], anchor, indices, known, known_end,
                near_start, near_stop, near, near_end, least, places,
            )  # fmt: skip
            for j in range(wanted):
                nth = np.int64(words[i, j]) * keep >> 32 if rule == TOP else j
                fine[i, j] = nth < found
                chosen[i, j] = candidates[row, places[nth]] if nth < found else anchor
