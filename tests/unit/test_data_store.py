"""Cards become hierarchies: bundled ones at once, others built once and asserted."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from hardball.cli import data
from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.data import bundle, cards, fetch, store
from hardball.hierarchy import stored, temporal
from hardball.hierarchy.dag import Hierarchy, from_edges

EDGES = "child\tparent\nb\ta\nc\ta\nd\tb\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout with a cache of its own."""
    (tmp_path / "datasets" / "bundled").mkdir(parents=True)
    monkeypatch.setenv("HARDBALL_ROOT", str(tmp_path))
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path / "cache"))
    return tmp_path


def card(checkout: Path, text: str = EDGES, **changes: object) -> str:
    """A card whose file already lies in the cache."""
    downloads = checkout / "cache" / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    (downloads / "edges.tsv").write_text(text)
    fields = {
        "title": "t", "licence": "l", "notice": "n", "citation": "c", "reader": {"name": "files"},
        "file": "edges.tsv", "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "sources": [{"kind": "url", "url": "http://127.0.0.1:9/edges.tsv"}],
        "expected": {"nodes": 4, "edges": 3, "closure": 4, "roots": 1, "depth": 2},
        "groups": [{"name": "top", "by": "depth", "k": 1}], **changes,
    }  # fmt: skip
    (checkout / "datasets" / "mine.yaml").write_text(yaml.safe_dump(fields))
    cards._load.cache_clear()
    return "mine"


@pytest.mark.parametrize(
    ("name", "nodes", "pairs"), [("wordnet_mammals", 1_180, 6_540), ("ncbi_primates", 1_131, 7_868)]
)
def test_bundled_ones_open_without_cache_or_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, nodes: int, pairs: int
) -> None:
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path / "cache"))
    h = store.open_hierarchy(name)
    assert (h.n_nodes, store.closure_size(h), h.max_depth) == (nodes, pairs, 9)
    assert list(h.groups) == [group.name for group in cards.load(name).groups]
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("name", ["wordnet_mammals", "ncbi_primates"])
def test_writing_a_bundle_again_gives_the_same_bytes(name: str) -> None:
    bundled = cards.load(name).bundled
    assert bundled is not None
    edges, nodes = bundle.texts(store.open_hierarchy(name))
    assert edges.encode() == (bundle.folder() / bundled.edges).read_bytes()
    assert nodes.encode() == (bundle.folder() / bundled.nodes).read_bytes()


