"""A whole training step of rows without first moments, see `lean_rows`; otherwise as `step`'s."""

import numpy as np
from numba import prange

from hardball.training.native.compiled import compiled
from hardball.training.native.elementary import exponential, logarithm
from hardball.training.native.lean_rows import close_rows, lanes, open_rows
from hardball.training.native.losses import (
    FIRST,
    MARGIN,
    SOFTMAX,
    TRIPLET,
    distance,
    distances,
    highest,
    hinges,
    link,
    links,
    softmax,
)
from hardball.training.native.rows import (
    COTH,
    DIM,
    DOWN,
    FADE,
    FORM,
    LOSS,
    OF_LOSS,
    SINH,
    TILE,
    UP,
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
from hardball.training.native.step import finish, number
from hardball.training.native.vectors import LANES, fma, load, prefetch, splat, store
from hardball.training.native.vectors import total as sum_of

# Of an anchor's own draws, those ahead of the one at work whose memory is asked for.
AHEAD = 8
# Known positives up to which each is compared with all draws, many at a time.
FEW_KNOWN = 32


@compiled(fastmath=FAST, error_model="numpy")
def strike_own(ids, weight, anchor, indptr, indices, hit):
    """`softmax.strike_each`; hit (K,) int32 is scratch."""
    if indptr[anchor + 1] - indptr[anchor] > FEW_KNOWN:
        return strike_each(ids, weight, anchor, indptr, indices)
    for k in range(len(ids)):
        hit[k] = ids[k] == anchor
    for place in range(indptr[anchor], indptr[anchor + 1]):
        known = indices[place]
        for k in range(len(ids)):
            hit[k] |= ids[k] == known
    taken, zero = weight.dtype.type(0), weight.dtype.type(0)
    for k in range(len(ids)):
        taken += weight[k] if hit[k] else zero
        weight[k] = zero if hit[k] else weight[k]
    return taken


@compiled()
def lay_out(slots, start, points, filled, form, directions):
    """Polar form of n nodes, those in slots[start:], side by side: (FORM, n) and (D, n)."""
    for k in range(directions.shape[1]):
        slot = slots[start + k]
        for j in range(FORM):
            form[j, k] = points[slot, filled + j]
        for j in range(len(directions)):
            directions[j, k] = points[slot, j]


@compiled(fastmath=FAST, error_model="numpy")
def apart(out, anchor, across, slots, first, gap, form):
    """|u - w|^2 of an anchor and of the K nodes in slots[first:], into gap (K,).

    out: flat points; their polar form goes into form (FORM, K).
    """
    filled, step, size = across - np.uint64(FORM), np.uint64(LANES), len(gap)
    ups, downs, sinhs, coths = form[UP], form[DOWN], form[SINH], form[COTH]
    for k in range(size):
        ahead = min(first + k + AHEAD, len(slots) - 1)
        prefetch(out, np.uint64(slots[ahead]) * across)
        place, j = np.uint64(slots[first + k]) * across, np.uint64(0)
        square = splat(out.dtype.type(0))
        while j < filled:
            step_to = load(out, anchor + j) - load(out, place + j)
            square = fma(step_to, step_to, square)
            j += step
        gap[k] = sum_of(square)
        place += filled
        ups[k], downs[k] = out[place + np.uint64(UP)], out[place + np.uint64(DOWN)]
        sinhs[k], coths[k] = out[place + np.uint64(SINH)], out[place + np.uint64(COTH)]


@compiled(fastmath=FAST, error_model="numpy")
def pull_own(factor, out, anchor, across, slots, first, form, share, angular, slope, radii, mine):
    """Gradients of one anchor's loss by its own negatives, with the arguments of `apart`.

    factor: what turns a share into -dL/dd; slope (K,): sinh(d) / SCALE on entry. Added to
    mine (lanes(D) + 1,); left in slope and radii (K,) is what `gather` takes.
    """
    filled, step, none = across - np.uint64(FORM), np.uint64(LANES), np.uint64(0)
    up, down = out[anchor + filled + np.uint64(UP)], out[anchor + filled + np.uint64(DOWN)]
    sinh, coth = out[anchor + filled + np.uint64(SINH)], out[anchor + filled + np.uint64(COTH)]
    ups, downs, sinhs, coths = form[UP], form[DOWN], form[SINH], form[COTH]
    zero, eight = slope.dtype.type(0), slope.dtype.type(8)
    d_radius = zero
    for k in range(len(slope)):
        pulled = factor * share[k] / slope[k] if slope[k] > zero else zero
        turned = pulled * angular[k]
        outward = (
            (eight * pulled) * (up * downs[k] - down * ups[k]) * (up * downs[k] + down * ups[k])
        )
        d_radius -= outward + coth * turned
        radii[k] = outward - coths[k] * turned
        slope[k] = pulled * sinh
        angular[k] = pulled * sinhs[k]
    j = none
    while j < filled:
        u, added = load(out, anchor + j), splat(zero)
        for k in range(len(slope)):
            w = load(out, np.uint64(slots[first + k]) * across + j)
            added = fma(splat(angular[k]), w - u, added)
        store(mine, j, load(mine, j) + added)
        j += step
    mine[filled] += d_radius


@compiled(fastmath=FAST, error_model="numpy")
def attract(out, i, k, across, share):
    """`step.attract` of the nodes that begin at i and k in the flat points, and their distance."""
    filled, j = across - np.uint64(FORM), np.uint64(0)
    zero, half = out.dtype.type(0), out.dtype.type(0.5)
    one, two, unit = out.dtype.type(1), out.dtype.type(2), out.dtype.type(SCALE)
    square = splat(zero)
    while j < filled:
        step = load(out, i + j) - load(out, k + j)
        square = fma(step, step, square)
        j += np.uint64(LANES)
    i, k = i + filled, k + filled
    up, down, sinh = out[i], out[i + np.uint64(DOWN)], out[i + np.uint64(SINH)]
    ups, downs, sinhs = out[k], out[k + np.uint64(DOWN)], out[k + np.uint64(SINH)]
    angular = half * sinh * sinhs * sum_of(square)
    radial = two * (up * downs - down * ups)
    x = angular + two * radial * radial
    root = np.sqrt(x) * np.sqrt(x + two)
    radii = np.log(two * up) * two * (np.log(two * ups) * two)
    far = half * x > share * (radii + sinh * sinhs)
    steep = unit / root if far and root > zero else zero
    return one / (one + x + root), steep, angular, distance(x, root)


@compiled(fastmath=FAST, error_model="numpy")
def weigh(loss, near, pool, own, fade, numbers):
    """A loss of `losses`, dL/dd of the positive, and what turns the negatives' shares into -dL/dd.

    near: distance of one anchor's positive. pool, own: of its negatives' the weights, the distances
    and what their shares go into.
    """
    weight, far, share = pool
    own_weight, own_far, own_share = own
    zero, one = far.dtype.type(0), far.dtype.type(1)
    if loss == SOFTMAX:
        top = max(highest(near, far, weight, numbers), highest(near, own_far, own_weight, numbers))
        total = softmax(near, far, weight, fade, top, numbers, share)
        total += softmax(near, own_far, own_weight, fade, top, numbers, own_share)
        whole = exponential(-top) + total
        inverse = one / (whole * numbers[FIRST])
        return top + logarithm(whole), total * inverse, inverse
    heavy = weight.sum() + own_weight.sum()
    mean = one / heavy if heavy > zero else zero
    if loss in (MARGIN, TRIPLET):
        value, slope = hinges(loss, near, far, weight, mean, numbers, share)
        more, steeper = hinges(loss, near, own_far, own_weight, mean, numbers, own_share)
        return value + more, slope + steeper, one
    value, slope = link(loss, near, numbers)
    value += links(loss, far, weight, mean, numbers, share)
    return value + links(loss, own_far, own_weight, mean, numbers, own_share), slope, one


@compiled(parallel=True, fastmath=FAST, error_model="numpy")
def train(table, anchors, positives, shared, shared_weight, own, own_weight, indptr, indices,
          powers, settings, codes, number_type, sums):  # fmt: skip
    """`step.train` of a table (N, W) with the rows of `lean_rows`, by any loss of `losses`."""
    size, count, few, kind = len(anchors), len(shared), own.shape[1], number_type.dtype
    dim, settings = np.int64(codes[DIM]), settings.astype(kind)
    named = np.concatenate((anchors, positives, shared, own.ravel()))
    slots, unique = np.empty(len(named), np.int32), np.empty(len(named), np.int32)
    order, bounds = np.empty(len(named), np.int32), np.empty(len(named) + 1, np.int32)
    nodes = unique[: number(named, slots, unique, order, bounds)]
    stretches = np.empty(((len(nodes) - 1) // TILE + 1, 4, TILE), kind)
    points = np.empty((len(nodes), lanes(dim) + FORM), kind)
    open_rows(table, nodes, codes, dim, stretches, points)
    filled, across, out = lanes(dim), np.uint64(points.shape[1]), points.ravel()
    one, mean, fade = kind.type(1), kind.type(1) / kind.type(size), settings[FADE]
    loss, numbers = codes[LOSS], settings[OF_LOSS:]
    quick = loss == SOFTMAX and numbers[FIRST] == one
    rounding = kind.type(4) * kind.type(np.finfo(kind).eps) ** 2
    counted, near = np.zeros((BLOCKS, 4)), np.empty((size, 2), kind)
    mine = np.zeros((size, filled + 1), kind)
    slopes, radii = np.empty((size, few), kind), np.empty((size, few), kind)
    form, w = np.empty((FORM, count), kind), np.empty((dim, count), kind)
    lay_out(slots, 2 * size, points, filled, form, w)
    pulled, pulled_radii = np.zeros((BLOCKS, dim, count), kind), np.zeros((BLOCKS, count), kind)
    for block in prange(BLOCKS):
        weight, gap, far = np.empty(count, kind), np.empty(count, kind), np.empty(count, kind)
        share, slope = np.empty(count, kind), np.empty(count, kind)
        own_form, hit = np.empty((FORM, few), kind), np.empty(few, np.int32)
        left, own_gap = np.empty(few, kind), np.empty(few, kind)
        own_share, own_far = np.empty(few, kind), np.empty(few, kind)
        for i in range(size * block // BLOCKS, size * (block + 1) // BLOCKS):
            anchor, first = np.uint64(slots[i]) * across, 2 * size + count + i * few
            u, shape = points[slots[i]], points[slots[i], filled:]
            up, down, sinh, coth = shape[UP], shape[DOWN], shape[SINH], shape[COTH]
            positive = np.uint64(slots[size + i]) * across
            same, steep, angular, apart_by = attract(out, anchor, positive, across, rounding)
            weight[:] = shared_weight
            left[:] = own_weight[i]
            if count:
                counted[block, 1] += strike(shared, weight, anchors[i], indptr, indices)
                spread(u[:dim], w, gap)
            if few:
                counted[block, 1] += strike_own(own[i], left, anchors[i], indptr, indices, hit)
                apart(out, anchor, across, slots, first, own_gap, own_form)
            if quick:
                total = score(up, down, sinh, form[UP], form[DOWN], form[SINH], weight, gap, share,
                              slope)  # fmt: skip
                total += score(up, down, sinh, own_form[UP], own_form[DOWN], own_form[SINH], left,
                               own_gap, own_share, slopes[i])  # fmt: skip
                total *= fade
                inverse = one / (same + total)
                value, slope_of_positive = np.log1p(total / same), total * inverse
                factor = inverse * fade
            else:
                distances(up, down, sinh, form[UP], form[DOWN], form[SINH], gap, far, slope)
                distances(up, down, sinh, own_form[UP], own_form[DOWN], own_form[SINH], own_gap,
                          own_far, slopes[i])  # fmt: skip
                value, slope_of_positive, factor = weigh(
                    loss, apart_by, (weight, far, share), (left, own_far, own_share), fade, numbers
                )
            near[i, 0], near[i, 1] = slope_of_positive * mean * steep, angular
            if count:
                mine[i, filled] += pull(
                    factor * mean, up, down, sinh, coth, u[:dim], form[UP], form[DOWN], form[SINH],
                    form[COTH], w, share, slope, gap, mine[i, :dim], pulled[block],
                    pulled_radii[block],
                )  # fmt: skip
                counted[block, 3] += stalled(share, weight, factor)
            if few:
                pull_own(factor * mean, out, anchor, across, slots, first, own_form, own_share,
                         own_gap, slopes[i], radii[i], mine[i])  # fmt: skip
                counted[block, 3] += stalled(own_share, left, factor)
            counted[block, 0] += value
            counted[block, 2] += (share.sum() + own_share.sum()) * factor
    found = slots, order, bounds, points, mine, near, slopes, radii, pulled, pulled_radii
    close_rows(table, nodes, codes, dim, powers, settings, stretches, found)
    finish(counted, mean, sums)
