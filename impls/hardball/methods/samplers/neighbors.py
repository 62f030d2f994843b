"""The nearest nodes of the embedding as it lies now, in lists that are made again and again."""

from collections.abc import Callable
from typing import Any

from hardball.arrays.namespace import Array, Namespace
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import sampler
from hardball.methods.parameter import real, whole
from hardball.methods.samplers.choice import Rule
from hardball.methods.samplers.choice import choose as chosen
from hardball.methods.samplers.common import RELATIVE_TO, Index
from hardball.methods.samplers.space import Space

# Exact neighbours cost N^2 distances each time that they are looked for.
LARGEST = 100_000
# What the nearest nodes are listed and drawn by.
LISTED = {
    "top": whole(64, "how many near nodes are listed for each", at_least=1),
    "every": whole(200, "steps from one search to the next", at_least=1),
    "temperature": real(1.0, "the lower, the more the nearest are drawn", above=0),
}
# Distances that are held at once where lists are made.
_HELD = 2**24


def neighbors_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    top: int,
    every: int,
    temperature: float,
    relative_to: str,
) -> Index:
    """Nothing: the lists are made from the points, every `every` steps.

    Raises HardballError above 100,000 nodes.
    Source: Xiong et al. 2021, Approximate Nearest Neighbor Negative Contrastive Learning.
    """
    if h.n_nodes > LARGEST:
        raise HardballError(
            f"sampler neighbors: {h.name} has {h.n_nodes:,} nodes, whose exact neighbours take "
            f"{h.n_nodes**2:.1e} distances each time; allowed are up to {LARGEST:,}: use "
            "hnsw, or distance_hard, which looks among candidates"
        )
    return {}


def neighbor_lists(
    xp: Namespace,
    space: Space,
    known: Callable[[Array], Any],
    nodes: Array,
    candidates: Array | None = None,
    *,
    top: int,
) -> Array:
    """The `top` nearest nodes of every node that are no known positives of it: integers (N,T).

    nodes (N,): all of them; candidates (N, C): among whom to look, None for all. T = min(top,
    N - 1). Where fewer are left the node itself stands in. N^2 or N C distances, some million of
    them held at once. Source: hardball, exact neighbours by blocks.
    """
    count = len(nodes)
    rule = Rule("nearest", min(top, count - 1))
    offered = count if candidates is None else candidates.shape[1]

    def block(rows: Array) -> Array:
        ids = nodes[None] if candidates is None else candidates[rows]
        usable = xp.ones_like(ids, dtype=xp.boolean)
        words = xp.cast(rows[:, None][:, :0], xp.word)
        return chosen(xp, space, rule, rows, rows, ids, usable, words, known(rows), None)[0]

    return xp.in_blocks(block, nodes, min(count, max(1, _HELD // offered)))


@sampler(
    summary="the nearest nodes of the embedding, exactly, looked for again every so many steps",
    source="Xiong et al. 2021, Approximate Nearest Neighbor Negative Contrastive Learning",
    parameters={**LISTED, "relative_to": RELATIVE_TO},
    build=neighbors_index,
    form="pairs",
    refresh=neighbor_lists,
    looks=True,
    cost="O(top N); O(top D / K), and N^2 distances a refresh",
    formula="p(n | u) ~ exp(-d(u, n) / temperature) over the top nearest of the last refresh",
)
def neighbors(
    xp: Namespace,
    index: dict[str, Array],
    anchors: Array,
    words: Array,
    space: Space,
    *,
    temperature: float,
) -> tuple[Array, Array]:
    """Of each anchor's list: ids (B,K) with replacement, p ~ exp(-d / temperature), valid (B,K).

    index["lists"] (N,T) from `neighbor_lists`, d the distance as it is now. A list that is not full
    repeats its node, which is never drawn. anchors (B,), words (B,K).
    Source: Xiong et al. 2021, Approximate Nearest Neighbor Negative Contrastive Learning.
    """
    ids = index["lists"][anchors]
    usable = ids != anchors[:, None]
    rule = Rule("temperature", words.shape[1], temperature=temperature)
    return chosen(xp, space, rule, anchors, anchors, ids, usable, words, None, None)
