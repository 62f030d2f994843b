"""Pools of popular nodes, and of the batch's own positives."""

from typing import Any

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr, descendants_count
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.declare import sampler
from hardball.methods.parameter import choice, flag, real
from hardball.methods.samplers.common import Index, tally
from hardball.methods.samplers.degree import alias_table, by_alias, degree_weights, powers
from hardball.methods.sources import BENGIO_2008, CHEN_2017, MIKOLOV_2013


def popularity_index(
    h: Hierarchy, known: Csr, *, negatives: int, by: str, alpha: float, corrected: bool
) -> Index:
    """Alias table threshold and alias, int32 (N,), of q(v) proportional to c(v)^alpha.

    c: by "pairs" the training pairs whose ancestor is v, by "degree" direct children + parents.
    correction, where it is asked for: float32 (N,), 1 / (N q(v)), 1 where v is never drawn. Raises
    HardballError where no node has any.
    """
    if by == "degree":
        weights = degree_weights(h, alpha)
    else:
        weights = powers(descendants_count(known, h.n_nodes), alpha)
        if not weights.any():
            raise HardballError(
                f"sampler popularity: {h.name} has no training pairs, so all weigh 0; use pool"
            )
    threshold, alias = alias_table(weights)
    index = {"threshold": threshold, "alias": alias}
    if corrected:
        expected = h.n_nodes * weights / weights.sum()
        inverse = np.where(expected > 0, 1 / np.where(expected > 0, expected, 1), 1)
        index["correction"] = inverse.astype(np.float32)
    return index


@sampler(
    summary="a pool of popular nodes: by the training pairs above which they stand, or by degree",
    source=f"{MIKOLOV_2013}, section 2.2; corrected: {BENGIO_2008}, Eq. 8",
    parameters={
        "by": choice("pairs", "degree", summary="what makes a node popular"),
        "alpha": real(1.0, "the exponent of its count", at_least=0),
        "corrected": flag(False, "whether a draw weighs 1 / (N q), so that sums are those of pool"),
    },
    build=popularity_index,
    form="pool",
    cost="O(N); O(log M) a node of the pool of M, whatever the batch",
    formula="q(n) = c(n)^alpha / sum over v of c(v)^alpha, M nodes a step for all anchors",
)
def popularity(xp: Namespace, index: dict[str, Array], words: Array) -> tuple[Array, Array]:
    """Popular nodes with replacement: a pool, see `tally`. words (M,).

    A sum over nodes v of e^-d(u, v) is estimated without bias by N / M times the sum over the draws
    of e^-d / (N q): with the correction a popular node is drawn more often and counts for less.
    Source: Mikolov et al. 2013, section 2.2; Bengio & Senécal 2008, Eq. 8.
    """
    return tally(xp, by_alias(xp, index, words))


def positives_of_the_batch(spec: Any, *, negatives: int, **_: Any) -> None:
    """Raises HardballError where a batch has fewer positives than the pool is to have nodes."""
    if negatives > spec.batch_size:
        raise HardballError(
            f"sampler in_batch: {negatives} negatives of a batch of {spec.batch_size}; allowed are "
            f"1 to {spec.batch_size}: raise batch_size"
        )


def no_index(h: Hierarchy, known: Csr, *, negatives: int) -> Index:
    """Nothing: what is drawn are the positives of the batch."""
    return {}


def no_words(negatives: int) -> int:
    """None: the batch was drawn already."""
    return 0


@sampler(
    summary="a pool of the batch's positives, for all of its anchors",
    source=f"{CHEN_2017}, section 5.1",
    build=no_index,
    draws_words=no_words,
    form="pool",
    fits=positives_of_the_batch,
    cost="O(1); O(log M) a node of the pool of M, whatever the batch",
    formula="the positives of the first M pairs of the batch: p(n) is the share of pairs with it",
)
def in_batch(
    xp: Namespace, index: dict[str, Array], words: Array, positives: Array, negatives: int
) -> tuple[Array, Array]:
    """The first M positives of a batch: a pool, see `tally`. positives (B,), M = negatives.

    Source: Chen et al. 2017, On Sampling Strategies for Neural Network-based Collaborative
    Filtering, section 5.1 (negative sharing).
    """
    return tally(xp, positives[:negatives])
