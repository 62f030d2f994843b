"""Published splits: fetched or given, checked, numbered as the hierarchy is, and asked about."""

import hashlib
import lzma
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import yaml

from hardball.cli import data
from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.data import published_splits
from hardball.hierarchy import splits
from hardball.hierarchy.closure import closure, from_pairs
from hardball.hierarchy.dag import from_edges
from hardball.hierarchy.splits import Split
from hardball.methods import registry
from hardball.metrics import classify, link_scale
from hardball.metrics.polar import to_polar

# The tree of the fixture without its root: b above d, e, f, h; c above g, i; d above h; g above i.
# Non-basic are h below b, i below c. Lines are `parent TAB child` by row of the vocabulary.
VOCABULARY = ["i", "h", "g", "f", "e", "d", "c", "b"]
PARTS = {
    "vocab": "".join(f"{row}\t{word}\n" for row, word in enumerate(VOCABULARY)),
    "train_0percent": "7\t5\n7\t4\n7\t3\n6\t2\n5\t1\n2\t0\n",
    "valid": "7\t1\n",
    "test": "6\t0\n",
    "valid_neg": "6\t1\n7\t2\n",
    "test_neg": "7\t0\n6\t3\n",
}

# The words of `chain` are its nodes b to f; held out are d below b and f below c.
CHAIN = {
    "vocab": "".join(f"{row}\t{word}\n" for row, word in enumerate("bcdef")),
    "train_0percent": "0\t1\n1\t2\n2\t3\n3\t4\n",
    "valid": "0\t2\n",
    "test": "1\t4\n",
    "valid_neg": "4\t0\n",
    "test_neg": "3\t1\n",
}
SETS = {"tree": PARTS, "chain": CHAIN}


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def authors(tmp_path, monkeypatch):
    """A folder with the authors' files, one of them packed; the card of the split is written."""
    monkeypatch.setenv("HARDBALL_ROOT", str(tmp_path))
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "datasets" / "splits").mkdir(parents=True)
    card = {
        "title": "t", "licence": "l", "citation": "c", "homepage": "h", "url": "http://127.0.0.1:9",
        "sets": {
            name: {"prefix": f"{name}.tsv", "sha256": {k: sha(v) for k, v in parts.items()}}
            for name, parts in SETS.items()
        },
    }  # fmt: skip
    (tmp_path / "datasets" / "splits" / "ganea2018.yaml").write_text(yaml.safe_dump(card))
    folder = tmp_path / "authors"
    folder.mkdir()
    for name, parts in SETS.items():
        for part, text in parts.items():
            (folder / f"{name}.tsv.{part}").write_text(text)
    packed = folder / "tree.tsv.test"
    Path(f"{packed}.xz").write_bytes(lzma.compress(packed.read_bytes()))
    packed.unlink()
    return folder


def named(h, pairs):
    return {"".join(str(h.ids[node]) for node in pair) for pair in pairs}


def test_the_task_has_the_authors_pairs_by_the_names_of_the_hierarchy(authors, tree):
    data.fetch_command(["ganea2018"], given=authors)
    split = registry.builder("task", "ganea2018")(tree, closure(tree), 0, fraction=0.0)
    assert named(tree, split.train) == {"db", "eb", "fb", "gc", "hd", "ig"}
    assert named(tree, split.validation) == {"hb"}
    assert named(tree, split.test) == {"ic"}
    assert named(tree, split.corrupted["validation"]) == {"hc", "gb"}
    assert named(tree, split.corrupted["test"]) == {"ib", "fc"}
    assert split.links
    assert splits.leaks(split) == []


def test_a_share_that_was_not_published_is_drawn_from_what_is_neither_held_out_nor_basic(authors):
    """a > b > c > d > e > f: of the six non-basic pairs without the root, two are held out."""
    chain = from_edges("chain", list("bcdef"), list("abcde"))
    data.fetch_command(["ganea2018"], given=authors)
    task = registry.builder("task", "ganea2018")
    basic, free = {"cb", "dc", "ed", "fe"}, {"eb", "ec", "fb", "fd"}
    drawn = [named(chain, task(chain, closure(chain), s, fraction=0.5).train) for s in range(8)]
    for pairs in drawn:
        assert basic < pairs
        assert len(pairs - basic) == 3  # half of all six
        assert pairs - basic < free
    assert len(set(map(frozenset, drawn))) > 1
    again = task(chain, closure(chain), 0, fraction=0.5).train
    assert named(chain, again) == drawn[0]


