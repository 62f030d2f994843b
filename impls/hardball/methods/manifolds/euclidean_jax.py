"""R^d with the straight-line distance: the baseline. The curvature c is accepted and ignored."""

import jax
import jax.numpy as jnp
from jax import Array, lax

from hardball.arrays.on_jax.scalars import (
    dot,
    dtype_name,
    length,
    over_or_zero,
    product,
    shrink,
    weigh,
    weigh_back,
)

# Largest radius: its square, summed over a row, is far from overflow.
MAX_RADIUS = {"float32": 1e15, "float64": 1e150}


def coordinates(dim: int) -> int:
    """Width of a row of a dim-dimensional space: dim."""
    return dim


def exp0(v: Array, c: float) -> Array:
    """Point of the tangent vector v (..., dim) at the origin: v itself."""
    return v


def log0(x: Array, c: float) -> Array:
    """Tangent vector at the origin that leads to x: x itself."""
    return x


def radius(x: Array, c: float) -> Array:
    """Distance to the origin, |x|; (..., dim) -> (...)."""
    return length(x)


def dist(x: Array, y: Array, c: float) -> Array:
    """|x - y|, leading axes broadcast; (...). Gradient 0 at x = y."""
    return length(x - y)


def dist_matrix(x: Array, y: Array, c: float) -> Array:
    """|x - y| of every pair, (B, dim) and (M, dim) -> (B, M), as sqrt(|x|^2 + |y|^2 - 2 x.y).

    Rounding is the float's resolution times the squared spread of the points, clipped at 0.
    """
    # Distances do not change under translation; squares about the mean cancel less.
    centre = lax.stop_gradient(y.mean(axis=0))
    return _matrix(x - centre, y - centre)


def exp_map(x: Array, v: Array, c: float) -> Array:
    """x + v, projected."""
    return project(x + v, c)


def log_map(x: Array, y: Array, c: float) -> Array:
    """y - x."""
    return y - x


def transport(x: Array, y: Array, v: Array, c: float) -> Array:
    """v: parallel vectors are equal."""
    return v


def retract(x: Array, v: Array, c: float) -> Array:
    """x + v, projected."""
    return project(x + v, c)


def egrad_to_rgrad(x: Array, g: Array, c: float) -> Array:
    """g."""
    return g


def norm(x: Array, v: Array, c: float) -> Array:
    """|v|; (...)."""
    return length(v)


def project(x: Array, c: float) -> Array:
    """x, brought back to the largest radius if beyond it."""
    return shrink(x, MAX_RADIUS[dtype_name(x)])


def touches(x: Array, c: float) -> Array:
    """True where x lies at the largest radius, within rounding; bool (...)."""
    return length(x) >= MAX_RADIUS[dtype_name(x)] * (1 - 1e-6)


@jax.custom_vjp
def _matrix(x: Array, y: Array) -> Array:
    return _matrix_forward(x, y)[0]


def _matrix_forward(x: Array, y: Array) -> tuple[Array, tuple[Array, ...]]:
    left = jnp.concatenate([-2 * x, dot(x, x), jnp.ones_like(x[:, :1])], axis=1)
    right = jnp.concatenate([y, jnp.ones_like(y[:, :1]), dot(y, y)], axis=1)
    d = jnp.sqrt(jnp.maximum(product(left, right.T), 0))
    return d, (x, y, d)


def _matrix_backward(saved: tuple[Array, ...], g: Array) -> tuple[Array, Array]:
    x, y, d = saved
    scaled = over_or_zero(g, d)
    grad_x = jnp.sum(scaled, axis=1)[:, None] * x - weigh(scaled, y)
    return grad_x, jnp.sum(scaled, axis=0)[:, None] * y - weigh_back(scaled, x)


_matrix.defvjp(_matrix_forward, _matrix_backward)
