"""What several samplers share: types of arrays, parameters of one meaning, how a pool counts."""

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.parameter import choice, flag

# The arrays that a sampler draws from, by name.
Index = dict[str, np.ndarray]

RELATIVE_TO = choice("anchor", "positive", summary="the end of a pair that is drawn around")
REPLACE = flag(True, "whether a node may be drawn twice; if not, small rings are widened")


def tally(xp: Namespace, ids: Array, valid: Array | None = None) -> tuple[Array, Array]:
    """A pool of drawn ids (M,): these ascending, and how often each was drawn, float32 (M,).

    The count stands at the first of equal ids and 0 at its repeats, so that weighted sums over the
    pool are those over the draws, and each node is masked once.
    valid: bool (M,), False for what counts for nothing; None where all count.

    >>> import torch
    >>> from hardball.arrays import on_torch
    >>> tally(on_torch, torch.tensor([7, 3, 7]))
    (tensor([3, 7, 7]), tensor([1., 2., 0.]))
    """
    if valid is None:
        ids = wanted = keys = xp.sort(ids)
    else:
        # What is not valid comes after its equals, one above the key that is counted.
        keys = xp.sort(2 * ids + ~valid)
        ids = keys >> 1
        wanted = 2 * ids
    first = xp.searchsorted(keys, wanted)
    count = xp.searchsorted(keys, wanted, right=True) - first
    once = xp.where(first == xp.arange(ids.shape[0], ids), count, 0)
    return ids, xp.cast(once, xp.float32)