def test_a_changed_bundled_file_is_refused(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Path(__file__).parents[2] / "datasets"
    for file in ["wordnet_nouns.yaml", "wordnet_mammals.yaml", "bundled"]:
        if (source / file).is_dir():
            shutil.copytree(source / file, checkout / "datasets" / file, dirs_exist_ok=True)
        else:
            shutil.copy(source / file, checkout / "datasets" / file)
    cards._load.cache_clear()
    edges = checkout / "datasets" / "bundled" / "wordnet_mammals.edges.tsv"
    edges.write_text(edges.read_text() + "new.n.01\tmammal.n.01\n")
    with pytest.raises(HardballError, match=r"edges.tsv was changed: sha256 \w+, expected \w+"):
        store.open_hierarchy("wordnet_mammals")
    edges.unlink()
    with pytest.raises(HardballError, match="restore it from the repository"):
        store.open_hierarchy("wordnet_mammals")


def test_a_card_is_built_on_first_use_and_kept(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h = store.open_hierarchy(card(checkout))
    assert (h.n_nodes, list(h.groups)) == (4, ["top"])
    monkeypatch.setattr(store, "read_table", lambda *_, **__: pytest.fail("built again"))
    assert store.open_hierarchy("mine").content_sha256 == h.content_sha256


def test_a_changed_card_is_built_again(checkout: Path) -> None:
    assert list(store.open_hierarchy(card(checkout)).groups) == ["top"]
    card(checkout, groups=[])
    assert list(store.open_hierarchy("mine").groups) == []


def test_another_count_than_expected_writes_nothing(checkout: Path) -> None:
    name = card(checkout, expected={"nodes": 5, "edges": 3, "closure": 7})
    with pytest.raises(HardballError) as error:
        store.open_hierarchy(name)
    assert str(error.value) == (
        "mine is not what its card expects: nodes 4 (expected 5); closure 4 (expected 7)"
    )
    assert not (store.built("mine") / "meta.json").exists()


def test_another_file_than_expected_is_refused(checkout: Path) -> None:
    name = card(checkout, sha256="0" * 64)
    with pytest.raises(HardballError, match=f"expected {'0' * 64}"):
        store.open_hierarchy(name)


def test_a_half_written_build_is_built_again(checkout: Path) -> None:
    store.open_hierarchy(card(checkout))
    (store.built("mine") / "meta.json").unlink()
    assert store.open_hierarchy("mine").n_nodes == 4
    assert stored.recipe_of(store.built("mine"))


def test_an_unknown_name_lists_cards_and_own_ones(checkout: Path) -> None:
    card(checkout)
    tsv = checkout / "own.tsv"
    tsv.write_text(EDGES)
    store.build_own(tsv)
    with pytest.raises(HardballError, match="no hierarchy 'other': there are mine, own; build"):
        store.open_hierarchy("other")


def test_the_closure_of_a_dag_is_counted_through_every_parent(dag: Hierarchy) -> None:
    # a 0, b 1, c 1, d 2, e 2, f {d,e,b,c,a} 5, g {e,a,c} 3, h {g,c,e,a} 4.
    assert store.closure_size(dag) == 0 + 1 + 1 + 2 + 2 + 5 + 3 + 4


def test_changes_between_two_versions() -> None:
    # b moves from a to n, which is new; d goes; m is new under n; e keeps its parent.
    older = from_edges("old", ["b", "c", "d", "e"], ["a", "a", "b", "c"])
    later = from_edges("new", ["n", "m", "b", "c", "e"], ["a", "n", "n", "a", "c"])
    changes = temporal.compare(older, later)
    assert set(later.ids[changes.added]) == {"n", "m"}
    assert set(later.ids[changes.added[changes.under_known]]) == {"n"}
    assert set(later.ids[changes.moved]) == {"b"}
    assert set(older.ids[changes.gone]) == {"d"}


def test_a_root_that_gets_a_parent_has_moved() -> None:
    older = from_edges("old", ["b"], ["a"])
    later = from_edges("new", ["b", "a"], ["a", "top"])
    assert set(later.ids[temporal.compare(older, later).moved]) == {"a"}


def test_only_trees_are_compared_in_time(dag: Hierarchy, tree: Hierarchy) -> None:
    with pytest.raises(HardballError, match="dag is no tree"):
        temporal.compare(tree, dag)


def fetched(name: str) -> Path:
    """The full source, or a visible skip that says why it is not to be had."""
    try:
        return fetch.fetch(name, progress=False).path
    except HardballError as error:
        pytest.skip(str(error))


@pytest.mark.network
@pytest.mark.parametrize("name", ["wordnet_nouns", "wordnet_mammals", "wordnet_verbs"])
def test_wordnet_from_its_full_source(name: str) -> None:
    """Counts are asserted by the build; the bundled files come out byte for byte."""
    fetched(name)
    card_ = cards.load(name)
    h = store.build_card(name, from_source=True)
    assert all(equal for _, equal in store.counts(h, card_.expected))
    if card_.bundled is not None:
        edges, nodes = bundle.texts(h)
        assert edges.encode() == (bundle.folder() / card_.bundled.edges).read_bytes()
        assert nodes.encode() == (bundle.folder() / card_.bundled.nodes).read_bytes()
        assert h.content_sha256 == store.open_hierarchy(name).content_sha256


@pytest.mark.network
def test_wordnet_pairs_of_the_released_script() -> None:
    fetched("wordnet_nouns")
    pairs = store.variant_pairs("wordnet_nouns", "fb_rule")
    assert pairs.shape == (743_086, 2)
    assert len(np.unique(pairs.astype(np.int64) @ [82_115, 1])) == 743_086


@pytest.mark.parametrize(
    "name",
    [
        "ncbi_full",
        "ncbi_mammalia",
        "ncbi_coleoptera",
        "ncbi_genera",
        "ncbi_vertebrata",
        "ncbi_2021",
    ],
)
def test_ncbi_counts_where_it_is_built(name: str) -> None:
    """170 MB are not downloaded for a test: `hardball build all` makes these run."""
    if stored.recipe_of(store.built(name)) != store.recipe(cards.load(name)):
        pytest.skip(f"{name} is not built here: hardball build {name}")
    h = stored.load(store.built(name))
    lines = store.counts(h, cards.load(name).expected)
    assert [text for text, equal in lines if not equal] == []


def test_temporal_changes_where_both_are_built() -> None:
    for name in ("ncbi_2021", "ncbi_full"):
        if stored.recipe_of(store.built(name)) != store.recipe(cards.load(name)):
            pytest.skip(f"{name} is not built here: hardball build {name}")
    older = stored.load(store.built("ncbi_2021"))
    checks = data._temporal_checks(cards.load("ncbi_2021"), older)
    assert [check.name for check in checks if not check.passed] == []
    assert len(checks) == 4


def test_all_names_every_card_with_counts() -> None:
    assert "ncbi_taxdump" not in data._expand(["all"])
    assert set(data._expand(["all"])) | {"ncbi_taxdump"} == set(cards.names())
    assert (paths.datasets() / "published.csv").is_file()
