"""The task `temporal`: what two versions of a tree leave to train on and to be asked."""

from pathlib import Path

import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.data import store
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.hierarchy.splits import Split, leaks
from hardball.methods.tasks.temporal import temporal
from hardball.runs.spec import RunSpec
from hardball.training import problem


def tree(name: str, edges: str) -> Hierarchy:
    """`ab` is an edge from a up to b."""
    pairs = edges.split()
    return from_edges(name, [pair[0] for pair in pairs], [pair[1] for pair in pairs])


# r above a, b and x; c, d below a; e below d. Later: e has moved below b; x is gone; f is new
# below c, g new below b with a leaf h of its own.
BEFORE = "ar br xr ca da ed"
NOW = "ar br ca da eb fc gb hg"


@pytest.fixture
def split(monkeypatch: pytest.MonkeyPatch) -> Split:
    monkeypatch.setattr(store, "open_hierarchy", lambda name: tree(name, BEFORE))
    h = tree("now", NOW)
    return temporal(h, closure(h), 0, earlier="before", validation=0.5)


def named(pairs: np.ndarray) -> set[str]:
    ids = tree("now", NOW).ids
    return {f"{ids[node]}{ids[ancestor]}" for node, ancestor in pairs}


def test_what_is_held_out_are_the_new_parents(split: Split) -> None:
    # f's parent, and e's since it moved; g is no leaf, h's parent is as new as h.
    assert named(np.concatenate([split.test, split.validation])) == {"fc", "eb"}
    assert len(split.test) == len(split.validation) == 1


def test_nodes_of_both_are_trained_on_their_earlier_ancestors_and_new_ones_on_those_of_now(
    split: Split,
) -> None:
    both = {"ar", "br", "ca", "cr", "da", "dr", "ed", "ea", "er"}
    new = {"fa", "fr", "gb", "gr", "hg", "hb", "hr"}
    assert named(split.train) == both | new
    assert leaks(split) == []


def test_an_earlier_parent_counts_as_wrong(split: Split) -> None:
    now = tree("now", NOW)
    e, d = now.rows(["e", "d"])
    assert d not in split.exclude.indices[split.exclude.indptr[e] : split.exclude.indptr[e + 1]]


def test_who_moved_up_is_not_asked_for_a_parent_that_was_an_ancestor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "open_hierarchy", lambda name: tree(name, "ar ba cb db"))
    # c is now a child of a, above which it was before; d has moved, and f and g are new.
    h = tree("now", "ar ba ca dr fb ga")
    held = temporal(h, closure(h), 0, earlier="before", validation=0.5)
    ids = h.ids
    asked = {f"{ids[u]}{ids[v]}" for u, v in np.concatenate([held.test, held.validation])}
    assert asked == {"fb", "ga"}


def test_the_bundled_primates_know_their_earlier_version() -> None:
    h = store.open_hierarchy("ncbi_primates")
    split = temporal(h, closure(h), 0)
    # 117 new leaves below a parent of 2021, and 6 that moved, of which 2 moved up.
    assert (len(split.test), len(split.validation)) == (97, 24)
    assert leaks(split) == []
    spec = RunSpec(dataset=h.name, framework="torch", seed=0, task="temporal")
    seen = problem.build(spec, h).hierarchy
    assert seen.n_nodes == h.n_nodes
    # Nothing that is held out is an edge there.
    edges = {(seen.ids[v], seen.ids[p]) for v, p in enumerate(seen.parent) if p >= 0}
    assert not edges & {(h.ids[v], h.ids[p]) for v, p in split.test}


def test_mistakes_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    h = tree("mine", NOW)
    with pytest.raises(HardballError, match="no card has an earlier version of mine: name one"):
        temporal(h, closure(h), 0)
    monkeypatch.setattr(store, "open_hierarchy", lambda name: tree(name, NOW))
    with pytest.raises(HardballError, match="0 nodes have another parent than in before"):
        temporal(h, closure(h), 0, earlier="before")
