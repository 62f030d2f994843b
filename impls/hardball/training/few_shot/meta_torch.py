"""The initialiser in PyTorch (torch.nn), trained through inner steps by torch.optim's Adam."""

import time
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from hardball.arrays import on_torch as xp
from hardball.training.few_shot import bodies
from hardball.training.few_shot.batches import Batch
from hardball.training.few_shot.bodies import Begun, Said
from hardball.training.few_shot.engine_torch import adapted, put
from hardball.training.few_shot.outer import Arrays, Outer, Watch


class _Initialiser(nn.Module):
    """What new nodes begin from; the formulas are those of `parameters.start`."""

    hidden: Tensor
    hidden_bias: Tensor
    out: Tensor
    out_bias: Tensor
    spread: Tensor
    alike: Tensor

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.zeros(shape, dtype=torch.float64)))

    def forward(self, features: Tensor, aside: Tensor, like: Tensor, there: Tensor) -> Said:
        hidden = torch.tanh(features @ self.hidden + self.hidden_bias)
        out = hidden @ self.out + self.out_bias
        logits = torch.where(there[:, None, :], like @ self.alike, -torch.inf)
        return Said(out[..., 0], out[..., 1:] + self.spread * aside, torch.softmax(logits, dim=2))


def _loss(arrays: Mapping[str, Tensor], batch: Batch, outer: Outer) -> Tensor:
    """The loss of the nodes that are not shown, after the inner steps of the others."""
    first = _begun(arrays, batch, outer.c)
    shown = adapted(first.shown, batch, outer.rate, outer.steps, outer.c, outer.exact)
    return bodies.asked_loss(xp, shown, bodies.ended(xp, shown, first, outer.c), batch, outer.c)


def slopes(arrays: Arrays, batch: Batch, outer: Outer) -> tuple[float, Arrays]:
    """The loss of a batch and its gradient, arrays by name."""
    params = _params(arrays)
    value = _loss(params, put(batch), outer)
    value.backward()
    return float(value.detach()), {
        name: np.zeros_like(arrays[name]) if tensor.grad is None else tensor.grad.numpy()
        for name, tensor in params.items()
    }


def train(arrays: Arrays, batches: Iterable[Batch], outer: Outer, watch: Watch) -> Arrays:
    """Takes a step of Adam for each batch; `watch` sees its loss and processor time."""
    params = _params(arrays)
    adam = torch.optim.Adam(params.values(), lr=outer.outer_rate)
    for batch in batches:
        began = time.process_time()
        adam.zero_grad()
        value = _loss(params, put(batch), outer)
        value.backward()
        adam.step()
        watch(float(value.detach()), time.process_time() - began)
    return {name: tensor.detach().numpy().copy() for name, tensor in params.items()}


@torch.no_grad()
def begin(arrays: Arrays, batch: Batch, c: float) -> Begun:
    """Where the nodes of a batch begin, as NumPy arrays."""
    return Begun(*(found.numpy() for found in _begun(_params(arrays), put(batch), c)))


def _params(arrays: Arrays) -> dict[str, Tensor]:
    return {name: torch.tensor(array).requires_grad_() for name, array in arrays.items()}


def _begun(params: Mapping[str, Tensor], batch: Batch, c: float) -> Begun:
    module = _Initialiser({name: tuple(tensor.shape) for name, tensor in params.items()})
    given = (batch.features, batch.aside, batch.like, batch.there)
    return bodies.begun(xp, functional_call(module, dict(params), given), batch, c)
