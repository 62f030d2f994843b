"""The hyperboloid -x0^2 + |xs|^2 = -1/c, x0 > 0: rows are (x0, xs), time first.

Nickel & Kiela 2018 (NK18), section 3, and Law et al. 2019 for c. A point is determined by xs, so
every function reads xs and recomputes x0 = sqrt(1/c + |xs|^2): the constraint cannot drift.
The curvature is c > 0, meaning -c.
"""

from math import sinh, sqrt

import torch
from torch import Tensor

from hardball.arrays.on_torch import polar
from hardball.arrays.on_torch.scalars import dot, dtype_name, length, over, root, shrink, unit

# Largest sqrt(c) radius. The parts of a tangent vector along and across xs cancel: the end of a
# unit step is off by about eps e^r / 2, 0.09 at radius 14 in float32 and 0.24 at 15.
MAX_RADIUS = {"float32": 14.0, "float64": 34.0}


def coordinates(dim: int) -> int:
    """Width of a row of a dim-dimensional space: dim + 1."""
    return dim + 1


def exp0(v: Tensor, c: float) -> Tensor:
    """Point of the tangent vector v (..., dim) at the origin: xs = sinh(a)/a v, a = sqrt(c) |v|.

    Projected, so that no v overflows.
    """
    v = shrink(v, MAX_RADIUS[dtype_name(v)] / sqrt(c))
    return _complete(over(torch.sinh, sqrt(c) * length(v))[..., None] * v, c)


def log0(x: Tensor, c: float) -> Tensor:
    """Tangent vector (..., dim) at the origin that leads to x: asinh(s)/s xs, s = sqrt(c) |xs|."""
    space = x[..., 1:]
    return over(torch.asinh, sqrt(c) * length(space))[..., None] * space


def radius(x: Tensor, c: float) -> Tensor:
    """Hyperbolic distance to the origin, asinh(sqrt(c) |xs|) / sqrt(c); (...)."""
    return torch.asinh(sqrt(c) * length(x[..., 1:])) / sqrt(c)


def dist(x: Tensor, y: Tensor, c: float) -> Tensor:
    """Hyperbolic distance arcosh(-c <x,y>) / sqrt(c) (NK18, Eq. 5), leading axes broadcast; (...).

    Computed from xs, ys alone as 2 asinh(sqrt(h)) / sqrt(c), the polar form, with sinh(a) =
    sqrt(c) |xs|: no difference of large products. x0 gets gradient 0. Gradient 0 at x = y.
    """
    return polar.dist(*_polar(x, c), *_polar(y, c)) / sqrt(c)


def dist_matrix(x: Tensor, y: Tensor, c: float) -> Tensor:
    """`dist` of every pair, (B, dim + 1) and (M, dim + 1) -> (B, M), by matrix products."""
    return polar.matrix(*_polar(x, c), *_polar(y, c)) / sqrt(c)


def exp_map(x: Tensor, v: Tensor, c: float) -> Tensor:
    """cosh(s) x + sinh(s)/s v with s = sqrt(c) |v| (NK18, Eq. 9), projected."""
    s = (sqrt(c) * norm(x, v, c))[..., None]
    return project(torch.cosh(s) * x + over(torch.sinh, s) * v, c)


def log_map(x: Tensor, y: Tensor, c: float) -> Tensor:
    """s/sinh(s) (y - cosh(s) x) with s = sqrt(c) d(x, y): the inverse of `exp_map` at x."""
    h = polar.half_versine(*_polar(x, c), *_polar(y, c))[..., None]
    s = (sqrt(c) * dist(x, y, c))[..., None]
    return _tangent(x, (y - x - 2 * h * x) / over(torch.sinh, s), c)


def transport(x: Tensor, y: Tensor, v: Tensor, c: float) -> Tensor:
    """v + c <y,v> / (1 - c <x,y>) (x + y): parallel transport of v from x to y."""
    h = polar.half_versine(*_polar(x, c), *_polar(y, c))[..., None]
    # <x,v> = 0, and y - x keeps the digits that <y,v> would lose.
    slope = _minkowski(y - x, v)
    return _tangent(y, v + c * slope / (2 + 2 * h) * (x + y), c)


def retract(x: Tensor, v: Tensor, c: float) -> Tensor:
    """exp_map(x, v): the hyperboloid is not closed under addition."""
    return exp_map(x, v, c)


def egrad_to_rgrad(x: Tensor, g: Tensor, c: float) -> Tensor:
    """h + c <x,h> x with h = (-g0, gs), the gradient in Minkowski space (NK18, Alg. 1)."""
    h = torch.cat([-g[..., :1], g[..., 1:]], dim=-1)
    return h + c * _minkowski(x, h) * x


def norm(x: Tensor, v: Tensor, c: float) -> Tensor:
    """sqrt(<v,v>) of a tangent vector at x, as sqrt(|v_t|^2 + (v_r / cosh(a))^2); (...).

    v_r and v_t are the parts of vs along and across xs, cosh(a) = sqrt(1 + c |xs|^2).
    """
    space, speed = x[..., 1:], v[..., 1:]
    u = unit(space)
    along = dot(u, speed)
    across = speed - along * u
    shrunk = along[..., 0] ** 2 / (1 + c * torch.sum(space * space, dim=-1))
    return root(torch.sum(across * across, dim=-1) + shrunk)


def project(x: Tensor, c: float) -> Tensor:
    """The point over xs, with xs brought back to the largest radius if beyond it."""
    return _complete(shrink(x[..., 1:], sinh(MAX_RADIUS[dtype_name(x)]) / sqrt(c)), c)


def touches(x: Tensor, c: float) -> Tensor:
    """True where x lies at the largest radius, within rounding; bool (...)."""
    return sqrt(c) * radius(x, c) >= MAX_RADIUS[dtype_name(x)] * (1 - 1e-6)


def _polar(x: Tensor, c: float) -> tuple[Tensor, Tensor]:
    """Radius a = asinh(|m|) and m = sqrt(c) xs."""
    m = sqrt(c) * x[..., 1:]
    return torch.asinh(length(m)), m


def _complete(space: Tensor, c: float) -> Tensor:
    """The point (x0, xs) over xs."""
    return torch.cat([torch.sqrt(1 / c + dot(space, space)), space], dim=-1)


def _tangent(x: Tensor, v: Tensor, c: float) -> Tensor:
    """The tangent vector at x over vs: v0 = xs.vs / x0."""
    space, speed = x[..., 1:], v[..., 1:]
    time = dot(space, speed) / torch.sqrt(1 / c + dot(space, space))
    return torch.cat([time, speed], dim=-1)


def _minkowski(x: Tensor, y: Tensor) -> Tensor:
    """<x,y> = -x0 y0 + xs.ys, kept as an axis of length one."""
    return dot(x[..., 1:], y[..., 1:]) - x[..., :1] * y[..., :1]
