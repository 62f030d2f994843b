"""Graphs of two sides: how one is read, which links are held out, what a run of it says."""

import json
from pathlib import Path

import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.data import features, readers_bipartite, store
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.hierarchy.splits import leaks
from hardball.methods.tasks.bipartite_links import bipartite_links
from hardball.runs.spec import RunSpec
from hardball.training.train import train

# The first text is the animal's name.
ANIMALS = {
    "c": ["house_cat", "Pet", "pet", "whiskers"],
    "d": ["dog", "pet", "a  guard"],
    "w": ["wolf", "a_guard", "moon"],
    "m": ["mole"],
}


def written(folder: Path, content: object) -> Path:
    path = folder / "animals.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_listed_text_is_a_root_above_its_keys(tmp_path: Path) -> None:
    table = readers_bipartite.read(written(tmp_path, {"cat": ["pet"]}), one="animal", other="word")
    h = store.to_hierarchy("animals", table)
    assert h.ids.tolist() == ["word:pet", "animal:cat"]
    assert h.names.tolist() == ["pet", "cat"]
    assert [h.group_names["side"][code] for code in h.groups["side"]] == ["word", "animal"]
    assert h.depth.tolist() == [0, 1]


def test_names_are_no_links_and_rare_texts_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, ANIMALS)
    table = readers_bipartite.read(path, one="animal", other="word", named=True, fewest=2)
    # "Pet" and "pet" are one text, as are "a  guard" and "a_guard"; whiskers and moon are of one
    # animal each, and the mole has no text.
    assert list(zip(table.children, table.parents, strict=True)) == [
        ("animal:c", "word:pet"),
        ("animal:d", "word:pet"),
        ("animal:d", "word:a guard"),
        ("animal:w", "word:a guard"),
    ]
    assert table.names is not None
    assert table.names.tolist() == ["house cat", "dog", "wolf", "pet", "a guard"]
    assert table.notices == ["2 links to a word of fewer than 2 are left out"]


@pytest.mark.parametrize(
    ("content", "fewest", "said"),
    [
        (["pet"], 1, "write one object of lists"),
        ({"cat": "pet"}, 1, "'cat' has 'pet': write a list of texts"),
        ({"cat": [1]}, 1, r"'cat' has \[1\]: write a list of texts"),
        ({"cat": ["pet"]}, 2, "no link between two nodes, with fewest=2"),
        ({}, 1, "no link between two nodes"),
    ],
)
def test_another_form_is_refused_in_a_line(
    content: object, fewest: int, said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(HardballError, match=said):
        readers_bipartite.read(path, one="animal", other="word", fewest=fewest)


@pytest.fixture(scope="module")
def graph() -> Hierarchy:
    """60 of one side with 1 to 6 of 25 others."""
    rng = np.random.default_rng(3)
    links = [
        (f"a{node}", f"b{other}")
        for node in range(60)
        for other in rng.choice(25, size=rng.integers(1, 7), replace=False)
    ]
    return from_edges("graph", *zip(*links, strict=True))


@pytest.mark.parametrize("seed", [0, 1])
def test_both_ends_of_a_held_out_link_keep_another(graph: Hierarchy, seed: int) -> None:
    split = bipartite_links(graph, closure(graph), seed, holdout=1.0)
    assert split.test is not None
    assert split.validation is not None
    held = np.concatenate([split.test, split.validation])
    assert len(split.train) + len(held) == graph.n_edges
    assert set(split.train.ravel().tolist()) == set(range(graph.n_nodes))
    assert leaks(split) == []
    # No further link can be held out: one end of each that is left has no other.
    degree = np.bincount(split.train.ravel(), minlength=graph.n_nodes)
    assert (degree[split.train].min(axis=1) == 1).all()


def test_half_of_the_share_is_the_test_and_a_smaller_share_is_a_part_of_it(
    graph: Hierarchy,
) -> None:
    above = closure(graph)
    every = bipartite_links(graph, above, 5, holdout=1.0)
    some = bipartite_links(graph, above, 5, holdout=0.5)
    assert every.test is not None
    assert some.test is not None
    assert some.validation is not None
    assert every.validation is not None
    most = len(every.test) + len(every.validation)
    assert len(some.test) + len(some.validation) == round(most / 2)
    assert len(some.test) - len(some.validation) in (0, 1)
    held = {tuple(link) for part in (every.test, every.validation) for link in part.tolist()}
    assert {tuple(link) for link in some.test.tolist()} <= held
    again = bipartite_links(graph, above, 5, holdout=0.5)
    np.testing.assert_array_equal(some.test, again.test)


def test_pairs_within_a_side_are_in_no_ranking(graph: Hierarchy) -> None:
    exclude = bipartite_links(graph, closure(graph), 0, holdout=0.5).exclude
    links = closure(graph)
    for node in range(graph.n_nodes):
        row = exclude.indices[exclude.indptr[node] : exclude.indptr[node + 1]].tolist()
        own = np.flatnonzero(graph.depth == graph.depth[node]).tolist()
        linked = links.indices[links.indptr[node] : links.indptr[node + 1]].tolist()
        assert row == sorted({*own, *linked} - {node})


def test_look_alikes_of_one_depth_are_of_one_side() -> None:
    h = from_edges(
        "cats", ["a", "b", "c"], ["x", "y", "x"],
        nodes=["a", "b", "c", "x", "y"], names=["wild cat", "wild cats", "dog", "cat", "cats"],
    )  # fmt: skip
    row = {name: place for place, name in enumerate(h.names.tolist())}
    nodes = np.array([row["wild cat"], row["wild cat"], row["cat"]])
    others = np.array([row["wild cats"], row["cat"], row["cats"]])
    plain = features.cosines(features.features(h, "names"), nodes, others)
    within = features.cosines(features.features(h, "names_of_depth"), nodes, others)
    assert (plain > 0).all()
    np.testing.assert_allclose(within, plain * [1, 0, 1])


def test_what_cannot_be_held_out_is_said() -> None:
    chain = from_edges("chain", ["b", "c"], ["a", "b"])
    with pytest.raises(HardballError, match="chain has depth 2, and a graph of two sides"):
        bipartite_links(chain, closure(chain), 0, holdout=0.5)
    wide = from_edges("wide", np.arange(1, 6000), np.zeros(5999, int))
    with pytest.raises(HardballError, match="6,000 nodes, allowed are up to 5,000"):
        bipartite_links(wide, closure(wide), 0, holdout=0.5)
    lone = from_edges("lone", ["a", "b"], ["x", "x"])
    with pytest.raises(HardballError, match="lone has 0 links whose ends have others"):
        bipartite_links(lone, closure(lone), 0, holdout=0.5)


def test_a_run_ranks_the_held_out_links(graph: Hierarchy) -> None:
    spec = RunSpec(
        dataset="graph", framework="torch", seed=0, task="bipartite_links", loss="fermi_dirac",
        dim=2, negatives=4, batch_size=16, epochs=3, lr=0.1,
    )  # fmt: skip
    metrics = train(spec, hierarchy=graph, progress=False).row.metrics
    split = bipartite_links(graph, closure(graph), 0, holdout=0.2)
    assert split.test is not None
    # Pairs of two sides that are no known link.
    pairs = len(graph.roots) * (graph.n_nodes - len(graph.roots))
    pairs -= graph.n_edges - len(split.test)
    # So many of 1,000 pairs drawn at random are links that were held out.
    expected = 1000 * len(split.test) / pairs
    assert metrics["vs_random_at_1000"] == pytest.approx(
        1000 * metrics["global_precision_at_1000"] / expected
    )
