"""A whole training step of hyperbolic points: read rows, softmax loss, gradient, update, write.

A node that a batch names more than once is one row of work: it is read, moved and written once,
by the sum of its gradients.
"""

import numpy as np
from numba import prange

from hardball.training.native.compiled import compiled
from hardball.training.native.rows import (
    COTH,
    DIM,
    DOWN,
    FADE,
    FORM,
    SINH,
    TILE,
    UP,
    close_rows,
    open_rows,
)
from hardball.training.native.softmax import (
    BLOCKS,
    FAST,
    SCALE,
    pull,
    score,
    spread,
    stalled,
    strike,
    strike_each,
)


@compiled()
def number(ids, slots, unique, order, bounds):
    """Give equal ids (R,) equal slots, counted from 0 in ascending order; how many there are.

    Filled: slots (R,); unique (R,) with the id of each slot; order (R,), the places of every slot's
    ids one slot after the other, those of slot s at bounds[s] to bounds[s + 1], (R + 1,).
    Ascending, so that rows are read and written in the order in which they lie. By radix: 11 bits a
    pass, the place in the lower half of a word.
    """
    size, digits = len(ids), 11
    largest = 0
    words, sorted_words = np.empty(size, np.int64), np.empty(size, np.int64)
    for i in range(size):
        words[i] = np.int64(ids[i]) << 32 | i
        largest = max(largest, ids[i])
    for shift in range(0, 32, digits):
        if largest >> shift == 0:
            break
        heads = np.zeros(2**digits, np.int64)
        for i in range(size):
            heads[words[i] >> (32 + shift) & (2**digits - 1)] += 1
        begin = 0
        for digit in range(2**digits):
            begin, heads[digit] = begin + heads[digit], begin
        for i in range(size):
            digit = words[i] >> (32 + shift) & (2**digits - 1)
            sorted_words[heads[digit]] = words[i]
            heads[digit] += 1
        words, sorted_words = sorted_words, words
    count = -1
    for i in range(size):
        wanted = np.int32(words[i] >> 32)
        if count < 0 or unique[count] != wanted:
            count += 1
            unique[count] = wanted
            bounds[count] = i
        order[i] = words[i] & 0x7FFFFFFF
        slots[order[i]] = count
    bounds[count + 1] = size
    return count + 1


@compiled(fastmath=FAST, error_model="numpy")
def attract(points, i, k, share):
    """e^-d of the nodes in two slots; SCALE / sinh(d) and the angular part of x = cosh(d) - 1.

    Points within the rounding of their coordinates count as one, whose gradient is 0.
    """
    dim = points.shape[1] - FORM
    zero, half = points.dtype.type(0), points.dtype.type(0.5)
    one, two, unit = points.dtype.type(1), points.dtype.type(2), points.dtype.type(SCALE)
    gap = zero
    for j in range(dim):
        step = points[i, j] - points[k, j]
        gap += step * step
    up, down, sinh = points[i, dim + UP], points[i, dim + DOWN], points[i, dim + SINH]
    ups, downs, sinhs = points[k, dim + UP], points[k, dim + DOWN], points[k, dim + SINH]
    angular = half * sinh * sinhs * gap
    radial = two * (up * downs - down * ups)
    x = angular + two * radial * radial
    root = np.sqrt(x) * np.sqrt(x + two)
    radii = np.log(two * up) * two * (np.log(two * ups) * two)
    apart = half * x > share * (radii + sinh * sinhs)
    return one / (one + x + root), unit / root if apart and root > zero else zero, angular


@compiled(error_model="numpy")
def add_pair(slope, points, i, k, angular, gradients):
    """Add dL/dx = `slope` of a pair to the gradients (U, D + 1) of its ends: m, then the radius."""
    dim, eight = points.shape[1] - FORM, points.dtype.type(8)
    up, down, sinh = points[i, dim + UP], points[i, dim + DOWN], points[i, dim + SINH]
    ups, downs, sinhs = points[k, dim + UP], points[k, dim + DOWN], points[k, dim + SINH]
    outward = eight * slope * (up * downs - down * ups) * (up * downs + down * ups)
    for j in range(dim):
        step = slope * (points[k, j] - points[i, j])
        gradients[i, j] -= step * sinhs
        gradients[k, j] += step * sinh
    gradients[i, dim] += outward + points[i, dim + COTH] * slope * angular
    gradients[k, dim] += points[k, dim + COTH] * slope * angular - outward


@compiled()
def lay_out(slots, start, points, form, directions):
    """Polar form of n nodes, those in slots[start:], side by side: (FORM, n) and (D, n)."""
    dim = len(directions)
    for k in range(directions.shape[1]):
        slot = slots[start + k]
        for j in range(FORM):
            form[j, k] = points[slot, dim + j]
        for j in range(dim):
            directions[j, k] = points[slot, j]


@compiled()
def gather(slots, mine, near, points, gradients):
    """Add the anchors' own gradients (B, D + 1), and those of the positives' distances."""
    size = len(mine)
    for i in range(size):
        for j in range(mine.shape[1]):
            gradients[slots[i], j] += mine[i, j]
        add_pair(near[i, 0], points, slots[i], slots[size + i], near[i, 1], gradients)


@compiled()
def finish(counted, mean, sums):
    """Add up what the blocks counted; the first number is a mean over the batch."""
    for k in range(4):
        sums[k] = counted[:, k].sum()
    sums[0] = sums[0] * mean


