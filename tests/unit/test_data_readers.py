"""Readers: WordNet's files, the NCBI dump and wheel, OBO, on small hand-made ones."""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.data import archives, readers_files, readers_ncbi, readers_wordnet, store
from hardball.data.table import Table

# offset lex_file type words word lex_id ... pointers [symbol offset pos source/target] | gloss
NOUNS = """\
  1 This is the licence
00000001 03 n 01 entity 0 002 ~ 00000002 n 0000 ~ 00000003 n 0000 | that which is
00000002 05 n 02 Mammal 0 mammalian 0 002 @ 00000001 n 0000 + 00000009 a 0101 | an animal
00000003 05 n 01 bank 0 001 @ 00000001 n 0000 | a | bar in the gloss
00000004 05 n 01 big_cat 0 002 @ 00000002 n 0000 @ 00000003 n 0000 | two parents
00000005 18 n 01 Leo 0 001 @i 00000004 n 0000 | an instance
00000006 18 n 01 cub_of_leo 0 001 @ 00000005 n 0000 | under an instance
00000007 03 n 01 alone 0 000 | no pointer
"""
INDEX = """\
  1 This is the licence
alone n 1 0 1 0 00000007
bank n 2 1 @ 2 1 00000099 00000003
big_cat n 1 1 @ 1 0 00000004
cub_of_leo n 1 1 @ 1 0 00000006
entity n 1 1 ~ 1 1 00000001
leo n 1 1 @i 1 0 00000005
mammal n 1 2 @ + 1 1 00000002
mammalian n 1 1 @ 1 1 00000002
"""


def tar(path: Path, **members: str) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name.replace("__", "/").replace("_", "."))
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


@pytest.fixture
def wordnet(tmp_path: Path) -> Path:
    return tar(tmp_path / "wn.tar.gz", dict__data_noun=NOUNS, dict__index_noun=INDEX)


def edges(table: Table) -> set[tuple[str, str]]:
    return {(str(c), str(p)) for c, p in zip(table.children, table.parents, strict=True)}


def test_wordnet_links_are_hypernyms_of_both_kinds(wordnet: Path) -> None:
    table = readers_wordnet.read(wordnet, pos="noun")
    assert edges(table) == {
        ("mammal.n.01", "entity.n.01"),
        ("bank.n.02", "entity.n.01"),
        ("big_cat.n.01", "mammal.n.01"),
        ("big_cat.n.01", "bank.n.02"),
        ("leo.n.01", "big_cat.n.01"),
        ("cub_of_leo.n.01", "leo.n.01"),
    }


def test_wordnet_ids_count_senses_and_names_read_well(wordnet: Path) -> None:
    table = readers_wordnet.read(wordnet, pos="noun")
    assert table.nodes is not None
    assert table.names is not None
    # `bank` is the second sense of its lemma in the index file.
    assert dict(zip(table.nodes, table.names, strict=True)) == {
        "entity.n.01": "entity",
        "mammal.n.01": "Mammal",
        "bank.n.02": "bank",
        "big_cat.n.01": "big cat",
        "leo.n.01": "Leo",
        "cub_of_leo.n.01": "cub of leo",
        "alone.n.01": "alone",
    }
    assert list(table.labels["lexicographer"][:3]) == ["Tops", "animal", "animal"]


def test_wordnet_isolated_synsets_can_be_dropped(wordnet: Path) -> None:
    table = readers_wordnet.read(wordnet, pos="noun", isolated="drop")
    assert table.nodes is not None
    assert "alone.n.01" not in table.nodes


def test_wordnet_subtree_and_omission(wordnet: Path) -> None:
    table = readers_wordnet.read(wordnet, pos="noun", root="mammal.n.01", omit=["leo.n.01"])
    assert edges(table) == {("big_cat.n.01", "mammal.n.01")}


