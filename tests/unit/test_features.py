"""Features of nodes, the most similar nodes, and what the sampler by features promises.

Draws go through the torch half; tests/pairs proves that the JAX half draws the same.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.data.features import bumps, cosines, features, joined, unit
from hardball.data.store import open_hierarchy
from hardball.hierarchy.closure import Csr, closure, from_pairs, nodes_of
from hardball.hierarchy.dag import from_edges
from hardball.methods import registry
from hardball.methods.samplers import nearest as lists
from hardball.methods.samplers.nearest import nearest
from hardball.methods.samplers.similarity import cumulated, similarity_index
from hardball.metrics.similarity import negative_similarity, similarity_gain


def dots(names, **groups):
    """Lone nodes of these names."""
    nodes = [f"n{i}" for i in range(len(names))]
    return from_edges("dots", [], [], nodes=nodes, names=names, groups=groups)


def nothing(n):
    """No node has a known positive."""
    return from_pairs(np.zeros((0, 2), np.int32), n)


def dense(blocks):
    """All columns side by side."""
    arrays = [block if isinstance(block, np.ndarray) else block.toarray() for block in blocks]
    return np.concatenate(arrays, axis=1)


def gram(blocks):
    """Cosines of all pairs."""
    products = [block @ block.T for block in blocks]
    return sum(p if isinstance(p, np.ndarray) else p.toarray() for p in products)


@pytest.fixture(scope="module")
def mammals():
    h = open_hierarchy("wordnet_mammals")
    return h, closure(h)


@pytest.mark.parametrize("of", ["names", "degree", "depth", "all"])
def test_rows_have_length_one(mammals, of):
    blocks = features(mammals[0], of)
    assert {block.dtype for block in blocks} == {np.dtype("float32")}
    every = np.arange(mammals[0].n_nodes)
    # float32 rounds each of about 30 numbers to 6e-8 of itself; measured 3.6e-7.
    np.testing.assert_allclose(cosines(blocks, every, every), 1, atol=1e-6)


def test_names_share_their_substrings_of_three_to_five_characters():
    # " ab " has " ab", "ab " and " ab "; " AB " has the same, since case says nothing.
    # " abc " shares " ab" alone, and " xy " shares none.
    h = dots(["ab", "AB", "abc", "xy"])
    table = dense(features(h))
    np.testing.assert_array_equal((table > 0).sum(1), [3, 3, 6, 3])
    # N = 4. " ab" is in three names: idf log(5/4) + 1 = a; "ab ", " ab " in two: log(5/3) + 1 = b;
    # the other five of " abc " in one: log(5/2) + 1 = c.
    a, b, c = np.log(5 / np.array([4, 3, 2])) + 1
    expected = a * a / np.sqrt((a * a + 2 * b * b) * (a * a + 5 * c * c))
    np.testing.assert_allclose(table[0] @ table[1:].T, [1, expected, 0], atol=1e-6)


def test_a_name_counts_a_substring_as_often_as_it_occurs():
    # " aaa " has " aa", "aaa", "aa ", " aaa", "aaa ", " aaa "; " aaaa " has "aaa" twice.
    table = dense(features(dots(["aaaa", "bbb"])))
    once, twice = np.unique(table[0][table[0] > 0].round(6))
    assert twice == pytest.approx(2 * once, abs=2e-6)


def test_names_hash_to_the_same_columns_on_every_machine():
    buckets = set()
    for gram in (" do", "dog", "og ", " dog", "dog ", " dog "):
        hashed = 0
        for character in gram:
            hashed = (hashed * 0x100000001B3 % 2**64) ^ ord(character)
        buckets.add(hashed * 0x9E3779B97F4A7C15 % 2**64 >> 64 - 18)
    assert set(features(dots(["Dog"]))[0].indices.tolist()) == buckets


def test_levels_one_two_and_three_apart_have_cosines_two_thirds_a_sixth_and_none():
    # (1/2, 1, 1/2) has squared length 3/2; one apart 1/2 + 1/2, two apart 1/4, over 3/2.
    table = bumps(np.array([2, 2, 3, 4, 5]))
    np.testing.assert_allclose(table[0] @ table.T, [1, 1, 2 / 3, 1 / 6, 0], atol=1e-6)


def test_depth_and_degree_of_a_small_tree():
    # r > a > b, r > c, d, e: depths 0, 1, 1, 1, 1, 2; r has four edges, a two, the others one.
    h = from_edges("tree", list("acdeb"), list("rrrra"), nodes=list("racdeb"))
    depth = dense(features(h, "depth"))
    np.testing.assert_allclose(depth @ depth[0], [1, *[2 / 3] * 4, 1 / 6], atol=1e-6)
    # round(log2(1 + 4)) = 2, round(log2(1 + 2)) = 2, round(log2(1 + 1)) = 1.
    degree = dense(features(h, "degree"))
    np.testing.assert_allclose(degree @ degree[0], [1, 1, *[2 / 3] * 4], atol=1e-6)


def test_ranks_are_alike_or_not():
    h = dots(["a", "b", "c", "d"], rank=["genus", "species", "species", ""])
    table = dense(features(h, "rank"))
    assert (table @ table.T).tolist() == [[1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]


def test_all_is_the_weighted_mean_of_the_cosines():
    h = open_hierarchy("ncbi_primates")
    rank = ["x" if node % 3 else "y" for node in range(h.n_nodes)]
    codes = np.array([label == "y" for label in rank], np.int32)
    h = replace(h, groups={"rank": codes}, group_names={"rank": ["x", "y"]})
    one, other = np.arange(0, 1000), np.arange(100, 1100)
    each = {k: cosines(features(h, k), one, other) for k in ("names", "rank", "degree", "depth")}
    expected = (3 * each["names"] + each["rank"] + each["degree"] + each["depth"]) / 6
    np.testing.assert_allclose(cosines(features(h, "all"), one, other), expected, atol=1e-6)


def test_a_block_that_says_nothing_of_a_node_leaves_its_weight_to_the_others():
    blocks = joined([(np.eye(2), 3.0), (np.array([[1.0], [0.0]]), 1.0)])
    # The first node has both, 3/4 and 1/4 of its length; the second has the first block alone.
    np.testing.assert_allclose(dense(blocks) ** 2, [[0.75, 0, 0.25], [0, 1, 0]], atol=1e-6)


@pytest.fixture
def three():
    return from_edges("three", ["07", "x"], ["root", "root"], nodes=["root", "07", "x"])


NUMBERS = np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]])


def saved(folder, ending, h):
    """The same numbers, in node order or by id in another order, beside an id of no node."""
    path = folder / f"own{ending}"
    if ending == ".npy":
        np.save(path, NUMBERS)
        return path
    ids = ["stranger", *h.ids[::-1]]
    frame = pd.DataFrame(np.array([[9.0, 9.0], *NUMBERS[::-1]]), columns=["f0", "f1"])
    frame.insert(1, "Id", ids)
    if ending == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


@pytest.mark.parametrize("ending", [".npy", ".csv", ".parquet"])
def test_own_numbers_are_matched_to_nodes_and_scaled(tmp_path, three, ending):
    (block,) = features(three, "file", str(saved(tmp_path, ending, three)))
    expected = np.array([[1, 2] / np.sqrt(5), [0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(block, expected, atol=1e-7)
    assert block.dtype == np.float32


def put(path, text):
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("f.csv", "id,a\nroot,1\nx,2\n", "lacks 1 ids of three, first '07'"),
        ("f.csv", "id,a\nroot,1\nx,2\n7,3\n", "lacks 1 ids of three, first '07'"),
        ("f.csv", "id,a\nroot,1\nx,2\n07,3\nx,3\n", "repeats 1 ids"),
        ("f.csv", "id,a\nroot,1\nx,2\n07,\n", "row of '07' has a value that is missing"),
        ("f.csv", "id,a\nroot,1\nx,2\n07,nan\n", "row of '07' has a value that is missing"),
        ("f.csv", "id,a\nroot,1\nx,blue\n07,3\n", "column 'a' is of type string"),
        ("f.csv", "a,b\n1,2\n", "0 columns of ids among a, b: name one of them id"),
        ("f.csv", "id\nroot\nx\n07\n", "ids and nothing else"),
        ("f.csv", "", "not readable"),
        ("f.parquet", "text", "not readable"),
        ("f.npy", "text", "no array of numbers"),
        ("f.txt", "1", "allowed are .npy, .csv and .parquet"),
    ],
)
def test_files_that_cannot_be_features_are_refused_in_one_line(tmp_path, three, file, text, said):
    with pytest.raises(HardballError) as caught:
        features(three, "file", put(tmp_path / file, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_arrays_of_another_shape_and_pickles_are_refused(tmp_path, three):
    path = tmp_path / "f.npy"
    np.save(path, np.zeros((2, 2)))
    with pytest.raises(HardballError, match=r"shape \(2, 2\).*numbers of shape \(3, F\)"):
        features(three, "file", str(path))
    np.save(path, np.array([{"a": 1}] * 3), allow_pickle=True)
    with pytest.raises(HardballError, match="no array of numbers"):
        features(three, "file", str(path))


@pytest.mark.parametrize(
    ("of", "file", "said"),
    [
        ("names", "own.npy", "features='names', file='own.npy': a matrix of your own takes both"),
        ("file", "", "a matrix of your own takes both"),
        ("file", "missing.npy", "no file missing.npy"),
        ("rank", "", "has no group 'rank', its groups are none"),
        ("colour", "", "allowed are names, names_of_depth, rank, degree, depth, all, file"),
    ],
)
def test_features_that_are_not_there_are_refused(three, of, file, said):
    with pytest.raises(HardballError) as caught:
        features(three, of, file)
    assert said in str(caught.value)


@pytest.mark.parametrize("chunk", [2**24, 7000])
@pytest.mark.parametrize("form", ["sparse", "dense", "both"])
def test_nearest_are_the_greatest_cosines(mammals, monkeypatch, form, chunk):
    monkeypatch.setattr(lists, "CHUNK", chunk)
    h, known = mammals
    scattered = unit(np.random.default_rng(0).normal(size=(h.n_nodes, 12)))
    given = {
        "sparse": features(h),
        "dense": (scattered,),
        "both": joined([(features(h)[0], 1.0), (scattered, 1.0)]),
    }[form]
    ids, cosine = nearest(given, 5, known)
    allowed = gram(given)
    np.fill_diagonal(allowed, 0)
    allowed[nodes_of(known), known.indices] = 0
    greatest = -np.sort(-allowed.clip(0), axis=1)[:, :5]
    # Half a unit of 2^-16, float32 sums, and cosines below 2^-17 that are left out.
    error = 2.0**-17 + 1e-6
    np.testing.assert_allclose(cosine, greatest, atol=error)
    # The ids have these cosines and are all different; a list that is shorter ends in the node.
    np.testing.assert_allclose(np.take_along_axis(allowed, ids, 1), cosine, atol=error)
    own = ids == np.arange(h.n_nodes)[:, None]
    np.testing.assert_array_equal(own, cosine == 0)
    assert all(len(set(row[row != node])) == (row != node).sum() for node, row in enumerate(ids))


def test_nearest_leaves_out_the_node_and_its_known_positives():
    h = from_edges("twins", list("bcd"), list("aba"), names=dict.fromkeys("abcd", "same"))
    ids, cosine = nearest(features(h), 3, closure(h))
    listed = {str(h.ids[u]): {str(h.ids[v]) for v in ids[u] if v != u} for u in range(4)}
    # c lies below b, and all below a.
    assert listed == {"a": set("bcd"), "b": set("cd"), "c": set("d"), "d": set("bc")}
    assert sorted(np.count_nonzero(cosine, axis=1).tolist()) == [1, 2, 2, 3]


def test_equal_cosines_are_spread_over_the_nodes():
    # All 1,000 nodes are alike. Their order is one scattered circle, on which each takes the 10
    # after itself: every node stands in 10 lists, no two lists are one, none is a neighbourhood.
    alike = np.ones((1000, 1), np.float32)
    ids, cosine = nearest((alike,), 10, nothing(1000))
    times = np.bincount(ids.ravel(), minlength=1000)
    assert (cosine == 1).all()
    assert (times.min(), times.max()) == (10, 10)
    assert len({tuple(sorted(row)) for row in ids.tolist()}) == 1000
    assert (np.ptp(ids, axis=1) > 100).all()
    again, _ = nearest((alike,), 10, nothing(1000))
    np.testing.assert_array_equal(ids, again)


def test_too_many_nodes_are_refused_with_a_way_out():
    many = np.zeros((200_001, 1), np.float32)
    with pytest.raises(HardballError, match=r"200,001 nodes.*up to 200,000: take a subtree, or"):
        nearest((many,), 3, Csr(np.zeros(1), np.zeros(0)))


def test_weights_are_exponentials_in_integers():
    cosine = np.array([[0.5, 0.4, 0.3, 0.0], [0.2, 0.0, 0.0, 0.0], [0.0] * 4], np.float32)
    table = cumulated(cosine, 0.1)
    share = np.exp([0, -1, -2]) / np.exp([0, -1, -2]).sum()
    assert table.dtype == np.int32
    # In units of 2^-31, each weight rounded; float32 cosines are off by 3e-8 / 0.1.
    np.testing.assert_allclose(np.diff(table[0], prepend=0) / table[0, -1], [*share, 0], atol=1e-6)
    assert table[1].tolist() == [2**31 - 1 - 4] * 4
    assert table[2].tolist() == [0] * 4


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"ratio": 1.5}, "ratio=1.5, allowed are numbers 0 <= x <= 1"),
        ({"temperature": 0.0}, "temperature=0.0, allowed are numbers 0 < x"),
        ({"top": 0}, "top=0, allowed are whole numbers 1 <= x"),
        # 2^31 - 1 over three nodes.
        ({"top": 715_827_883}, "top=715827883, allowed are 1 to 715,827,882 for the 3 nodes"),
    ],
)
def test_values_out_of_range_are_refused(three, params, said):
    def build():
        resolved = registry.parameters("sampler", "similarity_hard", params)
        return similarity_index(three, closure(three), negatives=5, **resolved)

    with pytest.raises(HardballError, match=said):
        build()


def drawn(h, known, count, **params):
    """Ids and valid (N, count): every node as the anchor of `count` draws."""
    resolved = registry.parameters("sampler", "similarity_hard", params)
    built = registry.builder("sampler", "similarity_hard")(h, known, negatives=count, **resolved)
    index = {key: torch.as_tensor(array) for key, array in built.items()}
    w = random_bits.words(1, "similarity_hard", 0, h.n_nodes * count).reshape(-1, count)
    ids, valid = registry.load("sampler", "similarity_hard", "torch")(
        index,
        torch.arange(h.n_nodes),
        torch.from_numpy(w.astype(np.int64)),
        ratio=resolved["ratio"],
    )
    return ids.numpy(), valid.numpy(), built


@pytest.mark.parametrize(("ratio", "hard"), [(0.0, 0), (0.3, 3), (0.7, 7), (1.0, 10)])
def test_the_first_share_of_a_rows_draws_is_hard(mammals, ratio, hard):
    h, known = mammals
    ids, valid, built = drawn(h, known, 10, ratio=ratio, top=8)
    listed = (ids[:, :, None] == built["near"][:, None, :]).any(2)
    has = ~built["widened"]
    assert valid.all()
    assert listed[has, :hard].all()
    # Uniform draws are among 8 of 1,179 others by chance: 0.7 %.
    assert listed[has, hard:].mean() < 0.02 if hard < 10 else True


def test_a_node_to_which_none_is_alike_draws_uniformly_and_counts_as_widened():
    names = pa.array(["apple", "apples", "xyz", "applesauce"])
    h = replace(dots(["a", "b", "c", "d"]), name_column=names)
    ids, valid, built = drawn(h, nothing(4), 1000, ratio=1.0)
    assert built["widened"].tolist() == [False, False, True, False]
    assert set(ids[2].tolist()) == {0, 1, 3}
    assert set(ids[0].tolist()) == {1, 3}
    assert valid.all()


def test_negative_similarity_by_hand():
    # Anchor 0 with draws 1 and 2 at cosines 0.6 and 0, the third not valid; others of 0: the same.
    table = np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32)
    found = negative_similarity(
        (table,), np.array([0]), np.array([[1, 2, 1]]), np.array([[True, True, False]]), 0
    )
    assert found["negative_similarity"] == pytest.approx(0.3)
    assert found["negative_similarity_uniform"].__round__(6) in (0.0, 0.3, 0.6)
    empty = negative_similarity((table,), np.array([0]), np.array([[1]]), np.array([[False]]), 0)
    assert np.isnan(list(empty.values())).all()


def test_uniform_draws_of_the_comparison_are_those_of_all_other_nodes(mammals):
    h, _ = mammals
    among = (gram(features(h)).sum() - h.n_nodes) / (h.n_nodes * (h.n_nodes - 1))
    ids = np.zeros((h.n_nodes, 100), np.int64)
    found = negative_similarity(features(h), np.arange(h.n_nodes), ids, np.ones_like(ids, bool), 3)
    # 118,000 draws of a deviation of about 0.03: the mean is off by 1e-4.
    assert found["negative_similarity_uniform"] == pytest.approx(among, abs=5e-4)


@pytest.mark.parametrize(
    ("of", "least"),
    # Measured: names .095, .159, .274; all .069, .115, .213; uniform draws below .001.
    [("names", (0.08, 0.14, 0.25)), ("all", (0.05, 0.1, 0.19))],
)
def test_hard_draws_are_more_similar_than_random_ones_and_more_so_the_harder(mammals, of, least):
    h, known = mammals
    blocks, every = features(h, of), np.arange(h.n_nodes)
    settings = ({"setting": name} for name in ("careful", "balanced", "aggressive"))
    gains = [
        similarity_gain(blocks, every, *drawn(h, known, 50, features=of, **given)[:2], seed=0)
        for given in ({"ratio": 0.0}, *settings)
    ]
    none, careful, balanced, aggressive = gains
    assert abs(none) < 0.002
    assert np.all(np.array([careful, balanced, aggressive]) > least)
    # Five draws of ten are hard instead of three, then seven at half the temperature.
    assert balanced / careful == pytest.approx(5 / 3, rel=0.05)
    assert aggressive > 1.4 * balanced
