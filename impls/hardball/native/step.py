"""A whole training step of hyperbolic points: read rows, softmax loss, gradient, update, write.

A node that a batch names more than once is one row of work: it is read, moved and written once,
by the sum of its gradients. Rows are worked on in tiles, side by side, so that vector registers
hold one number of many rows. What the steps mean is written in the manifolds' and the optimisers'
own files; tests hold this one against them.
"""

import numpy as np
from numba import njit, prange

from hardball.native.softmax import BLOCKS, FAST, pull, score, spread, stalled, strike, strike_each

TANGENT, POINCARE, LORENTZ = 0, 1, 2
RSGD, ADAM = 0, 1
# Places in the vector of settings.
LR, B1, B2, EPS, CLIP, LIMIT = range(6)
TILE = 64
# Columns of a node's polar form after its direction (D,): e^(a/2) / 2, e^(-a/2) / 2, sinh(a),
# coth(a) or 0, with a the radius.
UP, DOWN, SINH, COTH, FORM = 0, 1, 2, 3, 4


@njit(cache=True)
def number(ids, slots, unique):
    """Give equal ids (R,) equal slots, counted from 0 in order of first sight; how many there are.

    Filled: slots (R,), and unique (R,) with the id of each slot.
    """
    size = 1
    while size < 2 * len(ids):
        size *= 2
    table = np.full((size, 2), -1, np.int32)
    count = 0
    for i in range(len(ids)):
        wanted = np.int32(ids[i])
        # Fibonacci hashing: neighbouring ids lie far apart.
        at = ((np.int64(wanted) * 0x9E3779B1) >> 7) & (size - 1)
        while table[at, 0] != -1 and table[at, 0] != wanted:
            at = (at + 1) & (size - 1)
        if table[at, 0] == -1:
            table[at, 0], table[at, 1] = wanted, count
            unique[count] = wanted
            count += 1
        slots[i] = table[at, 1]
    return count


@njit(cache=True)
def power(powers, row, base, exponent):
    """base^exponent: from the table where that is long enough."""
    if exponent < powers.shape[1]:
        return powers[row, exponent]
    return powers.dtype.type(np.exp(exponent * np.log(base)))


@njit(cache=True, error_model="numpy")
def direction(v, count, powers, settings):
    """What m is multiplied with for Adam's step: 1 / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)."""
    one = powers.dtype.type(1)
    first = one - power(powers, 0, settings[B1], count)
    second = one - power(powers, 1, settings[B2], count)
    return one / first / (np.sqrt(v / second) + settings[EPS])


@njit(cache=True, fastmath=FAST, error_model="numpy")
def shrink(tile, first, width, limit, square):
    """Bring points of a tile back to the length `limit`; their squared lengths into (T,)."""
    square[:] = 0
    for j in range(first, width):
        x = tile[j]
        for k in range(len(x)):
            square[k] += x[k] * x[k]
    for k in range(len(square)):
        if square[k] > limit * limit:
            # Over the largest entry, since squares may overflow.
            largest = limit
            for j in range(first, width):
                largest = max(largest, abs(tile[j, k]))
            total = square.dtype.type(0)
            for j in range(first, width):
                tile[j, k] /= largest
                total += tile[j, k] * tile[j, k]
            scale = limit / np.sqrt(total)
            for j in range(first, width):
                tile[j, k] *= scale
            square[k] = limit * limit


@njit(cache=True, fastmath=FAST, error_model="numpy")
def coast(tile, first, width, before, powers, settings, path, fade):
    """`optimizers.rows.coast` of the rows of a tile; path and fade (T,) are scratch."""
    one = powers.dtype.type(1)
    ratio = settings[B1] / np.sqrt(settings[B2])
    for k in range(len(path)):
        count = np.int64(tile[2 * width + 1, k])
        missed = before - count
        step = direction(tile[2 * width, k], max(count, 1), powers, settings)
        length = ratio * (one - power(powers, 2, ratio, missed)) / (one - ratio)
        path[k] = settings[LR] * length * step
        fade[k] = power(powers, 0, settings[B1], missed)
        tile[2 * width, k] *= power(powers, 1, settings[B2], missed)
        tile[2 * width + 1, k] = before
    for j in range(first, width):
        x, m = tile[j], tile[width + j]
        for k in range(len(path)):
            x[k] -= path[k] * m[k]
        for k in range(len(path)):
            m[k] *= fade[k]


