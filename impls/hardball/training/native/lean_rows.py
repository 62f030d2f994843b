"""Rows without first moments in a compiled step: read and turned, moved and written.

Such a row is a point, one second moment and a count, filled up with zeros to a part or a
multiple of a cache line. Work goes over rows as they lie, LANES columns at a time.
What the steps mean is written in the manifolds' and the optimisers' own files; tests hold this one
against them.
"""

import numpy as np
from numba import prange

from hardball.training.native.compiled import compiled
from hardball.training.native.elementary import exponential
from hardball.training.native.gather import gather
from hardball.training.native.rows import (
    B2,
    BEFORE,
    CLIP,
    COTH,
    DOWN,
    EPS,
    FORM,
    LIMIT,
    LORENTZ,
    LR,
    MANIFOLD,
    POINCARE,
    SINH,
    TANGENT,
    TILE,
    UP,
    polar,
    power,
)
from hardball.training.native.softmax import FAST, SCALE
from hardball.training.native.vectors import LANES, cast, fma, load, only, prefetch, splat, store
from hardball.training.native.vectors import total as sum_of

# Rows ahead of the one at work whose memory is asked for.
AHEAD = 16


@compiled()
def lanes(dim):
    """Columns that hold D numbers in whole vectors."""
    return (dim + LANES - 1) // LANES * LANES


@compiled()
def mask_of(dim, like):
    """1 for the D columns of a point, 0 for what fills them up: (lanes(D),)."""
    mask = np.zeros(lanes(dim), like.dtype)
    mask[:dim] = 1
    return mask


@compiled(fastmath=FAST, error_model="numpy")
def tangent_form(square, form, stretch):
    """`rows.polar` of tangent vectors in float32, all in vector registers."""
    real, size = np.float32, len(square)
    for k in range(size):
        a = np.sqrt(square[k])
        root = exponential(real(0.5) * a)
        inverse, near = real(1) / root, a * a
        grown, shrunk = root * root, inverse * inverse
        series = a * (
            real(1) + near * (real(1 / 6) + near * (real(1 / 120) + near * real(1 / 5040)))
        )
        sinh = series if a < real(0.5) else real(0.5) * (grown - shrunk)
        form[UP, k], form[DOWN, k] = real(0.5) * root, real(0.5) * inverse
        form[SINH, k] = sinh
        form[COTH, k] = real(0.5) * (grown + shrunk) / sinh if a > real(0) else real(0)
        stretch[0, k] = real(1) / a if a > real(0) else real(0)
        stretch[1, k] = sinh / a if a > real(0) else real(1)
        stretch[2, k] = real(1)


@compiled(parallel=True, fastmath=FAST, error_model="numpy")
def open_rows(table, nodes, codes, dim, stretches, points):
    """Read the points of `nodes` (U,) from the table (N, W) and find their polar form.

    Filled: stretches (.., 4, T) = `polar`'s stretch and the squared lengths; points
    (U, lanes(D) + FORM): directions, zeros and `polar`'s form.
    """
    kind, first = codes[MANIFOLD], np.uint64(1 if codes[MANIFOLD] == LORENTZ else 0)
    flat, width, out = table.ravel(), np.uint64(table.shape[1]), points.ravel()
    filled, step = np.uint64(lanes(dim)), np.uint64(LANES)
    across, mask = np.uint64(points.shape[1]), mask_of(dim, points)
    zero, none = points.dtype.type(0), np.uint64(0)
    for t in prange(len(stretches)):
        start, count = t * TILE, min(TILE, len(nodes) - t * TILE)
        stretch, form = stretches[t], np.empty((FORM, TILE), points.dtype)
        stretch[3] = 0
        for k in range(count):
            ahead = min(start + k + AHEAD, len(nodes) - 1)
            prefetch(flat, np.uint64(nodes[ahead]) * width)
            row, place = np.uint64(nodes[start + k]) * width + first, np.uint64(start + k) * across
            square, j = splat(zero), none
            while j < filled:
                x = only(cast(load(flat, row + j), points), load(mask, j))
                store(out, place + j, x)
                square = fma(x, x, square)
                j += step
            stretch[3, k] = sum_of(square)
        if kind == TANGENT and points.itemsize == 4:
            tangent_form(stretch[3], form, stretch)
        else:
            polar(kind, stretch[3], form, stretch)
        for k in range(count):
            place, scale = np.uint64(start + k) * across, splat(stretch[0, k])
            j = none
            while j < filled:
                store(out, place + j, load(out, place + j) * scale)
                j += step
            for number in range(FORM):
                out[place + filled + np.uint64(number)] = form[number, k]


