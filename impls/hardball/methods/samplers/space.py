"""Distances between nodes as they are embedded now: what samplers that look at points are given."""

from collections.abc import Callable
from typing import Any

from hardball.arrays.namespace import Array


class Space:
    """A manifold of curvature -c and where its nodes lie.

    locate: node ids (...) -> their points (..., D). choose: what chooses among candidates by a
    compiled kernel, with the arguments of `choice.choose` after the space; None without one.
    """

    def __init__(
        self,
        manifold: Any,
        c: float,
        locate: Callable[[Array], Array],
        choose: Callable[..., tuple[Array, Array]] | None = None,
    ) -> None:
        self.manifold, self.c, self.locate, self.choose = manifold, c, locate, choose

    def dist(self, nodes: Array, candidates: Array) -> Array:
        """d(nodes[b], candidates[b,k]): (B,), (B,K) -> (B,K)."""
        return self.manifold.dist(self.locate(nodes)[:, None], self.locate(candidates), self.c)

    def dist_matrix(self, nodes: Array, shared: Array) -> Array:
        """d(nodes[b], shared[m]): (B,), (M,) -> (B,M)."""
        return self.manifold.dist_matrix(self.locate(nodes), self.locate(shared), self.c)
