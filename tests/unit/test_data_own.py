"""A person's own hierarchy: from a file to a name that suites can use, or to one clear line."""

import errno
import gzip
from pathlib import Path

import pandas as pd
import pytest

from hardball.cli import data
from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.data import store
from hardball.hierarchy import stored
from hardball.hierarchy.dag import Hierarchy


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def links(h: Hierarchy) -> set[tuple[str, str]]:
    return {
        (str(h.ids[node]), str(h.ids[parent]))
        for node in range(h.n_nodes)
        for parent in h.parents_indices[h.parents_indptr[node] : h.parents_indptr[node + 1]]
    }


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("mine.tsv", "child\tparent\nb\ta\nc\ta\n"),
        ("mine.csv", "child,parent\nb,a\nc,a\n"),
        ("mine.csv", '"child","parent"\r\n"b","a"\r\n"c","a"\r\n'),
        ("mine.tsv", "b\ta\nc\ta\n"),
        ("mine.tsv", "\ufeffchild\tparent\nb\ta\nc\ta\n"),
        ("mine.csv", "weight,Parent,Child\n1,a,b\n1,a,c\n"),
        ("mine.csv", "id1,id2,weight\nb,a,1\nc,a,1\n"),
        ("mine.txt", "child,parent\nb,a\nc,a\n"),
        ("mine.tsv", "#child\tparent\n b \ta\n\nc\ta"),
    ],
)
def test_an_edge_list_becomes_a_name(tmp_path: Path, file: str, text: str) -> None:
    store.build_own(write(tmp_path / file, text))
    h = store.open_hierarchy("mine")
    assert links(h) == {("b", "a"), ("c", "a")}


def test_parquet_and_gzip(tmp_path: Path) -> None:
    frame = pd.DataFrame({"child": [20, 30], "parent": [10, 10]})
    frame.to_parquet(tmp_path / "p.parquet")
    (tmp_path / "g.tsv.gz").write_bytes(gzip.compress(frame.to_csv(sep="\t", index=False).encode()))
    for file in ("p.parquet", "g.tsv.gz"):
        assert links(store.build_own(tmp_path / file)[0]) == {("20", "10"), ("30", "10")}


def test_numbers_are_names_and_never_rows(tmp_path: Path) -> None:
    h, _ = store.build_own(write(tmp_path / "taxa.tsv", "9606\t9443\n9443\t1\n007\t1\n"))
    assert sorted(h.ids) == ["007", "1", "9443", "9606"]
    assert h.n_nodes == 4


def test_na_is_an_id(tmp_path: Path) -> None:
    h, _ = store.build_own(write(tmp_path / "x.csv", "child,parent\nNA,null\n"))
    assert links(h) == {("NA", "null")}


def test_names_and_groups_come_from_a_nodes_file(tmp_path: Path) -> None:
    edges = write(tmp_path / "mine.tsv", "child\tparent\nb\ta\nc\ta\n")
    nodes = write(
        tmp_path / "nodes.tsv", "id\tname\tkind\na\tAll\t\nb\tBees\tflies\nc\tCows\twalks\nz\tZ\t\n"
    )
    h, _ = store.build_own(edges, nodes=nodes)
    assert dict(zip(h.ids, h.names, strict=True)) == {
        "a": "All", "b": "Bees", "c": "Cows", "z": "Z",
    }  # fmt: skip
    kind = {raw: code for raw, code in zip(h.ids, h.groups["kind"], strict=True)}
    assert h.group_names["kind"] == ["flies", "walks"]
    assert kind == {"a": -1, "b": 0, "c": 1, "z": -1}
    assert "1 nodes without any edge" in h.notices


def test_a_row_without_a_parent_is_a_root(tmp_path: Path) -> None:
    h, _ = store.build_own(write(tmp_path / "m.csv", "child,parent\na,\nb,a\nlone,\n"))
    assert links(h) == {("b", "a")}
    assert h.n_nodes == 3
    assert h.roots.size == 2


def test_without_a_header_the_order_that_is_assumed_is_said(tmp_path: Path) -> None:
    h, _ = store.build_own(write(tmp_path / "m.tsv", "b\ta\n"))
    assert h.notices == [
        "no header names child and parent: the first column is taken for the child"
    ]


def test_duplicate_edges_are_dropped_and_counted(tmp_path: Path) -> None:
    h, _ = store.build_own(write(tmp_path / "m.csv", "child,parent\nb,a\nb,a\nc,a\nb,a\n"))
    assert h.n_edges == 2
    assert h.notices == ["2 duplicate edges dropped"]


def test_forest_several_parents_and_a_lone_node(tmp_path: Path) -> None:
    edges = write(tmp_path / "m.csv", "child,parent\nb,a\nc,a\nd,b\nd,c\ny,x\n")
    nodes = write(tmp_path / "n.csv", "id\n" + "\n".join("abcdxyz") + "\n")
    h, _ = store.build_own(edges, nodes=nodes)
    assert h.roots.size == 3
    assert links(h) >= {("d", "b"), ("d", "c")}
    assert store.closure_size(h) == 1 + 1 + 3 + 1


def test_a_single_node(tmp_path: Path) -> None:
    h, _ = store.build_own(write(tmp_path / "m.csv", "child,parent\na,\n"))
    assert (h.n_nodes, h.n_edges, h.max_depth) == (1, 0, 0)


