"""Splits: which closure pairs a run trains on, and which it is asked about."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy import graph
from hardball.hierarchy.closure import (
    Csr,
    contains,
    descendants_count,
    from_pairs,
    nodes_of,
    pairs,
)
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.graph import Bool, Int32
from hardball.hierarchy.labels import Labels


@dataclass(frozen=True, eq=False)
class Split:
    """Pairs (node, ancestor) of one task over N nodes.

    train: (P, 2) pairs to train on, ascending.
    known: the train pairs as rows, all that masking may know.
    test, validation: (T, 2), (V, 2) held-out pairs, ascending; None where nothing is held out.
    exclude: the full closure; its pairs never count as non-positives when ranking.
    labels: classes to be told from the points after training, None where the task asks for none:
        of nodes, or of the graphs in graph_of.
    graph_of: (N,) the graph that each node is in, -1 for none; None where nodes are classified.
    links: whether the held-out pairs are links to be told from corrupted ones after training.
    corrupted: the corrupted pairs (L, 2) of "test" and "validation"; None where the evaluation
        draws them.
    l2: strength of the classifier's penalty, 0 where it is chosen on the validation examples.
    """

    name: str
    train: Int32
    known: Csr
    test: Int32 | None
    validation: Int32 | None
    exclude: Csr
    labels: Labels | None = None
    graph_of: Int32 | None = None
    l2: float = 0.0
    links: bool = False
    corrupted: Mapping[str, Int32] | None = None


TRAIN, TEST, VALIDATION = 1, 2, 3


def whole(name: str, closure: Csr) -> Split:
    """A split of the task `name` with all pairs to train on and to rank."""
    return Split(name, pairs(closure), closure, None, None, closure)


def by_role(name: str, closure: Csr, role: np.ndarray) -> Split:
    """A split by the role of each pair of the closure: TRAIN, TEST, VALIDATION, or 0 for none."""
    node = nodes_of(closure)

    def chosen(wanted: int) -> Int32:
        at = np.flatnonzero(role == wanted)
        return np.stack([node[at], closure.indices[at]], axis=1)

    train = chosen(TRAIN)
    known = Csr(*graph.group(train[:, 0], train[:, 1], closure.indptr.size - 1))
    return Split(name, train, known, chosen(TEST), chosen(VALIDATION), closure)


def shares(h: Hierarchy, holdout: float, available: int, what: str) -> tuple[int, int]:
    """How many of the available go to test and to validation, at least one each.

    Raises HardballError when there are not two; what: what they are, for the message.
    """
    if available < 2:
        raise HardballError(
            f"{h.name} has {available} {what}: 2 are needed to hold some out; "
            "use the task reconstruction"
        )
    held = min(max(round(holdout * available), 2), available)
    return held - held // 2, held // 2


def leaks(split: Split) -> list[str]:
    """What held-out pairs give away, a line each; empty when the split is clean.

    Every held-out pair must be a pair of the closure, absent from train, from known and from the
    other held-out set; known must hold nothing beyond train. link_prediction: it must not be
    basic. leaf_parent: train must not imply it transitively, nor hold a descendant of its node.
    """
    n = split.exclude.indptr.size - 1
    trained = from_pairs(split.train, n)
    known_beyond = ~contains(trained, nodes_of(split.known), split.known.indices)
    found = [_line(known_beyond, "pairs known to masking are not in train")]
    parts = {"test": split.test, "validation": split.validation}
    for part, held in parts.items():
        if held is None:
            continue
        node, ancestor = held[:, 0], held[:, 1]
        found += [
            _line(contains(trained, node, ancestor), f"{part} pairs are in train"),
            _line(contains(split.known, node, ancestor), f"{part} pairs are known to masking"),
            _line(~contains(split.exclude, node, ancestor), f"{part} pairs are no true pairs"),
        ]
        if split.links:
            basic = ~graph.implied(split.exclude.indptr, split.exclude.indices, node, ancestor)
            found.append(_line(basic, f"{part} pairs are basic, which nothing else implies"))
        if split.name == "leaf_parent":
            reached = graph.implied(trained.indptr, trained.indices, node, ancestor)
            above = descendants_count(trained, n)[node] > 0
            found.append(_line(reached, f"{part} pairs follow from train by transitivity"))
            found.append(_line(above, f"{part} pairs are of nodes with descendants in train"))
    if split.test is not None and split.validation is not None:
        both = contains(from_pairs(split.test, n), split.validation[:, 0], split.validation[:, 1])
        found.append(_line(both, "validation pairs are in test"))
    return [line for line in found if line]


def _line(wrong: Bool, text: str) -> str:
    count = int(np.count_nonzero(wrong))
    return f"{count} {text}" if count else ""
