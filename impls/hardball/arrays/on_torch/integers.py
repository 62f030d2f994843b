"""Random words to integers, in integer arithmetic alone: both frameworks give identical numbers.

A word is one uniform number of 0..2^32-1, held as int64: torch has no uint32 arithmetic.
"""

import torch
from torch import Tensor


def device_words(source: torch.Generator, shape: tuple[int, ...]) -> Tensor:
    """Words of `shape` drawn on the device by `source`.

    source: a torch.Generator. Source: Salmon et al. 2011, Parallel Random Numbers (Philox on GPU).
    """
    return torch.randint(0, 2**32, shape, generator=source, device=source.device)


def mulhi(words: Tensor, span: Tensor | int) -> Tensor:
    """floor(word * span / 2^32): int64 in 0..span-1, uniform up to span / 2^32; 0 where span is 0.

    `span` is a non-negative int32, broadcast against `words`.
    Source: Lemire 2019, Fast Random Integer Generation in an Interval, section 3.
    """
    return words * span >> 32


def wide_product(words: Tensor, span: Tensor | int) -> tuple[Tensor, Tensor]:
    """word * span = high * 2^32 + low: high int64, and the upper 31 bits of low as int64.

    `span` is a non-negative int32, broadcast against `words`.
    Source: Knuth, The Art of Computer Programming 2, section 4.3.1, algorithm M.
    """
    whole = words * span
    return whole >> 32, (whole & 0xFFFFFFFF) >> 1


def subset(words: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
    """K different numbers of 0..size-1 for each row: int64 (B,K), valid bool (B,K).

    Every K-subset is equally likely; the order inside a row is not uniform. A size below K gives
    each of its numbers once; what is beyond them is negative and valid=False. words (B,K),
    sizes int32 (B,). Source: Bentley & Floyd 1987, Programming Pearls: A Sample of Brilliance,
    algorithm F2.
    """
    count = words.shape[1]
    places = torch.arange(count, device=words.device)
    tops = sizes[:, None] - count + places
    drawn = torch.where(tops < 0, tops, mulhi(words, (tops + 1).clamp(min=0)))
    # A number was taken before when an earlier step drew it, or when it is the top of an earlier
    # step whose own number had been taken: chains of steps, followed by doubling, not step by step.
    bits = count.bit_length()
    ordered = torch.sort(drawn << bits | places, dim=1).values
    again = torch.nn.functional.pad(ordered[:, 1:] >> bits == ordered[:, :-1] >> bits, (1, 0))
    # Numbers instead of bools, over which compiled code takes far longer.
    taken = torch.empty_like(ordered).scatter_(1, ordered & 2**bits - 1, again.to(torch.int64))
    step = drawn - tops[:, :1]
    step = torch.where((step >= 0) & (step < places), step, places)
    for _ in range(bits):
        taken, step = taken | taken.gather(1, step), step.gather(1, step)
    return torch.where(taken > 0, tops, drawn), tops >= 0


def lookup(table: Tensor, places: Tensor) -> Tensor:
    """table[places] for places of any shape that all lie inside the table (L,); same dtype."""
    return table.index_select(0, places.reshape(-1)).view(places.shape)


def lookup_at(table: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """table[rows, columns] of a table (R, C), for places that all lie inside it."""
    return lookup(table.reshape(-1), rows * table.shape[1] + columns)


def highest_bit(x: Tensor) -> Tensor:
    """Place of the highest bit that is set, floor(log2 x), of non-negative integers; 0 for 0."""
    # The exponent of a number is its length in bits, that of 0 is 0.
    return (torch.frexp(x.double()).exponent.to(torch.int64) - 1).clamp(min=0)
