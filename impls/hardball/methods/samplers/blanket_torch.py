"""Markov-blanket perturbation: the blanket without one of its members."""

from torch import Tensor

from hardball.arrays.on_torch.integers import mulhi
from hardball.hierarchy.blankets import SELF, drop_code


def broken(
    kinds: Tensor, mask: Tensor, words: Tensor, drop: str = "parent"
) -> tuple[Tensor, Tensor]:
    """Blankets that lack one member of the kind `drop`: masks bool (B,K,W), valid bool (B,K).

    The member is one of the m of that kind with equal chance, one word a draw, with replacement
    over the K. valid=False where m = 0; the mask is then the whole blanket's. kinds, mask (B,W) as
    `hierarchy.blankets` gives them, words (B,K); drop: parent, child, coparent or any.
    Raises HardballError on another drop. Source: hardball, Markov-blanket perturbation.
    """
    code = drop_code(drop)
    candidates = mask & ((kinds == code) | (code == SELF))
    count = candidates.sum(dim=1)[:, None]
    rank = candidates.cumsum(dim=1) - 1
    dropped = candidates[:, None] & (rank[:, None] == mulhi(words, count)[..., None])
    return mask[:, None] & ~dropped, (count > 0).expand(words.shape)
