"""Random words: named streams that never depend on how they are asked for."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hardball.core import random_bits
from hardball.core.errors import HardballError


def test_a_stream_is_philox_keyed_by_sha256_of_seed_and_purpose_with_the_step_as_counter():
    key = np.frombuffer(hashlib.sha256(b"7/negatives").digest()[:16], "<u8")
    raw = np.random.Philox(key=key, counter=[0, 5, 0, 0]).random_raw(2)
    # Each 64-bit output gives two words, the lower half first.
    by_hand = [int(x) >> shift & 0xFFFFFFFF for x in raw for shift in (0, 32)]
    assert random_bits.words(7, "negatives", 5, 4).tolist() == by_hand


def test_the_words_of_a_release_never_change():
    assert random_bits.words(0, "golden", 0, 4).tolist() == [
        3763659599,
        137752903,
        3786861705,
        92253161,
    ]
    assert random_bits.words(0, "golden", 1, 3).tolist() == [132536377, 355327648, 3317569774]


@settings(max_examples=30, deadline=None)
@given(
    first=st.integers(0, 2**40),
    sizes=st.lists(st.integers(0, 4), min_size=1, max_size=5),
    count=st.integers(1, 9),
)
def test_a_step_has_the_same_words_whatever_the_chunks(first, sizes, count):
    whole = random_bits.block(3, "batches", first, sum(sizes), count)
    starts = first + np.cumsum([0, *sizes[:-1]])
    parts = [
        random_bits.block(3, "batches", int(s), n, count)
        for s, n in zip(starts, sizes, strict=True)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    for i, row in enumerate(whole):
        np.testing.assert_array_equal(random_bits.words(3, "batches", first + i, count), row)


def test_fewer_words_of_a_step_are_a_prefix_of_more():
    np.testing.assert_array_equal(
        random_bits.words(1, "x", 0, 5), random_bits.words(1, "x", 0, 12)[:5]
    )


def test_steps_never_share_words():
    block = random_bits.block(1, "x", 0, 50, 1000)
    # 50,000 of 2^32 words: 0.29 equal pairs are expected; a shared run would give hundreds.
    assert len(np.unique(block)) > 50_000 - 5


@pytest.mark.parametrize(("seed", "purpose"), [(2, "x"), (1, "y"), (12, ""), (1, "x ")])
def test_other_seeds_and_purposes_have_other_words(seed, purpose):
    equal = random_bits.words(1, "x", 0, 1000) == random_bits.words(seed, purpose, 0, 1000)
    # Expected number of equal words: 1000 / 2^32.
    assert equal.sum() == 0


def test_words_are_uniform_in_every_bit_and_byte():
    block = random_bits.block(5, "uniform", 0, 8, 20_000)
    bits = np.unpackbits(block.reshape(-1).view(np.uint8)).reshape(-1, 32)
    # 160,000 fair bits in each place: standard deviation 0.00125, bound at 5 of them.
    assert np.abs(bits.mean(0) - 0.5).max() < 0.00625
    counts = np.bincount(block.reshape(-1) >> 24, minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_uniform_reaches_neither_end():
    ends = random_bits.uniform(np.array([0, 2**32 - 1], np.uint32))
    assert ends.tolist() == [0.5 / 2**32, 1 - 0.5 / 2**32]
    assert ends.dtype == np.float64


def test_normals_are_standard_normal_and_of_the_asked_shape():
    sample = random_bits.normal(4, "start", (1001, 33))
    assert sample.shape == (1001, 33)
    assert sample.dtype == np.float64
    assert stats.kstest(sample.reshape(-1), "norm").pvalue > 1e-3
    assert random_bits.normal(4, "start", 3).shape == (3,)
    assert random_bits.normal(4, "start", (0, 5)).shape == (0, 5)


def test_a_normal_is_its_box_muller_formula():
    w = random_bits.words(4, "start", 0, 2).astype(float)
    u, v = (w[0] + 0.5) / 2**32, (w[1] + 0.5) / 2**32
    expected = [
        np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v),
        np.sqrt(-2 * np.log(u)) * np.sin(2 * np.pi * v),
    ]
    # Measured difference: 0.
    np.testing.assert_allclose(random_bits.normal(4, "start", 2), expected, rtol=1e-15)


def test_symmetric_draws_are_those_of_uniform_ones_around_0():
    drawn = random_bits.symmetric(4, "start", (2, 3))
    uniform = random_bits.uniform(random_bits.words(4, "start", 0, 6)).reshape(2, 3)
    np.testing.assert_array_equal(drawn, 2 * uniform - 1)
    assert random_bits.symmetric(4, "start", (3, 0)).shape == (3, 0)


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_a_permutation_holds_every_number_once(n):
    order = random_bits.permutation(1, "shuffle", 0, n)
    assert sorted(order.tolist()) == list(range(n))
    assert order.dtype == np.int64


def test_every_epoch_has_its_own_order_and_a_repeatable_one():
    first, second = (random_bits.permutation(1, "shuffle", epoch, 1000) for epoch in (0, 1))
    assert (first != second).mean() > 0.9
    np.testing.assert_array_equal(first, random_bits.permutation(1, "shuffle", 0, 1000))


def test_all_orders_are_equally_likely():
    orders = [tuple(random_bits.permutation(1, "shuffle", epoch, 3)) for epoch in range(6000)]
    _, counts = np.unique(orders, axis=0, return_counts=True)
    # 3! = 6 orders, 1,000 expected of each.
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


def test_a_negative_step_is_refused():
    with pytest.raises(HardballError, match="first_step=-1"):
        random_bits.block(0, "x", -1, 1, 1)
