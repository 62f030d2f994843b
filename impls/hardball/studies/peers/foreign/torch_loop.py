"""The training loop around libraries that bring a manifold and an optimiser, but no training.

Batches and negatives are those that this project's own engine draws for the same seed.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from hardball.arrays import on_torch
from hardball.arrays.on_torch.membership import is_known
from hardball.core import random_bits
from hardball.methods.samplers.rings import uniform
from hardball.studies.peers.clock import Clock
from hardball.studies.peers.task import Data, Task
from hardball.training.problem import Batches

STEPS = 128
# Burning in by passes alone would take a slow system most of its time.
BURN_IN_SHARE = 0.1


class Embedding(Protocol):
    """A library's table of points with its optimiser."""

    optimizer: torch.optim.Optimizer

    def distances(self, anchors: Tensor, others: Tensor) -> Tensor:
        """(B,), (B, 1 + K) -> (B, 1 + K)."""
        ...

    def points(self) -> np.ndarray: ...


class Step(NamedTuple):
    """anchors (B,); others (B, 1 + K), the positive first; masked (B, 1 + K): known positives."""

    anchors: Tensor
    others: Tensor
    masked: Tensor


def start(task: Task, n_nodes: int) -> np.ndarray:
    """Points (N, D) at which this project's engine starts, on the unit ball: v/|v| tanh(|v|/2)."""
    vectors = task.init_scale * random_bits.normal(task.seed, "initialise", (n_nodes, task.dim))
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.tanh(length / 2) * vectors / length


def steps(task: Task, data: Data) -> Iterator[Step]:
    """Endless steps: shuffled epochs cut into batches, uniform negatives, ancestors masked."""
    batches = Batches(task.seed, len(data.pairs), task.batch_size)
    pairs = torch.as_tensor(data.pairs).long()
    indptr, indices = torch.as_tensor(data.indptr).long(), torch.as_tensor(data.indices)
    depth = int(indptr.diff().max()).bit_length()
    index = {"n_nodes": torch.tensor(data.n_nodes)}
    first = 0
    while True:
        chosen = pairs[torch.as_tensor(batches.take(first, STEPS)).long()]
        drawn = random_bits.block(
            task.seed, "negatives", first, STEPS, task.batch_size * task.negatives
        ).reshape(-1, task.negatives)
        anchors = chosen[..., 0].reshape(-1)
        negatives, _ = uniform(on_torch, index, anchors, torch.as_tensor(drawn.astype(np.int64)))
        known = is_known(indptr, indices, anchors, negatives, depth)
        shape = (STEPS, task.batch_size, -1)
        others = torch.cat([chosen[..., 1:], negatives.reshape(shape)], dim=-1)
        masked = torch.cat([torch.zeros_like(chosen[..., 1:]) > 0, known.reshape(shape)], dim=-1)
        for step in range(STEPS):
            yield Step(chosen[step, :, 0], others[step], masked[step])
        first += STEPS


def train(task: Task, data: Data, clock: Clock, embedding: Embedding) -> None:
    """-log(e^-d(u,v) / (e^-d(u,v) + sum e^-d(u,n))), mean over a batch, until the clock runs out.

    Source: Nickel & Kiela 2017, Eq. 6.
    """
    pairs, scorings = task.batch_size, task.batch_size * (1 + task.negatives)
    clock.begin()
    for step in steps(task, data):
        slow = (
            clock.pairs < task.burn_in * len(data.pairs)
            and clock.seconds < BURN_IN_SHARE * task.seconds
        )
        for group in embedding.optimizer.param_groups:
            group["lr"] = task.lr * (task.burn_in_factor if slow else 1.0)
        embedding.optimizer.zero_grad()
        far = embedding.distances(step.anchors, step.others).masked_fill(step.masked, torch.inf)
        loss: Any = (-torch.log_softmax(-far, dim=1)[:, 0]).mean()
        loss.backward()
        embedding.optimizer.step()
        clock.tick(pairs, scorings, embedding.points)
