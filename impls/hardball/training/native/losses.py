"""Losses of distances in a compiled step, beside the softmax at temperature 1 of `softmax`.

Of an anchor, with d the distances of its n negatives, w their weights and W the sum of these over
all of its negatives. Formulas stand with the losses themselves; tests hold these against them.
"""

import numpy as np

from hardball.training.native.compiled import compiled
from hardball.training.native.elementary import exponential, logarithm
from hardball.training.native.softmax import FAST, SCALE

SOFTMAX, MARGIN, TRIPLET, FERMI_DIRAC, FOCAL = range(5)
# Places of a loss's own parameters among its numbers.
FIRST, SECOND, ALPHA, GAMMA, NUMBERS = 0, 1, 2, 3, 4


@compiled(fastmath=FAST, error_model="numpy")
def distance(x, root):
    """d of x = cosh(d) - 1 and root = sinh(d): log(1 + x + root), by its series near 0."""
    y, one = x + root, x * 0 + 1
    near = y * (one - y * (one / 2 - y * (one / 3 - y * (one / 4 - y / 5))))
    return near if y < one / 64 else logarithm(one + y)


@compiled(fastmath=FAST, error_model="numpy")
def softplus(z):
    """log(1 + e^z)."""
    one = z * 0 + 1
    return max(z, z * 0) + logarithm(one + exponential(-abs(z)))


@compiled(fastmath=FAST, error_model="numpy")
def logistic(z):
    """1 / (1 + e^-z)."""
    one = z * 0 + 1
    return one / (one + exponential(-z))


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


@compiled(fastmath=FAST, error_model="numpy")
def highest(near, far, weight, numbers):
    """The largest (d+ - d) / T of the negatives that count, at least 0: an exponent to take out."""
    top = near * 0
    for k in range(len(far)):
        gap = (near - far[k]) / numbers[FIRST]
        top = max(top, gap if weight[k] > 0 else near * 0)
    return top


@compiled(fastmath=FAST, error_model="numpy")
def softmax(near, far, weight, fade, top, numbers, share):
    """Sum of fade w e^((d+ - d) / T - top), whose parts go into share (n,)."""
    total = near * 0
    for k in range(len(far)):
        part = fade * weight[k] * exponential((near - far[k]) / numbers[FIRST] - top)
        share[k] = part if weight[k] > 0 else near * 0
        total += share[k]
    return total


@compiled(fastmath=FAST, error_model="numpy")
def hinges(loss, near, far, weight, mean, numbers, share):
    """Mean of max(0, margin + d+ - d), of squares for TRIPLET: the loss, dL/dd+; -dL/dd into share.

    mean: 1 / W.
    """
    zero, margin = near * 0, numbers[FIRST]
    value, slope = zero, zero
    squared = loss == TRIPLET
    for k in range(len(far)):
        excess = margin + (near * near - far[k] * far[k] if squared else near - far[k])
        part = mean * weight[k] if excess > zero else zero
        value += part * excess
        slope += part * (near + near if squared else zero + 1)
        share[k] = part * (far[k] + far[k] if squared else zero + 1)
    return value, slope


@compiled(fastmath=FAST, error_model="numpy")
def focused(z, gamma):
    """-Q^gamma log(1 - Q) and its derivative, Q = 1 / (1 + e^-z)."""
    one = z * 0 + 1
    wrong, cost = logistic(z), softplus(z)
    power = exponential(-gamma * softplus(-z))
    return power * cost, power * (gamma * (one - wrong) * cost + wrong)


@compiled(fastmath=FAST, error_model="numpy")
def links(loss, far, weight, mean, numbers, share):
    """Mean cost of the negatives' links; -dL/dd into share. mean: 1 / W."""
    value, radius, heat = mean * 0, numbers[FIRST], numbers[SECOND]
    for k in range(len(far)):
        z, part = (radius - far[k]) / heat, mean * weight[k]
        if loss == FOCAL:
            cost, slope = focused(z, numbers[GAMMA])
            part *= mean * 0 + 1 - numbers[ALPHA]
        else:
            cost, slope = softplus(z), logistic(z)
        value += part * cost
        share[k] = part * slope / heat
    return value


@compiled(fastmath=FAST, error_model="numpy")
def link(loss, near, numbers):
    """Cost of the positive's link and dL/dd+."""
    z, heat = (near - numbers[FIRST]) / numbers[SECOND], numbers[SECOND]
    if loss == FOCAL:
        cost, slope = focused(z, numbers[GAMMA])
        return numbers[ALPHA] * cost, numbers[ALPHA] * slope / heat
    return softplus(z), logistic(z) / heat
