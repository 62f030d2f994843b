"""A uniform sample of all that was shown before, by words of the run's counter-based stream."""

import numpy as np

from hardball.core import random_bits

TOGETHER = 4096


def held(seed: int, size: int, seen: int) -> np.ndarray:
    """Which of the first `seen` items of a stream a buffer of `size` holds: int64, by slot.

    Item t >= size takes slot floor(w_t (t + 1) / 2^32) of word w_t where that is below size. What
    is held follows from seed, size and seen alone.
    Source: Vitter 1985, Random Sampling with a Reservoir, Algorithm R.
    """
    kept = np.arange(min(size, seen))
    later = np.arange(len(kept), seen)
    blocks = -(-seen // TOGETHER)
    words = random_bits.block(seed, "online/reservoir", 0, blocks, TOGETHER).ravel()[later]
    slot = (words.astype(np.uint64) * (later + 1).astype(np.uint64) >> np.uint64(32)).astype(int)
    taken = slot < size
    # Of items that take one slot the last stays.
    kept[slot[taken]] = later[taken]
    return kept


def drawn(seed: int, first: int, steps: int, count: int, size: int) -> np.ndarray:
    """Slots of a buffer that steps from `first` on show, with replacement: int64 (steps, count)."""
    words = random_bits.block(seed, "online/replay", first, steps, count)
    return (words.astype(np.uint64) * np.uint64(size) >> np.uint64(32)).astype(np.int64)