@njit(cache=True, error_model="numpy")
def polar(kind, square, form, stretch):
    """From squared lengths (T,): `form` (FORM, T), and into stretch (3, T): 1 / |x| or 0,

    |dm| / |dx| across the direction, and da / d|x|; m = sinh(a) times the direction.
    """
    zero, half, one = square.dtype.type(0), square.dtype.type(0.5), square.dtype.type(1)
    for k in range(len(square)):
        size = np.sqrt(square[k])
        scale = one / size if size > zero else zero
        if kind == TANGENT:
            grown = np.expm1(size)
            sinh = half * grown * (grown + one + one) / (grown + one)
            cosh = one + half * grown * grown / (grown + one)
            root = np.sqrt(grown + one)
            across, along = sinh * scale if size > zero else one, one
        elif kind == POINCARE:
            gap = one - square[k]
            sinh, cosh = (size + size) / gap, (one + square[k]) / gap
            root = (one + size) / np.sqrt(gap)
            across, along = (one + one) / gap, (one + one) / gap
        else:
            sinh, cosh = size, np.sqrt(one + square[k])
            root = np.sqrt(sinh + cosh)
            across, along = one, one / cosh
        form[UP, k], form[DOWN, k] = half * root, half / root
        form[SINH, k] = sinh
        form[COTH, k] = cosh / sinh if sinh > zero else zero
        stretch[0, k], stretch[1, k], stretch[2, k] = scale, across, along


@njit(cache=True, fastmath=FAST, error_model="numpy")
def turn(kind, tile, first, width, stretch, square, limit, slope, work):
    """Gradients of m and of the radius, slope (D + 1, T), into those of the coordinates.

    Then clipped to the Riemannian length `limit` unless that is 0. Their length is left in
    work[0], their part along the radius in work[1]; work is (4, T).
    """
    dim = width - first
    one, half = square.dtype.type(1), square.dtype.type(0.5)
    length, inward, along, total = work[0], work[1], work[2], work[3]
    scale, across, outward = stretch[0], stretch[1], stretch[2]
    along[:] = 0
    total[:] = 0
    for j in range(dim):
        g, x = slope[j], tile[first + j]
        for k in range(len(along)):
            along[k] += g[k] * x[k]
    radius = slope[dim]
    for k in range(len(along)):
        inward[k] = radius[k] * outward[k]
        along[k] = along[k] * scale[k] * scale[k]
    for j in range(dim):
        g, x = slope[j], tile[first + j]
        for k in range(len(along)):
            g[k] = across[k] * (g[k] - along[k] * x[k])
        for k in range(len(along)):
            total[k] += g[k] * g[k]
        for k in range(len(along)):
            g[k] += inward[k] * scale[k] * x[k]
    for k in range(len(along)):
        radial = inward[k] * inward[k]
        if kind == TANGENT:
            length[k] = np.sqrt(total[k] + radial)
        elif kind == POINCARE:
            length[k] = np.sqrt(total[k] + radial) * (one - square[k]) * half
        else:
            length[k] = np.sqrt(total[k] + radial * (one + square[k]))
        along[k] = one
        if limit > 0 and length[k] > limit:
            along[k] = limit / length[k]
            length[k] = limit
            inward[k] *= along[k]
    if limit > 0:
        for j in range(dim):
            g = slope[j]
            for k in range(len(along)):
                g[k] *= along[k]


@njit(cache=True, fastmath=FAST, error_model="numpy")
def move_adam(tile, first, width, slope, before, powers, settings, work):
    """`optimizers.rows.adam` of the rows of a tile; slope (D + 1, T) holds the gradients."""
    dim, one = width - first, slope.dtype.type(1)
    square, step = work[0], work[1]
    square[:] = 0
    for j in range(dim):
        g = slope[j]
        for k in range(len(square)):
            square[k] += g[k] * g[k]
    for k in range(len(square)):
        mean = square[k] / slope.dtype.type(dim)
        v = settings[B2] * tile[2 * width, k] + (one - settings[B2]) * mean
        tile[2 * width, k], tile[2 * width + 1, k] = v, before + 1
        step[k] = settings[LR] * direction(v, before + 1, powers, settings)
    for j in range(dim):
        x, m, g = tile[first + j], tile[width + first + j], slope[j]
        for k in range(len(step)):
            m[k] = settings[B1] * m[k] + (one - settings[B1]) * g[k]
        for k in range(len(step)):
            x[k] -= step[k] * m[k]


