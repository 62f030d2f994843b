"""Distances in space as long as those in the hierarchy: stress and distortion."""

from hardball.methods.declare import loss
from hardball.methods.parameter import choice, real


@loss(
    summary="squared relative error of distances against `scale` times those along the tree",
    source=(
        "Kamada & Kawai 1989, An Algorithm for Drawing General Undirected Graphs, Eqs. 1-4 "
        "(stress); Gu et al. 2019, Learning Mixed-Curvature Representations in Product Spaces, "
        "Eq. 2 (distortion)"
    ),
    parameters={
        "form": choice(
            "stress", "distortion", summary="error of a ratio x: (x - 1)^2, or |x^2 - 1|"
        ),
        "scale": real(1.0, "distance that an edge should have", above=0),
    },
)
def distance_preserving(xp, d_pos, d_neg, weight, tree_pos, tree_neg, *, form, scale):
    """How far distances are from those along the tree, per example (B,).

    (e(d+ / s t+) + sum_k w_k e(d_k / s t_k)) / (1 + sum_k w_k), t edges along the spanning tree, s
    the scale; e(x) = (x - 1)^2 with form "stress", |x^2 - 1| with form "distortion".
    tree_pos (B,), tree_neg (B, K): t, at least 1 wherever a weight is not 0. d_pos (B,), d_neg
    (B, K): distances; weight (B, K): a multiplicity, 0 masks. Without negatives it is the positive
    term alone.
    """
    apart = xp.where(weight > 0, tree_neg, 1)
    near = _error(xp, d_pos / (scale * tree_pos), form)
    far = _error(xp, xp.sign(weight) * d_neg / (scale * apart), form)
    return (near + xp.sum(weight * far, axis=1)) / (1 + xp.sum(weight, axis=1))


def _error(xp, ratio, form):
    if form == "stress":
        return (ratio - 1) ** 2
    return xp.magnitude(ratio * ratio - 1)
