"""Draws from dense probability matrices, built from definitions: the reference for the rings.

No weight here uses rings or level order: ancestors are walked one by one, so that a mistake in
those cannot hide in this.
"""

from typing import Any

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import sampler
from hardball.methods.parameter import Parameter, real, whole
from hardball.methods.samplers.common import RELATIVE_TO, REPLACE, Index
from hardball.methods.samplers.degree import degree_weights
from hardball.methods.sources import HARDBALL

LARGEST = 20_000
ROW_TOTAL = 2**31 - 1
_OF = ("uniform", "degree", "siblings", "cousins", "branch", "tree")


def matrix_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    of: str,
    k: int,
    alpha: float,
    relative_to: str,
    replace: bool,
) -> Index:
    """Row-wise cumulated integer weights, int32 (N,N), and widened bool (N,).

    p(v | u) = w[u,v] / sum_v w[u,v], w from `weights`; 4 N^2 bytes. With replace=False a row that
    has fewer than `negatives` nodes widens. Raises HardballError above 20,000 nodes.
    Source: hardball, level order and rings.
    """
    minimum = 1 if replace else negatives
    table, widened = weights(h, of=of, k=k, alpha=alpha, minimum=minimum)
    return {"cumulative": np.cumsum(table, axis=1, dtype=np.int32), "widened": widened}


def check_size(name: str, h: Hierarchy, most: int = LARGEST) -> None:
    """Raises HardballError where a matrix of all nodes takes too much memory."""
    n = h.n_nodes
    if n > most:
        raise HardballError(
            f"sampler {name}: {h.name} has {n:,} nodes and its matrix takes {4 * n * n / 2**30:.1f}"
            f" GiB; allowed are up to {most:,} nodes; use the sampler itself"
        )


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
    Raises HardballError above 20,000 nodes.
    Source: hardball, level order and rings.
    """
    n = h.n_nodes
    check_size("matrix", h)
    if of == "uniform":
        return 1 - np.eye(n, dtype=np.int32), np.zeros(n, bool)
    if of == "degree":
        return _degree(h, alpha), np.zeros(n, bool)
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


def promises(of: str, **_: Any) -> str:
    """What the sampler that the matrix stands for promises, see `contract.Entry.promises`."""
    return {"siblings": "near", "cousins": "near", "branch": "depth", "tree": "depth"}.get(of, "")


@sampler(
    summary="rows of a dense probability matrix: the small-graph reference for `of`",
    source=HARDBALL,
    parameters={
        "of": Parameter("siblings", "whose draws these are", choices=_OF),
        "k": whole(1, "the degree of the cousins", at_least=1),
        "alpha": real(0.75, "the exponent of the degree"),
        "relative_to": RELATIVE_TO,
        "replace": REPLACE,
    },
    build=matrix_index,
    form="pairs",
    cost="O(N^2); O(log N)",
    formula="p(n | u) = w(u, n) / sum over v of w(u, v), w the weights that `of` names",
    promises=promises,
)
def matrix(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array, *, replace: bool
) -> tuple[Array, Array]:
    """Nodes by the anchor's row of weights: ids (B,K), valid (B,K).

    id = the first column whose cumulated weight exceeds floor(word * total / 2^32). Without
    replacement a drawn column has weight 0 from then on, as in NumPy's choice(replace=False, p),
    and valid=False once a row is used up. An id that is not valid is the anchor. anchors (B,),
    words (B,K). Source: Devroye 1986, Non-Uniform Random Variate Generation, section III.2;
    without replacement Efraimidis & Spirakis 2006, Weighted Random Sampling, definition 1.
    """
    n = index["cumulative"].shape[0]
    table, rows = index["cumulative"].reshape(-1), anchors * n
    total = xp.lookup(table, rows + n - 1)
    if replace:
        drawn = first_above(xp, table, n, rows[:, None], xp.mulhi(words, total[:, None]))
        valid = xp.broadcast_to(total[:, None] > 0, words.shape)
        return xp.where(valid, drawn, anchors[:, None]), valid

    def take(step: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        total, starts, weights, ids, valid = state
        target = xp.mulhi(words[:, step], total)
        passed = starts <= target[:, None]
        skipped = xp.cast(xp.sum(weights * passed, axis=1), xp.integer)
        drawn = first_above(xp, table, n, rows, target + skipped)
        before = xp.where(drawn > 0, xp.lookup(table, rows + xp.maximum(drawn - 1, 0)), 0)
        left = total > 0
        used = xp.where(left, xp.lookup(table, rows + drawn) - before, 0)
        starts -= ~passed * used[:, None]
        return (
            total - used,
            xp.set_column(starts, step, before - skipped),
            xp.set_column(weights, step, used),
            xp.set_column(ids, step, xp.where(left, drawn, anchors)),
            xp.set_column(valid, step, left),
        )

    # Of each drawn column its weight, and where in the weight that is left its gap lies.
    starts, weights, ids = (xp.zeros_like(words, dtype=xp.integer) for _ in range(3))
    state = (total, starts, weights, ids, xp.zeros_like(words, dtype=xp.boolean))
    *_, ids, valid = xp.loop(words.shape[1], take, state)
    return ids, valid


def first_above(xp: Namespace, table: Array, n: int, rows: Array, targets: Array) -> Array:
    """First of n columns from `rows` on whose entry exceeds the target; n - 1 where none does."""
    low, high = xp.zeros_like(targets), xp.full_like(targets, n - 1)
    for _ in range((n - 1).bit_length()):
        middle = (low + high) >> 1
        below = xp.lookup(table, rows + middle) <= targets
        low, high = xp.where(below, middle + 1, low), xp.where(below, high, middle)
    return xp.minimum(low, n - 1)
