"""What other systems' own evaluations would say of the ranks counted here, and how they count."""

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr, descendants_count, nodes_of
from hardball.metrics.ranking import Ranks


def gensim_ranks(ranks: Ranks) -> np.ndarray:
    """1 + #{w strictly nearer than the positive: w no ancestor of u, w = u included}; (T,) int64.

    The node itself lies at distance 0, so each rank is one higher than here unless the positive
    coincides with its node; a tie counts for the positive.
    Source: gensim 4.4.0, ReconstructionEvaluation.get_positive_relation_ranks_and_avg_prec.
    """
    return 1 + ranks.less[:, 0] + (ranks.key > 0)


def gensim_figures(ranks: Ranks) -> dict[str, float]:
    """mean_rank and map as gensim prints them: the mean over pairs of `gensim_ranks`, and
    the mean over nodes of the mean of i / (rank_i + i - 1), i a positive's place among its node's.

    Source: as `gensim_ranks`.
    """
    rank = gensim_ranks(ranks)
    starts, widths = _nodes(ranks)
    place = np.arange(len(rank)) - np.repeat(starts, widths) + 1
    return _means(rank, place / (place + rank - 1), starts, widths)


def reference_figures(ranks: Ranks) -> dict[str, float]:
    """mean_rank and map as the reference poincare-embeddings prints them.

    Ranks leave the node and its other positives out, as here. Equal distances fall in any order
    there: the mean over all orders is returned. Average precision takes equal distances together:
    P_i = n_i / (n_i + m_i), n_i positives and m_i non-positives no farther than positive i.
    Source: facebookresearch/poincare-embeddings, hype/graph.py, eval_reconstruction;
    scikit-learn, average_precision_score.
    """
    starts, widths = _nodes(ranks)
    last = np.ones(len(ranks.key), bool)
    last[:-1] = (ranks.node[1:] != ranks.node[:-1]) | (ranks.key[1:] != ranks.key[:-1])
    ends = np.flatnonzero(last)
    within = ends[np.searchsorted(ends, np.arange(len(last)))] - np.repeat(starts, widths) + 1
    others = ranks.less[:, 0] + ranks.equal[:, 0]
    return _means(ranks.rank, within / (within + others), starts, widths)


def reference_epochs(passes: float, processes: int) -> float:
    """passes / processes: each process goes through all pairs in what is logged as one epoch.

    Raises HardballError on fewer than one process.
    Source: facebookresearch/poincare-embeddings, embed.py and hype/train.py.
    """
    if processes < 1:
        raise HardballError(f"processes={processes}, allowed are 1 or more")
    return passes / processes


def descendant_share(closure: Csr) -> float:
    """Share of uniform negatives that are descendants of their anchor, mean over pairs.

    |below(u)| / (N - 1 - |above(u)|): drawn among all nodes but u and its ancestors.
    Source: facebookresearch/poincare-embeddings, hype/graph_dataset.pyx; Nickel & Kiela 2017,
    Eq. 6, whose negatives are all v without a pair (u, v), allows them too.
    """
    n = len(closure.indptr) - 1
    anchors = nodes_of(closure)
    room = n - 1 - np.diff(closure.indptr)
    return float((descendants_count(closure, n)[anchors] / np.maximum(room[anchors], 1)).mean())


def coverage(draws: np.ndarray, nodes: int) -> float:
    """How many different negatives a place in the epoch meets, over what fresh draws would give.

    draws: (E, S, M) node numbers, E epochs of S batches with M negatives each. The mean over
    batches of the distinct ones, over N (1 - (1 - 1/N)^(E M)): 1 for fresh uniform draws, near
    (1 - (1 - 1/N)^M) / (1 - (1 - 1/N)^(E M)) where a batch's place in the epoch seeds its draws.
    Source: hardball.
    """
    epochs, batches, drawn = draws.shape
    met = [len(np.unique(draws[:, batch])) for batch in range(batches)]
    return float(np.mean(met) / (nodes * -np.expm1(epochs * drawn * np.log1p(-1 / nodes))))


def _nodes(ranks: Ranks) -> tuple[np.ndarray, np.ndarray]:
    """Where each node's positives start, and how many there are."""
    starts = np.flatnonzero(np.diff(ranks.node, prepend=-1))
    return starts, np.diff(np.append(starts, len(ranks.node)))


def _means(
    rank: np.ndarray, precision: np.ndarray, starts: np.ndarray, widths: np.ndarray
) -> dict[str, float]:
    each = np.add.reduceat(precision, starts) / widths
    return {"mean_rank": float(rank.mean()), "map": float(each.mean())}
