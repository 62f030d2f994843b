"""The compiled step as a function of PyTorch tensors on a CPU."""

from torch import Tensor

from hardball.native import step


def train(
    table: Tensor,
    anchors: Tensor,
    positives: Tensor,
    shared: Tensor,
    shared_weight: Tensor,
    own: Tensor,
    own_weight: Tensor,
    indptr: Tensor,
    indices: Tensor,
    powers: Tensor,
    settings: Tensor,
    codes: Tensor,
) -> tuple[Tensor, Tensor]:
    """One step: the table (N, W), changed in place, and four sums (4,).

    The arguments are those of `native.step.train`: ids are int32, the rest of the table's dtype.
    """
    given = (table, anchors, positives, shared, shared_weight, own, own_weight)
    told = (indptr, indices, powers, settings, codes)
    sums = table.new_empty(4)
    step.train(*(x.contiguous().numpy() for x in (*given, *told, sums)))
    return table, sums
