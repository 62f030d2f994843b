"""Dense probability matrices, built from definitions on the graph: the reference for the rings.

Nothing here uses rings or level order: ancestors are walked one by one, so that a mistake in those
cannot hide in this.
"""

from typing import Any

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.samplers.degree import degree_weights

LARGEST = 20_000
ROW_TOTAL = 2**31 - 1


def matrix_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    of: str = "siblings",
    k: int = 1,
    alpha: float = 0.75,
    relative_to: str = "anchor",
    replace: bool = True,
) -> dict[str, np.ndarray]:
    """Row-wise cumulated integer weights, int32 (N,N), and widened bool (N,).

    p(v | u) = w[u,v] / sum_v w[u,v], w from `weights`; 4 N^2 bytes. With replace=False a row that
    has fewer than `negatives` nodes widens. Raises HardballError above 20,000 nodes.
    Source: hardball, level order and rings.
    """
    minimum = 1 if replace else negatives
    table, widened = weights(h, of=of, k=k, alpha=alpha, minimum=minimum)
    return {"cumulative": np.cumsum(table, axis=1, dtype=np.int32), "widened": widened}


def weights(
    h: Hierarchy, *, of: str, k: int = 1, alpha: float = 0.75, minimum: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Integer weights int32 (N,N), rows below 2^31, and widened bool (N,).

    uniform: 1 for every other node. degree: degree^alpha in units of sum / (2^31 - 1 - N), rounded,
    at least 1 where positive. The others: 1 for every node of the same depth whose nearest common
    ancestor with u lies j levels up: siblings j = 1, cousins j = k + 1, branch j = depth; tree: 1
    for every node of the same depth that has no common ancestor with u, which is also what stands
    in where u has no j-th ancestor. A row with fewer than `minimum` nodes takes those of j + 1 too,
    and so on, then its whole level, then all other nodes.
    Raises HardballError above 20,000 nodes or for an unknown `of` or k < 1.
    Source: hardball, level order and rings.
    """
    n = h.n_nodes
    if n > LARGEST:
        raise HardballError(
            f"sampler matrix: {h.name} has {n:,} nodes and its matrix takes {4 * n * n / 2**30:.1f}"
            f" GiB; allowed are up to {LARGEST:,} nodes; use the sampler itself"
        )
    if of == "uniform":
        return 1 - np.eye(n, dtype=np.int32), np.zeros(n, bool)
    if of == "degree":
        return _degree(h, alpha), np.zeros(n, bool)
    if of not in ("siblings", "cousins", "branch", "tree") or k < 1:
        raise HardballError(
            f"sampler matrix: of={of!r}, k={k}; allowed are uniform, degree, siblings, cousins, "
            "branch, tree, and k of 1 or more"
        )
    table, widened = np.ones((n, n), np.int32), np.ones(n, bool)
    for depth in range(int(h.depth.max(initial=0)) + 1):
        level = np.flatnonzero(h.depth == depth)
        if len(level) == 1:
            continue
        asked = {"siblings": 1, "cousins": k + 1, "branch": max(depth, 1), "tree": depth + 1}[of]
        nearest = min(asked, depth + 1)
        height = _common_height(h.parent, level, depth)
        bounds = [*((nearest, j) for j in range(nearest, depth + 2)), (1, depth + 1)]
        unfilled = np.ones(len(level), bool)
        for step, (low, high) in enumerate(bounds):
            members = (height >= low) & (height <= high)
            fits = unfilled & (members.sum(1) >= minimum)
            table[level[fits]] = 0
            table[np.ix_(level[fits], level)] = members[fits]
            widened[level[fits]] = step > 0 or (asked > depth and of != "tree")
            unfilled &= ~fits
    np.fill_diagonal(table, 0)
    return table, widened


def _common_height(parent: np.ndarray, level: np.ndarray, depth: int) -> np.ndarray:
    """Levels up to the nearest common ancestor of each two nodes of a level; depth + 1: none."""
    lines = [level]
    for _ in range(depth):
        lines.append(parent[lines[-1]])
    height = np.full((len(level), len(level)), depth + 1, np.int16)
    for j, above in reversed(list(enumerate(lines))):
        height[above[:, None] == above[None, :]] = j
    return height


def _degree(h: Hierarchy, alpha: float) -> np.ndarray:
    share = degree_weights(h, alpha)
    unit = share.sum() / (ROW_TOTAL - h.n_nodes)
    row = np.where(share > 0, np.maximum(np.rint(share / unit), 1), 0).astype(np.int32)
    table = np.tile(row, (h.n_nodes, 1))
    np.fill_diagonal(table, 0)
    return table


def promises(of: str = "siblings", **_: Any) -> str:
    """What the sampler that the matrix stands for promises, see `contract.Entry.promises`."""
    return {"siblings": "near", "cousins": "near", "branch": "depth", "tree": "depth"}.get(of, "")
