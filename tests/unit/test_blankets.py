"""Markov blankets against networkx; the task made of them and its scores."""

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from encoder_runs import prepared
from hypothesis import given, settings
from hypothesis import strategies as st

from hardball.core.errors import HardballError
from hardball.hierarchy import blankets
from hardball.hierarchy.blankets import CHILD, COPARENT, KINDS, PARENT, SELF
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.methods.pretexts import blankets as encoded
from hardball.metrics.encoders import in_order


def named(h: Hierarchy, node: str, width: int = 8) -> dict[str, str]:
    """kind -> letters of the members of one blanket."""
    found = blankets.blankets(h, width=width, seed=0)
    (row,) = h.rows([node])
    out: dict[str, str] = {}
    for member, kind in zip(found.members[row], found.kinds[row], strict=True):
        if kind != SELF:
            out[KINDS[kind]] = out.get(KINDS[kind], "") + str(h.ids[member])
    return {kind: "".join(sorted(letters)) for kind, letters in out.items()}


def test_by_hand(dag: Hierarchy) -> None:
    # e > f, which d has too, and e > g, which a has too.
    assert named(dag, "e") == {"parent": "c", "child": "fg", "coparent": "ad"}
    # h's other parent is g, which is c's grandchild.
    assert named(dag, "c") == {"parent": "a", "child": "eh", "coparent": "g"}
    assert named(dag, "h") == {"parent": "cg"}


def test_a_tree_has_no_coparents(tree: Hierarchy) -> None:
    assert named(tree, "b") == {"parent": "a", "child": "def"}
    assert named(tree, "a") == {"child": "bc"}


def test_a_node_alone_has_an_empty_blanket(forest: Hierarchy) -> None:
    assert named(forest, "z") == {}


def test_a_parent_that_is_coparent_too_is_a_parent() -> None:
    # b is the parent of c, and beside c the parent of d.
    h = from_edges("triangle", ["c", "d", "d"], ["b", "b", "c"])
    assert named(h, "c") == {"parent": "b", "child": "d"}


@given(n=st.integers(1, 40), seed=st.integers(0, 99), extra=st.sampled_from([0.0, 0.3, 0.7]))
@settings(max_examples=40, deadline=None)
def test_it_is_the_neighbourhood_in_the_moral_graph(
    random_dag: Callable[..., Hierarchy], n: int, seed: int, extra: float
) -> None:
    h = random_dag(n, seed, extra=extra)
    child = np.repeat(np.arange(n), np.diff(h.parents_indptr))
    graph = nx.DiGraph(zip(h.parents_indices.tolist(), child.tolist(), strict=True))
    graph.add_nodes_from(range(n))
    moral = nx.moral_graph(graph)
    found = blankets.blankets(h, width=n, seed=seed)
    assert found.sizes.tolist() == [moral.degree(node) for node in range(n)]
    for node in range(n):
        by_kind = {
            kind: set(found.members[node, found.kinds[node] == kind].tolist())
            for kind in (PARENT, CHILD, COPARENT)
        }
        above, below = set(graph.predecessors(node)), set(graph.successors(node))
        assert by_kind[PARENT] == above
        assert by_kind[CHILD] == below
        assert by_kind[COPARENT] == set(moral[node]) - above - below
        assert found.mask[node].sum() == len(set(moral[node]))
        assert (found.members[node, ~found.mask[node]] == node).all()


@pytest.fixture(scope="module")
def brooms() -> Hierarchy:
    """400 nodes m0.. below one root, each with twelve children of its own."""
    middle = [f"m{i}" for i in range(400)]
    leaves = [f"{m}.{j}" for m in middle for j in range(12)]
    parents = ["root"] * 400 + [leaf.partition(".")[0] for leaf in leaves]
    return from_edges("brooms", middle + leaves, parents)


def test_a_wide_blanket_keeps_its_parent_and_a_uniform_sample(brooms: Hierarchy) -> None:
    found = blankets.blankets(brooms, width=4, seed=3)
    middle = brooms.rows([f"m{i}" for i in range(400)])
    assert (found.sizes[middle] == 13).all()
    assert (found.kinds[middle] == [PARENT, CHILD, CHILD, CHILD]).all()
    kept = found.members[middle, 1:]
    assert (np.diff(kept, axis=1) > 0).all()
    # Three of twelve children: each place is kept 400 x 3/12 = 100 times, deviation
    # sqrt(400 x 1/4 x 3/4) = 8.7; five of them are 43.
    first = np.array([brooms.rows([f"m{i}.0"])[0] for i in range(400)])
    places = np.bincount((kept - first[:, None]).ravel(), minlength=12)
    assert places.size == 12
    assert np.abs(places - 100).max() < 43


