"""geoopt's ball with its sparse optimisers: only the rows that a batch touches are updated."""

from typing import Any

import geoopt
import numpy as np
import torch
from torch import Tensor

from hardball.studies.peers.clock import Clock
from hardball.studies.peers.foreign import torch_loop
from hardball.studies.peers.task import Data, Task


class Points:
    """A table of geoopt.ManifoldParameter rows."""

    def __init__(self, task: Task, n_nodes: int) -> None:
        self.manifold = geoopt.PoincareBall(c=1.0)
        begun = torch.as_tensor(torch_loop.start(task, n_nodes)).to(getattr(torch, task.dtype))
        self.table = torch.nn.Embedding(n_nodes, task.dim, sparse=True)
        self.table.weight = geoopt.ManifoldParameter(begun, manifold=self.manifold)
        kind = {
            "geoopt_rsgd": geoopt.optim.SparseRiemannianSGD,
            "geoopt_radam": geoopt.optim.SparseRiemannianAdam,
        }[task.system]
        self.optimizer = kind(self.table.parameters(), lr=task.lr)

    def distances(self, anchors: Tensor, others: Tensor) -> Tensor:
        rows = self.table(torch.cat([anchors[:, None], others], dim=1))
        return self.manifold.dist(rows[:, :1], rows[:, 1:])

    def points(self) -> np.ndarray:
        return self.table.weight.detach().double().numpy().copy()


def train(task: Task, data: Data, clock: Clock, found: dict[str, Any]) -> None:
    """Trains until the clock runs out."""
    torch_loop.train(task, data, clock, Points(task, data.n_nodes))