def test_wordnet_patch_moves_one_edge_and_says_so(wordnet: Path) -> None:
    patch = {"child": "leo.n.01", "parent": "big_cat.n.01", "instead": "bank.n.02"}
    table = readers_wordnet.read(wordnet, pos="noun", patches=[patch])
    assert ("leo.n.01", "bank.n.02") in edges(table)
    assert ("leo.n.01", "big_cat.n.01") not in edges(table)
    assert table.notices == [
        "patched: leo.n.01 put under bank.n.02 instead of big_cat.n.01, with which it forms a cycle"
    ]


def test_wordnet_patch_of_an_edge_that_is_not_there_fails(wordnet: Path) -> None:
    patch = {"child": "leo.n.01", "parent": "entity.n.01", "instead": "bank.n.02"}
    with pytest.raises(HardballError, match=r"leo.n.01 -> entity.n.01: WordNet has 0 such edges"):
        readers_wordnet.read(wordnet, pos="noun", patches=[patch])


def test_wordnet_unknown_root(wordnet: Path) -> None:
    with pytest.raises(HardballError, match=r"root 'cat.n.01' is not a synset"):
        readers_wordnet.read(wordnet, pos="noun", root="cat.n.01")


def test_fb_rule_stops_at_an_instance_reached_by_a_hypernym(wordnet: Path) -> None:
    table = readers_wordnet.read(wordnet, pos="noun")
    pairs = set(zip(*readers_wordnet.fb_rule_pairs(table), strict=True))
    # leo @i big_cat @ mammal @ entity is followed, cub @ leo @i big_cat is not.
    assert {b for a, b in pairs if a == "leo.n.01"} == {
        "big_cat.n.01", "mammal.n.01", "bank.n.02", "entity.n.01",
    }  # fmt: skip
    assert {b for a, b in pairs if a == "cub_of_leo.n.01"} == {"leo.n.01"}


def test_a_broken_archive_and_a_missing_member(tmp_path: Path, wordnet: Path) -> None:
    with pytest.raises(HardballError, match=r"has no member 'dict/data.verb'"):
        readers_wordnet.read(wordnet, pos="verb")
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(wordnet.read_bytes()[:200])
    with pytest.raises(HardballError, match="not a readable archive"):
        archives.read_members(broken, ["dict/data.noun"])


# 1 no rank > 7711 phylum > 40674 class > {9443 order > 9604 family > 9606, 9989 order}
NODES = """\
1\t|\t1\t|\tno rank\t|\t\t|
9606\t|\t9604\t|\tspecies\t|\t\t|
7711\t|\t1\t|\tphylum\t|\t\t|
40674\t|\t7711\t|\tclass\t|\t\t|
9443\t|\t40674\t|\torder\t|\t\t|
9604\t|\t9443\t|\tfamily\t|\t\t|
9989\t|\t40674\t|\torder\t|\t\t|
"""
NAMES = """\
1\t|\troot\t|\t\t|\tscientific name\t|
9606\t|\thuman\t|\t\t|\tgenbank common name\t|
9606\t|\tHomo sapiens\t|\t\t|\tscientific name\t|
9443\t|\tPrimates\t|\t\t|\tscientific name\t|
"""


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    (tmp_path / "nodes.dmp").write_text(NODES)
    (tmp_path / "names.dmp").write_text(NAMES)
    return tmp_path / "nodes.dmp"


def test_the_dump_loses_only_the_edge_of_the_root_to_itself(dump: Path) -> None:
    table = readers_ncbi.read_dump(dump)
    assert edges(table) == {
        ("9606", "9604"), ("7711", "1"), ("40674", "7711"), ("9443", "40674"), ("9604", "9443"),
        ("9989", "40674"),
    }  # fmt: skip


def test_scientific_names_alone_are_taken(dump: Path) -> None:
    table = readers_ncbi.read_dump(dump)
    assert table.names is not None
    assert table.nodes is not None
    named = dict(zip(table.nodes.tolist(), table.names, strict=True))
    assert named[9606] == "Homo sapiens"
    assert named[9604] == "9604"


def test_a_subtree_of_the_dump(dump: Path) -> None:
    table = readers_ncbi.read_dump(dump, root=9443)
    assert edges(table) == {("9604", "9443"), ("9606", "9604")}


