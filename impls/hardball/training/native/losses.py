"""Losses of distances in a compiled step, beside the softmax at temperature 1 of `softmax`.

Of an anchor, with d the distances of its n negatives, w their weights and W the sum of these over
all of its negatives. Formulas stand with the losses themselves; tests hold these against them.
"""

import numpy as np

from hardball.training.native.compiled import compiled
from hardball.training.native.elementary import exponential, logarithm
from hardball.training.native.softmax import FAST, SCALE
from hardball.training.native.vectors import like

SOFTMAX, MARGIN, TRIPLET, FERMI_DIRAC, FOCAL = range(5)
# Places of a loss's own parameters among its numbers.
FIRST, SECOND, ALPHA, GAMMA, NUMBERS = 0, 1, 2, 3, 4


@compiled(fastmath=FAST, error_model="numpy")
def distance(x, root):
    """d of x = cosh(d) - 1 and root = sinh(d): log(1 + x + root), by its series near 0."""
    y, one = x + root, like(x, 1.0)
    half, third, fourth, fifth = like(x, 0.5), like(x, 1 / 3), like(x, 0.25), like(x, 0.2)
    near = y * (one - y * (half - y * (third - y * (fourth - y * fifth))))
    return near if y < like(x, 1 / 64) else logarithm(one + y)


@compiled(fastmath=FAST, error_model="numpy", inline="always")
def softplus(z):
    """log(1 + e^z), its derivative 1 / (1 + e^-z), and log(1 + e^-z): one e^x and one log."""
    one, zero = like(z, 1.0), like(z, 0.0)
    small = exponential(-abs(z))
    rest, whole = logarithm(one + small), one + small
    above, part = z if z > zero else zero, one if z > zero else small
    return above + rest, part / whole, above - z + rest


@compiled(fastmath=FAST, error_model="numpy")
def distances(up, down, sinh, ups, downs, sinhs, gap, far, steep):
    """d from one anchor to n negatives, into far; sinh(d) / SCALE into steep.

    gap: |u - w|^2 on entry, the angular part of x on return.
    """
    two, unit = gap.dtype.type(2), gap.dtype.type(1 / SCALE)
    scale = gap.dtype.type(0.5) * sinh
    for k in range(len(gap)):
        angular = scale * sinhs[k] * gap[k]
        radial = two * (up * downs[k] - down * ups[k])
        x = angular + two * radial * radial
        root = np.sqrt(x) * np.sqrt(x + two)
        gap[k], steep[k] = angular, root * unit
        far[k] = distance(x, root)


# Without a thought of NaN, which the sum of these exponentials keeps, so that it may be reordered.
@compiled(fastmath=FAST | {"nnan"}, error_model="numpy")
def highest(near, far, weight, numbers):
    """The largest (d+ - d) / T of the negatives that count, at least 0: an exponent to take out."""
    zero, cold = far.dtype.type(0), far.dtype.type(1) / numbers[FIRST]
    top = zero
    for k in range(len(far)):
        gap = (near - far[k]) * cold if weight[k] > zero else zero
        top = gap if gap > top else top
    return top


@compiled(fastmath=FAST, error_model="numpy")
def softmax(near, far, weight, fade, top, numbers, share):
    """Sum of fade w e^((d+ - d) / T - top), whose parts go into share (n,)."""
    zero, cold = far.dtype.type(0), far.dtype.type(1) / numbers[FIRST]
    total = zero
    for k in range(len(far)):
        part = fade * weight[k] * exponential((near - far[k]) * cold - top)
        part = part if weight[k] > zero else zero
        share[k] = part
        total += part
    return total


@compiled(fastmath=FAST, error_model="numpy")
def hinges(loss, near, far, weight, mean, numbers, share):
    """Mean of max(0, margin + d+ - d), of squares for TRIPLET: the loss, dL/dd+; -dL/dd into share.

    mean: 1 / W.
    """
    zero, one, margin = far.dtype.type(0), far.dtype.type(1), numbers[FIRST]
    value, slope = zero, zero
    squared = loss == TRIPLET
    for k in range(len(far)):
        excess = margin + (near * near - far[k] * far[k] if squared else near - far[k])
        part = mean * weight[k] if excess > zero else zero
        value += part * excess
        slope += part * (near + near if squared else one)
        share[k] = part * (far[k] + far[k] if squared else one)
    return value, slope


@compiled(fastmath=FAST, error_model="numpy", inline="always")
def focused(z, gamma):
    """-Q^gamma log(1 - Q) and its derivative, Q = 1 / (1 + e^-z)."""
    cost, wrong, right = softplus(z)
    power = exponential(-gamma * right)
    return power * cost, power * (gamma * (like(z, 1.0) - wrong) * cost + wrong)


@compiled(fastmath=FAST, error_model="numpy")
def plain_links(far, weight, mean, numbers, share):
    """`links` of FERMI_DIRAC: a loop for each loss, since one that asks is not done in vectors."""
    value, radius = far.dtype.type(0), numbers[FIRST]
    cold = far.dtype.type(1) / numbers[SECOND]
    for k in range(len(far)):
        z, part = (radius - far[k]) * cold, mean * weight[k]
        cost, slope, _ = softplus(z)
        value += part * cost
        share[k] = part * slope * cold
    return value


@compiled(fastmath=FAST, error_model="numpy")
def focused_links(far, weight, mean, numbers, share):
    """`links` of FOCAL."""
    value, radius, gamma = far.dtype.type(0), numbers[FIRST], numbers[GAMMA]
    one = far.dtype.type(1)
    cold, mean = one / numbers[SECOND], mean * (one - numbers[ALPHA])
    for k in range(len(far)):
        cost, slope = focused((radius - far[k]) * cold, gamma)
        part = mean * weight[k]
        value += part * cost
        share[k] = part * slope * cold
    return value


@compiled(fastmath=FAST, error_model="numpy")
def links(loss, far, weight, mean, numbers, share):
    """Mean cost of the negatives' links; -dL/dd into share. mean: 1 / W."""
    if loss == FOCAL:
        return focused_links(far, weight, mean, numbers, share)
    return plain_links(far, weight, mean, numbers, share)


@compiled(fastmath=FAST, error_model="numpy")
def link(loss, near, numbers):
    """Cost of the positive's link and dL/dd+."""
    z, heat = (near - numbers[FIRST]) / numbers[SECOND], numbers[SECOND]
    if loss == FOCAL:
        cost, slope = focused(z, numbers[GAMMA])
        return numbers[ALPHA] * cost, numbers[ALPHA] * slope / heat
    cost, slope, _ = softplus(z)
    return cost, slope / heat
