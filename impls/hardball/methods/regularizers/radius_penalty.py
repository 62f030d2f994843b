"""Radii beyond a free one cost their square."""

from hardball.methods.declare import regularizer
from hardball.methods.parameter import real


@regularizer(
    summary="weight x mean squared radius beyond `free` of a batch's anchors and positives",
    source="hardball: a penalty on large radii",
    parameters={
        "weight": real(0.01, "factor of the term", at_least=0),
        "free": real(0.0, "hyperbolic radius up to which nothing is paid", at_least=0),
    },
)
def radius_penalty(xp, radii, *, weight, free):
    """weight max(0, r - free)^2 of each hyperbolic radius r; (n,) -> (n,).

    Keeps points away from the largest radius and leaves those within `free` alone.
    """
    beyond = xp.relu(radii - free)
    return weight * beyond * beyond