@compiled(fastmath=FAST, error_model="numpy")
def turn(kind, k, place, filled, out, slope, stretch):
    """Turn the gradient of m and of the radius of a row into that of its coordinates, in place.

    k: the row's place in its tile; place: its first in the flat points `out`; slope: flat,
    lanes(D) + LANES numbers a row, over SCALE. Returns the squared length, Riemannian and as it is.
    """
    step, none = np.uint64(LANES), np.uint64(0)
    at = np.uint64(k) * (filled + step)
    one, half = slope.dtype.type(1), slope.dtype.type(0.5)
    unit, along, j = splat(slope.dtype.type(1 / SCALE)), splat(slope.dtype.type(0)), none
    while j < filled + step:
        store(slope, at + j, load(slope, at + j) * unit)
        j += step
    j = none
    while j < filled:
        along = fma(load(slope, at + j), load(out, place + j), along)
        j += step
    radial = slope[at + filled] * stretch[2, k]
    drop, across, inward = splat(sum_of(along)), splat(stretch[1, k]), splat(radial)
    length, j = splat(slope.dtype.type(0)), none
    while j < filled:
        direction = load(out, place + j)
        sideways = across * (load(slope, at + j) - drop * direction)
        length = fma(sideways, sideways, length)
        store(slope, at + j, fma(inward, direction, sideways))
        j += step
    tangential, radial, square = sum_of(length), radial * radial, stretch[3, k]
    metric = tangential + radial
    if kind == POINCARE:
        gap = (one - square) * half
        metric *= gap * gap
    elif kind == LORENTZ:
        metric = tangential + radial * (one + square)
    return metric, tangential + radial


@compiled(error_model="numpy")
def shrink(flat, row, dim, limit):
    """Bring a point (D,) that begins at `row` back to the length `limit`: its squared length."""
    # Over the largest entry, since squares may overflow.
    largest = limit
    for j in range(dim):
        largest = max(largest, abs(flat[row + np.uint64(j)]))
    square = limit - limit
    for j in range(dim):
        part = flat[row + np.uint64(j)] / largest
        square += part * part
    scale = limit / np.sqrt(square) / largest
    for j in range(dim):
        flat[row + np.uint64(j)] *= scale
    return limit * limit


@compiled(fastmath=FAST, error_model="numpy")
def move(flat, row, dim, filled, mask, slope, at, length):
    """x - length g of a row, in place: its squared length then."""
    step, j = np.uint64(LANES), np.uint64(0)
    by, square = splat(length), splat(slope.dtype.type(0))
    while j < filled:
        x = cast(load(flat, row + j), slope) - by * load(slope, at + j)
        store(flat, row + j, cast(x, flat))
        x = only(x, load(mask, j))
        square = fma(x, x, square)
        j += step
    return sum_of(square)


@compiled(parallel=True, fastmath=FAST, error_model="numpy")
def close_rows(table, nodes, codes, dim, powers, settings, stretches, found):
    """Move the rows of `nodes` by the gradients that `gather` adds up of `found`, by RMSProp."""
    kind, before = codes[MANIFOLD], codes[BEFORE]
    points, numbers = found[3], settings.dtype.type
    flat, width, out = table.ravel(), np.uint64(table.shape[1]), points.ravel()
    first, filled = np.uint64(1 if kind == LORENTZ else 0), np.uint64(lanes(dim))
    across, mask, one = np.uint64(points.shape[1]), mask_of(dim, points), numbers(1)
    moment, wide = first + np.uint64(dim), filled + np.uint64(LANES)
    second = one - power(powers, 1, settings[B2], before + 1)
    for t in prange(len(stretches)):
        start, count = t * TILE, min(TILE, len(nodes) - t * TILE)
        slope, v = np.zeros(TILE * np.int64(wide), points.dtype), np.zeros(TILE, points.dtype)
        shorter, length = np.ones(TILE, points.dtype), np.empty(TILE, points.dtype)
        gather(start, start + count, found, wide, slope)
        for k in range(count):
            row = np.uint64(nodes[start + k]) * width + moment
            place = np.uint64(start + k) * across
            metric, square = turn(kind, k, place, filled, out, slope, stretches[t])
            if settings[CLIP] > 0 and metric > settings[CLIP] * settings[CLIP]:
                shorter[k] = settings[CLIP] / np.sqrt(metric)
                square *= shorter[k] * shorter[k]
            missed = before - np.int64(flat[row + np.uint64(1)])
            v[k] = numbers(flat[row]) * power(powers, 1, settings[B2], missed) * settings[B2]
            v[k] += (one - settings[B2]) * square / numbers(dim)
        for k in range(TILE):
            length[k] = settings[LR] * shorter[k] / (np.sqrt(v[k] / second) + settings[EPS])
        for k in range(count):
            row = np.uint64(nodes[start + k]) * width
            square = move(
                flat, row + first, dim, filled, mask, slope, np.uint64(k) * wide, length[k]
            )
            if square > settings[LIMIT] * settings[LIMIT]:
                square = shrink(flat, row + first, dim, settings[LIMIT])
            if first:
                flat[row] = np.sqrt(one + square)
            flat[row + moment], flat[row + moment + np.uint64(1)] = v[k], before + 1
