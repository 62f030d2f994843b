"""Angles of the triangle of the origin and two points, from radii (c = 1) and directions.

With theta the angle at the origin, s = sin(theta/2) and c = cos(theta/2): no angle is taken from
distances, and none from an inverse cosine, which loses half of the digits at its ends.
"""

from hardball.arrays.namespace import Array, Namespace


def half_angles(xp: Namespace, u: Array, w: Array) -> tuple[Array, Array]:
    """s = |u - w| / 2 and c = |u + w| / 2 of unit vectors (..., D), leading axes broadcast; (...).

    Beside the origin's direction, the zero vector, both are 1/2: the angle is then a right one.
    """
    return xp.length(u - w) / 2, xp.length(u + w) / 2


def half_angles_matrix(xp: Namespace, u: Array, w: Array) -> tuple[Array, Array]:
    """`half_angles` of every pair, (B, D) and (M, D) -> (B, M), by matrix products."""
    return xp.root(xp.cosine_gap(u, w) / 2), xp.root(xp.cosine_gap(u, -w) / 2)


def at_origin(xp: Namespace, s: Array, c: Array) -> Array:
    """theta = 2 atan2(s, c), 0 to pi; 0 where both are 0. Gradient 0 at 0 and at pi."""
    return 2 * _angle(xp, s, c)


def at_apex(xp: Namespace, a: Array, b: Array, s: Array, c: Array) -> Array:
    """Xi: at a point at radius a, between the ray that leads outwards and the way to one at b.

    By the four-part formula Xi = atan2(sin(theta), cosh(a) cos(theta) - sinh(a) coth(b)). Times
    2 e^-b sinh(b) that is atan2(2 s c B, -e^-a expm1(2 (a - b)) - 2 cosh(a) B s^2), B = 1 - e^-2b:
    finite at the largest radii, and no digits lost where b is near a or theta near 0. 0 where the
    points coincide, pi towards the origin.
    Source: Ganea, Bécigneul & Hofmann 2018, Hyperbolic Entailment Cones, Eq. 28, in polar form.
    """
    grown = -xp.expm1(-2 * b)
    outwards = -xp.exp(-a) * xp.expm1(2 * (a - b)) - 2 * xp.cosh(a) * grown * s * s
    return _angle(xp, 2 * s * c * grown, outwards)


def at_apex_flat(xp: Namespace, a: Array, b: Array, s: Array, c: Array) -> Array:
    """`at_apex` in R^d: atan2(b sin(theta), b cos(theta) - a).

    Source: Ganea, Bécigneul & Hofmann 2018, Hyperbolic Entailment Cones, Euclidean cones.
    """
    return _angle(xp, 2 * s * c * b, (b - a) - 2 * b * s * s)


def _angle(xp: Namespace, y: Array, x: Array) -> Array:
    """atan2(y, x), with 0 and gradient 0 where both are 0; neither's square is formed."""
    size = xp.stop_gradient(xp.maximum(xp.abs(y), xp.abs(x)))
    apart = size > 0
    size = xp.where(apart, size, 1)
    return xp.arctan2(xp.where(apart, y / size, 0), xp.where(apart, x / size, 1))