def test_the_dump_down_to_a_rank(dump: Path) -> None:
    """9606 is below the families; 9989 has none below it and is none."""
    down = readers_ncbi.read_dump(dump, down_to="family")
    assert edges(down) == {("7711", "1"), ("40674", "7711"), ("9443", "40674"), ("9604", "9443")}
    assert down.nodes is not None
    assert sorted(down.nodes) == [1, 7711, 9443, 9604, 40674]
    part = readers_ncbi.read_dump(dump, root=40674, down_to="order")
    assert edges(part) == {("9443", "40674"), ("9989", "40674")}
    with pytest.raises(HardballError, match="rank 'phylum': there are class, family, order"):
        readers_ncbi.read_dump(dump, root=40674, down_to="phylum")


def test_rank_groups_are_the_nearest_ancestor_of_that_rank(dump: Path) -> None:
    from hardball.data.cards import Group
    from hardball.data.groups import add

    ranks = [Group(name=rank, by="rank") for rank in ("order", "family")]
    h = add(store.to_hierarchy("dump", readers_ncbi.read_dump(dump)), ranks)
    label = {
        group: {
            str(raw): h.group_names[group][code] if code >= 0 else None
            for raw, code in zip(h.ids, codes, strict=True)
        }
        for group, codes in h.groups.items()
    }
    assert label["order"] == {
        "1": None, "7711": None, "40674": None, "9443": "Primates", "9604": "Primates",
        "9606": "Primates", "9989": "9989",
    }  # fmt: skip
    assert [raw for raw, value in label["family"].items() if value] == ["9604", "9606"]


def test_depth_groups_are_the_ancestor_at_that_depth(dump: Path) -> None:
    from hardball.data.groups import by_depth

    h = store.to_hierarchy("dump", readers_ncbi.read_dump(dump))
    codes, names = by_depth(h, 3)
    labels = [names[code] if code >= 0 else None for code in codes]
    found = dict(zip(h.ids, labels, strict=True))
    assert found == {
        "1": None, "7711": None, "40674": None, "9443": "Primates", "9604": "Primates",
        "9606": "Primates", "9989": "9989",
    }  # fmt: skip


def test_the_dump_in_its_archive(tmp_path: Path, dump: Path) -> None:
    archive = tar(tmp_path / "taxdump.tar.gz", nodes_dmp=NODES, names_dmp=NAMES)
    assert edges(readers_ncbi.read_dump(archive)) == edges(readers_ncbi.read_dump(dump))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\t|\t1\t|\tno rank\t|\n5\t|\t4\t|\tclass\t|\n", "TaxID 5 has the unknown parent 4"),
        ("5\t|\t1\n", "line 1: expected `tax_id"),
        ("child\tparent\nb\ta\n", "line 1: expected `tax_id"),
        ("", "is empty"),
        ("1\t|\t1\t|\tx\t|\n1\t|\t1\t|\tx\t|\n", "TaxID 1 stands there twice"),
    ],
)
def test_a_broken_dump(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "nodes.dmp").write_text(text)
    with pytest.raises(HardballError, match=message):
        readers_ncbi.read_dump(tmp_path / "nodes.dmp")


def test_a_cycle_in_the_dump_is_shown(tmp_path: Path) -> None:
    rows = [(1, 1), (2, 3), (3, 4), (4, 2)]
    text = "".join(f"{child}\t|\t{parent}\t|\tclass\t|\n" for child, parent in rows)
    (tmp_path / "nodes.dmp").write_text(text)
    with pytest.raises(HardballError, match=r"cycle .*2 -> 3 -> 4 -> 2|cycle .*-> "):
        store.to_hierarchy("dump", readers_ncbi.read_dump(tmp_path / "nodes.dmp"))


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """The same taxa as a wheel: marisa tries and zstandard lines, as the real ones have them."""
    marisa_trie = pytest.importorskip("marisa_trie")
    zstandard = pytest.importorskip("zstandard")
    parents = {1: 1, 7711: 1, 40674: 7711, 9443: 40674, 9604: 9443, 9606: 9604, 9989: 40674}
    ranks = {1: 45, 7711: 18, 40674: 3, 9443: 15, 9604: 5, 9606: 23, 9989: 15}
    taxa = marisa_trie.RecordTrie(
        "<IBBB", [(str(i), (p, ranks[i], 5, 1)) for i, p in parents.items()]
    )
    lines, starts = b"", []
    for taxon in parents:
        starts.append((str(taxon), (len(lines),)))
        lines += f"taxon {taxon}\n".encode()
    path = tmp_path / "taxa-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("db/taxa.marisa", taxa.tobytes())
        archive.writestr(
            "db/scientific_name.marisa", marisa_trie.RecordTrie("<I", starts).tobytes()
        )
        archive.writestr("db/scientific_name.zstd", zstandard.compress(lines))
        archive.writestr("db/__init__.py", "raise SystemExit('run!')")
    return path


