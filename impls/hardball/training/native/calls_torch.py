"""The compiled kernels as functions of PyTorch tensors on a CPU."""

import torch
from torch import Tensor

from hardball.arrays.on_torch.membership import Known
from hardball.methods.samplers.choice import Rule
from hardball.training.native import choice, lean, step
from hardball.training.native.settings import PRECISIONS, RULES

_NUMBERS = {
    name: torch.empty(0, dtype=getattr(torch, work)) for name, (_, work) in PRECISIONS.items()
}


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
    kernel: str,
    precision: str,
) -> tuple[Tensor, Tensor]:
    """One step: the table (N, W), changed in place, and four sums (4,).

    The arguments are those of `native.step.train`: ids are int32, the rest of the table's dtype;
    kernel and precision: see `native.settings.step_kernel` and `precision`.
    """
    given = (table, anchors, positives, shared, shared_weight, own, own_weight)
    told = (indptr, indices, powers, settings, codes, _NUMBERS[precision])
    sums = table.new_empty(4)
    train_step = {"train": step.train, "lean": lean.train}[kernel]
    train_step(*(x.contiguous().numpy() for x in (*given, *told, sums)))
    return table, sums


def choose(
    table: Tensor,
    powers: Tensor,
    settings: Tensor,
    codes: Tensor,
    precision: str,
    rule: Rule,
    anchors: Tensor,
    positives: Tensor,
    candidates: Tensor,
    usable: Tensor,
    words: Tensor,
    known: Known | None,
    near: dict[str, Tensor] | None,
) -> tuple[Tensor, Tensor]:
    """What a rule chooses of candidates (B, C) or (1, C): ids (B, K), valid (B, K).

    table to precision: those of `train`, with codes up to the steps taken before. See
    `native.choice.choose`.
    """
    none = anchors.new_zeros(1, dtype=torch.int32)
    positives_of = (known.indptr, known.indices) if known else (none, none)
    ranges = (near["indptr"], near["start"], near["stop"]) if near else (none, none, none)
    asked = none.new_tensor([RULES[rule.choose], rule.top, known is not None, near is not None])
    heat = table.new_tensor([rule.temperature])
    nodes = (x.to(torch.int32) for x in (anchors, positives, candidates))
    given = (table, *nodes, usable.to(torch.uint8), words.to(torch.uint32))
    told = (powers, settings, torch.cat([codes, asked]), heat, _NUMBERS[precision])
    ids = none.new_empty((len(anchors), rule.negatives))
    fine = ids.new_empty(ids.shape, dtype=torch.uint8)
    arrays = (*given, *positives_of, *ranges, *told, ids, fine)
    choice.choose(*(x.contiguous().numpy() for x in arrays))
    return ids.to(torch.int64), fine > 0