@njit(cache=True, fastmath=FAST, error_model="numpy")
def move_rsgd(kind, tile, first, width, slope, settings, square, work):
    """`optimizers.rows.rsgd` of the rows of a tile, with work as `turn` left it."""
    one, half, lr = square.dtype.type(1), square.dtype.type(0.5), settings[LR]
    length, inward, kept, grown = work[0], work[1], work[2], work[3]
    for k in range(len(square)):
        kept[k] = one
        grown[k] = lr
        if kind == POINCARE:
            gap = half * (one - square[k])
            grown[k] = lr * gap * gap
        if kind == LORENTZ:
            # The gradient is g + (x.g) x; the exponential map takes it for a length of lr |g|.
            speed = lr * length[k]
            grown[k] = lr * np.sinh(speed) / speed if speed > 0 else lr
            kept[k] = np.cosh(speed) - grown[k] * inward[k] * np.sqrt(square[k])
    for j in range(first, width):
        x, g = tile[j], slope[j - first]
        for k in range(len(square)):
            x[k] = kept[k] * x[k] - grown[k] * g[k]


@njit(cache=True, parallel=True, error_model="numpy")
def open_rows(table, nodes, codes, powers, settings, tiles, stretches, points):
    """Read rows of `nodes` into tiles (.., W, T), bring them up to date, find their polar form.

    Filled: tiles, stretches (.., 4, T) = `polar`'s stretch and squared lengths, points
    (U, D + FORM): directions and `polar`'s form.
    """
    kind, optimiser, before = codes[0], codes[1], codes[2]
    dim, first = points.shape[1] - FORM, 1 if kind == LORENTZ else 0
    width = dim + first
    for t in prange(len(tiles)):
        tile, stretch = tiles[t], stretches[t]
        start, count = t * TILE, min(TILE, len(nodes) - t * TILE)
        form, work = np.empty((FORM, TILE), table.dtype), np.empty((2, TILE), table.dtype)
        # Touched all at once first, so that the waits for memory overlap.
        for k in range(count):
            work[0, k] = table[nodes[start + k], 0] + table[nodes[start + k], tile.shape[0] - 1]
        for k in range(count):
            node = nodes[start + k]
            for j in range(tile.shape[0]):
                tile[j, k] = table[node, j]
        for k in range(count, TILE):
            for j in range(tile.shape[0]):
                tile[j, k] = 0
        if optimiser == ADAM:
            coast(tile, first, width, before, powers, settings, work[0], work[1])
        shrink(tile, first, width, settings[LIMIT], stretch[3])
        polar(kind, stretch[3], form, stretch)
        for k in range(count):
            for j in range(dim):
                points[start + k, j] = tile[first + j, k] * stretch[0, k]
            for j in range(FORM):
                points[start + k, dim + j] = form[j, k]


@njit(cache=True, parallel=True, error_model="numpy")
def close_rows(table, nodes, codes, powers, settings, tiles, stretches, gradients):
    """Update the rows in `tiles` by their gradients (U, D + 1) and write them to the table."""
    kind, optimiser, before = codes[0], codes[1], codes[2]
    dim, first = gradients.shape[1] - 1, 1 if kind == LORENTZ else 0
    width = dim + first
    for t in prange(len(tiles)):
        tile, stretch = tiles[t], stretches[t]
        start, count = t * TILE, min(TILE, len(nodes) - t * TILE)
        slope, work = np.zeros((dim + 1, TILE), table.dtype), np.empty((4, TILE), table.dtype)
        for k in range(count):
            for j in range(dim + 1):
                slope[j, k] = gradients[start + k, j]
        turn(kind, tile, first, width, stretch, stretch[3], settings[CLIP], slope, work)
        if optimiser == ADAM:
            move_adam(tile, first, width, slope, before, powers, settings, work)
        else:
            move_rsgd(kind, tile, first, width, slope, settings, stretch[3], work)
        shrink(tile, first, width, settings[LIMIT], work[0])
        if first:
            for k in range(count):
                tile[0, k] = np.sqrt(1 + work[0, k])
        for k in range(count):
            node = nodes[start + k]
            for j in range(tile.shape[0]):
                table[node, j] = tile[j, k]


