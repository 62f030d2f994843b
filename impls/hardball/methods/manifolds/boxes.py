"""Points read as boxes, and how much of a box lies in another.

The first half of a point's d = 2 k coordinates is the lowest corner z of a box in R^k, and softplus
of the second half its sides, so that Z = z + sides is the highest corner; of an odd number of
coordinates the last is not read. All formulas are in the unit of these coordinates.
"""

from typing import Any

from hardball.arrays.namespace import Array

# Below it log(softplus(x)) is x in float32 and float64 alike, for what is added to it here.
_LOW = -30.0


def outside(xp: Any, node: Array, other: Array) -> Array:
    """-log P(other | node): P is the share of the node's box in the other's, softly; (...).

    sum_i log s(Z_i - z_i) - log s(M_i - m_i), s = softplus, with soft corners of what both share,
    m = log(e^z + e^z'), M = -log(e^-Z + e^-Z'), primes being the other's. Never negative; near 0
    deep inside the other box, about the gap far outside of it, and nowhere flat. node, other
    (..., 2 k), leading axes broadcast.
    Source: Dasgupta et al. 2020, Improving Local Identifiability in Probabilistic Box Embeddings,
    Eqs. 10 to 12, with the scale 1 and without the shift by Euler's constant.
    """
    half = node.shape[-1] // 2
    side = xp.softplus(node[..., half : 2 * half])
    low = node[..., :half] - other[..., :half]
    high = low + side - xp.softplus(other[..., half : 2 * half])
    # How much shorter the shared side is than the node's own: m - z, and Z - M.
    lost = xp.softplus(-low) + xp.softplus(high)
    return xp.sum(_fall(xp, side, lost), axis=-1)


def _fall(xp: Any, side: Array, lost: Array) -> Array:
    """log s(side) - log s(side - lost), lost > 0, to all digits where lost is small."""
    little = xp.minimum(lost, 1 + 0 * lost)
    whole = xp.softplus(side)
    # s(x) - s(x - l) = -log(1 + sigmoid(x) (e^-l - 1)).
    gone = -xp.log1p(xp.sigmoid(side) * xp.expm1(-little))
    much = xp.log(whole) - _log_softplus(xp, side - lost)
    return xp.where(lost < 1, -xp.log1p(-gone / whole), much)


def _log_softplus(xp: Any, x: Array) -> Array:
    """log log(1 + e^x), which far below 0 is x."""
    return xp.where(x < _LOW, x, xp.log(xp.softplus(xp.maximum(x, _LOW + 0 * x))))
