"""Shadow cones: a node lies in the shadow that its ancestors cast.

A light shines on the points. In umbral cones the light is a point and every node a ball of radius
`size`: a node is below another where its ball lies wholly in the other's shadow. In penumbral cones
the light has a size and the nodes are points: a node is below another where some ray of light meets
first the one and then the other. The energy of a pair is the signed distance of the node from the
boundary of its ancestor's shadow, negative inside of it.

Source: Yu, Liu, Tseng & De Sa 2023, Shadow Cones: A Generalized Framework for Partial Order
Embeddings, sections 3 and 4. The energies here are worked out anew, from radii, distances and
angles, so that they hold in every space; they are hardball's.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from hardball.arrays import on_numpy
from hardball.core.errors import HardballError
from hardball.methods import facts, registry
from hardball.methods.declare import loss
from hardball.methods.losses.common import softmax_hinge
from hardball.methods.losses.entailment_cones import half_opening
from hardball.methods.parameter import real
from hardball.metrics.classify import angles_at_apexes
from hardball.metrics.polar import Polar, between

# Beyond it a hyperbolic sine is no float32.
_FAR = 80.0
_SOURCE = "Yu, Liu, Tseng & De Sa 2023, Shadow Cones, section 4"
_MARGINS = {
    "inside": real(0.0, "how deep in the shadow a node should lie", at_least=0),
    "margin": real(1.0, "how far out of a wrong shadow a node should lie", at_least=0),
}


def umbral_ball_energy(xp, theta, r, apex, *, size):
    """Light at the origin: size + arsinh(sinh(r) sin(theta - phi)).

    The shadow of a ball at radius `apex` has half-angle phi at the origin, sin(phi) = sinh(size) /
    sinh(apex), and a ball at radius r,
    theta aside, is inside of it where its centre is `size` inside of the ray at phi. Behind the
    origin the nearest point of that ray is the origin: size + r. pi/2 for phi where apex < size.
    """
    phi = half_opening(xp, xp.sinh(xp.minimum(apex, _FAR)), float(np.sinh(size)))
    off, r = theta - phi, xp.minimum(r, _FAR)
    behind = off > np.pi / 2
    along = xp.asinh(xp.sinh(r) * xp.sin(xp.where(behind, 0 * off, off)))
    return size + xp.where(behind, r, along)


def penumbral_ball_energy(xp, xi, d, apex, *, size):
    """A ball of light of radius `size` at the origin: arsinh(sinh(d) sin(xi - psi)).

    The shadow of a point at radius `apex` opens by sin(psi) = sinh size / sinh apex around the ray
    outwards; a point at distance d, xi aside from that ray, is as far from its boundary, a geodesic
    through the apex. Where the apex is the nearest point of that, the energy is d.
    """
    psi = half_opening(xp, xp.sinh(xp.minimum(apex, _FAR)), float(np.sinh(size)))
    off, d = xi - psi, xp.minimum(d, _FAR)
    behind = off > np.pi / 2
    return xp.where(behind, d, xp.asinh(xp.sinh(d) * xp.sin(xp.where(behind, 0 * off, off))))


def umbral_half_space_energy(xp, d, level, apex, *, size):
    """Light from the top of the half space: size + arsinh(x / y - (y_a / y) sinh size).

    A ball at height y_a casts a shadow as wide as itself, y_a sinh(size) to each side at the
    ground; x: the horizontal distance of two centres, y: the height of the lower ball's.
    """
    beside, d = _beside(xp, d, level, apex)
    return size + xp.asinh(beside - xp.exp(_within(xp, apex - level, d)) * float(np.sinh(size)))


def penumbral_half_space_energy(xp, d, level, apex, *, top):
    """Light from all of the half space above the height e^top: arsinh(h cos(psi) - v sin(psi)).

    The shadow of a point at height y_a opens by sin(psi) = y_a / e^top around the way down, pi/2 at
    the light's own height. Of a point at distance d, h = sinh(d) sin(xi) = x / y and v = sinh(d)
    cos(xi) = y_a / y - cosh(d), xi its angle to the way down. Where the apex is the nearest point
    of the boundary, the energy is d.
    """
    beside, d = _beside(xp, d, level, apex)
    down = xp.exp(_within(xp, apex - level, d)) - xp.cosh(d)
    sine = xp.exp(xp.minimum(apex - top, 0 * apex))
    cosine = xp.root((1 - sine) * (1 + sine))
    behind = beside * sine + down * cosine < 0
    return xp.where(behind, d, xp.asinh(xp.where(behind, 0 * d, beside * cosine - down * sine)))


def _beside(xp, d, level, apex):
    """x / y, the horizontal distance over the height of the node, and the distance, within _FAR.

    x^2 = 4 y y_a sinh((d + l)/2) sinh((d - l)/2), l = log(y / y_a), of which |l| <= d.
    """
    d = xp.minimum(d, _FAR)
    fall = _within(xp, apex - level, d)
    product = xp.sinh((d + fall) / 2) * xp.sinh(xp.relu(d - fall) / 2)
    return 2 * xp.exp(fall / 2) * xp.root(product), d


def _within(xp, fall, d):
    """A difference of levels, which is at most the distance, whatever was rounded."""
    return xp.minimum(xp.maximum(fall, -d), d)


def _half_space(xp, energy, d_pos, d_neg, weight, level, level_pos, level_neg):
    """Energies of the positives, (B,), and of the negatives, (B, K); finite where one is masked."""
    d, apex = xp.sign(weight) * d_neg, xp.where(weight > 0, level_neg, level[:, None])
    return energy(d_pos, level, level_pos), energy(d, level[:, None], apex)


def told(polar: Polar, pairs: np.ndarray) -> dict[str, np.ndarray]:
    """What the energies take of pairs (node, ancestor): each float64 (L,).

    theta, xi, d: of the pair; r, r_pos: radii in 1/sqrt(c) of the node and of the ancestor; level,
    level_pos: logs of their heights, see `facts`.
    """
    node, apex = pairs.T
    r, r_pos = polar.radius[node], polar.radius[apex]
    u, w = polar.direction[apex], polar.direction[node]
    s, c = (np.linalg.norm(each, axis=1) / 2 for each in (u - w, u + w))
    with np.errstate(divide="ignore"):
        first = polar.direction[:, 0]
        aside = np.square(polar.direction[:, 1:]).sum(axis=1)
        gap = np.where(first > 0, aside / (1 + np.maximum(first, 0)), 1 - first)
        level = -np.log(np.exp(-polar.radius) + np.sinh(polar.radius) * gap)
    return {
        "theta": 2 * np.arctan2(s, c),
        "xi": angles_at_apexes(polar, pairs),
        "d": between(polar, node, apex),
        "r": r,
        "r_pos": r_pos,
        "level": level[node],
        "level_pos": level[apex],
    }


def of_pairs(energy: Callable[..., Any], *names: str) -> Callable[..., np.ndarray]:
    """An energy as a host function (polar, pairs, **params); names: what it takes, see `told`."""

    def energies(polar: Polar, pairs: np.ndarray, **parameters: Any) -> np.ndarray:
        given = told(polar, pairs)
        own = facts.options(energy, parameters)
        return energy(on_numpy, *(given[name] for name in names), **own)

    return energies


def curved(spec: Any, **_: Any) -> None:
    """Raises HardballError in R^d, whose shadows are others."""
    if registry.load("manifold", spec.manifold.name, spec.framework).FLAT:
        raise HardballError(
            f"loss {spec.loss.name} with manifold {spec.manifold.name}: its shadows are those of "
            "hyperbolic space; allowed are curved manifolds"
        )


_SIZE = real(0.1, "hyperbolic radius of every node's ball", above=0)


@loss(
    summary="umbral shadow cones, light at the origin: a node's ball in its ancestors' shadows",
    source=_SOURCE,
    parameters={"size": _SIZE, **_MARGINS},
    energy=of_pairs(umbral_ball_energy, "theta", "r", "r_pos"),
    fits=curved,
)
def umbral_ball(xp, theta_pos, theta_neg, weight, r, r_pos, r_neg, *, size, inside, margin):
    """max(0, E+ + inside) + log mean_k exp(max(0, margin - E_k)), per example (B,).

    E: see `umbral_ball_energy`. theta_pos (B,), theta_neg (B, K): angles at the origin; r (B,): the
    nodes' radii, r_pos (B,), r_neg (B, K): those of positives and negatives, whose shadows it is
    about; weight (B, K): a multiplicity, 0 masks. Without negatives it is the positive term alone.
    """
    near = umbral_ball_energy(xp, theta_pos, r, r_pos, size=size)
    theta, apex = xp.sign(weight) * theta_neg, xp.where(weight > 0, r_neg, 1)
    far = umbral_ball_energy(xp, theta, r[:, None], apex, size=size)
    return softmax_hinge(xp, near + inside, margin - far, weight)


@loss(
    summary="penumbral shadow cones, a ball of light at the origin: nodes in their shadows",
    source=_SOURCE,
    parameters={
        "size": real(0.1, "hyperbolic radius of the light", above=0),
        **_MARGINS,
    },
    energy=of_pairs(penumbral_ball_energy, "xi", "d", "r_pos"),
    fits=curved,
)
def penumbral_ball(xp, xi_pos, xi_neg, weight, d_pos, d_neg, r_pos, r_neg, *, size, inside, margin):
    """max(0, E+ + inside) + log mean_k exp(max(0, margin - E_k)), per example (B,).

    E: see `penumbral_ball_energy`. xi_pos (B,), xi_neg (B, K): angles at positives and negatives;
    d_pos (B,), d_neg (B, K): distances; r_pos (B,), r_neg (B, K): radii; weight (B, K): a
    multiplicity, 0 masks. Without negatives it is the positive term alone.
    """
    near = penumbral_ball_energy(xp, xi_pos, d_pos, r_pos, size=size)
    held = xp.sign(weight)
    xi, d, apex = held * xi_neg, held * d_neg, xp.where(weight > 0, r_neg, 1)
    far = penumbral_ball_energy(xp, xi, d, apex, size=size)
    return softmax_hinge(xp, near + inside, margin - far, weight)


@loss(
    summary="umbral shadow cones in the half space, light from the top",
    source=_SOURCE,
    parameters={"size": _SIZE, **_MARGINS},
    energy=of_pairs(umbral_half_space_energy, "d", "level", "level_pos"),
    fits=curved,
)
def umbral_half_space(
    xp, d_pos, d_neg, weight, level, level_pos, level_neg, *, size, inside, margin
):
    """max(0, E+ + inside) + log mean_k exp(max(0, margin - E_k)), per example (B,).

    E: see `umbral_half_space_energy`. d_pos (B,), d_neg (B, K): distances; level (B,), level_pos
    (B,), level_neg (B, K): logs of heights; weight (B, K): a multiplicity, 0 masks. Without
    negatives it is the positive term alone.
    """
    energy = functools.partial(umbral_half_space_energy, xp, size=size)
    near, far = _half_space(xp, energy, d_pos, d_neg, weight, level, level_pos, level_neg)
    return softmax_hinge(xp, near + inside, margin - far, weight)


@loss(
    summary="penumbral shadow cones in the half space, light from everywhere above a height",
    source=_SOURCE,
    parameters={
        "top": real(3.0, "log of the height from which the light comes"),
        **_MARGINS,
    },
    energy=of_pairs(penumbral_half_space_energy, "d", "level", "level_pos"),
    fits=curved,
)
def penumbral_half_space(
    xp, d_pos, d_neg, weight, level, level_pos, level_neg, *, top, inside, margin
):
    """max(0, E+ + inside) + log mean_k exp(max(0, margin - E_k)), per example (B,).

    E: see `penumbral_half_space_energy`. d_pos (B,), d_neg (B, K): distances; level (B,), level_pos
    (B,), level_neg (B, K): logs of heights; weight (B, K): a multiplicity, 0 masks. Without
    negatives it is the positive term alone.
    """
    energy = functools.partial(penumbral_half_space_energy, xp, top=top)
    near, far = _half_space(xp, energy, d_pos, d_neg, weight, level, level_pos, level_neg)
    return softmax_hinge(xp, near + inside, margin - far, weight)
