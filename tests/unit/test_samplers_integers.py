"""Words to integers: the exact product, its upper half, and subsets, in both frameworks."""

import importlib
from math import comb

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hardball.core import random_bits

TOP = 2**32 - 1
PUT = {
    "jax": jnp.asarray,
    # torch has no uint32 arithmetic, so its words are int64.
    "torch": lambda a: torch.from_numpy(a.astype(np.int64) if a.dtype == np.uint32 else a),
}
both = pytest.mark.parametrize("framework", ["jax", "torch"])


def half(framework):
    return importlib.import_module(f"hardball.arrays.on_{framework}.integers")


def run(framework, function, *arrays):
    outputs = getattr(half(framework), function)(*map(PUT[framework], arrays))
    return [np.asarray(o) for o in outputs] if isinstance(outputs, tuple) else np.asarray(outputs)


@both
@pytest.mark.parametrize(
    ("word", "span", "expected"),
    [
        (0, 1, 0),
        (TOP, 1, 0),
        (TOP, 0, 0),
        (0, 10, 0),
        (TOP, 10, 9),
        # Half of 2^32 is the first word of the upper half.
        (2**31, 10, 5),
        (2**31 - 1, 10, 4),
        (TOP, 2**31 - 1, 2**31 - 2),
        # 3 (2^31 - 1) = 2^32 + 2^31 - 3.
        (3, 2**31 - 1, 1),
        (2, 2**31 - 1, 0),
    ],
)
def test_mulhi_at_the_ends(framework, word, span, expected):
    drawn = run(framework, "mulhi", np.array([word], np.uint32), np.array([span], np.int32))
    assert drawn.tolist() == [expected]


@both
@settings(max_examples=200, deadline=None)
@given(word=st.integers(0, TOP), span=st.integers(0, 2**31 - 1))
def test_the_product_is_that_of_whole_numbers(framework, word, span):
    high, low = run(
        framework, "wide_product", np.array([word], np.uint32), np.array([span], np.int32)
    )
    assert int(high[0]) == word * span >> 32
    assert int(low[0]) == (word * span & TOP) >> 1
    assert int(run(framework, "mulhi", np.array([word], np.uint32), np.int32([span]))[0]) == high[0]


@both
def test_mulhi_gives_every_number_of_a_span_equally_often(framework):
    w = random_bits.words(1, "mulhi", 0, 100_000)
    counts = np.bincount(run(framework, "mulhi", w, np.array(7, np.int32)), minlength=7)
    assert len(counts) == 7
    assert stats.chisquare(counts).pvalue > 1e-3


@both
def test_every_subset_is_equally_likely(framework):
    # 3 of 6: comb(6, 3) = 20 subsets, 5,000 expected of each.
    w = random_bits.words(2, "subset", 0, 300_000).reshape(-1, 3)
    chosen, valid = run(framework, "subset", w, np.full(len(w), 6, np.int32))
    assert valid.all()
    ordered = np.sort(chosen, axis=1)
    assert (np.diff(ordered, axis=1) > 0).all()
    _, counts = np.unique(ordered, axis=0, return_counts=True)
    assert len(counts) == comb(6, 3)
    assert stats.chisquare(counts).pvalue > 1e-3


@both
@pytest.mark.parametrize("size", [0, 1, 4, 5])
def test_a_set_no_larger_than_the_sample_comes_out_whole(framework, size):
    w = random_bits.words(3, "subset", 0, 50).reshape(10, 5)
    chosen, valid = run(framework, "subset", w, np.full(10, size, np.int32))
    for row, ok in zip(chosen, valid, strict=True):
        assert sorted(row[ok].tolist()) == list(range(size))


@both
def test_subset_is_floyds_algorithm(framework):
    w = random_bits.words(4, "subset", 0, 240).reshape(8, 30)
    sizes = np.array([30, 31, 40, 100, 10_000, 2**31 - 1, 30, 35], np.int32)
    chosen, _ = run(framework, "subset", w, sizes)
    for row, size, drawn in zip(w, sizes.tolist(), chosen, strict=True):
        by_hand = []
        for top, word in zip(range(size - 30, size), row.tolist(), strict=True):
            pick = word * (top + 1) >> 32
            by_hand.append(top if pick in by_hand else pick)
        assert drawn.tolist() == by_hand


@both
def test_lookup_is_indexing_in_any_shape(framework):
    table = np.array([5, 6, 7], np.int32)
    places = np.array([[2, 0], [1, 1]], np.int32)
    assert run(framework, "lookup", table, places).tolist() == [[7, 5], [6, 6]]


def test_device_words_fill_32_bits_and_follow_their_seed():
    drawn = {
        "jax": [half("jax").device_words(jax.random.key(s), (4, 25_000)) for s in (0, 0, 1)],
        "torch": [
            half("torch").device_words(torch.Generator().manual_seed(s), (4, 25_000))
            for s in (0, 0, 1)
        ],
    }
    for first, again, other in drawn.values():
        first, again, other = (np.asarray(a).astype(np.uint32) for a in (first, again, other))
        assert first.shape == (4, 25_000)
        np.testing.assert_array_equal(first, again)
        assert (first != other).mean() > 0.999
        counts = np.bincount(first.reshape(-1) >> 28, minlength=16)
        assert stats.chisquare(counts).pvalue > 1e-3
