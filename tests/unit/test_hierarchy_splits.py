"""Splits: what is held out, what trains, and leaks that a doctored split shows."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import closure, from_pairs, pairs, reduction
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.hierarchy.splits import Split, leaks
from hardball.methods.tasks.leaf_parent import leaf_parent
from hardball.methods.tasks.link_prediction import link_prediction
from hardball.methods.tasks.reconstruction import reconstruction

Pairs = set[tuple[int, int]]


def as_set(found: np.ndarray | None) -> Pairs:
    assert found is not None
    return {(int(u), int(a)) for u, a in found}


def named(h: Hierarchy, found: np.ndarray | None) -> str:
    return " ".join(sorted(f"{h.ids[u]}{h.ids[a]}" for u, a in as_set(found)))


@pytest.fixture
def h(random_dag: Callable[..., Hierarchy]) -> Hierarchy:
    return random_dag(120, 5, roots=0.03)


def test_reconstruction_trains_on_everything(dag: Hierarchy) -> None:
    every = closure(dag)
    split = reconstruction(dag, every, seed=0)
    assert as_set(split.train) == as_set(pairs(every))
    assert split.test is None
    assert split.validation is None
    assert leaks(split) == []


def test_link_prediction_counts(h: Hierarchy) -> None:
    every, basic = as_set(pairs(closure(h))), as_set(reduction(h))
    others = len(every) - len(basic)
    split = link_prediction(h, closure(h), seed=1, fraction=0.25, holdout=0.1)
    test, validation, train = map(as_set, (split.test, split.validation, split.train))
    held = round(0.1 * others)
    assert held > 20
    assert len(test) + len(validation) == held
    assert len(test) - len(validation) in (0, 1)
    assert len(train) == len(basic) + round(0.25 * (others - held))
    assert basic <= train
    assert train | test | validation <= every
    assert not test & train
    assert not validation & train
    assert not test & validation


def test_link_prediction_trains_on_basic_pairs_alone_at_fraction_0(h: Hierarchy) -> None:
    split = link_prediction(h, closure(h), seed=1, fraction=0.0)
    assert as_set(split.train) == as_set(reduction(h))
    # The closure rule solves the task: held-out pairs follow from the basic ones.
    graph = nx.DiGraph(as_set(split.train))
    assert all(nx.has_path(graph, u, a) for u, a in as_set(split.test))


def test_link_prediction_at_fraction_1_leaves_out_only_what_is_held_out(h: Hierarchy) -> None:
    split = link_prediction(h, closure(h), seed=1, fraction=1.0)
    held = as_set(split.test) | as_set(split.validation)
    assert as_set(split.train) == as_set(pairs(closure(h))) - held


def test_fractions_of_one_seed_are_nested_around_one_test_set(h: Hierarchy) -> None:
    splits = [link_prediction(h, closure(h), 3, fraction=f) for f in (0.0, 0.1, 0.5, 0.9)]
    for small, large in pairwise(splits):
        assert as_set(small.train) < as_set(large.train)
        assert as_set(small.test) == as_set(large.test)
        assert as_set(small.validation) == as_set(large.validation)


@pytest.mark.parametrize("make", [link_prediction, leaf_parent])
def test_a_split_is_named_by_its_seed(h: Hierarchy, make: Callable[..., Split]) -> None:
    first, again, other = (make(h, closure(h), seed) for seed in (0, 0, 1))
    assert np.array_equal(first.test, again.test)
    assert np.array_equal(first.train, again.train)
    assert as_set(first.test) != as_set(other.test)


def test_leaf_parent_holds_out_the_parent_and_trains_on_the_rest(tree: Hierarchy) -> None:
    # a(b(d(h) e f) c(g(i))): the leaves are h, e, f, i.
    split = leaf_parent(tree, closure(tree), seed=0, holdout=0.99)
    held = set(f"{named(tree, split.test)} {named(tree, split.validation)}".split())
    assert held == {"hd", "eb", "fb", "ig"}
    assert named(tree, split.train) == "ba ca da db ea fa ga gc ha hb ia ic"


def test_leaf_parent_of_a_dag_holds_out_every_basic_parent(dag: Hierarchy) -> None:
    # Leaves f (parents d, e) and h (parents g and, implied by h > g > e > c, c).
    split = leaf_parent(dag, closure(dag), seed=0, holdout=0.99)
    held = f"{named(dag, split.test)} {named(dag, split.validation)}"
    assert sorted(held.split()) == ["fd", "fe", "hg"]
    assert {"hc", "he", "ha", "fb", "fc", "fa"} <= set(named(dag, split.train).split())


def test_leaf_parent_samples_a_share_of_the_leaves(random_dag: Callable[..., Hierarchy]) -> None:
    tree = random_dag(400, 2, roots=0.0, extra=0.0)
    leaves = set(range(400)) - set(tree.parent.tolist())
    deep = {u for u in leaves if tree.depth[u] >= 2}
    split = leaf_parent(tree, closure(tree), seed=0, holdout=0.2)
    test, validation = as_set(split.test), as_set(split.validation)
    assert len(test) + len(validation) == round(0.2 * len(deep))
    assert {u for u, _ in test | validation} <= deep
    assert all(tree.parent[u] == a for u, a in test | validation)


@pytest.mark.parametrize("make", [link_prediction, leaf_parent])
@given(n=st.integers(8, 60), seed=st.integers(0, 10_000), holdout=st.floats(0.05, 0.9))
@settings(max_examples=30, deadline=None)
def test_splits_of_random_dags_are_clean(
    random_dag: Callable[..., Hierarchy],
    make: Callable[..., Split],
    n: int,
    seed: int,
    holdout: float,
) -> None:
    h = random_dag(n, seed, roots=0.0)
    try:
        split = make(h, closure(h), seed, holdout=holdout)
    except HardballError:
        reject()
    assert leaks(split) == []
    assert np.array_equal(pairs(split.known), split.train)
    held = as_set(split.test) | as_set(split.validation)
    assert len(held) == len(split.test) + len(split.validation)
    assert not held & as_set(split.train)
    if make is leaf_parent:
        graph = nx.DiGraph(as_set(split.train))
        assert not any(nx.has_path(graph, u, a) for u, a in held if a in graph)


def with_train(split: Split, train: np.ndarray) -> Split:
    n = split.exclude.indptr.size - 1
    return replace(split, train=train, known=from_pairs(train, n))


def test_a_test_pair_in_train_leaks(h: Hierarchy) -> None:
    split = link_prediction(h, closure(h), 0)
    doctored = replace(split, train=np.concatenate([split.train, split.test[:3]]))
    assert leaks(doctored) == ["3 test pairs are in train"]


def test_a_validation_pair_in_train_leaks(h: Hierarchy) -> None:
    split = link_prediction(h, closure(h), 0)
    doctored = replace(split, train=np.concatenate([split.train, split.validation[:2]]))
    assert leaks(doctored) == ["2 validation pairs are in train"]


def test_masking_that_knows_the_test_leaks(h: Hierarchy) -> None:
    split = link_prediction(h, closure(h), 0)
    hidden = split.exclude.indices.size - len(split.train)
    found = leaks(replace(split, known=split.exclude))
    assert found == [
        f"{hidden} pairs known to masking are not in train",
        f"{len(split.test)} test pairs are known to masking",
        f"{len(split.validation)} validation pairs are known to masking",
    ]


def test_reconstruction_must_not_know_more_than_it_trains_on(h: Hierarchy) -> None:
    split = reconstruction(h, closure(h), 0)
    assert leaks(replace(split, train=split.train[5:])) == [
        "5 pairs known to masking are not in train"
    ]


def test_validation_pairs_in_test_leak(h: Hierarchy) -> None:
    split = link_prediction(h, closure(h), 0)
    assert leaks(replace(split, validation=split.test[:4])) == ["4 validation pairs are in test"]


def test_a_pair_that_is_not_true_is_no_test(h: Hierarchy) -> None:
    split = leaf_parent(h, closure(h), 0)
    swapped = split.test[:1, ::-1]
    assert "1 test pairs are no true pairs" in leaks(replace(split, test=swapped))


def test_a_basic_pair_held_out_of_link_prediction_shows(h: Hierarchy) -> None:
    split = link_prediction(h, closure(h), 0, fraction=0.0)
    doctored = replace(with_train(split, split.train[1:]), test=split.train[:1])
    assert leaks(doctored) == ["1 test pairs are basic, which nothing else implies"]


def test_a_grandparent_held_out_alone_leaks_through_the_parent(tree: Hierarchy) -> None:
    split = leaf_parent(tree, closure(tree), 0)
    leaf, parent = tree.rows(["h", "d"])
    grandparent = tree.parent[parent]
    test = np.array([[leaf, grandparent]], np.int32)
    train = np.array([[leaf, parent], [parent, grandparent]], np.int32)
    doctored = replace(with_train(split, train), test=test, validation=None)
    assert leaks(doctored) == ["1 test pairs follow from train by transitivity"]


def test_a_path_of_many_train_pairs_leaks_too() -> None:
    chain = from_edges("chain", list("bcde"), list("abcd"))
    test = np.array([[4, 0]], np.int32)
    train = np.array([[4, 3], [3, 2], [2, 1], [1, 0]], np.int32)
    every = closure(chain)
    split = Split("leaf_parent", train, from_pairs(train, 5), test, None, every)
    assert leaks(split) == ["1 test pairs follow from train by transitivity"]
    assert leaks(with_train(split, train[1:])) == []


def test_an_inner_node_leaks_its_parent_through_its_descendants(tree: Hierarchy) -> None:
    split = leaf_parent(tree, closure(tree), 0)
    inner, parent = tree.rows(["d", "b"])
    test = np.array([[inner, parent]], np.int32)
    every = pairs(split.exclude)
    train = every[(every != test).any(axis=1)]
    doctored = replace(with_train(split, train), test=test, validation=None)
    # h below d still trains on b.
    assert leaks(doctored) == ["1 test pairs are of nodes with descendants in train"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda h, c: link_prediction(h, c, 0, holdout=0.0),
            "holdout=0.0, allowed are numbers 0 < x < 1",
        ),
        (
            lambda h, c: link_prediction(h, c, 0, holdout=1.0),
            "holdout=1.0, allowed are numbers 0 < x < 1",
        ),
        (
            lambda h, c: link_prediction(h, c, 0, fraction=1.5),
            "fraction=1.5, allowed are numbers 0 <= x <= 1",
        ),
        (
            lambda h, c: leaf_parent(h, c, 0, holdout=-0.1),
            "holdout=-0.1, allowed are numbers 0 < x < 1",
        ),
    ],
)
def test_shares_out_of_range_are_named(tree: Hierarchy, call: Callable, message: str) -> None:
    with pytest.raises(HardballError, match=message):
        call(tree, closure(tree))


@pytest.mark.parametrize("make", [link_prediction, leaf_parent])
def test_a_star_has_nothing_to_hold_out(make: Callable[..., Split]) -> None:
    star = from_edges("star", list("bcdef"), ["a"] * 5)
    with pytest.raises(HardballError, match=r"star has 0 .*: 2 are needed to hold some out"):
        make(star, closure(star), 0)
