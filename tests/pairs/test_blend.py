"""Blends of probability matrices, and a matrix of one's own."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import from_edges
from hardball.methods import registry
from hardball.methods.samplers import blend
from hardball.methods.samplers.matrix import weights

DRAWS = 6000


@pytest.fixture(scope="module")
def graph(random_dag):
    return random_dag(30, 2)


def table_of(graph, tmp_path, rows):
    """A file of (node, negative, weight), nodes by their numbers."""
    ids = graph.ids
    path = tmp_path / "mine.csv"
    frame = pd.DataFrame(rows, columns=["node", "negative", "weight"])
    frame["node"], frame["negative"] = ids[frame["node"]], ids[frame["negative"]]
    frame.to_csv(path, index=False)
    return str(path)


def drawn(graph, of, file="", replace=True):
    """ids and valid (N, DRAWS) of every node, in both frameworks alike."""
    index = registry.builder("sampler", "blend")(
        graph, closure(graph), negatives=3, of=of, file=file, relative_to="anchor", replace=replace
    )
    n = graph.n_nodes
    words = random_bits.words(2, "blend", 0, n * DRAWS).reshape(n, DRAWS).astype(np.int64)
    arrays = {name: torch.tensor(array) for name, array in index.items()}
    draw = registry.load("sampler", "blend", "torch")
    ids, fine = draw(arrays, torch.arange(n), torch.tensor(words), replace=True)
    assert fine.all()
    return ids.numpy(), index["widened"]


def chance(table):
    total = table.sum(axis=1, keepdims=True)
    return np.divide(table, total, out=np.zeros(table.shape), where=total > 0)


def likely(ids, expected):
    """p of the chi-square statistics of all rows together."""
    statistic = freedom = 0
    for row, share in zip(ids, expected, strict=True):
        counts = np.bincount(row, minlength=len(share))
        assert not counts[share == 0].any()
        cells = share > 0
        asked = share[cells] * len(row)
        statistic += ((counts[cells] - asked) ** 2 / asked).sum()
        freedom += cells.sum() - 1
    return stats.chi2.sf(statistic, freedom)


def test_a_blend_draws_by_the_weighted_sum_of_its_terms(graph):
    ids, widened = drawn(graph, "siblings 1 + degree(alpha=0.5) 3")
    near, popular = weights(graph, of="siblings")[0], weights(graph, of="degree", alpha=0.5)[0]
    assert likely(ids, (chance(near) + 3 * chance(popular)) / 4) > 1e-3
    assert not widened.any()


def test_a_matrix_of_ones_own_is_drawn_from_and_blended(graph, tmp_path):
    rng = np.random.default_rng(1)
    own = rng.random((30, 30)) * (rng.random((30, 30)) < 0.3)
    np.fill_diagonal(own, 0)
    own[4] = 0
    file = table_of(graph, tmp_path, [(*at, own[at]) for at in zip(*np.nonzero(own), strict=True)])
    alone, widened = drawn(graph, "file", file)
    others = np.ones(30) - np.eye(30)[4]
    expected = chance(own)
    expected[4] = others / 29
    assert likely(alone, expected) > 1e-3
    # A node that no term knows draws from all others, and is counted as widened.
    assert widened.tolist() == [node == 4 for node in range(30)]

    both, widened = drawn(graph, "file 1 + cousins(k=2) 1", file)
    expected = chance(own) + chance(weights(graph, of="cousins", k=2)[0])
    assert likely(both, chance(expected)) > 1e-3
    assert not widened.any()


def test_rows_are_found_by_id_whatever_their_order(tmp_path):
    graph = from_edges("tree", ["b", "c", "d"], ["a", "a", "b"])
    pd.DataFrame(
        {"weight": [1, 2, 4], "negative": ["d", "c", "c"], "node": ["c", "b", "b"]}
    ).to_csv(tmp_path / "w.csv", index=False)
    table = blend.chances(graph, "file", str(tmp_path / "w.csv"))
    names = list(graph.ids)
    assert table[names.index("b"), names.index("c")] == 1
    assert table[names.index("c"), names.index("d")] == 1
    assert table.sum() == 2


@pytest.mark.parametrize(
    ("of", "file", "said"),
    [
        ("siblings 1 + pool 1", "", "pool has no matrix; allowed are file, "),
        ("siblings -1", "", "write a method and its weight, above 0"),
        ("file", "", "a term `file` and a file go together"),
        ("siblings", "mine.csv", "a term `file` and a file go together"),
        ("siblings(relative_to=positive)", "", "relative_to is said once, of the blend"),
    ],
)
def test_a_blend_that_cannot_be_read_is_one_line(of, file, said):
    with pytest.raises(HardballError, match="sampler blend") as caught:
        blend.terms(of, file)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("a", "b", -1.0)], "row 1: weight"),
        ([("a", "b", 1.0), ("a", "c", float("inf"))], "row 2: weight"),
        ([("a", "x", 1.0)], "tree has no node 'x'"),
        ([("b", "b", 1.0)], "'b' is its own negative"),
    ],
)
def test_a_file_that_is_wrong_is_one_line(tmp_path, rows, said):
    graph = from_edges("tree", ["b", "c", "d"], ["a", "a", "b"])
    path = tmp_path / "w.csv"
    pd.DataFrame(rows, columns=["node", "negative", "weight"]).to_csv(path, index=False)
    with pytest.raises(HardballError, match="weights: ") as caught:
        blend.chances(graph, "file", str(path))
    assert said in str(caught.value)


def test_columns_and_kinds_of_files_are_named(tmp_path):
    graph = from_edges("tree", ["b", "c", "d"], ["a", "a", "b"])
    (tmp_path / "w.csv").write_text("node,other\na,b\n")
    for name, said in (("w.csv", "lacks negative, weight"), ("w.txt", "no file"), ("w", "no file")):
        with pytest.raises(HardballError, match=said):
            blend.chances(graph, "file", str(tmp_path / name))
    (tmp_path / "w.txt").write_text("")
    with pytest.raises(HardballError, match=r"allowed are \.csv and \.parquet"):
        blend.chances(graph, "file", str(tmp_path / "w.txt"))


def test_a_large_hierarchy_is_refused_before_any_memory_is_taken(random_dag):
    with pytest.raises(HardballError, match="allowed are up to 10,000 nodes"):
        blend.check_size("blend", random_dag(10_001, 1), blend.LARGEST)
