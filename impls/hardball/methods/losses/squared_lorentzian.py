"""Softmax of the squared Lorentzian distance, which needs no inverse hyperbolic cosine."""

from hardball.methods.declare import loss
from hardball.methods.parameter import real

# Beyond it the hyperbolic cosine of a distance is no float32.
_FAR = 80.0


@loss(
    summary="softmax of minus the squared Lorentzian distance, the positive against the negatives",
    source="Law, Liao, Snell & Zemel 2019, Lorentzian Distance Learning, Eqs. 5 and 9",
    parameters={"temperature": real(1.0, "what the squared distances are divided by", above=0)},
    sums=True,
)
def squared_lorentzian(xp, d_pos, d_neg, weight, c, *, temperature):
    """log(1 + sum_k w_k e^((s+ - s_k) / temperature)), per example (B,), s = |x - y|_L^2.

    s = -2/c - 2 <x,y>_L = (2/c) (cosh(sqrt(c) d) - 1) = (4/c) sinh(sqrt(c) d / 2)^2. It is ordered
    as the distance d and grows as e^d, so that far positives pull much harder than by `infonce`.
    d_pos (B,), d_neg (B, K): distances; weight (B, K): a multiplicity, 0 masks; the curvature is
    -c. Without negatives it is 0.
    """
    near = squared(xp, d_pos, c)
    far = squared(xp, xp.sign(weight) * d_neg, c)
    score = (near[:, None] - far) / temperature
    held = xp.where(weight > 0, score, 0)
    top = xp.max_or(xp.stop_gradient(held), 0)
    top = xp.relu(top)
    total = xp.exp(-top) + xp.sum(weight * xp.exp(held - top[:, None]), axis=1)
    return top + xp.log(total)


def squared(xp, d, c):
    """(4/c) sinh(sqrt(c) d / 2)^2 of distances d, (...) -> (...)."""
    half = xp.sinh(xp.minimum(c**0.5 * d, _FAR) / 2)
    return 4 / c * half * half
