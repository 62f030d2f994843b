"""e^x and log(x) that loops of compiled float32 code do in vector registers.

Polynomials of Cephes' expf and logf, to 1e-7 of the result. In float64 they are libm's. A loop that
calls a function is not done in vectors, so all of this is written into the loop ("inline").
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from hardball.training.native.compiled import compiled
from hardball.training.native.softmax import FAST
from hardball.training.native.vectors import as_bits, as_real


@compiled(fastmath=FAST, error_model="numpy", inline="always")
def _exp(x):
    """x = m log 2 + r with log 2 in two parts; beyond the range of float32 the end of it."""
    real = np.float32
    x = min(max(x, real(-87.0)), real(88.0))
    whole = np.floor(x * real(1.4426950408889634) + real(0.5))
    r = x - whole * real(0.693359375) + whole * real(2.12194440e-4)
    y = real(1.9875691500e-4) * r + real(1.3981999507e-3)
    y = y * r + real(8.3334519073e-3)
    y = y * r + real(4.1665795894e-2)
    y = y * r + real(1.6666665459e-1)
    y = y * r + real(5.0000001201e-1)
    power = np.int32(np.int32(np.int32(whole) + np.int32(127)) << np.int32(23))
    return (y * r * r + r + real(1)) * as_real(power)


@compiled(fastmath=FAST, error_model="numpy", inline="always")
def _log(x):
    """x = 2^e (1 + f), sqrt(1/2) <= 1 + f < sqrt(2); x > 0."""
    real, bits = np.float32, as_bits(x)
    # Integers stay 32 bits wide, or vectors would hold half as many.
    shift = np.int32(np.int32(bits - np.int32(0x3F3504F3)) >> np.int32(23))
    f = as_real(np.int32(bits - np.int32(shift << np.int32(23)))) - real(1)
    y = real(7.0376836292e-2) * f - real(1.1514610310e-1)
    y = y * f + real(1.1676998740e-1)
    y = y * f - real(1.2420140846e-1)
    y = y * f + real(1.4249322787e-1)
    y = y * f - real(1.6668057665e-1)
    y = y * f + real(2.0000714765e-1)
    y = y * f - real(2.4999993993e-1)
    y = y * f + real(3.3333331174e-1)
    square, power = f * f, real(shift)
    return f - real(0.5) * square + square * f * y + power * real(0.693147180559945)


def exponential(x: float) -> float:
    """e^x."""
    return math.exp(x)


def logarithm(x: float) -> float:
    """log(x) of x > 0."""
    return math.log(x)


@overload(exponential, inline="always")
def _choose_exponential(x):  # type: ignore[no-untyped-def]
    if x == types.float32:
        return lambda x: _exp(x)
    return lambda x: np.exp(x)


@overload(logarithm, inline="always")
def _choose_logarithm(x):  # type: ignore[no-untyped-def]
    if x == types.float32:
        return lambda x: _log(x)
    return lambda x: np.log(x)
