"""The compiled steps as functions of PyTorch tensors on a CPU."""

from torch import Tensor

from hardball.native import step


def pool(
    table: Tensor,
    anchors: Tensor,
    positives: Tensor,
    ids: Tensor,
    weights: Tensor,
    indptr: Tensor,
    indices: Tensor,
    powers: Tensor,
    settings: Tensor,
    codes: Tensor,
) -> tuple[Tensor, Tensor]:
    """One step against a pool of nodes: the table (N, W), changed in place, and four sums (4,).

    The arguments are those of `native.step.pool`: ids are int32, the rest of the table's dtype.
    """
    given = (table, anchors, positives, ids, weights, indptr, indices, powers, settings, codes)
    return _call("pool", *given)


def pairs(
    table: Tensor,
    anchors: Tensor,
    positives: Tensor,
    ids: Tensor,
    valid: Tensor,
    indptr: Tensor,
    indices: Tensor,
    powers: Tensor,
    settings: Tensor,
    codes: Tensor,
) -> tuple[Tensor, Tensor]:
    """One step against each anchor's own negatives: as `pool`, with ids and valid (B, K)."""
    given = (table, anchors, positives, ids, valid, indptr, indices, powers, settings, codes)
    return _call("pairs", *given)


def _call(kernel: str, *given: Tensor) -> tuple[Tensor, Tensor]:
    table = given[0]
    sums = table.new_empty(4)
    getattr(step, kernel)(*(x.contiguous().numpy() for x in (*given, sums)))
    return table, sums
