"""HypLL's embedding with its Riemannian SGD, which updates every row at every step."""

from typing import Any

import numpy as np
import torch
from hypll.manifolds.poincare_ball import Curvature, PoincareBall
from hypll.nn import HEmbedding
from hypll.optim import RiemannianSGD
from hypll.tensors import ManifoldParameter
from torch import Tensor

from hardball.studies.peers.clock import Clock
from hardball.studies.peers.foreign import torch_loop
from hardball.studies.peers.task import Data, Task


class Points:
    """An HEmbedding that starts where the other systems start."""

    def __init__(self, task: Task, n_nodes: int) -> None:
        # Its default puts the value through softplus: Curvature(1.0) means c = 1.313.
        self.manifold = PoincareBall(c=Curvature(1.0, constraining_strategy=torch.as_tensor))
        begun = torch.as_tensor(torch_loop.start(task, n_nodes)).to(getattr(torch, task.dtype))
        self.table = HEmbedding(n_nodes, task.dim, self.manifold)
        self.table.weight = ManifoldParameter(begun, manifold=self.manifold, man_dim=-1)
        self.optimizer = RiemannianSGD(self.table.parameters(), lr=task.lr)

    def distances(self, anchors: Tensor, others: Tensor) -> Tensor:
        return self.manifold.dist(self.table(anchors[:, None]), self.table(others))

    def points(self) -> np.ndarray:
        return self.table.weight.tensor.detach().double().numpy().copy()


def train(task: Task, data: Data, clock: Clock, found: dict[str, Any]) -> None:
    """Trains until the clock runs out."""
    torch_loop.train(task, data, clock, Points(task, data.n_nodes))