@compiled(parallel=True, fastmath=FAST, error_model="numpy")
def train(table, anchors, positives, shared, shared_weight, own, own_weight, indptr, indices,
          powers, settings, codes, number_type, sums):  # fmt: skip
    """One step of B anchors against M nodes for all and K of their own, in place on table (N, W).

    anchors, positives (B,); shared (M,) ascending, shared_weight (M,) their multiplicities; own
    and own_weight (B, K), in any order: known positives (indptr, indices) of an anchor and the
    anchor itself count for nothing. M or K may be 0. settings: see rows.LR to LIMIT, of which FADE
    multiplies the weights in the loss; codes: see rows.MANIFOLD to BEFORE; powers
    (3, n): b1^t, b2^t, ratio^t; number_type: an array of the type that it computes in.
    sums (4,): mean loss, weight left out, sum of the negatives' shares, weight of the stalled ones.
    """
    size, count, few, kind = len(anchors), len(shared), own.shape[1], number_type.dtype
    dim, settings = np.int64(codes[DIM]), settings.astype(kind)
    named = np.concatenate((anchors, positives, shared, own.ravel()))
    slots, unique = np.empty(len(named), np.int32), np.empty(len(named), np.int32)
    order, bounds = np.empty(len(named), np.int32), np.empty(len(named) + 1, np.int32)
    nodes = unique[: number(named, slots, unique, order, bounds)]
    tiles = np.empty(((len(nodes) - 1) // TILE + 1, table.shape[1], TILE), kind)
    stretches = np.empty((len(tiles), 4, TILE), kind)
    points = np.empty((len(nodes), dim + FORM), kind)
    open_rows(table, nodes, codes, powers, settings, tiles, stretches, points)
    zero, one, mean = kind.type(0), kind.type(1), kind.type(1) / kind.type(size)
    fade = settings[FADE]
    rounding = kind.type(4) * kind.type(np.finfo(kind).eps) ** 2
    counted, near = np.zeros((BLOCKS, 4)), np.empty((size, 2), kind)
    mine, theirs = np.zeros((size, dim + 1), kind), np.empty((size, few, dim + 1), kind)
    form, w = np.empty((FORM, count), kind), np.empty((dim, count), kind)
    lay_out(slots, 2 * size, points, form, w)
    out, out_radii = np.zeros((BLOCKS, dim, count), kind), np.zeros((BLOCKS, count), kind)
    for block in prange(BLOCKS):
        weight, gap = np.empty(count, kind), np.empty(count, kind)
        share, slope = np.empty(count, kind), np.empty(count, kind)
        own_w, own_form = np.empty((dim, few), kind), np.empty((FORM, few), kind)
        own_out, own_radii = np.empty((dim, few), kind), np.empty(few, kind)
        own_gap, own_share = np.empty(few, kind), np.empty(few, kind)
        own_slope, left = np.empty(few, kind), np.empty(few, kind)
        for i in range(size * block // BLOCKS, size * (block + 1) // BLOCKS):
            at = slots[i]
            u = points[at, :dim]
            up, down = points[at, dim + UP], points[at, dim + DOWN]
            sinh, coth = points[at, dim + SINH], points[at, dim + COTH]
            total = zero
            if count:
                weight[:] = shared_weight
                counted[block, 1] += strike(shared, weight, anchors[i], indptr, indices)
                spread(u, w, gap)
                total += score(up, down, sinh, form[0], form[1], form[2], weight, gap, share, slope)
            if few:
                lay_out(slots, 2 * size + count + i * few, points, own_form, own_w)
                left[:] = own_weight[i]
                counted[block, 1] += strike_each(own[i], left, anchors[i], indptr, indices)
                spread(u, own_w, own_gap)
                total += score(
                    up, down, sinh, own_form[0], own_form[1], own_form[2], left,
                    own_gap, own_share, own_slope,
                )  # fmt: skip
            same, steep, angular = attract(points, at, slots[size + i], rounding)
            total *= fade
            inverse = one / (same + total)
            factor, lost = inverse * mean * fade, inverse * fade
            near[i, 0], near[i, 1] = total * inverse * mean * steep, angular
            if count:
                mine[i, dim] += pull(
                    factor, up, down, sinh, coth, u, form[0], form[1], form[2], form[3], w,
                    share, slope, gap, mine[i, :dim], out[block], out_radii[block],
                )  # fmt: skip
                counted[block, 3] += stalled(share, weight, lost)
            if few:
                own_out[:] = 0
                own_radii[:] = 0
                mine[i, dim] += pull(
                    factor, up, down, sinh, coth, u, own_form[0], own_form[1], own_form[2],
                    own_form[3], own_w, own_share, own_slope, own_gap, mine[i, :dim],
                    own_out, own_radii,
                )  # fmt: skip
                counted[block, 3] += stalled(own_share, left, lost)
                for k in range(few):
                    for j in range(dim):
                        theirs[i, k, j] = own_out[j, k]
                    theirs[i, k, dim] = own_radii[k]
            counted[block, 0] += np.log1p(total / same)
            counted[block, 2] += total * inverse
    gradients = np.zeros((len(nodes), dim + 1), kind)
    for block in range(BLOCKS):
        for k in range(count):
            slot = slots[2 * size + k]
            gradients[slot, dim] += out_radii[block, k]
            for j in range(dim):
                gradients[slot, j] += out[block, j, k]
    for i in range(size):
        for k in range(few):
            slot = slots[2 * size + count + i * few + k]
            for j in range(dim + 1):
                gradients[slot, j] += theirs[i, k, j]
    gather(slots, mine, near, points, gradients)
    close_rows(table, nodes, codes, powers, settings, tiles, stretches, gradients)
    finish(counted, mean, sums)