def test_a_wheel_holds_the_same_as_the_dump(wheel: Path, dump: Path) -> None:
    table, same = readers_ncbi.read_wheel(wheel, package="db"), readers_ncbi.read_dump(dump)
    assert edges(table) == edges(same)
    assert table.nodes is not None
    assert table.names is not None
    assert table.names.tolist() == [f"taxon {taxon}" for taxon in table.nodes]
    assert np.array_equal(
        table.labels["rank"], [str(r).replace(" ", "_") for r in same.labels["rank"]]
    )


def test_a_subtree_of_a_wheel_and_an_unknown_root(wheel: Path) -> None:
    table = readers_ncbi.read_wheel(wheel, package="db", root=9443)
    assert edges(table) == {("9604", "9443"), ("9606", "9604")}
    with pytest.raises(HardballError, match="no TaxID 8 "):
        readers_ncbi.read_wheel(wheel, package="db", root=8)


def test_without_the_optional_readers_the_extra_is_named(
    wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "marisa_trie", None)
    with pytest.raises(HardballError, match=r"needs marisa-trie: pip install 'hardball\[data\]'"):
        readers_ncbi.read_wheel(wheel, package="db")


def test_a_wheel_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for stem in ("taxa.marisa", "scientific_name.marisa", "scientific_name.zstd"):
            archive.writestr(f"db/{stem}", b"not this")
    with pytest.raises(HardballError, match="not a taxonomy wheel"):
        readers_ncbi.read_wheel(path, package="db")


OBO = """\
format-version: 1.2
default-namespace: process

[Term]
id: X:1
name: root ! of all
alt_id: X:9

[Term]
id: X:2
name: inner
is_a: X:1 ! root of all
is_a: X:7 {source="elsewhere"} ! not defined here

[Term]
id: X:3
name: leaf
namespace: function
is_a: X:2 {is_inferred="true"} ! inner

[Term]
id: X:4
name: gone
is_a: X:1
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""


def test_obo_terms_and_is_a_links(tmp_path: Path) -> None:
    (tmp_path / "x.obo").write_text(OBO)
    table = readers_files.read(tmp_path / "x.obo")
    assert edges(table) == {("X:2", "X:1"), ("X:3", "X:2")}
    assert table.nodes is not None
    assert table.names is not None
    assert table.nodes.tolist() == ["X:1", "X:2", "X:3"]
    assert table.names.tolist() == ["root ! of all", "inner", "leaf"]
    assert table.labels["namespace"].tolist() == ["process", "process", "function"]
    assert table.notices == ["1 links leave what is kept (first: X:7)"]


def test_obo_namespaces(tmp_path: Path) -> None:
    (tmp_path / "x.obo").write_text(OBO)
    table = readers_files.read(tmp_path / "x.obo", namespaces=["process"])
    assert edges(table) == {("X:2", "X:1")}
    with pytest.raises(HardballError, match=r"no namespace 'component': it has function, process"):
        readers_files.read(tmp_path / "x.obo", namespaces=["component"])


def test_obo_without_terms(tmp_path: Path) -> None:
    (tmp_path / "x.obo").write_text("format-version: 1.2\n")
    with pytest.raises(HardballError, match="is empty"):
        readers_files.read(tmp_path / "x.obo")
