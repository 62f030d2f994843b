"""Tangent coordinates at the origin: row v stands for the point exp0(v) of hyperbolic space.

Radius is |v| and direction v/|v|, so distances are polar and no coordinate ever grows like e^r.
Optimisers work on the coordinates as on R^d: `egrad_to_rgrad`, `retract`, `norm` and `transport`
are those of the flat metric, since a step measured in hyperbolic length hardly turns a far point.
`dist`, `exp_map` and `log_map` are those of hyperbolic space.
The curvature is c > 0, meaning -c.
"""

from math import sqrt

import torch
from torch import Tensor

from hardball.arrays.on_torch import polar
from hardball.arrays.on_torch.scalars import dot, dtype_name, length, over, root, shrink, unit

# Largest sqrt(c) radius. The kernel forms sinh(a) sinh(b), finite up to a + b = 89 in float32
# and 710 in float64; the rest is room for sums and gradients.
MAX_RADIUS = {"float32": 40.0, "float64": 340.0}


def coordinates(dim: int) -> int:
    """Width of a row of a dim-dimensional space: dim."""
    return dim


def exp0(v: Tensor, c: float) -> Tensor:
    """Point of the tangent vector v (..., dim) at the origin: v itself."""
    return v


def log0(x: Tensor, c: float) -> Tensor:
    """Tangent vector at the origin that leads to x: x itself."""
    return x


def radius(x: Tensor, c: float) -> Tensor:
    """Hyperbolic distance to the origin, |x|; (..., dim) -> (...)."""
    return length(x)


def dist(x: Tensor, y: Tensor, c: float) -> Tensor:
    """Hyperbolic distance 2 asinh(sqrt(h)) / sqrt(c), leading axes broadcast; (...).

    h = sinh^2((a-b)/2) + sinh(a) sinh(b) |u-w|^2 / 4 with a = sqrt(c) |x|, u = x / |x| (b, w of y):
    the hyperbolic law of cosines by half angles, which loses no digits. Gradient 0 at x = y.
    """
    return polar.dist(*_polar(x, c), *_polar(y, c)) / sqrt(c)


def dist_matrix(x: Tensor, y: Tensor, c: float) -> Tensor:
    """`dist` of every pair, (B, dim) and (M, dim) -> (B, M), by matrix products."""
    return polar.matrix(*_polar(x, c), *_polar(y, c)) / sqrt(c)


def exp_map(x: Tensor, v: Tensor, c: float) -> Tensor:
    """Projected end of the geodesic that leaves x with velocity v (in coordinates), at time 1.

    On the hyperboloid: cosh(s) m + sinh(s)/s V, with m the point, V the velocity, s its length.
    """
    _, m = _polar(x, c)
    speed, velocity = _push(x, sqrt(c) * v, c)
    end = torch.cosh(speed) * m + over(torch.sinh, speed) * velocity
    return project(over(torch.asinh, length(end))[..., None] * end / sqrt(c), c)


def log_map(x: Tensor, y: Tensor, c: float) -> Tensor:
    """Velocity at x (in coordinates) of the geodesic that reaches y at time 1."""
    start, end = _polar(x, c), _polar(y, c)
    h = polar.half_versine(*start, *end)[..., None]
    s = polar.dist(*start, *end)[..., None]
    return _pull(x, (end[1] - start[1] - 2 * h * start[1]) / over(torch.sinh, s), c) / sqrt(c)


def transport(x: Tensor, y: Tensor, v: Tensor, c: float) -> Tensor:
    """v: transport in the flat metric of the coordinates, the one that optimisers work in."""
    return v


def retract(x: Tensor, v: Tensor, c: float) -> Tensor:
    """x + v, projected: a step in coordinates."""
    return project(x + v, c)


def egrad_to_rgrad(x: Tensor, g: Tensor, c: float) -> Tensor:
    """The coordinate gradient g itself: optimisers work on coordinates."""
    return g


def norm(x: Tensor, v: Tensor, c: float) -> Tensor:
    """|v| in the flat metric of the coordinates, the one that optimisers work in; (...)."""
    return length(v)


def project(x: Tensor, c: float) -> Tensor:
    """x, brought back to the largest radius if beyond it."""
    return shrink(x, MAX_RADIUS[dtype_name(x)] / sqrt(c))


def touches(x: Tensor, c: float) -> Tensor:
    """True where x lies at the largest radius, within rounding; bool (...)."""
    return sqrt(c) * length(x) >= MAX_RADIUS[dtype_name(x)] * (1 - 1e-6)


def _polar(x: Tensor, c: float) -> tuple[Tensor, Tensor]:
    """Radius a = sqrt(c) |x| and m = sinh(a) x / |x|."""
    a = sqrt(c) * length(x)
    return a, (sqrt(c) * over(torch.sinh, a))[..., None] * x


def _push(x: Tensor, v: Tensor, c: float) -> tuple[Tensor, Tensor]:
    """The differential of v -> m at x: hyperbolic length of v, and its image, space part."""
    u, a = unit(x), (sqrt(c) * length(x))[..., None]
    along = dot(u, v)
    across = over(torch.sinh, a) * (v - along * u)
    return root(along * along + dot(across, across)), across + torch.cosh(a) * along * u


def _pull(x: Tensor, v: Tensor, c: float) -> Tensor:
    """The inverse of `_push`: the space part of a velocity on the hyperboloid -> coordinates."""
    u, a = unit(x), (sqrt(c) * length(x))[..., None]
    along = dot(u, v)
    return (v - along * u) / over(torch.sinh, a) + along / torch.cosh(a) * u
