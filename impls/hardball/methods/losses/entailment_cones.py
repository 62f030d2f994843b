"""Entailment cones: every node lies in the cones of its ancestors, whose apexes they are."""

from hardball.methods.declare import loss
from hardball.methods.parameter import choice, real
from hardball.methods.sources import GANEA_2018
from hardball.metrics.classify import cone_energy


@loss(
    summary="how far a node is outside of its ancestors' cones, and inside of the negatives' cones",
    source=f"{GANEA_2018}, Eqs. 26, 28, 32, 33",
    parameters={
        "aperture": real(0.1, "K of Eq. 26: the larger, the wider are all cones", above=0),
        "margin": real(0.01, "angle by which a node should be outside of a wrong cone", at_least=0),
        "form": choice(
            "published", "signed", summary="signed also pushes nodes well inside of a wrong cone"
        ),
    },
    sums=True,
    energy=cone_energy,
)
def entailment_cones(xp, xi_pos, xi_neg, weight, norm_pos, norm_neg, *, aperture, margin, form):
    """How far a node lies outside of its ancestor's cone, and inside of others, per example (B,).

    E+ + sum_k w_k max(0, margin - E_k), E = max(0, Xi - psi); with form "signed" E_k = Xi_k -
    psi_k, so that nodes well inside of a wrong cone are pushed too. Xi: at the apex, from the ray
    outwards to the node; psi: half of the cone's opening, see `half_opening`.
    xi_pos (B,), xi_neg (B, K): Xi in radians, apexes at the positive and at the negatives; norm_pos
    (B,), norm_neg (B, K): sinh(r)/2 of an apex at radius r, |x| in R^d. weight (B, K): a
    multiplicity, 0 masks. Without negatives it is the positive term alone. The signed form is
    hardball's.
    """
    near = xp.relu(xi_pos - half_opening(xp, norm_pos, aperture))
    apexes = xp.where(weight > 0, norm_neg, 1)
    far = xp.sign(weight) * xi_neg - half_opening(xp, apexes, aperture)
    inside = margin - (xp.relu(far) if form == "published" else far)
    return near + xp.sum(weight * xp.relu(inside), axis=1)


def half_opening(xp, norm, aperture):
    """psi = arcsin(min(1, aperture / norm)) in radians, aperture > 0; (...) -> (...).

    pi/2, with gradient 0, where norm < aperture: the paper keeps points out of that ball, here they
    may enter it. Just outside the slope is steep, -1 / sqrt(2 (norm - aperture) / aperture) in
    units of 1 / aperture, and finite in floating point.
    Source: Ganea, Bécigneul & Hofmann 2018, Hyperbolic Entailment Cones, Eq. 26.
    """
    sine = aperture / xp.maximum(norm, aperture)
    return xp.arctan2(sine, xp.root((1 - sine) * (1 + sine)))
