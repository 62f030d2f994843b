"""What samplers may draw: rings against definitions, tables against weights, members against sets.

Draws here go through the torch half; tests/pairs proves that the JAX half draws the same.
"""

import re

import numpy as np
import pytest
import torch

from hardball.arrays.on_torch.membership import is_known, pool_known
from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr, closure
from hardball.hierarchy.dag import from_edges
from hardball.methods import registry
from hardball.methods.samplers import degree, matrix, segments

STRUCTURAL = [
    ("siblings", {}, "siblings"),
    ("cousins", {"k": 1}, "cousins"),
    ("cousins", {"k": 3}, "cousins"),
    ("depth_matched", {"where": "branch"}, "branch"),
    ("depth_matched", {"where": "tree"}, "tree"),
]


def random_dag(seed, n, roots=1, extra=0.0):
    """A parent among the eight nodes before, and with probability `extra` another anywhere."""
    rng = np.random.default_rng(seed)
    edges = set()
    for node in range(roots, n):
        edges.add((f"n{node}", f"n{rng.integers(max(0, node - 8), node)}"))
        if rng.random() < extra:
            edges.add((f"n{node}", f"n{rng.integers(0, node)}"))
    ordered = sorted(edges)
    nodes = [f"n{i}" for i in range(n)]
    return from_edges("random", [c for c, _ in ordered], [p for _, p in ordered], nodes=nodes)


def chain(n):
    return from_edges("chain", [f"n{i}" for i in range(1, n)], [f"n{i}" for i in range(n - 1)])


def build(h, name, negatives=4, **params):
    resolved = registry.parameters("sampler", name, params)
    return registry.builder("sampler", name)(h, closure(h), negatives=negatives, **resolved)


def draw(h, name, count=50, replace=True, **params):
    """Ids and valid, (N, count): every node as the anchor of `count` draws."""
    options = {} if replace else {"replace": False}
    index = {k: torch.as_tensor(v) for k, v in build(h, name, count, **params, **options).items()}
    w = random_bits.words(1, name, 0, h.n_nodes * count).reshape(-1, count)
    function = registry.load("sampler", name, "torch")
    anchors = torch.arange(h.n_nodes, dtype=torch.int32)
    ids, valid = function(index, anchors, torch.from_numpy(w.astype(np.int64)), **options)
    return ids.numpy(), valid.numpy()


def members(index, node):
    """The ids of a ring, spelled out."""
    inside = set(range(index["lo"][node], index["hi"][node]))
    return inside - set(range(index["xlo"][node], index["xhi"][node]))


@pytest.mark.parametrize("minimum", [1, 3, 10])
@pytest.mark.parametrize(("name", "params", "of"), STRUCTURAL)
def test_rings_hold_what_the_definitions_say(name, params, of, minimum):
    for seed in range(12):
        h = random_dag(seed, n=4 * seed + 1, roots=min(1 + seed % 3, 4 * seed + 1), extra=0.3)
        index = build(h, name, negatives=minimum, replace=minimum == 1, **params)
        table, widened = matrix.weights(h, of=of, k=params.get("k", 1), minimum=minimum)
        for node in range(h.n_nodes):
            assert members(index, node) == set(np.flatnonzero(table[node])), (seed, node)
        np.testing.assert_array_equal(index["widened"], widened)


def test_siblings_and_cousins_of_a_family_by_name():
    #        r
    #     a     b
    #   c d e   f
    h = from_edges("family", list("abcdef"), list("rraaab"))
    _, widened = matrix.weights(h, of="siblings")
    row = dict(zip(h.ids, range(h.n_nodes), strict=True))

    def named(of, node, **options):
        weights, _ = matrix.weights(h, of=of, **options)
        return {str(x) for x in h.ids[np.flatnonzero(weights[row[node]])]}

    assert named("siblings", "c") == {"d", "e"}
    assert named("siblings", "a") == {"b"}
    # An only child widens to cousins, and a root without peers to all nodes.
    assert named("siblings", "f") == {"c", "d", "e"}
    assert named("siblings", "r") == set("abcdef")
    assert {str(x) for x in h.ids[widened]} == {"f", "r"}
    assert named("cousins", "c", k=1) == {"f"}
    assert named("branch", "d") == {"f"}
    # Two nodes where one is asked for twice: the cousins join the siblings.
    assert named("siblings", "c", minimum=3) == {"d", "e", "f"}
    assert named("uniform", "b") == set("racdef")


