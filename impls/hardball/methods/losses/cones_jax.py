"""Losses on cones: every node lies in the cones of its ancestors, whose apexes they are."""

import jax
import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.scalars import root


def entailment_cones(
    xi_pos: Array,
    xi_neg: Array,
    weight: Array,
    norm_pos: Array,
    norm_neg: Array,
    aperture: float = 0.1,
    margin: float = 0.01,
    form: str = "published",
) -> Array:
    """How far a node lies outside of its ancestor's cone, and inside of others, per example (B,).

    E+ + sum_k w_k max(0, margin - E_k), E = max(0, Xi - psi); with form "signed" E_k = Xi_k -
    psi_k, so that nodes well inside of a wrong cone are pushed too. Xi: at the apex, from the ray
    outwards to the node; psi: half of the cone's opening, see `half_opening`.
    xi_pos (B,), xi_neg (B, K): Xi in radians, apexes at the positive and at the negatives; norm_pos
    (B,), norm_neg (B, K): sinh(r)/2 of an apex at radius r, |x| in R^d. weight (B, K): a
    multiplicity, 0 masks. No negatives: the positive term alone.
    Source: Ganea, Bécigneul & Hofmann 2018, Hyperbolic Entailment Cones, Eqs. 26, 28, 32, 33; the
    signed form: hardball.
    """
    near = jax.nn.relu(xi_pos - half_opening(norm_pos, aperture))
    far = jnp.sign(weight) * xi_neg - half_opening(jnp.where(weight > 0, norm_neg, 1), aperture)
    inside = margin - (jax.nn.relu(far) if form == "published" else far)
    return near + jnp.sum(weight * jax.nn.relu(inside), axis=1)


def half_opening(norm: Array, aperture: float) -> Array:
    """psi = arcsin(min(1, aperture / norm)), aperture > 0; (...) -> (...).

    pi/2, with gradient 0, for an apex within the ball that the paper shuts out, norm < aperture: no
    projection holds points out of it. Just outside the slope is steep, -1 / sqrt(2 (norm -
    aperture) / aperture) in units of 1 / aperture, and finite in floating point.
    Source: Ganea, Bécigneul & Hofmann 2018, Hyperbolic Entailment Cones, Eq. 26.
    """
    sine = aperture / jnp.maximum(norm, aperture)
    return jnp.arctan2(sine, root((1 - sine) * (1 + sine)))
