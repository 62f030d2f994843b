"""Labels: which classes there are, and who learns, chooses and is asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardball.core.errors import HardballError
from hardball.data.store import open_hierarchy
from hardball.hierarchy import labels
from hardball.hierarchy.dag import Hierarchy, from_edges


def star(**counts: int) -> Hierarchy:
    """Leaves below one root, so many of each label; the root has none."""
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    n = len(kinds) + 1
    return from_edges(
        "star",
        np.arange(1, n),
        np.zeros(n - 1, int),
        nodes=np.arange(n),
        groups={"kind": [None, *kinds]},
    )


def sizes(found: labels.Labels) -> list[tuple[int, int, int]]:
    """(train, validation, test) of each class."""
    parts = (found.train, found.validation, found.test)
    counts = [np.bincount(found.codes[part], minlength=found.n_classes) for part in parts]
    return [(int(a), int(b), int(c)) for a, b, c in zip(*counts, strict=True)]


def test_every_class_gives_its_share() -> None:
    """a: round(0.2 x 40) = 8, 4 + 4. b: round(0.2 x 15) = 3, 2 + 1. c: at least 2 of 5."""
    found = labels.node_labels(star(a=40, b=15, c=5), seed=0, label="kind", holdout=0.2)
    assert found.names == ("a", "b", "c")
    assert sizes(found) == [(32, 4, 4), (12, 1, 2), (3, 1, 1)]


def test_a_class_of_five_trains_on_one_at_the_largest_share() -> None:
    """round(0.99 x 5) = 5 would leave nothing to learn from: 4, of which 2 are the test."""
    found = labels.node_labels(star(a=5, b=5), seed=0, label="kind", holdout=0.99)
    assert sizes(found) == [(1, 2, 2), (1, 2, 2)]


def test_classes_of_fewer_than_five_are_none_and_the_others_are_numbered_anew() -> None:
    found = labels.node_labels(star(a=6, b=4, c=5), seed=0, label="kind")
    assert found.names == ("a", "c")
    assert found.codes.tolist() == [-1, *[0] * 6, *[-1] * 4, *[1] * 5]


@settings(max_examples=30, deadline=None)
@given(
    counts=st.lists(st.integers(1, 30), min_size=2, max_size=6),
    seed=st.integers(0, 1000),
    holdout=st.floats(0.01, 0.99),
)
def test_the_three_parts_are_disjoint_and_hold_every_class(
    counts: list[int], seed: int, holdout: float
) -> None:
    h = star(a=5, b=5, **{f"c{i}": count for i, count in enumerate(counts)})
    found = labels.node_labels(h, seed, "kind", holdout)
    together = np.concatenate([found.train, found.validation, found.test])
    assert sorted(together.tolist()) == np.flatnonzero(found.codes >= 0).tolist()
    assert all(min(parts) >= 1 for parts in sizes(found))
    for part in (found.train, found.validation, found.test):
        assert part.dtype == np.int32
        assert (np.diff(part) > 0).all()


def test_a_split_is_named_by_its_seed() -> None:
    h = star(a=30, b=30)
    first, again, other = (labels.node_labels(h, seed, "kind") for seed in (0, 0, 1))
    assert np.array_equal(first.test, again.test)
    assert np.array_equal(first.train, again.train)
    assert not np.array_equal(first.test, other.test)


def test_the_first_label_of_a_card_is_the_default() -> None:
    h = open_hierarchy("ncbi_primates")
    assert labels.node_labels(h, 0).label == "suborder"
    families = labels.node_labels(h, 0, "family")
    assert len(families.names) == 15
    assert "Hominidae" in families.names


def test_what_cannot_be_classified_is_named() -> None:
    h = star(a=5, b=4)
    with pytest.raises(HardballError, match="star has no label 'order': it has kind"):
        labels.node_labels(h, 0, "order")
    with pytest.raises(HardballError, match="1 of 2 classes of kind have 5 examples or more"):
        labels.node_labels(h, 0, "kind")
    with pytest.raises(HardballError, match=r"holdout=1\.0, allowed are more than 0"):
        labels.node_labels(star(a=5, b=5), 0, "kind", holdout=1.0)
    bare = from_edges("bare", ["b"], ["a"])
    with pytest.raises(HardballError, match="bare has no label 'first': it has none"):
        labels.node_labels(bare, 0)