@pytest.mark.parametrize(("name", "params", "of"), STRUCTURAL)
def test_draws_stay_inside_the_ring_and_reach_all_of_it(name, params, of):
    h = random_dag(5, 60, roots=2, extra=0.3)
    index = build(h, name, **params)
    ids, valid = draw(h, name, count=1000, **params)
    assert valid.all()
    for node in range(h.n_nodes):
        assert set(ids[node].tolist()) == members(index, node)


@pytest.mark.parametrize("name", ["siblings", "cousins", "depth_matched"])
def test_without_replacement_all_draws_of_a_row_differ(name):
    h = random_dag(6, 80, roots=2)
    ids, valid = draw(h, name, count=20, replace=False)
    assert valid.all()
    assert all(len(set(row)) == 20 for row in ids.tolist())
    assert (ids != np.arange(80)[:, None]).all()


@pytest.mark.parametrize("name", ["siblings", "matrix"])
def test_a_graph_smaller_than_the_sample_gives_every_other_node_once(name):
    h = random_dag(7, 6)
    ids, valid = draw(h, name, count=8, replace=False)
    assert valid.sum(1).tolist() == [5] * 6
    for node in range(6):
        assert sorted(ids[node][valid[node]].tolist()) == [v for v in range(6) if v != node]


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("name", ["siblings", "matrix"])
def test_a_lone_node_has_nothing_to_draw(name, replace):
    h = from_edges("lone", [], [], nodes=["only"])
    ids, valid = draw(h, name, count=3, replace=replace)
    assert not valid.any()
    # The anchor's own id stands in, so that gathering rows stays inside the table.
    assert ids.tolist() == [[0, 0, 0]]
    assert build(h, name)["widened"].tolist() == [True]


def test_uniform_of_a_lone_node_is_not_valid():
    ids, valid = draw(from_edges("lone", [], [], nodes=["only"]), "uniform", count=2)
    assert (ids.tolist(), valid.tolist()) == ([[0, 0]], [[False, False]])


def test_a_chain_widens_everywhere():
    index = build(chain(20), "siblings")
    assert index["widened"].all()
    assert members(index, 7) == set(range(20)) - {7}


def test_uniform_draws_any_node_but_the_anchor():
    ids, valid = draw(random_dag(8, 12), "uniform", count=500)
    assert valid.all()
    for node, row in enumerate(ids.tolist()):
        assert set(row) == set(range(12)) - {node}


def test_the_alias_table_is_exact():
    rng = np.random.default_rng(0)
    for trial in range(200):
        weights = rng.random(int(rng.integers(1, 40))) ** 4 * (rng.random() < 0.9)
        if trial % 3 == 0:
            weights = rng.integers(0, 5, len(weights)).astype(float)
        weights[0] += weights.sum() == 0
        n = len(weights)
        threshold, alias = degree.alias_table(weights)
        share = np.zeros(n)
        for column in range(n):
            own = 1.0 if alias[column] == column else threshold[column] / 2**31
            share[column] += own
            share[alias[column]] += 1 - own
        # Stated error of a probability: 2^-31 = 4.7e-10; measured 4.6e-10.
        np.testing.assert_allclose(share / n, weights / weights.sum(), rtol=0, atol=2**-31)
        assert (share[weights == 0] == 0).all()


def test_degree_counts_children_and_parents():
    # r - a, r - b, a - c, b - c: c has two parents.
    h = from_edges("diamond", ["a", "b", "c", "c"], ["r", "r", "a", "b"])
    weights = dict(zip(h.ids, degree.degree_weights(h, 2.0), strict=True))
    assert weights == {"r": 4.0, "a": 4.0, "b": 4.0, "c": 4.0}
    star = from_edges("star", list("abc"), list("rrr"), nodes=list("rabcx"))
    weights = dict(zip(star.ids, degree.degree_weights(star, 0.5), strict=True))
    assert weights == {"r": 3**0.5, "a": 1.0, "b": 1.0, "c": 1.0, "x": 0.0}
    assert degree.degree_weights(star, 0.0).tolist() == [1.0] * 5


