"""A cache of hard candidates for every node, renewed by chance again and again."""

from collections.abc import Callable
from typing import Any

from hardball.arrays.namespace import Array, Namespace
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import sampler
from hardball.methods.parameter import real, whole
from hardball.methods.samplers.common import RELATIVE_TO, Index
from hardball.methods.samplers.space import Space
from hardball.methods.sources import ZHANG_2019

# Distances that are held at once where caches are renewed.
_HELD = 2**21


def no_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    size: int,
    fresh: int,
    every: int,
    temperature: float,
    relative_to: str,
) -> Index:
    """Nothing: the caches are made in training. Source: Zhang et al. 2019."""
    return {}


def words_of_a_renewal(*, size: int, fresh: int, **_: Any) -> int:
    """Words a node: for its new candidates, for chance among all, and for its first cache."""
    return 2 * (size + fresh)


def renewed(
    xp: Namespace,
    space: Space,
    known: Callable[[Array], Any],
    nodes: Array,
    words: Array,
    lists: Array | None,
    *,
    size: int,
    fresh: int,
    temperature: float,
) -> Array:
    """The caches after a renewal: integers (N, size); where fewer are left the node itself.

    A node's cache and `fresh` uniform nodes are candidates, each once. `size` of them are kept, by
    chance and without replacement, p ~ exp(-d / temperature): those with the least
    log(E) + d / temperature, E exponential (Efraimidis & Spirakis 2006). The node and its known
    positives are left out. nodes (N,): all of them; words (N, 2 (size + fresh)); lists: the caches
    so far, None at the start, when they are uniform nodes.
    Source: Zhang et al. 2019, NSCaching, algorithm 3.
    """
    count, offered = len(nodes), size + fresh

    def block(rows: Array) -> Array:
        mine = words[rows]
        drawn = xp.cast(xp.mulhi(mine[:, :fresh], count), xp.integer)
        begun = xp.cast(xp.mulhi(mine[:, fresh + offered :], count), xp.integer)
        cache = begun if lists is None else lists[rows]
        ids = xp.sort(xp.concatenate([cache, drawn], axis=1))
        first_of_all = xp.zeros_like(ids[:, :1], dtype=xp.boolean)
        again = xp.concatenate([first_of_all, ids[:, 1:] == ids[:, :-1]], axis=1)
        out = again | known(rows).each(ids)
        far = space.dist(rows, ids) / temperature
        share = (xp.astype(mine[:, fresh : fresh + offered] >> 8, far) + 0.5) / 2**24
        order = xp.where(out, xp.inf, far + xp.log(-xp.log(share)))
        places = xp.smallest(order, size)
        kept = xp.isfinite(xp.gather(order, places))
        return xp.where(kept, xp.gather(ids, places), rows[:, None])

    return xp.in_blocks(block, nodes, min(count, max(1, _HELD // offered)))


@sampler(
    summary="a cache of near nodes for each node, renewed by chance every so many steps",
    source=f"{ZHANG_2019}, algorithms 2 and 3",
    parameters={
        "size": whole(50, "how many nodes a cache holds", at_least=1),
        "fresh": whole(50, "uniform nodes that a renewal offers to each cache", at_least=1),
        "every": whole(50, "steps from one renewal to the next", at_least=1),
        "temperature": real(1.0, "the lower, the more the nearest are kept", above=0),
        "relative_to": RELATIVE_TO,
    },
    build=no_index,
    form="pairs",
    refresh=renewed,
    refresh_words=words_of_a_renewal,
    looks=True,
    cost="O(size N); O(1), and N (size + fresh) distances a renewal",
    formula="uniform in the cache of u, of which a renewal keeps `size` nodes by exp(-d / T)",
)
def nscaching(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array
) -> tuple[Array, Array]:
    """Nodes of each anchor's cache, uniformly with replacement: ids (B,K), valid (B,K).

    index["lists"] (N, size) from `renewed`; a cache that is not full ends in its own node, which is
    never drawn. anchors (B,), words (B,K). Source: Zhang et al. 2019, NSCaching, section 3.2.
    There a batch renews the caches of its own pairs, or, lazily, an epoch all; here every cache is
    renewed every `every` steps.
    """
    cache = index["lists"][anchors]
    full = xp.sum(cache != anchors[:, None], axis=1)[:, None]
    ids = xp.gather(cache, xp.mulhi(words, xp.cast(full, xp.integer)))
    return ids, xp.broadcast_to(full > 0, words.shape)
