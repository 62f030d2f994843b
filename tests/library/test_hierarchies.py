"""What people have, as a hierarchy: pairs, frames, graphs, files, names."""

from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from hardball.core.errors import HardballError
from hardball.library.hierarchies import hierarchy_of

PAIRS = [("cat", "feline"), ("lion", "feline"), ("feline", "mammal"), ("dog", "mammal")]


def edges(h) -> set[tuple[str, str]]:
    return {(h.ids[v], h.ids[p]) for v, p in enumerate(h.parent) if p >= 0}


@pytest.mark.parametrize(
    "data",
    [
        PAIRS,
        iter(PAIRS),
        pd.DataFrame(PAIRS, columns=["child", "parent"]),
        pd.DataFrame([(p, c) for c, p in PAIRS], columns=["Parent", "child_id"]),
        pd.DataFrame(PAIRS),
        nx.DiGraph(PAIRS),
    ],
    ids=["pairs", "iterator", "frame", "named columns", "two columns", "graph"],
)
def test_the_same_edges_in_every_form(data):
    assert edges(hierarchy_of(data)) == set(PAIRS)


def test_edges_may_lead_from_parent_to_child():
    down = [(p, c) for c, p in PAIRS]
    assert edges(hierarchy_of(down, reverse=True)) == set(PAIRS)
    assert edges(hierarchy_of(nx.DiGraph(down), reverse=True)) == set(PAIRS)


def test_a_file_and_a_data_set_by_name(tmp_path: Path):
    path = tmp_path / "pets.tsv"
    path.write_text("child\tparent\n" + "".join(f"{c}\t{p}\n" for c, p in PAIRS))
    found = hierarchy_of(path)
    assert (found.name, edges(found)) == ("pets", set(PAIRS))
    assert hierarchy_of("wordnet_mammals").n_nodes == 1180
    assert hierarchy_of(found) is found


def test_names_of_a_graph_and_lone_nodes_and_roots_are_kept():
    graph = nx.DiGraph(PAIRS)
    graph.add_node("x7", name="unicorn")
    found = hierarchy_of(graph, name="pets")
    (row,) = found.rows(["x7"])
    assert (found.name, found.names[row], found.parent[row]) == ("pets", "unicorn", -1)
    assert hierarchy_of([*PAIRS, ("yeti", None)]).n_nodes == 6


def test_numbers_that_pandas_made_reals_are_whole():
    frame = pd.DataFrame({"child": [2, 3, 4], "parent": [1, 1, None]})
    found = hierarchy_of(frame)
    assert edges(found) == {("2", "1"), ("3", "1")}
    assert set(found.ids) == {"1", "2", "3", "4"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "no edges"),
        ([("a", "b", "c")], "is no pair"),
        (pd.DataFrame({"a": [1], "b": [2], "c": [3]}), "the columns a, b, c"),
        (nx.Graph(PAIRS), "undirected"),
        (7, "no hierarchy in a int"),
        ("no_such_data_set", "no hierarchy 'no_such_data_set'"),
        ([("a", "b"), ("b", "a")], "cycle"),
        ([(None, "b")], "an edge without a child"),
    ],
)
def test_mistakes_are_one_line(data, said):
    with pytest.raises(HardballError, match=said) as raised:
        hierarchy_of(data)
    assert "\n" not in str(raised.value)