def test_a_band_holds_nodes_of_like_degree_and_grows_around_a_lone_one():
    # r has 8 children; a has 3 and its parent, b 4 and its parent; the other 13 are leaves.
    h = from_edges("broom", list("abcdefghijklmno"), list("rrrrrrrraaabbbb"))
    row = dict(zip(h.ids, range(h.n_nodes), strict=True))

    def band(node, tolerance):
        index = build(h, "degree_corrected", tolerance=tolerance)
        u = row[node]
        inside = index["order"][index["lo"][u] : index["hi"][u]]
        assert index["order"][index["place"][u]] == u
        return {str(x) for x in h.ids[inside]} - {node}, bool(index["widened"][u])

    # Degrees: r 8, a 4, b 5, leaves 1. A quarter of 4 is 1, which reaches 5; of 5 it is 1 too.
    assert band("a", 0.25) == ({"b"}, False)
    assert band("b", 0.25) == ({"a"}, False)
    # A quarter of 8 is 2, no one has 6 to 10; twice that reaches 4 and 5.
    assert band("r", 0.25) == ({"a", "b"}, True)
    # 0.2 x 4 is less than one: alone, then 1 either way. 0.2 x 5 is one.
    assert band("a", 0.2) == ({"b"}, True)
    assert band("b", 0.2) == ({"a"}, False)
    # Of the same degree: the other leaves; none for r, which takes 1, 2, then 4 either way.
    assert band("c", 0.0) == (set("defghijklmno"), False)
    assert band("r", 0.0) == ({"a", "b"}, True)
    # Everyone's degree is within 7 of 8 of r's.
    assert band("r", 1.0) == (set("abcdefghijklmno"), False)


def test_a_share_of_a_degree_is_exact():
    # Hubs of 100 and of 71 edges: 0.29 x 100 is 28.999999999999996 in floats, and 29 here.
    leaves = [f"x{i}" for i in range(100)] + [f"y{i}" for i in range(71)]
    h = from_edges("hubs", leaves, [leaf[0] for leaf in leaves])
    index = build(h, "degree_corrected", tolerance=0.29)
    one, other = h.rows(["x", "y"])
    assert not index["widened"][one]
    assert other in index["order"][index["lo"][one] : index["hi"][one]]


@pytest.mark.parametrize("name", ["multi_hop", "degree_corrected"])
def test_nobody_draws_itself_and_a_lone_node_nobody(name):
    h = random_dag(11, 40, roots=3, extra=0.4)
    ids, valid = draw(h, name, count=300)
    assert valid.all()
    assert (ids != np.arange(40)[:, None]).all()
    lone = from_edges("lone", [], [], nodes=["only"])
    ids, valid = draw(lone, name, count=3)
    assert (ids.tolist(), valid.any()) == ([[0, 0, 0]], False)
    assert build(lone, name)["widened"].tolist() == [True]


def test_where_no_one_is_so_far_away_all_that_are_further_are_drawn():
    # a - b and, with no way between, c: b has no one two edges away, nor three.
    h = from_edges("apart", ["b"], ["a"], nodes=list("abc"))
    ids, valid = draw(h, "multi_hop", count=20)
    assert valid.all()
    row = dict(zip(h.ids, range(3), strict=True))
    drawn = {str(node): {str(x) for x in h.ids[ids[row[node]]]} for node in h.ids}
    assert drawn == {"a": {"c"}, "b": {"c"}, "c": {"a", "b"}}
    assert build(h, "multi_hop")["widened"].all()
    # All that a and b have is one edge away, so nothing is left.
    ids, valid = draw(from_edges("two", ["b"], ["a"]), "multi_hop", count=2)
    assert (ids.tolist(), valid.any()) == ([[0, 0], [1, 1]], False)


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (lambda: build(chain(3), "degree_corrected", tolerance=-0.1), "tolerance=-0.1.*0 <= x"),
        (lambda: build(chain(3), "degree_corrected", tolerance=np.nan), "tolerance=nan"),
        (lambda: build(chain(3), "multi_hop", low=3, high=2), "low=3, high=2.*1 <= low <= high"),
        (lambda: build(chain(3), "multi_hop", low=0), "low=0.*1 <= x"),
        (lambda: segments.within(chain(3), -1), "radius=-1.*from 0"),
        (lambda: build(chain(3), "degree", alpha=np.inf), "alpha=inf"),
        (lambda: build(chain(3), "matrix", of="degree", alpha=np.nan), "alpha=nan"),
        (
            lambda: degree.degree_weights(from_edges("dots", [], [], nodes=["a", "b"]), 1.0),
            "no edges.*use uniform",
        ),
        (lambda: build(chain(3), "matrix", of="nephews"), "of='nephews'.*siblings"),
        (lambda: build(chain(3), "matrix", of="cousins", k=0), "k=0.*1 <= x"),
        (lambda: matrix.weights(chain(20_001), of="uniform"), r"20,001 nodes.*1\.5 GiB.*20,000"),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_line(builder, message):
    with pytest.raises(HardballError, match=message) as caught:
        builder()
    assert "\n" not in str(caught.value)


