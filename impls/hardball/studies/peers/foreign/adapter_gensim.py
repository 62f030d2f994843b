"""gensim's PoincareModel, with its own defaults for what a task does not set."""

from collections.abc import Callable
from typing import Any

import numpy as np
from gensim.models.poincare import PoincareModel

from hardball.studies.peers.clock import Clock
from hardball.studies.peers.task import Data, Task

FOREVER = 10**9


class Ticking(PoincareModel):
    """The model as it is; `after` is called with the number of pairs of each batch."""

    after: Callable[[int], Any]

    def _train_on_batch(self, relations: Any, check_gradients: bool = False) -> Any:
        batch = super()._train_on_batch(relations, check_gradients)
        self.after(len(relations))
        return batch


def train(task: Task, data: Data, clock: Clock, found: dict[str, Any]) -> None:
    """Trains until the clock runs out. gensim numbers nodes as they come: they are put back."""
    model = Ticking(
        [(str(node), str(ancestor)) for node, ancestor in data.pairs.tolist()],
        size=task.dim,
        alpha=task.lr,
        negative=task.negatives,
        burn_in=task.burn_in,
        burn_in_alpha=task.lr * task.burn_in_factor,
        init_range=(-task.init_scale, task.init_scale),
        dtype=np.dtype(task.dtype),
        seed=task.seed,
    )
    rows = np.array([int(name) for name in model.kv.index_to_key])

    def points() -> np.ndarray:
        out = np.empty((data.n_nodes, task.dim))
        out[rows] = model.kv.vectors
        return out

    model.after = lambda size: clock.tick(size, size * (1 + task.negatives), points)
    clock.begin()
    model.train(epochs=FOREVER, batch_size=task.batch_size, print_every=FOREVER)
