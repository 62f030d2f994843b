"""Sanity checks of a built hierarchy: what every sampler and metric takes for granted."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.data import store
from hardball.data.cards import Card
from hardball.hierarchy import graph
from hardball.hierarchy.closure import Csr, closure, contains, pairs, reduction
from hardball.hierarchy.dag import Hierarchy

SAMPLE = 200


class Check(NamedTuple):
    """passed is None where the question does not arise."""

    name: str
    passed: bool | None
    detail: str


def check_dataset(h: Hierarchy, card: Card | None = None) -> list[Check]:
    """All checks of a hierarchy, and of a card's expected counts if there is one."""
    checks = [] if card is None else _counts(store.counts(h, card.expected))
    questions: tuple[Callable[[Hierarchy], tuple[bool | None, str]], ...] = (
        ids_map_back,
        names_present,
        acyclic,
        no_duplicates,
        roots_first,
        depth_is_shortest,
        primary_parent_one_level_up,
        level_order,
        children_contiguous,
        preorder_intervals,
        trees,
        closure_by_brute_force,
        groups_cover,
        lone_nodes,
        implied_edges,
    )
    for question in questions:
        name = question.__name__.replace("_", " ")
        # What follows walks up the edges, which in a cycle never ends.
        if any(done.name == "acyclic" and not done.passed for done in checks):
            checks.append(Check(name, None, "not asked of a graph with a cycle"))
        else:
            checks.append(Check(name, *question(h)))
    return checks


def _counts(lines: Iterable[tuple[str, bool]]) -> list[Check]:
    return [Check("count as on the card", passed, text) for text, passed in lines]


def ids_map_back(h: Hierarchy) -> tuple[bool, str]:
    """Raw ids are distinct and each leads to its own row."""
    rows = _sample(h, "ids")
    distinct = len(h.id_column.unique()) == h.n_nodes
    back = np.array_equal(h.rows(h.ids[rows]), rows)
    return distinct and back, f"{h.n_nodes:,} ids, {len(rows)} mapped to rows and back"


def names_present(h: Hierarchy) -> tuple[bool, str]:
    """Every node has a name to show."""
    empty = int(sum(not name for name in h.names))
    return empty == 0, f"{empty} nodes without a name"


def acyclic(h: Hierarchy) -> tuple[bool, str]:
    """A topological order reaches every node."""
    direct = _direct(h)
    children = graph.group(direct[:, 1], direct[:, 0], h.n_nodes)
    order, _, _ = graph.topological(h.parents_indptr, *children)
    return order.size == h.n_nodes, f"{order.size:,} of {h.n_nodes:,} nodes in topological order"


def no_duplicates(h: Hierarchy) -> tuple[bool, str]:
    """No edge stands there twice and none leads to its own node."""
    direct = _direct(h).astype(np.int64)
    distinct = len(np.unique(direct[:, 0] * h.n_nodes + direct[:, 1]))
    loops = int((direct[:, 0] == direct[:, 1]).sum())
    return (
        distinct == h.n_edges and loops == 0,
        f"{h.n_edges - distinct} repeated edges, {loops} self loops",
    )


def roots_first(h: Hierarchy) -> tuple[bool, str]:
    """The nodes without parents are the first level, and there is one at least."""
    without = np.flatnonzero(np.diff(h.parents_indptr) == 0)
    passed = len(without) > 0 and np.array_equal(without, h.roots)
    return bool(passed and (h.parent[without] == -1).all()), f"{len(without):,} roots"


def depth_is_shortest(h: Hierarchy) -> tuple[bool, str]:
    """depth = 1 + the least depth of the parents."""
    inner = np.flatnonzero(np.diff(h.parents_indptr) > 0)
    if len(inner) == 0:
        return bool((h.depth == 0).all()), "no edges: every depth is 0"
    least = np.minimum.reduceat(h.depth[h.parents_indices], h.parents_indptr[inner])
    wrong = int((h.depth[inner] != least + 1).sum())
    return wrong == 0, f"{wrong} of {len(inner):,} nodes at another depth; deepest {h.max_depth}"


def primary_parent_one_level_up(h: Hierarchy) -> tuple[bool, str]:
    """The primary parent is a direct parent, exactly one level above."""
    inner = np.flatnonzero(h.parent >= 0)
    direct = contains(Csr(h.parents_indptr, h.parents_indices), inner, h.parent[inner])
    above = h.depth[h.parent[inner]] == h.depth[inner] - 1
    wrong = int((~(direct & above)).sum())
    return wrong == 0, f"{wrong} of {len(inner):,} nodes have another"