def test_matrix_rows_are_integers_below_two_to_the_31():
    h = random_dag(9, 300, extra=0.5)
    table, _ = matrix.weights(h, of="degree", alpha=0.75)
    share = degree.degree_weights(h, 0.75)
    assert table.dtype == np.int32
    assert (np.diag(table) == 0).all()
    assert table.sum(1, dtype=np.int64).max() < 2**31
    others = share[None, :] * (1 - np.eye(300))
    # Quantised to 2^-31 of a row, so probabilities agree to about 1e-9; measured 3.6e-10.
    np.testing.assert_allclose(
        table / table.sum(1, keepdims=True), others / others.sum(1, keepdims=True), atol=1e-9
    )


def test_the_pool_is_sorted_and_its_weights_are_multiplicities():
    pool = registry.load("sampler", "pool", "torch")
    # floor(w * 4 / 2^32) of these words is 3, 0, 3, 1, 3.
    w = torch.tensor([2**32 - 1, 0, 3 * 2**30, 2**30, 3 * 2**30 + 5])
    ids, weight = pool({"n_nodes": torch.tensor(4)}, w)
    assert ids.tolist() == [0, 1, 3, 3, 3]
    assert weight.tolist() == [1.0, 1.0, 3.0, 0.0, 0.0]


def test_weighted_sums_over_the_pool_are_sums_over_its_draws():
    h = random_dag(10, 50)
    index = {k: torch.as_tensor(v) for k, v in build(h, "pool").items()}
    w = random_bits.words(1, "pool", 0, 400)
    ids, weight = registry.load("sampler", "pool", "torch")(
        index, torch.from_numpy(w.astype(np.int64))
    )
    counts = np.bincount(ids.numpy(), weights=weight.numpy(), minlength=50)
    np.testing.assert_array_equal(counts, np.bincount(w.astype(np.int64) * 50 >> 32, minlength=50))


def known_sets(csr, n):
    return [set(csr.indices[csr.indptr[v] : csr.indptr[v + 1]].tolist()) for v in range(n)]


def tensors(csr):
    return torch.from_numpy(csr.indptr), torch.from_numpy(csr.indices)


@pytest.mark.parametrize("seed", range(5))
def test_is_known_agrees_with_sets(seed):
    n = 40
    h = random_dag(seed, n, roots=2, extra=0.6)
    csr = closure(h)
    longest = int(np.diff(csr.indptr).max())
    candidates = torch.arange(n).expand(n, n)
    found = is_known(*tensors(csr), torch.arange(n), candidates, longest.bit_length())
    sets = known_sets(csr, n)
    assert found.tolist() == [[c in sets[v] for c in range(n)] for v in range(n)]


@pytest.mark.parametrize("seed", range(5))
def test_pool_known_agrees_with_sets_at_the_first_of_equal_members(seed):
    n = 40
    h = random_dag(seed, n, roots=2, extra=0.6)
    csr = closure(h)
    pool = torch.tensor(sorted(np.random.default_rng(seed).integers(0, n, 30).tolist()))
    width = int(np.diff(csr.indptr).max())
    found = pool_known(*tensors(csr), width, torch.arange(n), pool)
    sets = known_sets(csr, n)
    first = [i == 0 or pool[i] != pool[i - 1] for i in range(30)]
    assert found.tolist() == [
        [first[i] and int(pool[i]) in sets[v] for i in range(30)] for v in range(n)
    ]


def test_nothing_is_known_where_there_are_no_positives():
    empty = Csr(np.zeros(4, np.int64), np.zeros(0, np.int32))
    nodes, pool = torch.arange(3), torch.arange(5)
    assert not is_known(*tensors(empty), nodes, pool.expand(3, 5), 0).any()
    assert not pool_known(*tensors(empty), 0, nodes, pool).any()


def test_messages_name_the_way_out():
    with pytest.raises(HardballError) as caught:
        matrix.weights(chain(20_001), of="siblings")
    assert re.search("use the sampler itself", str(caught.value))
