"""Laplacian terms: nodes of a training pair lie near each other."""

from hardball.methods.declare import regularizer
from hardball.methods.parameter import choice, real

_FORM = choice("distance", "tangent", summary="what is squared: distances, or tangent differences")


@regularizer(
    summary="weight x mean squared distance within the pairs, or of their tangent vectors",
    source="Belkin & Niyogi 2003, Laplacian Eigenmaps, section 3.1",
    parameters={"weight": real(0.01, "factor of the term", at_least=0), "form": _FORM},
)
def laplacian(xp, d_pos, tangent, *, weight, form):
    """weight d(x_i, x_j)^2 of each pair (i, j); (n/2,), (n, dim) -> (n/2,).

    form: "distance", or "tangent" for |t_i - t_j|^2, whose sum over all training pairs is
    tr(T^T L T) with the graph's Laplacian L.
    """
    if form == "distance":
        return weight * d_pos * d_pos
    return weight * _squared_differences(xp, tangent)


@regularizer(
    summary="`laplacian`, each node's part divided by the root of its degree in the training pairs",
    source="Chung 1997, Spectral Graph Theory, section 1.2",
    parameters={"weight": real(0.01, "factor of the term", at_least=0), "form": _FORM},
)
def laplacian_normalized(xp, d_pos, tangent, degrees, *, weight, form):
    """weight d(x_i, x_j)^2 / sqrt(g_i g_j) of each pair; (n/2,), (n, dim), (n,) -> (n/2,).

    g: degrees, the number of training pairs that a node is in.
    form: "distance", or "tangent" for |t_i / sqrt(g_i) - t_j / sqrt(g_j)|^2, whose sum over all
    training pairs is tr(T^T D^-1/2 L D^-1/2 T). Distances in place of differences are hardball's.
    """
    if form == "distance":
        ours, theirs = xp.halves(degrees)
        return weight * d_pos * d_pos / xp.sqrt(ours * theirs)
    return weight * _squared_differences(xp, tangent / xp.sqrt(degrees)[:, None])


def _squared_differences(xp, tangent):
    """|t_i - t_j|^2 of each pair."""
    ours, theirs = xp.halves(tangent)
    return xp.sum((ours - theirs) ** 2, axis=-1)
