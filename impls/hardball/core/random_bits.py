"""Random words: named counter-based streams, the same for both frameworks.

A stream is Philox4x64-10 (Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3) keyed by
sha256 of (seed, purpose). The step is the second of the counter's four 64-bit digits, so the words
of a step depend on nothing but (seed, purpose, step): not on chunks, not on other steps.
"""

import hashlib
import math

import numpy as np

from hardball.core.errors import HardballError

_DIGIT = 2**64


def _key(seed: int, purpose: str) -> np.ndarray:
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return np.frombuffer(digest[:16], "<u8").astype(np.uint64)


def block(seed: int, purpose: str, first_step: int, steps: int, count: int) -> np.ndarray:
    """Words of `steps` steps from `first_step` on: uint32 (steps, count), uniform on 0..2^32-1.

    The words of a step are a prefix of those that a larger `count` gives, and the same whatever
    the chunks they are asked in. Raises HardballError on a negative argument.
    Source: Philox4x64-10, Salmon et al. 2011, section 3.3.
    """
    for name, value in (("first_step", first_step), ("steps", steps), ("count", count)):
        if not 0 <= value < _DIGIT:
            raise HardballError(f"random words: {name}={value}, allowed are 0 to 2^64 - 1")
    key = _key(seed, purpose)
    out = np.empty((steps, count), np.uint32)
    for row in range(steps):
        counter = np.array([0, first_step + row, 0, 0], np.uint64)
        raw = np.random.Philox(key=key, counter=counter).random_raw((count + 1) // 2)
        out[row] = raw.astype("<u8", copy=False).view("<u4")[:count]
    return out


def words(seed: int, purpose: str, step: int, count: int) -> np.ndarray:
    """Words of one step: block(seed, purpose, step, 1, count)[0], uint32 (count,)."""
    return block(seed, purpose, step, 1, count)[0]


def uniform(words: np.ndarray) -> np.ndarray:
    """(w + 1/2) / 2^32: float64 in (0, 1), neither end reached, same shape as `words`."""
    return (words.astype(np.float64) + 0.5) / 2**32


def normal(seed: int, purpose: str, shape: int | tuple[int, ...]) -> np.ndarray:
    """Standard normals, float64 of `shape`, from step 0 of the stream.

    sqrt(-2 log u) cos(2 pi v) and sqrt(-2 log u) sin(2 pi v).
    Source: Box & Muller 1958, A Note on the Generation of Random Normal Deviates, Eq. 1.
    """
    size = math.prod((shape,) if isinstance(shape, int) else shape)
    pairs = uniform(words(seed, purpose, 0, 2 * ((size + 1) // 2))).reshape(-1, 2)
    length = np.sqrt(-2.0 * np.log(pairs[:, 0]))
    angle = 2.0 * np.pi * pairs[:, 1]
    both = np.stack([length * np.cos(angle), length * np.sin(angle)], axis=1)
    return both.reshape(-1)[:size].reshape(shape)


def symmetric(seed: int, purpose: str, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform in (-1, 1), float64 of `shape`, from step 0 of the stream."""
    return (2 * uniform(words(seed, purpose, 0, math.prod(shape))) - 1).reshape(shape)


def permutation(seed: int, purpose: str, step: int, n: int) -> np.ndarray:
    """A uniform order of 0..n-1: int64 (n,), by sorting a 64-bit key of each; step = epoch.

    Equal keys keep their order: n (n - 1) / 2^65 pairs expected, 1e-8 at n = 743,241.
    """
    return permutations(seed, purpose, step, n, 1)[0]


def subset(seed: int, purpose: str, n: int, most: int) -> np.ndarray:
    """`most` of 0..n-1, ascending, each set of them as likely: int64; all where there are no more.

    >>> subset(0, "an example", 3, 5)
    array([0, 1, 2])
    """
    return np.arange(n) if n <= most else np.sort(permutation(seed, purpose, 0, n)[:most])


def permutations(seed: int, purpose: str, step: int, n: int, count: int) -> np.ndarray:
    """`count` uniform orders of 0..n-1 from the words of one step: int64 (count, n)."""
    keys = words(seed, purpose, step, 2 * n * count).view("<u8").reshape(count, n)
    return np.argsort(keys, axis=1, kind="stable").astype(np.int64, copy=False)