def level_order(h: Hierarchy) -> tuple[bool, str]:
    """Nodes are numbered by depth, then by preorder; level_starts bounds the levels."""
    starts = np.searchsorted(h.depth, np.arange(h.max_depth + 2))
    ascending = (np.diff(h.depth.astype(np.int64) * h.n_nodes + h.first) > 0).all()
    passed = bool(ascending) and np.array_equal(starts, h.level_starts)
    return passed, f"{h.max_depth + 1} levels, the widest of {np.diff(h.level_starts).max():,}"


def children_contiguous(h: Hierarchy) -> tuple[bool, str]:
    """The children of a node are one range of numbers."""
    rest = h.parent[h.level_starts[1] :]
    runs = 1 + int((np.diff(rest) != 0).sum()) if len(rest) else 0
    inner = len(np.unique(rest))
    return runs == inner, f"{inner:,} nodes with children, {runs:,} ranges"


def preorder_intervals(h: Hierarchy) -> tuple[bool, str]:
    """first is a permutation, last - first the size of the subtree, children nest in parents."""
    size = np.ones(h.n_nodes, np.int64)
    for k in range(h.max_depth, 0, -1):
        level = slice(h.level_starts[k], h.level_starts[k + 1])
        np.add.at(size, h.parent[level], size[level])
    sizes = np.array_equal(h.last - h.first, size)
    numbered = np.array_equal(np.sort(h.first), np.arange(h.n_nodes))
    inner = np.flatnonzero(h.parent >= 0)
    above = h.parent[inner]
    nested = (h.first[above] < h.first[inner]) & (h.last[inner] <= h.last[above])
    wrong = int((~nested).sum())
    return sizes and numbered and wrong == 0, f"{wrong} intervals outside their parent's"


def trees(h: Hierarchy) -> tuple[bool, str]:
    """The tree of a node is that of its parent, and a root's is itself."""
    inner = np.flatnonzero(h.parent >= 0)
    passed = (h.tree[inner] == h.tree[h.parent[inner]]).all() and (h.tree[h.roots] == h.roots).all()
    return bool(passed), f"{len(np.unique(h.tree)):,} trees"


def closure_by_brute_force(h: Hierarchy) -> tuple[bool, str]:
    """The closure's rows of sampled nodes equal a walk up through every parent."""
    csr = closure(h)
    rows = _sample(h, "closure")
    wrong = 0
    for node in rows.tolist():
        above: set[int] = set()
        frontier = [node]
        while frontier:
            direct = (
                h.parents_indices[h.parents_indptr[n] : h.parents_indptr[n + 1]] for n in frontier
            )
            frontier = [p for parents in direct for p in parents.tolist() if p not in above]
            above.update(frontier)
        wrong += sorted(above) != csr.indices[csr.indptr[node] : csr.indptr[node + 1]].tolist()
    return wrong == 0, f"{csr.indptr[-1]:,} pairs; {wrong} of {len(rows)} sampled nodes differ"


def groups_cover(h: Hierarchy) -> tuple[bool | None, str]:
    """Every group has labels, and codes that point at them."""
    if not h.groups:
        return None, "no groups"
    parts, passed = [], True
    for label, codes in h.groups.items():
        count = len(h.group_names[label])
        passed &= count > 0 and codes.shape == (h.n_nodes,)
        passed &= bool((codes >= -1).all() and (codes < count).all() and (codes >= 0).any())
        parts.append(f"{label}: {count} on {(codes >= 0).mean():.0%}")
    return passed, "; ".join(parts)


def lone_nodes(h: Hierarchy) -> tuple[bool | None, str]:
    """Nodes with neither parent nor child: nothing can be learnt about them."""
    linked = np.zeros(h.n_nodes, bool)
    linked[h.parents_indices] = True
    linked |= np.diff(h.parents_indptr) > 0
    lone = int((~linked).sum())
    return (True if lone == 0 else None), f"{lone:,} nodes without any edge"


def implied_edges(h: Hierarchy) -> tuple[bool | None, str]:
    """Edges that follow from others: depths and siblings count them all the same."""
    count = 0 if h.is_forest else h.n_edges - len(reduction(h))
    return (True if count == 0 else None), f"{count:,} of {h.n_edges:,} edges follow from others"


def require(checks: Iterable[Check], what: str) -> None:
    """Raises HardballError that names the checks that failed."""
    failed = [check.name for check in checks if check.passed is False]
    if failed:
        raise HardballError(f"{what} fails {len(failed)} checks: {', '.join(failed)}")


def _direct(h: Hierarchy) -> np.ndarray:
    return pairs(Csr(h.parents_indptr, h.parents_indices))


def _sample(h: Hierarchy, purpose: str) -> np.ndarray:
    """Up to SAMPLE different nodes, the same ones every time."""
    if h.n_nodes <= SAMPLE:
        return np.arange(h.n_nodes)
    drawn = random_bits.uniform(random_bits.words(0, f"check {purpose}", 0, SAMPLE))
    return np.unique((drawn * h.n_nodes).astype(np.int64))
