"""Inner steps in PyTorch: where the nodes of subtrees end, given where they begin."""

import numpy as np
import torch
from torch import Tensor

from hardball.arrays import on_torch as xp
from hardball.training.few_shot import bodies
from hardball.training.few_shot.batches import Batch
from hardball.training.few_shot.bodies import Begun, Said


def put(batch: Batch) -> Batch:
    """The arrays in the framework, reals in float64."""
    return Batch(*(torch.from_numpy(array) for array in batch))


def begin(said: Said, batch: Batch, c: float) -> Begun:
    """`bodies.begun` of what a rule says, as NumPy arrays."""
    placed = Said(*(torch.from_numpy(array) for array in said))
    found = bodies.begun(xp, placed, put(batch), c)
    return Begun(*(array.detach().numpy() for array in found))


def adapted(shown: Tensor, batch: Batch, rate: float, steps: int, c: float, exact: bool) -> Tensor:
    """The end of `steps` inner steps from `shown` (T, J, D).

    exact: with a gradient that goes through the steps' own; else as if each step were a constant.
    """
    for _ in range(steps):
        at = shown if exact else shown.detach().requires_grad_()
        with torch.enable_grad():
            loss = bodies.shown_loss(xp, at, batch, c)
            (slope,) = torch.autograd.grad(loss, at, create_graph=exact)
        shown = bodies.moved(xp, shown, slope, rate, c)
    return shown


@torch.no_grad()
def place(begun: Begun, batch: Batch, rate: float, steps: int, c: float) -> np.ndarray:
    """Where all nodes end, those that are shown first: float64 (T, J + Q, D)."""
    tensors, known = Begun(*(torch.tensor(array) for array in begun)), put(batch)
    shown = adapted(tensors.shown, known, rate, steps, c, exact=False)
    rest = bodies.ended(xp, shown, tensors, c)
    return torch.cat([shown, rest], dim=1).numpy()