@njit(cache=True, fastmath=FAST, error_model="numpy")
def attract(points, i, k, share):
    """e^-d of the nodes in two slots; 1 / sinh(d) and the angular part of x = cosh(d) - 1.

    Points within the rounding of their coordinates count as one, whose gradient is 0.
    """
    dim = points.shape[1] - FORM
    zero, half = points.dtype.type(0), points.dtype.type(0.5)
    one, two = points.dtype.type(1), points.dtype.type(2)
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
    return one / (one + x + root), one / root if apart and root > zero else zero, angular


@njit(cache=True, error_model="numpy")
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


@njit(cache=True)
def lay_out(slots, start, points, form, directions):
    """Polar form of n nodes, those in slots[start:], side by side: (FORM, n) and (D, n)."""
    dim = len(directions)
    for k in range(directions.shape[1]):
        slot = slots[start + k]
        for j in range(FORM):
            form[j, k] = points[slot, dim + j]
        for j in range(dim):
            directions[j, k] = points[slot, j]


@njit(cache=True)
def gather(slots, mine, near, points, gradients):
    """Add the anchors' own gradients (B, D + 1), and those of the positives' distances."""
    size = len(mine)
    for i in range(size):
        for j in range(mine.shape[1]):
            gradients[slots[i], j] += mine[i, j]
        add_pair(near[i, 0], points, slots[i], slots[size + i], near[i, 1], gradients)


@njit(cache=True)
def finish(counted, mean, sums):
    """Add up what the blocks counted; the first number is a mean over the batch."""
    for k in range(4):
        sums[k] = counted[:, k].sum()
    sums[0] = sums[0] * mean


