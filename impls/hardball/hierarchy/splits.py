"""Splits: which closure pairs a run trains on, and which it is asked about."""

from dataclasses import dataclass, replace

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy import graph
from hardball.hierarchy.closure import (
    Csr,
    contains,
    descendants_count,
    from_pairs,
    nodes_of,
    pairs,
    positions,
    reduction,
)
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.graph import Bool, Int32
from hardball.hierarchy.labels import FIRST, Labels, node_labels
from hardball.hierarchy.pieces import pieces


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


def reconstruction(h: Hierarchy, closure: Csr, seed: int) -> Split:
    """Train and rank on the whole closure; `seed` plays no part.

    Source: Nickel & Kiela 2017, section 4.1.
    """
    return _whole("reconstruction", closure)


def link_prediction(
    h: Hierarchy, closure: Csr, seed: int, fraction: float = 0.5, holdout: float = 0.1
) -> Split:
    """Hold out a share of the non-basic pairs, train on the basic and `fraction` of the others.

    Basic pairs (the transitive reduction) cannot be told from the rest of the closure, so all are
    trained on. One half of the `holdout` share is the test, the other the validation set: with 0.1
    5 % each, as in the authors' code. `fraction` is a share of the pairs not held out; theirs
    counts all non-basic ones, so their 90 % is our 1.0. For one seed the held-out pairs do not
    depend on `fraction`, and a smaller fraction trains on a part of what a larger one trains on.
    The transitive closure of the train pairs contains the held-out ones by the task's definition.
    Raises HardballError on shares out of range or when there is nothing to hold out.
    Source: Ganea, Bécigneul & Hofmann 2018, section 5.
    """
    _check_share("holdout", holdout, 0.0 < holdout < 1.0, "more than 0 and less than 1")
    _check_share("fraction", fraction, 0.0 <= fraction <= 1.0, "0 to 1")
    basic = reduction(h)
    role = np.zeros(closure.indices.size, np.int8)
    role[positions(closure, basic[:, 0], basic[:, 1])] = _TRAIN
    others = np.flatnonzero(role != _TRAIN)
    order = others[random_bits.permutation(seed, "link_prediction", 0, others.size)]
    tested, validated = _shares(h, holdout, order.size, "non-basic pairs")
    rest = order[tested + validated :]
    role[order[:tested]] = _TEST
    role[order[tested : tested + validated]] = _VALIDATION
    role[rest[: round(fraction * rest.size)]] = _TRAIN
    return _split("link_prediction", closure, role)


def leaf_parent(h: Hierarchy, closure: Csr, seed: int, holdout: float = 0.1) -> Split:
    """Hold out the basic parents of a share of the leaves; their higher ancestors are trained on.

    A sampled leaf u keeps the pairs (u, a) of every ancestor a that has a child among u's other
    ancestors, or it would be untrained; all its basic parents are held out, so no train pairs
    (u, z), (z, p) lead to a held-out parent p. Only nodes without descendants are sampled, since
    descendants would give their parents away, and only those with a higher ancestor to train on.
    One half of the `holdout` share of these leaves is the test, the other the validation set.
    Raises HardballError on a share out of range or when there are not two such leaves.
    Source: hardball.
    """
    _check_share("holdout", holdout, 0.0 < holdout < 1.0, "more than 0 and less than 1")
    n = h.n_nodes
    basic = reduction(h)
    nearest = np.bincount(basic[:, 0], minlength=n)
    below = descendants_count(closure, n)
    leaves = np.flatnonzero((below == 0) & (np.diff(closure.indptr) > nearest))
    order = leaves[random_bits.permutation(seed, "leaf_parent", 0, leaves.size)]
    tested, validated = _shares(h, holdout, order.size, "leaves with a grandparent")
    of_node = np.full(n, _TRAIN, np.int8)
    of_node[order[:tested]] = _TEST
    of_node[order[tested : tested + validated]] = _VALIDATION
    role = np.full(closure.indices.size, _TRAIN, np.int8)
    role[positions(closure, basic[:, 0], basic[:, 1])] = of_node[basic[:, 0]]
    return _split("leaf_parent", closure, role)


def node_classification(
    h: Hierarchy,
    closure: Csr,
    seed: int,
    label: str = FIRST,
    holdout: float = 0.2,
    l2: float = 0.0,
) -> Split:
    """Train and rank as in `reconstruction`; then nodes of a label are told from the points.

    The points see every pair, the classifier the training nodes' labels alone. Labels that name an
    ancestor are told by pairs that the points were trained on: they say whether a linear head can
    read a subtree off the embedding, not whether the embedding foresees it.
    Raises HardballError on an unknown label, a share or an l2 out of range, and when fewer than two
    classes have enough nodes. Source: hardball.
    """
    _check_share("l2", l2, l2 >= 0, "0 (chosen on the validation nodes) or more")
    asked = node_labels(h, seed, label, holdout)
    return replace(_whole("node_classification", closure), labels=asked, l2=l2)


def graph_classification(
    h: Hierarchy,
    closure: Csr,
    seed: int,
    label: str = FIRST,
    size: int = 8,
    holdout: float = 0.5,
    l2: float = 0.0,
) -> Split:
    """Train and rank as in `reconstruction`; then tell which class a graph of `size` nodes is from.

    The graphs are `pieces.pieces`: no node is in two, so none is in a training and a test graph.
    Raises HardballError as `node_classification` does, and on a size below 1. Source: hardball.
    """
    _check_share("l2", l2, l2 >= 0, "0 (chosen on the validation graphs) or more")
    cut = pieces(h, seed, label, size, holdout)
    whole = _whole("graph_classification", closure)
    return replace(whole, labels=cut.labels, graph_of=cut.graph_of, l2=l2)


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
        if split.name == "link_prediction":
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


_TRAIN, _TEST, _VALIDATION = 1, 2, 3


def _whole(name: str, closure: Csr) -> Split:
    """All pairs to train on and to rank."""
    return Split(name, pairs(closure), closure, None, None, closure)


def _split(name: str, closure: Csr, role: np.ndarray) -> Split:
    """A split of the closure by the role of each of its pairs; role 0 is left out."""
    node = nodes_of(closure)

    def chosen(wanted: int) -> Int32:
        at = np.flatnonzero(role == wanted)
        return np.stack([node[at], closure.indices[at]], axis=1)

    train = chosen(_TRAIN)
    known = Csr(*graph.group(train[:, 0], train[:, 1], closure.indptr.size - 1))
    return Split(name, train, known, chosen(_TEST), chosen(_VALIDATION), closure)


def _shares(h: Hierarchy, holdout: float, available: int, what: str) -> tuple[int, int]:
    """How many of the available go to test and to validation, at least one each."""
    if available < 2:
        raise HardballError(
            f"{h.name} has {available} {what}: 2 are needed to hold some out; "
            "use the task reconstruction"
        )
    held = min(max(round(holdout * available), 2), available)
    return held - held // 2, held // 2


def _check_share(what: str, value: float, allowed: bool, text: str) -> None:
    if not allowed:
        raise HardballError(f"{what}={value}, allowed are {text}")


def _line(wrong: Bool, text: str) -> str:
    count = int(np.count_nonzero(wrong))
    return f"{count} {text}" if count else ""
