"""Level order, what from_edges refuses, and what save and load keep."""

import errno
from collections.abc import Callable

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardball.core.errors import HardballError
from hardball.hierarchy import stored
from hardball.hierarchy.dag import ARRAYS, Hierarchy, from_edges
from hardball.hierarchy.stored import load, save

shapes = given(
    n=st.integers(1, 40),
    seed=st.integers(0, 10_000),
    roots=st.sampled_from([0.0, 0.2]),
    extra=st.sampled_from([0.0, 0.4]),
)


def graph_of(h: Hierarchy) -> nx.DiGraph:
    """Every direct edge as parent -> child."""
    result = nx.DiGraph()
    result.add_nodes_from(range(h.n_nodes))
    for node in range(h.n_nodes):
        for at in range(h.parents_indptr[node], h.parents_indptr[node + 1]):
            result.add_edge(int(h.parents_indices[at]), node)
    return result


def test_nodes_are_numbered_by_depth_then_preorder(tree: Hierarchy) -> None:
    # a(b(d(h) e f) c(g(i))): preorder a b d h e f c g i.
    assert tree.ids.tolist() == list("abcdefghi")
    assert tree.depth.tolist() == [0, 1, 1, 2, 2, 2, 2, 3, 3]
    assert tree.first.tolist() == [0, 1, 6, 2, 4, 5, 7, 3, 8]
    assert tree.last.tolist() == [9, 6, 9, 4, 5, 6, 9, 4, 9]
    assert tree.parent.tolist() == [-1, 0, 0, 1, 1, 1, 2, 3, 6]
    assert tree.level_starts.tolist() == [0, 1, 3, 7, 9]
    assert (tree.n_nodes, tree.n_edges, tree.max_depth) == (9, 8, 3)
    assert tree.roots.tolist() == [0]
    assert {getattr(tree, a).dtype.name for a in ("parent", "depth", "first", "last")} == {"int32"}


def test_the_order_of_the_input_decides_between_equals() -> None:
    h = from_edges("t", ["c", "b", "d", "d"], ["a", "a", "b", "c"])
    assert h.ids.tolist() == ["a", "c", "b", "d"]
    assert h.ids[h.parent[3]] == "b"
    assert h.parents_indices[h.parents_indptr[3] :].tolist() == [1, 2]


def test_a_node_hangs_below_a_parent_one_level_up(dag: Hierarchy) -> None:
    level = dict(zip(dag.ids, dag.depth.tolist(), strict=True))
    assert level == {"a": 0, "b": 1, "c": 1, "g": 1, "d": 2, "e": 2, "h": 2, "f": 3}
    # g came by way of e (depth 2) first, but only a is one level up.
    assert dag.ids[dag.parent[dag.rows(["g", "h", "f"])]].tolist() == ["a", "g", "d"]


def test_a_forest_keeps_its_trees_apart(forest: Hierarchy) -> None:
    assert forest.ids[forest.roots].tolist() == ["a", "p", "z"]
    # a, p, z | b, c, q | d, r
    assert forest.tree.tolist() == [0, 1, 2, 0, 0, 1, 0, 1]
    assert (forest.first[2], forest.last[2]) == (7, 8)


def test_one_lone_node_is_a_hierarchy() -> None:
    h = from_edges("one", [], [], nodes=["x"])
    assert (h.n_nodes, h.n_edges, h.max_depth, h.ids.tolist()) == (1, 0, 0, ["x"])
    assert h.level_starts.tolist() == [0, 1]


def test_a_chain_of_ten_thousand() -> None:
    n = 10_000
    h = from_edges("chain", np.arange(1, n), np.arange(n - 1))
    assert h.max_depth == n - 1
    assert np.array_equal(h.parent, np.arange(-1, n - 1))
    assert np.array_equal(h.first, np.arange(n))
    assert (h.last == n).all()