def test_a_chain_of_10_000(tmp_path: Path) -> None:
    rows = "".join(f"n{i + 1}\tn{i}\n" for i in range(9_999))
    h, _ = store.build_own(write(tmp_path / "chain.tsv", "child\tparent\n" + rows))
    assert (h.n_nodes, h.max_depth) == (10_000, 9_999)
    # 0 + 1 + ... + 9,999
    assert store.closure_size(h) == 49_995_000


BAD = [
    ("m.tsv", "a\tb\nb\tc\nc\ta\n", r"cycle .*a -> b -> c -> a|cycle .*->.*->.*->"),
    ("m.tsv", "child\tparent\nb\ta\na\ta\n", "self loop .*'a' -> 'a'"),
    ("m.tsv", "", "is empty"),
    ("m.tsv", " \n\n", "is empty"),
    ("m.tsv", "child\tparent\n", "is empty below its header"),
    ("m.tsv", "child\nb\n", "one column: an edge list has two"),
    ("m.csv", "child,above\nb,a\n", "has the columns child, above: name two of them child and"),
    ("m.csv", "b,a\nc,a,1,2\n", "line 2: wrong columns: 2 expected, 4 found"),
    ("m.csv", "b,a,1\nc,a\n", "line 2: wrong columns: 3 expected, 2 found"),
    ("m.tsv", "child\tparent\nb\ta\nc", "line 3: wrong columns: 2 expected, 1 found"),
    ("m.csv", 'child,parent\nb,"a\n', "line 2: wrong columns .*unexpected end"),
    ("m.csv", "child,parent,parent\nb,a,a\n", "two columns 'parent'"),
    ("m.csv", "child,parent\n,a\n", r"row 2: no child id"),
    ("m.bin", "?", r"unknown kind of file: allowed are \.tsv"),
    ("m.parquet", "PAR1", "not readable Parquet"),
    ("m.tsv.gz", "x", "not a whole gzip file"),
    ("two words.tsv", "b\ta\n", "name 'two words': allowed are"),
    ("wordnet_nouns.tsv", "b\ta\n", "that of a card"),
]


@pytest.mark.parametrize(("file", "text", "message"), BAD)
def test_bad_input_is_one_line_and_nothing_is_written(
    tmp_path: Path, cache: Path, file: str, text: str, message: str
) -> None:
    with pytest.raises(HardballError, match=message) as error:
        store.build_own(write(tmp_path / file, text))
    assert "\n" not in str(error.value)
    assert not cache.exists()


@pytest.mark.parametrize("data", [b"b\ta\nM\xfcller\ta\n", "b\ta\n".encode("utf-16"), b"b\ta\0\n"])
def test_broken_encoding_names_the_line(tmp_path: Path, cache: Path, data: bytes) -> None:
    (tmp_path / "m.tsv").write_bytes(data)
    with pytest.raises(HardballError, match=r"m\.tsv, line [12]: not UTF-8"):
        store.build_own(tmp_path / "m.tsv")
    assert not cache.exists()


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ("id,name\na,A\n", "lacks 2 of the ids in the edges, first 'b'"),
        ("id,name\na,A\na,A\nb,B\nc,C\n", "lists 'a' twice"),
        ("a,A,x\nb,B,y\nc,C,z\n", "no header with an id column"),
        ("", "is empty"),
    ],
)
def test_bad_nodes_file(tmp_path: Path, cache: Path, nodes: str, message: str) -> None:
    edges = write(tmp_path / "m.csv", "child,parent\nb,a\nc,a\n")
    with pytest.raises(HardballError, match=message):
        store.build_own(edges, nodes=write(tmp_path / "n.csv", nodes))
    assert not cache.exists()


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(HardballError, match="no file"):
        store.build_own(tmp_path / "none.tsv")


def test_a_full_disk_is_one_line_and_leaves_the_old_build(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edges = write(tmp_path / "mine.tsv", "child\tparent\nb\ta\n")
    store.build_own(edges)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stored.np, "save", full)
    write(edges, "child\tparent\nb\ta\nc\ta\n")
    with pytest.raises(HardballError, match=r"space") as error:
        store.build_own(edges)
    assert "\n" not in str(error.value)
    assert store.open_hierarchy("mine").n_nodes == 2
    assert {p.name for p in (cache / "built").iterdir()} == {"mine", ".mine.lock"}


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    out = tmp_path / "elsewhere" / "tree"
    store.build_own(write(tmp_path / "m.tsv", "b\ta\n"), out=out)
    assert store.open_hierarchy(out).n_nodes == 2
    assert store.open_hierarchy(str(out)).n_nodes == 2


def test_the_command_builds_and_says_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edges = write(tmp_path / "mine.tsv", "child\tparent\nb\ta\nb\ta\n")
    data.build_command(edges=edges, name="bees")
    shown = capsys.readouterr()
    assert shown.out.startswith("bees: 2 nodes, 1 edges, 1 roots, depth 1, no groups; content ")
    assert shown.out.rstrip().endswith(str(paths.cache() / "built" / "bees"))
    assert shown.err == "bees: 1 duplicate edge dropped\n"
    assert data.check_command("bees")


def test_edges_and_names_do_not_mix(tmp_path: Path) -> None:
    with pytest.raises(HardballError, match="one of both"):
        data.build_command(["wordnet_mammals"], edges=tmp_path / "m.tsv")
    with pytest.raises(HardballError, match="one of both"):
        data.build_command()
    with pytest.raises(HardballError, match="go with --edges"):
        data.build_command(["wordnet_mammals"], name="x")