def test_of_more_parents_than_fit_a_sample_is_kept() -> None:
    h = from_edges("many", ["x"] * 6 + ["y"], [f"p{i}" for i in range(6)] + ["x"])
    (row,) = h.rows(["x"])
    seen = set()
    for seed in range(40):
        found = blankets.blankets(h, width=2, seed=seed)
        assert (found.kinds[row] == PARENT).all()
        assert len(set(found.members[row])) == 2
        seen |= set(found.members[row].tolist())
    assert len(seen) == 6


def test_the_sample_is_named_by_the_seed(brooms: Hierarchy) -> None:
    one, same, other = (blankets.blankets(brooms, width=4, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.members, same.members)
    assert (one.members != other.members).any()


def test_equal_blankets_have_equal_numbers(dag: Hierarchy, tree: Hierarchy) -> None:
    codes = dict(zip(tree.ids, blankets.alike(_whole(tree)).tolist(), strict=True))
    # e and f are leaves below b; h, the only child of d, is a leaf elsewhere.
    assert codes["e"] == codes["f"] != codes["h"]
    assert len(set(codes.values())) == 8
    # b has a above and d below; d has b above and f below, e beside it.
    assert len(set(blankets.alike(_whole(dag)).tolist())) == 8


def test_what_can_be_dropped(dag: Hierarchy) -> None:
    def able(drop: str) -> str:
        return "".join(sorted(dag.ids[blankets.droppable(_whole(dag), drop)]))

    assert able("parent") == "bcdefgh"
    assert able("child") == "abcdeg"
    # Beside another node above f, g or h: a, c, d, e and g.
    assert able("coparent") == "acdeg"
    assert able("any") == "abcdefgh"


def _whole(h: Hierarchy) -> blankets.Blankets:
    return blankets.blankets(h, width=8, seed=0)


def task_of(h: Hierarchy, **changes: object) -> encoded.Task:
    return prepared(h, "torch", {"name": "blankets"}, changes, seed=5).task


def test_mistakes_name_what_is_allowed(tree: Hierarchy) -> None:
    with pytest.raises(HardballError, match="width=0, allowed is 1 or more"):
        blankets.blankets(tree, width=0, seed=0)
    with pytest.raises(HardballError, match="allowed are parent, child, coparent, any"):
        blankets.drop_code("sibling")
    with pytest.raises(HardballError, match="some must be held out and some left"):
        task_of(tree, heldout=0.01)
    with pytest.raises(HardballError, match="breaks=0 leaves no negatives: set others"):
        task_of(tree, breaks=0, others=False)


def test_held_out_nodes_are_two_groups_apart(brooms: Hierarchy) -> None:
    task = task_of(brooms, heldout=0.1)
    # 400 + 4,800 nodes have a parent: 520 are no anchors, 520 of the others lack their breaks.
    assert (task.unseen.size, task.unbroken.size, task.anchors.size) == (520, 520, 4680)
    assert not set(task.unseen) & set(task.anchors)
    assert set(task.unbroken) < set(task.anchors)
    assert set(task.unseen) | set(task.anchors) == set(range(1, 5201))


def test_a_stranger_has_another_blanket(brooms: Hierarchy) -> None:
    task = task_of(brooms, heldout=0.1)
    other = encoded.strangers(task.unseen, task.alike)
    assert (task.alike[other] != task.alike[task.unseen]).all()
    twins = np.array([1, 2])
    np.testing.assert_array_equal(encoded.strangers(twins, np.zeros(3, np.int32)), twins)


def test_order_by_hand() -> None:
    # 3 > 2, 3 > 1, 2 = 2, 2 > 1: (1 + 1 + 1/2 + 1) / 4.
    assert in_order(np.array([3.0, 2.0]), np.array([2.0, 1.0])) == 0.875
    # 3 > 2 twice, 1 < 2 twice.
    assert in_order(np.array([3.0, 1.0]), np.array([2.0, 2.0])) == 0.5


def test_the_order_of_chance_is_one_half() -> None:
    rng = np.random.default_rng(0)
    # The deviation of an AUC without signal is about sqrt(1 / 6 n): .0144 at 800.
    assert abs(in_order(rng.normal(size=800), rng.normal(size=800)) - 0.5) < 4 * 0.0144