@shapes
@settings(max_examples=60, deadline=None)
def test_level_order_holds_on_random_dags(
    random_dag: Callable[..., Hierarchy], n: int, seed: int, roots: float, extra: float
) -> None:
    h = random_dag(n, seed, roots=roots, extra=extra)
    graph = graph_of(h)
    depth = nx.multi_source_dijkstra_path_length(graph, set(h.roots.tolist()))
    assert h.depth.tolist() == [depth[node] for node in range(n)]
    assert set(h.roots.tolist()) == {node for node in graph if graph.in_degree(node) == 0}

    spanning = nx.DiGraph()
    spanning.add_nodes_from(range(n))
    spanning.add_edges_from((int(p), v) for v, p in enumerate(h.parent) if p >= 0)
    assert all(h.depth[p] + 1 == h.depth[v] and graph.has_edge(p, v) for p, v in spanning.edges)
    keys = h.depth.astype(np.int64) * n + h.first
    assert (np.diff(keys) > 0).all()
    for u in range(n):
        below = nx.descendants(spanning, u) | {u}
        assert set(np.flatnonzero((h.first[u] <= h.first) & (h.first < h.last[u]))) == below
        for k in range(h.max_depth + 1):
            level = sorted(v for v in below if h.depth[v] == k)
            assert level == list(range(level[0], level[-1] + 1)) if level else True
        assert all(h.tree[v] == u for v in below if h.parent[u] < 0)
    for k in range(h.max_depth + 1):
        assert (h.depth[h.level_starts[k] : h.level_starts[k + 1]] == k).all()


def test_the_edges_are_the_edges_given(dag: Hierarchy) -> None:
    named = sorted(f"{dag.ids[c]}>{dag.ids[p]}" for p, c in graph_of(dag).edges)
    assert " ".join(named) == "b>a c>a d>b e>c f>d f>e g>a g>e h>c h>g"


@pytest.mark.parametrize(
    ("children", "parents", "cycle"),
    [
        (["a", "b"], ["b", "a"], "a -> b -> a"),
        (["b", "c", "d", "b"], ["root", "b", "c", "d"], "b -> d -> c -> b"),
    ],
)
def test_a_cycle_is_shown(children: list[str], parents: list[str], cycle: str) -> None:
    with pytest.raises(HardballError, match=f"mine: cycle {cycle}: remove one"):
        from_edges("mine", children, parents)


def test_a_long_cycle_is_shown_in_one_short_line() -> None:
    ring = [str(i) for i in range(1000)]
    with pytest.raises(HardballError, match=r"cycle 0 -> 1 -> .*\(1000 nodes\) -> 0") as raised:
        from_edges("mine", ring, [*ring[1:], "0"])
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((["a", "b"], ["r", "b"]), {}, "self loop at edge 2, 'b' -> 'b'"),
        ((["a"], ["r", "s"]), {}, "1 child ids but 2 parent ids"),
        (([], []), {}, "no nodes"),
        ((["a", ""], ["r", "r"]), {}, "child ids: entry 2 is empty"),
        ((["a"], [None]), {}, "parent ids: entry 1 is empty"),
        (([1.5], [2.5]), {}, "child ids are of type double: allowed are strings or integers"),
        (([[1]], ["a"]), {}, "allowed are strings or integers"),
        ((["a", 1], ["r", "r"]), {}, "allowed are strings or integers"),
        ((["a"], ["r"]), {"nodes": ["a"]}, "unknown id 'r' in an edge"),
        ((["a"], ["r"]), {"nodes": ["a", "r", "a"]}, "nodes lists 'a' twice"),
        ((["a"], ["r"]), {"names": {"x": "X"}}, "unknown id 'x' in names"),
        ((["a"], ["r"]), {"names": ["A", "R"]}, "2 names beside no nodes"),
        ((["a"], ["r"]), {"groups": {"g": {"x": "1"}}}, "unknown id 'x' in groups g"),
        ((["a"], ["r"]), {"nodes": ["a", "r"], "names": ["A"]}, "1 names beside 2 nodes"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: tuple, options: dict, message: str) -> None:
    with pytest.raises(HardballError, match=message) as raised:
        from_edges("mine", *arguments, **options)
    assert "\n" not in str(raised.value)


def test_duplicate_edges_are_dropped_and_counted() -> None:
    h = from_edges("t", ["a", "b", "a", "a"], ["r", "r", "r", "r"])
    assert h.n_edges == 2
    assert h.notices == ["2 duplicate edges dropped"]


