"""Rows of points in a compiled step: read, brought up to date, turned, moved, written.

Rows are worked on in tiles, side by side, so that vector registers hold one number of many rows.
What the steps mean is written in the manifolds' and the optimisers' own files; tests hold this one
against them.
"""

import numpy as np
from numba import prange

from hardball.training.native.compiled import compiled
from hardball.training.native.softmax import FAST, SCALE

TANGENT, POINCARE, LORENTZ = 0, 1, 2
RSGD, ADAM, RMSPROP = 0, 1, 2
# Places in the vector of codes: what a run's points and loss are, and the steps taken before.
MANIFOLD, OPTIMISER, DIM, LOSS, BEFORE = range(5)
# Places in the vector of settings.
LR, FADE, B1, B2, EPS, CLIP, LIMIT, OF_LOSS = range(8)
TILE = 64
# Columns of a node's polar form after its direction (D,): e^(a/2) / 2, e^(-a/2) / 2, sinh(a),
# coth(a) or 0, with a the radius.
UP, DOWN, SINH, COTH, FORM = 0, 1, 2, 3, 4


@compiled()
def power(powers, row, base, exponent):
    """base^exponent: from the table where that is long enough."""
    if exponent < powers.shape[1]:
        return powers[row, exponent]
    return powers.dtype.type(np.exp(exponent * np.log(base)))


@compiled(error_model="numpy")
def direction(v, count, powers, settings):
    """What m is multiplied with for Adam's step: 1 / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)."""
    one = powers.dtype.type(1)
    first = one - power(powers, 0, settings[B1], count)
    second = one - power(powers, 1, settings[B2], count)
    return one / first / (np.sqrt(v / second) + settings[EPS])


@compiled(fastmath=FAST, error_model="numpy")
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


@compiled(fastmath=FAST, error_model="numpy")
def coast(tile, first, width, before, powers, settings, path, fade):
    """`optimizers.adam.coast` of the rows of a tile; path and fade (T,) are scratch."""
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


@compiled(error_model="numpy")
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


@compiled(fastmath=FAST, error_model="numpy")
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


@compiled(fastmath=FAST, error_model="numpy")
def move_adam(tile, first, width, slope, before, powers, settings, work):
    """`optimizers.adam.adam` of the rows of a tile; slope (D + 1, T) holds the gradients."""
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


@compiled(fastmath=FAST, error_model="numpy")
def move_rsgd(kind, tile, first, width, slope, settings, square, work):
    """`optimizers.rsgd` of the rows of a tile, with work as `turn` left it."""
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


@compiled(parallel=True, error_model="numpy")
def open_rows(table, nodes, codes, powers, settings, tiles, stretches, points):
    """Read rows of `nodes` into tiles (.., W, T), bring them up to date, find their polar form.

    Filled: tiles, stretches (.., 4, T) = `polar`'s stretch and squared lengths, points
    (U, D + FORM): directions and `polar`'s form.
    """
    kind, optimiser, before = codes[MANIFOLD], codes[OPTIMISER], codes[BEFORE]
    dim, first = points.shape[1] - FORM, 1 if kind == LORENTZ else 0
    width = dim + first
    for t in prange(len(tiles)):
        tile, stretch = tiles[t], stretches[t]
        start, count = t * TILE, min(TILE, len(nodes) - t * TILE)
        form, work = np.empty((FORM, TILE), tiles.dtype), np.empty((2, TILE), tiles.dtype)
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


@compiled(parallel=True, error_model="numpy")
def close_rows(table, nodes, codes, powers, settings, tiles, stretches, gradients):
    """Update the rows in `tiles` by their gradients (U, D + 1) over SCALE and write them back."""
    kind, optimiser, before = codes[MANIFOLD], codes[OPTIMISER], codes[BEFORE]
    dim, first = gradients.shape[1] - 1, 1 if kind == LORENTZ else 0
    width = dim + first
    unit = gradients.dtype.type(1 / SCALE)
    for t in prange(len(tiles)):
        tile, stretch = tiles[t], stretches[t]
        start, count = t * TILE, min(TILE, len(nodes) - t * TILE)
        slope, work = np.zeros((dim + 1, TILE), tiles.dtype), np.empty((4, TILE), tiles.dtype)
        for k in range(count):
            for j in range(dim + 1):
                slope[j, k] = gradients[start + k, j] * unit
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