@njit(cache=True, parallel=True, fastmath=FAST, error_model="numpy")
def pool(table, anchors, positives, ids, weights, indptr, indices, powers, settings, codes, sums):
    """One step of B anchors against a pool of M nodes, in place on table (N, W); sums (4,).

    anchors, positives (B,); ids (M,) ascending, weights (M,) their multiplicities: known positives
    (indptr, indices) of an anchor and the anchor itself count for nothing. settings: see LR to
    LIMIT; codes: manifold, optimiser, steps taken before; powers (3, n): b1^t, b2^t, ratio^t.
    sums: mean loss, weight left out, sum of the negatives' shares, weight of the stalled ones.
    """
    size, count, kind = len(anchors), ids.shape[-1], table.dtype
    coordinates = (table.shape[1] - 2) // 2 if codes[1] == ADAM else table.shape[1]
    dim = coordinates - (1 if codes[0] == LORENTZ else 0)
    named = np.concatenate((anchors, positives, ids))
    slots, unique = np.empty(len(named), np.int32), np.empty(len(named), np.int32)
    nodes = unique[: number(named, slots, unique)]
    tiles = np.empty(((len(nodes) - 1) // TILE + 1, table.shape[1], TILE), kind)
    stretches = np.empty((len(tiles), 4, TILE), kind)
    points = np.empty((len(nodes), dim + FORM), kind)
    open_rows(table, nodes, codes, powers, settings, tiles, stretches, points)
    one, mean = kind.type(1), kind.type(1) / kind.type(size)
    rounding = kind.type(4) * kind.type(np.finfo(kind).eps) ** 2
    counted, near = np.zeros((BLOCKS, 4)), np.empty((size, 2), kind)
    mine = np.zeros((size, dim + 1), kind)
    form, w = np.empty((FORM, count), kind), np.empty((dim, count), kind)
    lay_out(slots, 2 * size, points, form, w)
    out, out_radii = np.zeros((BLOCKS, dim, count), kind), np.zeros((BLOCKS, count), kind)
    for block in prange(BLOCKS):
        weight, gap = np.empty(count, kind), np.empty(count, kind)
        share, slope = np.empty(count, kind), np.empty(count, kind)
        for i in range(size * block // BLOCKS, size * (block + 1) // BLOCKS):
            at = slots[i]
            weight[:] = weights
            counted[block, 1] += strike(ids, weight, anchors[i], indptr, indices)
            u = points[at, :dim]
            spread(u, w, gap)
            up, down = points[at, dim + UP], points[at, dim + DOWN]
            sinh, coth = points[at, dim + SINH], points[at, dim + COTH]
            total = score(up, down, sinh, form[0], form[1], form[2], weight, gap, share, slope)
            own, steep, angular = attract(points, at, slots[size + i], rounding)
            inverse = one / (own + total)
            near[i, 0], near[i, 1] = total * inverse * mean * steep, angular
            mine[i, dim] = pull(
                inverse * mean, up, down, sinh, coth, u, form[0], form[1], form[2], form[3], w,
                slope, gap, mine[i, :dim], out[block], out_radii[block],
            )  # fmt: skip
            counted[block, 0] += np.log1p(total / own)
            counted[block, 2] += total * inverse
            counted[block, 3] += stalled(share, weight, inverse)
    gradients = np.zeros((len(nodes), dim + 1), kind)
    for block in range(BLOCKS):
        for k in range(count):
            slot = slots[2 * size + k]
            gradients[slot, dim] += out_radii[block, k]
            for j in range(dim):
                gradients[slot, j] += out[block, j, k]
    gather(slots, mine, near, points, gradients)
    close_rows(table, nodes, codes, powers, settings, tiles, stretches, gradients)
    finish(counted, mean, sums)


@njit(cache=True, parallel=True, fastmath=FAST, error_model="numpy")
def pairs(table, anchors, positives, ids, valid, indptr, indices, powers, settings, codes, sums):
    """`pool` with K negatives of its own for each anchor: ids and valid (B, K), in any order."""
    size, count, kind = len(anchors), ids.shape[-1], table.dtype
    coordinates = (table.shape[1] - 2) // 2 if codes[1] == ADAM else table.shape[1]
    dim = coordinates - (1 if codes[0] == LORENTZ else 0)
    named = np.concatenate((anchors, positives, ids.ravel()))
    slots, unique = np.empty(len(named), np.int32), np.empty(len(named), np.int32)
    nodes = unique[: number(named, slots, unique)]
    tiles = np.empty(((len(nodes) - 1) // TILE + 1, table.shape[1], TILE), kind)
    stretches = np.empty((len(tiles), 4, TILE), kind)
    points = np.empty((len(nodes), dim + FORM), kind)
    open_rows(table, nodes, codes, powers, settings, tiles, stretches, points)
    one, mean = kind.type(1), kind.type(1) / kind.type(size)
    rounding = kind.type(4) * kind.type(np.finfo(kind).eps) ** 2
    counted, near = np.zeros((BLOCKS, 4)), np.empty((size, 2), kind)
    mine = np.zeros((size, dim + 1), kind)
    theirs = np.empty((size, count, dim + 1), kind)
    for block in prange(BLOCKS):
        weight, gap = np.empty(count, kind), np.empty(count, kind)
        share, slope = np.empty(count, kind), np.empty(count, kind)
        form, w = np.empty((FORM, count), kind), np.empty((dim, count), kind)
        out, out_radii = np.empty((dim, count), kind), np.empty(count, kind)
        for i in range(size * block // BLOCKS, size * (block + 1) // BLOCKS):
            at = slots[i]
            lay_out(slots, 2 * size + i * count, points, form, w)
            out[:] = 0
            out_radii[:] = 0
            weight[:] = valid[i]
            counted[block, 1] += strike_each(ids[i], weight, anchors[i], indptr, indices)
            u = points[at, :dim]
            spread(u, w, gap)
            up, down = points[at, dim + UP], points[at, dim + DOWN]
            sinh, coth = points[at, dim + SINH], points[at, dim + COTH]
            total = score(up, down, sinh, form[0], form[1], form[2], weight, gap, share, slope)
            own, steep, angular = attract(points, at, slots[size + i], rounding)
            inverse = one / (own + total)
            near[i, 0], near[i, 1] = total * inverse * mean * steep, angular
            mine[i, dim] = pull(
                inverse * mean, up, down, sinh, coth, u, form[0], form[1], form[2], form[3], w,
                slope, gap, mine[i, :dim], out, out_radii,
            )  # fmt: skip
            for k in range(count):
                for j in range(dim):
                    theirs[i, k, j] = out[j, k]
                theirs[i, k, dim] = out_radii[k]
            counted[block, 0] += np.log1p(total / own)
            counted[block, 2] += total * inverse
            counted[block, 3] += stalled(share, weight, inverse)
    gradients = np.zeros((len(nodes), dim + 1), kind)
    for i in range(size):
        for k in range(count):
            slot = slots[2 * size + i * count + k]
            for j in range(dim + 1):
                gradients[slot, j] += theirs[i, k, j]
    gather(slots, mine, near, points, gradients)
    close_rows(table, nodes, codes, powers, settings, tiles, stretches, gradients)
    finish(counted, mean, sums)