@pytest.mark.parametrize("kind", [list, np.array, pa.array, lambda x: pa.array(x, pa.int32())])
def test_integer_ids_do_not_need_to_be_strings(kind: Callable) -> None:
    h = from_edges("t", kind([9606, 9605]), kind([9605, 9604]))
    assert h.ids.tolist() == ["9604", "9605", "9606"]
    assert h.rows([9606]).tolist() == h.rows(["9606"]).tolist() == [2]
    same = from_edges("t", ["9606", "9605"], ["9605", "9604"])
    assert same.content_sha256 == h.content_sha256


def test_names_and_groups_by_id(tree: Hierarchy) -> None:
    assert tree.names.tolist() == ["Anna", "b", "c", "Dora", *"efghi"]
    assert tree.group_names == {"kind": ["left", "right"]}
    assert tree.groups["kind"].tolist() == [-1, 0, 1, 0, -1, -1, -1, -1, -1]


def test_names_and_groups_beside_nodes() -> None:
    h = from_edges(
        "t",
        ["b", "c"],
        ["a", "a"],
        nodes=["c", "b", "a"],
        names=["Cleo", None, ""],
        groups={"kind": ["x", "", None]},
    )
    assert h.ids.tolist() == ["a", "c", "b"]
    assert h.names.tolist() == ["a", "Cleo", "b"]
    assert h.groups["kind"].tolist() == [-1, 0, -1]


def test_an_unknown_id_is_named(tree: Hierarchy) -> None:
    assert tree.rows(["i", "a"]).tolist() == [8, 0]
    with pytest.raises(HardballError, match="tree has no node 'w'"):
        tree.rows(["a", "w"])


@pytest.mark.parametrize("which", ["tree", "dag", "forest"])
def test_load_gives_back_what_save_wrote(
    which: str, request: pytest.FixtureRequest, tmp_path
) -> None:
    h = request.getfixturevalue(which)
    save(h, tmp_path / "built" / which)
    back = load(tmp_path / "built" / which)
    for key in ARRAYS:
        assert np.array_equal(getattr(h, key), getattr(back, key))
        assert getattr(h, key).dtype == getattr(back, key).dtype
    assert back.ids.tolist() == h.ids.tolist()
    assert back.names.tolist() == h.names.tolist()
    assert {k: v.tolist() for k, v in back.groups.items()} == {
        k: v.tolist() for k, v in h.groups.items()
    }
    assert (back.name, back.group_names) == (h.name, h.group_names)
    assert back.content_sha256 == h.content_sha256
    assert [p.name for p in (tmp_path / "built").iterdir()] == [which]


def test_the_content_hash_follows_the_content() -> None:
    def digest(parent: str = "a", name: str = "x", group: str = "1") -> str:
        names, groups = {"c": name}, {"g": {"c": group}}
        return from_edges("t", ["b", "c"], ["a", parent], names=names, groups=groups).content_sha256

    assert digest() == digest()
    assert len({digest(), digest(parent="b"), digest(name="y"), digest(group="2")}) == 4


def test_a_failed_save_leaves_the_old_build(
    tree: Hierarchy, forest: Hierarchy, tmp_path, monkeypatch
) -> None:
    save(tree, tmp_path / "built")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stored.np, "save", full)
    with pytest.raises(HardballError, match=r"cannot write .*No space left on device"):
        save(forest, tmp_path / "built")
    assert [p.name for p in tmp_path.iterdir()] == ["built"]
    assert load(tmp_path / "built").content_sha256 == tree.content_sha256


def test_save_replaces_a_build_but_nothing_else(
    tree: Hierarchy, forest: Hierarchy, tmp_path
) -> None:
    save(tree, tmp_path / "built")
    save(forest, tmp_path / "built")
    assert load(tmp_path / "built").name == "forest"
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "draft.txt").write_text("years of work")
    with pytest.raises(HardballError, match="is no built hierarchy"):
        save(tree, tmp_path / "thesis")
    assert (tmp_path / "thesis" / "draft.txt").read_text() == "years of work"


def test_load_refuses_what_is_not_whole(tree: Hierarchy, tmp_path) -> None:
    with pytest.raises(HardballError, match="holds no whole hierarchy"):
        load(tmp_path)
    save(tree, tmp_path / "built")
    next((tmp_path / "built").glob("arrays-*/depth.npy")).unlink()
    with pytest.raises(HardballError, match="holds no whole hierarchy"):
        load(tmp_path / "built")
