"""Hyperbolic radii, held at a target by depth."""

from hardball.methods.declare import regularizer
from hardball.methods.parameter import real


@regularizer(
    summary="weight x mean squared difference of a radius and `target` + `slope` x depth",
    source="Zheng, Pal & Savvides 2018, Ring Loss",
    parameters={
        "weight": real(0.01, "factor of the term", at_least=0),
        "target": real(1.0, "hyperbolic radius of a root", at_least=0),
        "slope": real(0.0, "what each level adds to the target"),
    },
)
def norm_target(xp, radii, depths, *, weight, target, slope):
    """weight (r - target - slope depth)^2 of each hyperbolic radius r; (n,), (n,) -> (n,).

    Soft normalisation; with a slope, deeper nodes lie farther out. No gradient at the origin. The
    source's lambda is 2 weight, and its radius is learned; the slope is hardball's.
    """
    off = radii - target - slope * depths
    return weight * off * off
