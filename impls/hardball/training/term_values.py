"""The terms of a run's loss: regularisers, each given what it names of a batch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.optimizers import dense
from hardball.methods.schedules import schedule
from hardball.training.methods import Methods

# Arrays by their own names, by the names of terms.
Heads = dict[str, dict[str, Array]]


def values(
    xp: Namespace,
    how: Methods,
    rows: Array,
    near: Array,
    heads: Heads,
    told: Mapping[str, Any],
) -> list[Array]:
    """The mean of each regulariser over a batch, scalars.

    rows (R, D): of the anchors, the positives and the draws; near (B,): distances within the pairs;
    heads: what each term owns; told: what the regularisers are told, see `facts.TOLD`, and by the
    names of terms what each alone is told of the ends.
    """
    ends = rows[: 2 * near.shape[0]]
    given: dict[str, Callable[[], Any]] = {
        "radii": lambda: how.manifold.radius(ends, how.c),
        "d_pos": lambda: near,
        "tangent": lambda: how.manifold.log0(ends, how.c),
        "vectors": lambda: how.manifold.log0(rows, how.c),
        "c": lambda: how.c,
    }
    found = []
    for term in how.regularizers:
        own = {**told, **heads.get(term.name, {}), **told.get(term.name, {})}
        asked = {name: own[name] if name in own else given[name]() for name in term.wants}
        found.append(xp.mean(term.value(**asked, **term.params)))
    return found


def move(
    xp: Namespace,
    how: Methods,
    heads: Heads,
    grads: Heads,
    before: Array,
    lr: Array,
) -> Heads:
    """What terms own after one step of Adam, each term at its own share of the rate `lr`.

    heads: packed, see `dense.init`; grads: of the arrays themselves; before: steps taken.
    """
    moved: Heads = {}
    for term, first in how.owners.items():
        rate = first / how.spec.lr * lr
        moved[term] = {
            name: dense.adam(xp, packed, grads[term][name], before, rate)
            for name, packed in heads[term].items()
        }
    return moved


def owned(heads: Heads) -> Heads:
    """The arrays of packed heads as they are now."""
    return {term: {name: packed[0] for name, packed in own.items()} for term, own in heads.items()}


def parts(
    xp: Namespace, how: Methods, values: tuple[Array, ...], told: Mapping[str, Array]
) -> tuple[Array, ...]:
    """What a step takes gradients of: the terms by their factors in a sum, or one by one.

    values: of the main loss, of each further one, of each regulariser; told: `progress` where one
    of them has a schedule.
    """
    due = [
        value if over == "constant" else schedule(xp, told["progress"], over) * value
        for over, value in zip(how.schedules, values, strict=True)
    ]
    if len(due) == 1:
        return tuple(due)
    if how.apart:
        return tuple(due)
    factors = how.objective.factors(xp.stop_gradient(xp.stack(values)), **how.objective.params)
    total = factors[0] * due[0]
    for place in range(1, len(due)):
        total = total + factors[place] * due[place]
    return (total,)


def together(xp: Namespace, how: Methods, grads: Sequence[Array], sums: Sequence[Array]) -> Array:
    """The gradient that a step goes along, from those of its parts.

    grads (R, D) of rows that may be of one node; sums (R, D): at every row the sum over all rows of
    its node, so that products of the two are those of the nodes' gradients.
    """
    if len(sums) == 1:
        return sums[0]
    ours, theirs = (xp.stack(each).reshape(len(sums), -1) for each in (grads, sums))
    factors = how.objective.factors(xp.product(ours, theirs.T), **how.objective.params)
    return xp.product(factors, theirs).reshape(sums[0].shape)
