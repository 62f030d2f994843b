"""Labels to be told from an embedding, and which examples a classifier may learn from."""

from dataclasses import dataclass

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.graph import Int32, Int64

FIRST = "first"
LEAST = 5


@dataclass(frozen=True, eq=False)
class Labels:
    """Classes of N examples, and a split of those that have one.

    codes: (N,) positions in `names`, -1 for none.
    train, validation, test: ascending ids of examples; disjoint, together all that have a class,
    and every class is in each of the three.
    """

    label: str
    codes: Int32
    names: tuple[str, ...]
    train: Int32
    validation: Int32
    test: Int32

    @property
    def n_classes(self) -> int:
        return len(self.names)


def node_labels(h: Hierarchy, seed: int, label: str = FIRST, holdout: float = 0.2) -> Labels:
    """The classes of all nodes by one of the hierarchy's groups, split by the seed.

    label: a name in h.groups; `first` is the first of them where none is called so. A node without
    the label has no class, and a label of fewer than LEAST nodes is none.
    Raises HardballError as `chosen` and `split` do.
    """
    name = chosen(h, label)
    return split(h.name, name, h.groups[name], h.group_names[name], seed, holdout)


def chosen(h: Hierarchy, label: str) -> str:
    """The group that `label` names; HardballError lists those there are."""
    if label in h.groups:
        return label
    if label == FIRST and h.groups:
        return next(iter(h.groups))
    known = ", ".join(h.groups) or "none, so that nodes cannot be classified"
    raise HardballError(f"{h.name} has no label {label!r}: it has {known}")


def split(
    what: str, label: str, codes: Int32, names: list[str], seed: int, holdout: float
) -> Labels:
    """Examples with classes, of which each class's `holdout` share is held out, seeded.

    Of a class of n examples max(round(holdout n), 2) are held out, at most n - 1: one half is the
    test, the other (the smaller) the validation set, as in `splits.link_prediction`. Stratified, so
    that no class is tested that was not trained. Classes of fewer than LEAST examples are dropped.
    codes: (N,) positions in `names`, -1 for none. what: the name of the data, for errors.
    Raises HardballError on a share out of range or when fewer than two classes are left.
    """
    if not 0.0 < holdout < 1.0:
        raise HardballError(f"holdout={holdout}, allowed are more than 0 and less than 1")
    kept, left = _frequent(codes, len(names))
    if len(left) < 2:
        raise HardballError(
            f"{what}: {len(left)} of {len(names)} classes of {label} have {LEAST} examples or "
            "more, 2 are needed: choose another label, or smaller graphs"
        )
    labelled = np.flatnonzero(kept >= 0)
    order = labelled[random_bits.permutation(seed, f"labels/{label}", 0, labelled.size)]
    order = order[np.argsort(kept[order], kind="stable")]
    counts = np.bincount(kept[order])
    place = np.arange(order.size) - np.repeat(np.cumsum(counts) - counts, counts)
    held = np.clip(np.round(holdout * counts).astype(np.int64), 2, counts - 1)
    tested = np.repeat(held - held // 2, counts)
    held_out = np.repeat(held, counts)
    return Labels(
        label,
        kept,
        tuple(names[code] for code in left),
        train=_ascending(order[place >= held_out]),
        validation=_ascending(order[(place >= tested) & (place < held_out)]),
        test=_ascending(order[place < tested]),
    )


def _frequent(codes: Int32, n_classes: int) -> tuple[Int32, Int64]:
    """(codes of the classes with LEAST examples or more, numbered anew; those classes)."""
    counts = np.bincount(codes[codes >= 0], minlength=n_classes)
    left = np.flatnonzero(counts >= LEAST)
    place = np.full(n_classes + 1, -1, np.int32)
    place[left] = np.arange(left.size)
    return place[codes], left


def _ascending(nodes: Int64) -> Int32:
    return np.sort(nodes).astype(np.int32)
