"""Norms in the Poincaré ball, held at a target by depth."""

from math import sqrt

from hardball.methods.declare import regularizer
from hardball.methods.parameter import real


@regularizer(
    summary="weight x mean squared norm in the Poincaré ball, less `target` + `slope` x depth",
    source="Taxembed 2025 (github.com/jcoludar/taxembed), radial_regularizer",
    parameters={
        "weight": real(0.1, "factor of the term", at_least=0),
        "target": real(0.0, "norm of a root, a share of the ball's radius", at_least=0, at_most=1),
        "slope": real(0.0, "what each level adds to the target"),
    },
)
def ball_penalty(xp, radii, depths, c, *, weight, target, slope):
    """weight (s - target - slope depth)^2, s = tanh(sqrt(c) r / 2); (n,), (n,) -> (n,).

    s is the norm of the node's point in the Poincaré ball as a share of the ball's radius, in
    whatever space it lies; by default the term is its square. Unlike `radius_penalty` and
    `norm_target` it has next to no gradient far out. The source has target 0.1 and slope 0.85 over
    the largest depth.
    """
    off = xp.tanh(sqrt(c) / 2 * radii) - target - slope * depths
    return weight * off * off
