"""Markov-blanket perturbation: the blanket without one of its members."""

from hardball.arrays.namespace import Array, Namespace
from hardball.hierarchy.blankets import SELF, drop_code


def broken(
    xp: Namespace, kinds: Array, mask: Array, words: Array, *, drop: str
) -> tuple[Array, Array]:
    """Blankets that lack one member of the kind `drop`: masks bool (B,K,W), valid bool (B,K).

    The member is one of the m of that kind with equal chance, one word a draw, with replacement
    over the K. valid=False where m = 0; the mask is then the whole blanket's. kinds, mask (B,W) as
    `hierarchy.blankets` gives them, words (B,K); drop: parent, child, coparent or any.
    Raises HardballError on another drop. Source: hardball, Markov-blanket perturbation.
    """
    code = drop_code(drop)
    candidates = mask & ((kinds == code) | (code == SELF))
    count = xp.sum(candidates, axis=1)[:, None]
    rank = xp.cumsum(candidates, 1) - 1
    dropped = candidates[:, None] & (rank[:, None] == xp.mulhi(words, count)[..., None])
    return mask[:, None] & ~dropped, xp.broadcast_to(count > 0, words.shape)
