"""Edge lists that a generator makes: what is read is what a graph library says, or one line."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hardball as hb
from hardball.core.errors import HardballError
from hardball.data import readers_files, store
from hardball.library.hierarchies import hierarchy_of

Pairs = Sequence[tuple[str, str]]

# Ids that a table may hold: no line ends or tabs, which part its cells, and no blank ends.
PLAIN = st.text("abcABC019.,;|_-:/#'() éßØ中😀\u0301\u00a0\u200b", min_size=1, max_size=12)
ODD = st.sampled_from(["NA", "null", "nan", "None", "1e5", "007", "7", "true", "-", "x" * 5000])
IDS = st.one_of(PLAIN, ODD).map(str.strip).filter(lambda text: text.strip("\ufeff#"))
FEW = st.sampled_from(list("abcdefgh"))


@st.composite
def shaped(draw: st.DrawFn) -> Pairs:
    """Deep chains, wide stars, trees and graphs of several parents, without cycles."""
    n = draw(st.integers(2, 60))
    shape = draw(st.sampled_from(["chain", "star", "tree", "graph"]))
    if shape == "chain":
        return [(f"n{i}", f"n{i - 1}") for i in range(1, n * 20)]
    if shape == "star":
        return [(f"n{i}", "n0") for i in range(1, n * 20)]
    pairs = [(f"n{i}", f"n{draw(st.integers(0, i - 1))}") for i in range(1, n)]
    if shape == "graph":
        pairs += [(f"n{i}", f"n{draw(st.integers(0, i - 1))}") for i in range(1, n, 3)]
    return draw(st.permutations(pairs))


LISTS = st.one_of(
    st.lists(st.tuples(IDS, IDS), min_size=1, max_size=12),
    st.lists(st.tuples(FEW, FEW), min_size=1, max_size=12),
    shaped(),
)


def agrees(pairs: Pairs, found: "hb.Hierarchy | HardballError") -> None:
    """What came out is what networkx finds in the same pairs; an error only where there is one."""
    graph = nx.DiGraph(pairs)
    if isinstance(found, HardballError):
        said = str(found)
        assert "\n" not in said
        if "cycle" in said or "self loop" in said:
            assert not nx.is_directed_acyclic_graph(graph)
        else:
            raise AssertionError(said)
        return
    assert nx.is_directed_acyclic_graph(graph)
    assert set(map(str, found.ids)) == set(graph)
    edges = {
        (str(found.ids[node]), str(found.ids[parent]))
        for node in range(found.n_nodes)
        for parent in found.parents_indices[
            found.parents_indptr[node] : found.parents_indptr[node + 1]
        ]
    }
    wanted = set(graph.edges)
    if any("list all ancestors" in notice for notice in found.notices):
        wanted = set(nx.transitive_reduction(graph).edges)
    assert edges == wanted
    roots = [node for node in graph if not graph.out_degree(node)]
    assert {str(found.ids[root]) for root in found.roots} == set(roots)


def tried(read: object) -> object:
    try:
        return read()  # type: ignore[operator]
    except HardballError as error:
        return error


def written(pairs: Pairs, ending: str) -> str:
    if ending == ".jsonl":
        return "".join(json.dumps({"child": a, "parent": b}) + "\n" for a, b in pairs)
    if ending == ".tsv":
        return "child\tparent\n" + "".join(f"{a}\t{b}\n" for a, b in pairs)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("child", "parent"), *pairs])
    return text.getvalue()


QUICK = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@QUICK
@given(pairs=LISTS, ending=st.sampled_from([".tsv", ".csv", ".jsonl"]))
def test_edge_lists_of_all_kinds(pairs: Pairs, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{ending}"
    path.write_text(written(pairs, ending), encoding="utf-8", newline="")
    agrees(pairs, tried(lambda: hierarchy_of(path)))


@QUICK
@given(pairs=st.lists(st.tuples(IDS, IDS), min_size=1, max_size=12))
def test_pairs_of_python(pairs: Pairs) -> None:
    agrees(pairs, tried(lambda: hierarchy_of(pairs)))


@settings(QUICK, max_examples=100)
@given(text=st.text(max_size=200), ending=st.sampled_from(
    [".tsv", ".csv", ".txt", ".jsonl", ".obo", ".nwk", ".ofn", ".dmp", ""]
))  # fmt: skip
def test_any_text_is_read_or_refused_in_one_line(text: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{ending}"
    path.write_text(text, encoding="utf-8", newline="", errors="ignore")
    found = tried(lambda: store.own("t", readers_files.read(path)))
    assert not isinstance(found, HardballError) or "\n" not in str(found)


@settings(QUICK, max_examples=100)
@given(data=st.binary(max_size=200), ending=st.sampled_from(
    [".tsv", ".csv.gz", ".parquet", ".jsonl", ".obo", ".nwk", ".zip", ".tar.gz", ".dmp"]
))  # fmt: skip
def test_any_bytes_are_read_or_refused_in_one_line(
    data: bytes, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"t{ending}"
    path.write_bytes(data)
    found = tried(lambda: store.own("t", readers_files.read(path)))
    assert not isinstance(found, HardballError) or "\n" not in str(found)


TRAINED = [
    [("b", "a")],
    [("é 中", "😀"), ("NA", "😀"), ("null", "NA"), ("x" * 2000, "NA")],
    [(f"n{i}", f"n{i - 1}") for i in range(1, 40)],
    [(f"n{i}", "n0") for i in range(1, 40)],
    [("b", "a"), ("c", "a"), ("d", "b"), ("d", "c"), ("y", "x")],
]


@pytest.mark.full
@pytest.mark.parametrize("pairs", TRAINED)
def test_a_few_are_trained_asked_saved_and_read_again(pairs: Pairs, tmp_path: Path) -> None:
    short = {"epochs": 2, "negatives": 2, "batch_size": 4}
    found = hb.fit(pairs, short, dim=2, framework="torch", progress=False)
    assert set(map(str, found.hierarchy.ids)) == {each for pair in pairs for each in pair}
    child, parent = pairs[0]
    assert found.is_a(child, parent)
    again = hb.load(found.save(tmp_path / "x.npz"))
    assert again.nearest(child, 1).equals(found.nearest(child, 1))
    assert np.array_equal(again.points, found.points)