def test_files_that_lack_or_are_not_the_published_ones_are_refused(authors, tree):
    task = registry.builder("task", "ganea2018")
    with pytest.raises(HardballError, match=r"vocab: run `hardball fetch ganea2018`|valid: run"):
        task(tree, closure(tree), 0, fraction=0.0)
    (authors / "tree.tsv.valid").write_text("7\t2\n")
    with pytest.raises(HardballError, match=r"valid: sha256 .*, expected .*: not the publ"):
        data.fetch_command(["ganea2018"], given=authors)
    (authors / "tree.tsv.valid").unlink()
    with pytest.raises(HardballError, match=r"neither .*valid nor tree.tsv.valid.xz is there"):
        data.fetch_command(["ganea2018"], given=authors)
    assert not list(published_splits.folder("ganea2018").glob("tree.tsv.valid*"))
    with pytest.raises(HardballError, match="--from goes with ganea2018 alone"):
        data.fetch_command(["wordnet_nouns"], given=authors)


def test_another_hierarchy_has_no_such_pairs(authors, dag):
    data.fetch_command(["ganea2018"], given=authors)
    with pytest.raises(HardballError, match="no pairs of dag: allowed are chain, tree"):
        registry.builder("task", "ganea2018")(dag, closure(dag), 0, fraction=0.0)


def test_a_file_that_was_changed_after_it_came_is_noticed(authors, tree):
    data.fetch_command(["ganea2018"], given=authors)
    (published_splits.folder("ganea2018") / "tree.tsv.test_neg").write_text("7\t0\n")
    with pytest.raises(HardballError, match="test_neg is not the published file: delete it"):
        registry.builder("task", "ganea2018")(tree, closure(tree), 0, fraction=0.0)


def test_the_projects_own_card_names_both_sets():
    found = published_splits.load("ganea2018")
    assert set(found.sets) == {"wordnet_mammals", "wordnet_nouns"}
    assert "train_50percent" in found.sets["wordnet_mammals"].sha256
    assert "train_50percent" not in found.sets["wordnet_nouns"].sha256
    assert (paths.datasets() / "splits" / "ganea2018.yaml").is_file()


def line_split(positions, true, corrupted):
    """Points on a line of R^2, and a split whose halves are both the given pairs."""
    points = np.stack([np.asarray(positions, float), np.zeros(len(positions))], axis=1)
    known = from_pairs(np.array(true, np.int32), len(points))
    pairs = {name: np.array(corrupted, np.int32) for name in ("test", "validation")}
    held = np.array(true, np.int32)
    return to_polar(points, "euclidean"), Split(
        "given", held, known, held, held, known, links=True, corrupted=pairs
    )


def test_given_corrupted_pairs_are_the_ones_that_links_are_told_from():
    # Links at distances 1 and 2, corrupted ones at 1.5 and 3: best is "all up to 2", 2 of 3 right.
    _, split = line_split([0, 1, 10, 12, 20, 21.5, 30, 33], [(0, 1), (2, 3)], [(4, 5), (6, 7)])
    chosen, tested = classify.held_links(split, 0)
    assert tested.pairs.tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert tested.true.tolist() == chosen.true.tolist() == [True, True, False, False]
    assert classify.f1(np.array([1, 1, 1, 0], bool), tested.true) == pytest.approx(4 / 5)


def test_a_scale_is_the_distance_to_the_tenth_nearest_other_node():
    polar, _ = line_split(np.arange(30.0) ** 2, [(0, 1)], [(2, 3)])
    # Of node 0 the tenth nearest is node 10, at 100; of 29 it is 19, at 841 - 361.
    np.testing.assert_allclose(link_scale.scales(polar, np.array([0, 29])), [100.0, 480.0])


def test_scales_of_many_nodes_take_the_memory_of_one_block(monkeypatch):
    """Of 2,000 nodes in blocks of ten rows; all rows together would be 32 MB."""
    points = np.random.default_rng(0).normal(size=(2000, 2))
    polar = to_polar(points, "euclidean")
    monkeypatch.setattr(link_scale, "CELLS", 20_000)
    link_scale.scales(polar, np.arange(20))
    tracemalloc.start()
    link_scale.scales(polar, np.arange(2000))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Measured 0.7 MB.
    # Measured 0.4 MB.
    assert most < 4e6


def test_a_local_scale_tells_links_of_crowded_and_lonely_nodes_by_one_threshold():
    """A crowd of step 1 and a lonely line of step 100: links are the next neighbours of each."""
    crowd, lonely = np.arange(40.0), 10_000 + 100 * np.arange(40.0)
    true = [(i, i + 1) for i in range(0, 39, 3)] + [(40 + i, 41 + i) for i in range(0, 39, 3)]
    # In the crowd thirty steps are far, and less than one step of the lonely.
    corrupted = [(i, i + 30) for i in range(9)] + [(40 + i, 70 + i) for i in range(9)]
    polar, split = line_split([*crowd, *lonely], true, corrupted)
    plain = classify.link_figures(polar, split, 0)["link_f1"]
    scaled = link_scale.scaled_link_figures(polar, split, 0)["link_f1_local"]
    # By distance alone: all of the crowd, or all: 2 x 26 / (26 + 9 + 26) at best.
    assert plain == pytest.approx(52 / 61)
    assert scaled == 1.0
