"""Rows: a point and its optimiser's state side by side, so that a node is one stretch of memory.

Optimisers see the rows a batch touches, their gradients and their state. A step costs nothing that
grows with the number of nodes: a row that no batch touches is left alone. An optimiser declares
which columns it keeps, see `contract.Entry.state`, and by `coast` what makes up for steps that
passed a row by.
"""

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.contract import Columns, Manifold

# Arrays (R, width) by the names of an optimiser's columns.
State = dict[str, Array]


def init(xp: Namespace, columns: Columns, points: Array) -> State:
    """The state before the first step, zeros in the points' type: a row for each of (N, D)."""
    n, dim = points.shape
    return {
        name: xp.zeros((n, dim if width == "point" else width), points) for name, width in columns
    }


def pack(xp: Namespace, points: Array, state: State) -> Array:
    """Points (N, D) and their state side by side: (N, W)."""
    return xp.concatenate([points, *state.values()], axis=1)


def unpack(columns: Columns, dim: int, packed: Array) -> tuple[Array, State]:
    """The points (R, dim) and the state in the first columns of `pack`."""
    state, begin = {}, dim
    for name, width in columns:
        end = begin + (dim if width == "point" else width)
        state[name], begin = packed[:, begin:end], end
    return packed[:, :dim], state


def clip(
    xp: Namespace, manifold: Manifold, rows: Array, grads: Array, limit: float, c: float
) -> Array:
    """g min(1, limit / |g|) with |g| the Riemannian norm of each row's gradient.

    rows, grads (R, D), grads Euclidean. The way from Euclidean to Riemannian gradients is linear,
    so scaling one scales the other. Pascanu et al. 2013, Algorithm 1, a row at a time.
    """
    length = manifold.norm(rows, manifold.egrad_to_rgrad(rows, grads, c), c)[..., None]
    return grads * (limit / xp.maximum(length, limit))
