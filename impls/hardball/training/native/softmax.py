"""The softmax loss over negatives in one pass: distances, loss and gradients of hyperbolic points.

A point is m = sinh(a) u, with a its radius and u its direction (c = 1). With
h = sinh^2(d/2) = sinh^2((a-b)/2) + sinh(a) sinh(b) |u - w|^2 / 4 and x = 2h = cosh(d) - 1,

    e^-d = 1 / (1 + x + sqrt(x (x + 2))),    dd/dx = 1 / sqrt(x (x + 2)),

so the softmax of -d and its gradient take no exponential, logarithm or arcosh a scoring. The
gradient is split as the distances' own is: the radial part belongs to a, the rest to m.

Anchors are worked on in a fixed number of blocks whose sums are added in order, so results do not
depend on the number of threads.
"""

import numpy as np

from hardball.training.native.compiled import compiled

BLOCKS = 8
# As `problem.STALLED`: a negative whose gradient has a norm below this teaches nothing.
STALLED = 1e-4
# Gradients of e^-d are as small as e^-d / sinh(d) between points of radius 40, where float32 ends:
# they are added up as multiples of this, a power of two, which changes no digit.
SCALE = 2.0**60
# Sums may be reordered, so that loops use vector registers; infinities and NaN stay what they are.
FAST = {"contract", "reassoc", "nsz", "arcp"}


@compiled(fastmath=FAST, error_model="numpy")
def spread(u, directions, gap):
    """|u - w|^2 of one direction u (D,) and n others (D, n), into gap (n,)."""
    dim, n = directions.shape
    gap[:] = 0
    even = dim - dim % 2
    for j in range(0, even, 2):
        ua, ub = u[j], u[j + 1]
        wa, wb = directions[j], directions[j + 1]
        for k in range(n):
            a, b = ua - wa[k], ub - wb[k]
            gap[k] += a * a + b * b
    if even < dim:
        ua, wa = u[even], directions[even]
        for k in range(n):
            a = ua - wa[k]
            gap[k] += a * a


@compiled(fastmath=FAST, error_model="numpy")
def score(up, down, sinh, ups, downs, sinhs, weight, gap, share, steep):
    """Sum of w e^-d from one anchor to n negatives.

    gap: |u - w|^2 on entry, the angular part of x on return; share: w e^-d; steep: sinh(d) / SCALE.
    """
    half, one, two = gap.dtype.type(0.5), gap.dtype.type(1), gap.dtype.type(2)
    zero = gap.dtype.type(0)
    total = zero
    scale, unit = half * sinh, gap.dtype.type(1 / SCALE)
    for k in range(len(gap)):
        angular = scale * sinhs[k] * gap[k]
        radial = two * (up * downs[k] - down * ups[k])
        x = angular + two * radial * radial
        root = np.sqrt(x) * np.sqrt(x + two)
        part = weight[k] / (one + x + root)
        total += part
        gap[k] = angular
        share[k] = part
        # Not in pull's factor, which may be as large as e^d.
        steep[k] = root * unit
    return total


@compiled(fastmath=FAST, error_model="numpy")
def pull(factor, up, down, sinh, coth, u, ups, downs, sinhs, coths, directions, share, slope,
         angular, d_m, d_negatives, d_radii):  # fmt: skip
    """Gradients of one anchor's loss: that of its radius is returned, those of m, n are added.

    factor: what turns a share into -dL/dd; slope: sinh(d) / SCALE on entry. The gradients are
    SCALE times what they are: d_m (D,), d_negatives (D, n), d_radii (n,).
    """
    dim, n = directions.shape
    two = slope.dtype.type(2)
    eight = two * two * two
    zero = slope.dtype.type(0)
    d_radius = zero
    # A share over sinh(d) alone would be e^-2d, which is no float32 beyond d = 44.
    for k in range(n):
        slope[k] = factor * share[k] / slope[k] if slope[k] > zero else zero
    for k in range(n):
        pulled = slope[k]
        turned = pulled * angular[k]
        outward = (
            (eight * pulled) * (up * downs[k] - down * ups[k]) * (up * downs[k] + down * ups[k])
        )
        d_radius -= outward + coth * turned
        d_radii[k] += outward - coths[k] * turned
    for j in range(dim):
        uj, w, out = u[j], directions[j], d_negatives[j]
        total = slope.dtype.type(0)
        for k in range(n):
            step = slope[k] * (w[k] - uj)
            total += step * sinhs[k]
            out[k] -= step * sinh
        d_m[j] += total
    return d_radius


@compiled()
def place(ids, wanted):
    """Index of the first of ascending ids that is not below `wanted`."""
    low, high = 0, len(ids)
    while low < high:
        middle = (low + high) >> 1
        if ids[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@compiled()
def strike(ids, weight, anchor, indptr, indices):
    """Set the weight of the anchor and of its known positives among the ascending ids to 0.

    Returns how much weight that took.
    """
    taken = weight.dtype.type(0)
    at = place(ids, anchor)
    if at < len(ids) and ids[at] == anchor:
        taken += weight[at]
        weight[at] = 0
    for k in range(indptr[anchor], indptr[anchor + 1]):
        at = place(ids, indices[k])
        if at < len(ids) and ids[at] == indices[k]:
            taken += weight[at]
            weight[at] = 0
    return taken


@compiled(fastmath=FAST, error_model="numpy")
def stalled(share, weight, factor):
    """Total weight of the negatives whose share of the softmax is below STALLED each."""
    limit = share.dtype.type(STALLED) / factor
    count = share.dtype.type(0)
    for k in range(len(share)):
        count += weight[k] if share[k] < limit * weight[k] else share.dtype.type(0)
    return count


@compiled()
def strike_each(ids, weight, anchor, indptr, indices):
    """`strike` for K draws in any order, in which a node may occur more than once."""
    taken = weight.dtype.type(0)
    known = indices[indptr[anchor] : indptr[anchor + 1]]
    for k in range(len(ids)):
        at = place(known, ids[k])
        if ids[k] == anchor or (at < len(known) and known[at] == ids[k]):
            taken += weight[k]
            weight[k] = 0
    return taken
