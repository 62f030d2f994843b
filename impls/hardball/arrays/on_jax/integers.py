"""Random words to integers, in integer arithmetic alone: both frameworks give identical numbers.

A word is one uniform number of 0..2^32-1, held as uint32.
"""

import jax
import jax.numpy as jnp
from jax import Array


def device_words(source: Array, shape: tuple[int, ...]) -> Array:
    """Words of `shape` drawn on the device by `source`.

    source: a jax.random key. Source: Salmon et al. 2011, Parallel Random Numbers (Threefry).
    """
    return jax.random.bits(source, shape, jnp.uint32)


def mulhi(words: Array, span: Array | int) -> Array:
    """floor(word * span / 2^32): int32 in 0..span-1, uniform up to span / 2^32; 0 where span is 0.

    `span` is a non-negative int32, broadcast against `words`.
    Source: Lemire 2019, Fast Random Integer Generation in an Interval, section 3.
    """
    high, _ = wide_product(words, span)
    return high


def wide_product(words: Array, span: Array | int) -> tuple[Array, Array]:
    """word * span = high * 2^32 + low: high int32, and the upper 31 bits of low as int32.

    `span` is a non-negative int32, broadcast against `words`.
    Source: Knuth, The Art of Computer Programming 2, section 4.3.1, algorithm M.
    """
    # Without 64-bit integers the product is put together from 16-bit halves.
    w, s = words.astype(jnp.uint32), jnp.asarray(span).astype(jnp.uint32)
    w_low, w_high = w & 0xFFFF, w >> 16
    s_low, s_high = s & 0xFFFF, s >> 16
    middle = w_high * s_low + (w_low * s_low >> 16)
    carried = w_low * s_high + (middle & 0xFFFF)
    high = w_high * s_high + (middle >> 16) + (carried >> 16)
    return high.astype(jnp.int32), (w * s >> 1).astype(jnp.int32)


def subset(words: Array, sizes: Array) -> tuple[Array, Array]:
    """K different numbers of 0..size-1 for each row: int32 (B,K), valid bool (B,K).

    Every K-subset is equally likely; the order inside a row is not uniform. A size below K gives
    each of its numbers once; what is beyond them is negative and valid=False. words (B,K),
    sizes int32 (B,). Source: Bentley & Floyd 1987, Programming Pearls: A Sample of Brilliance,
    algorithm F2.
    """
    count = words.shape[1]
    tops = sizes[:, None] - count + jnp.arange(count, dtype=jnp.int32)
    drawn = jnp.where(tops < 0, tops, mulhi(words, jnp.maximum(tops + 1, 0)))

    def take(step: Array, chosen: Array) -> Array:
        earlier = jnp.arange(count) < step
        seen = (earlier & (chosen == drawn[:, step, None])).any(1)
        return chosen.at[:, step].set(jnp.where(seen, tops[:, step], drawn[:, step]))

    return jax.lax.fori_loop(1, count, take, drawn), tops >= 0


def lookup(table: Array, places: Array) -> Array:
    """table[places] for places of any shape that all lie inside the table (L,); same dtype."""
    return table.at[places].get(mode="promise_in_bounds")


def lookup_at(table: Array, rows: Array, columns: Array) -> Array:
    """table[rows, columns] of a table (R, C), for places that all lie inside it."""
    return table.at[rows, columns].get(mode="promise_in_bounds")


def highest_bit(x: Array) -> Array:
    """Place of the highest bit that is set, floor(log2 x), of non-negative int32; 0 for 0."""
    return jnp.maximum(31 - jax.lax.clz(x), 0)
