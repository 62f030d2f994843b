"""R^d with the straight-line distance: the baseline. The curvature c is accepted and ignored."""

import torch
from torch import Tensor

from hardball.manifolds.scalars_torch import dtype_name, length, root, shrink

# Largest radius: its square, summed over a row, is far from overflow.
MAX_RADIUS = {"float32": 1e15, "float64": 1e150}


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
    """Distance to the origin, |x|; (..., dim) -> (...)."""
    return length(x)


def dist(x: Tensor, y: Tensor, c: float) -> Tensor:
    """|x - y|, leading axes broadcast; (...). Gradient 0 at x = y."""
    return length(x - y)


def dist_matrix(x: Tensor, y: Tensor, c: float) -> Tensor:
    """|x - y| of every pair, (B, dim) and (M, dim) -> (B, M), as sqrt(|x|^2 + |y|^2 - 2 x.y).

    Rounding is the float's resolution times the squared spread of the points, clipped at 0.
    """
    # Distances do not change under translation; squares about the mean cancel less.
    centre = y.mean(dim=0).detach()
    x, y = x - centre, y - centre
    squares = torch.sum(x * x, dim=-1)[:, None] + torch.sum(y * y, dim=-1)
    return root(squares - 2 * (x @ y.T))


def exp_map(x: Tensor, v: Tensor, c: float) -> Tensor:
    """x + v, projected."""
    return project(x + v, c)


def log_map(x: Tensor, y: Tensor, c: float) -> Tensor:
    """y - x."""
    return y - x


def transport(x: Tensor, y: Tensor, v: Tensor, c: float) -> Tensor:
    """v: parallel vectors are equal."""
    return v


def retract(x: Tensor, v: Tensor, c: float) -> Tensor:
    """x + v, projected."""
    return project(x + v, c)


def egrad_to_rgrad(x: Tensor, g: Tensor, c: float) -> Tensor:
    """g."""
    return g


def norm(x: Tensor, v: Tensor, c: float) -> Tensor:
    """|v|; (...)."""
    return length(v)


def project(x: Tensor, c: float) -> Tensor:
    """x, brought back to the largest radius if beyond it."""
    return shrink(x, MAX_RADIUS[dtype_name(x)])


def touches(x: Tensor, c: float) -> Tensor:
    """True where x lies at the largest radius, within rounding; bool (...)."""
    return length(x) >= MAX_RADIUS[dtype_name(x)] * (1 - 1e-6)
