"""The loss of a batch: the main one, further ones, regularisers, each a mean over the pairs."""

from collections.abc import Mapping
from typing import Any

from hardball.arrays.namespace import Array, Namespace
from hardball.training import term_values
from hardball.training.heads import MAIN
from hardball.training.measures import Rows, compared, measured, parted
from hardball.training.methods import Methods
from hardball.training.term_values import Heads


def loss(
    xp: Namespace,
    how: Methods,
    rows: Array,
    heads: Heads,
    offset: Array,
    weight: Array,
    told: Mapping[str, Any],
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """What a step takes gradients of, and the mean over a batch of every term, the main loss first.

    From the rows of anchors, positives and draws; the first: see `term_values.parts`.

    rows (2B + M + B K, D). heads: what terms own. offset (B, M + K) is zero and added to what the
    main loss compares of the negatives: where these are distances its gradient is that of each
    negative, since |grad d| = 1 on any manifold. told: see `facts`.
    """
    size, count = weight.shape
    batch = parted(rows, size, how.shared, count)
    near, far = _compared(xp, how, batch, how.measure, heads)
    ends = {how.measure: (near, far)}
    mine = {name: told[name] for name in how.facts}
    mine |= {**measured(xp, how.manifold, batch, how.beside, how.c), **heads.get(MAIN, {})}
    main = how.loss(near, far + offset, weight, **mine, **how.params)
    values = [xp.mean(main)]
    for more in how.losses:
        if more.measure not in ends:
            ends[more.measure] = _compared(xp, how, batch, more.measure, heads)
        beside = {name: told[name] for name in more.facts}
        beside |= measured(xp, how.manifold, batch, more.beside, how.c)
        each = more.value(*ends[more.measure], weight, **beside, **more.params)
        values.append(more.weight * xp.mean(each))
    if how.measure != "d" and how.regularizers:
        near = how.manifold.dist(batch.anchors, batch.positives, how.c)
    values += term_values.values(xp, how, rows, near, heads, told)
    found = tuple(values)
    return term_values.parts(xp, how, found, told), found


def _compared(
    xp: Namespace, how: Methods, batch: Rows, measure: str, heads: Heads
) -> tuple[Array, Array]:
    """A measure of the pairs and of the negatives, distances at the curvature that is learned."""
    if not (how.curved and measure == "d"):
        return compared(xp, how.manifold, measure, batch, how.c)
    # The space of curvature -c is that of -1 with all lengths over sqrt(c).
    root = xp.exp(heads[how.curved]["log_c"] / 2)
    scaled = Rows(*(how.manifold.project(root * each, 1.0) for each in batch))
    near, far = compared(xp, how.manifold, measure, scaled, 1.0)
    return near / root, far / root
