"""Markov-blanket perturbation: the blanket without one of its members."""

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.integers import mulhi
from hardball.hierarchy.blankets import SELF, drop_code


def broken(kinds: Array, mask: Array, words: Array, drop: str = "parent") -> tuple[Array, Array]:
    """Blankets that lack one member of the kind `drop`: masks bool (B,K,W), valid bool (B,K).

    The member is one of the m of that kind with equal chance, one word a draw, with replacement
    over the K. valid=False where m = 0; the mask is then the whole blanket's. kinds, mask (B,W) as
    `hierarchy.blankets` gives them, words (B,K); drop: parent, child, coparent or any.
    Raises HardballError on another drop. Source: hardball, Markov-blanket perturbation.
    """
    code = drop_code(drop)
    candidates = mask & ((kinds == code) | (code == SELF))
    count = candidates.sum(axis=1)[:, None]
    rank = jnp.cumsum(candidates, axis=1) - 1
    dropped = candidates[:, None] & (rank[:, None] == mulhi(words, count)[..., None])
    return mask[:, None] & ~dropped, jnp.broadcast_to(count > 0, words.shape)
