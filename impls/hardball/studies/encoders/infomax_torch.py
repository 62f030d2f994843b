"""Trains an encoder of blankets to tell true features from shuffled ones."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hardball.arrays import on_torch as xp
from hardball.arrays.on_torch.attention import encode, from_arrays, to_arrays
from hardball.arrays.on_torch.integers import mulhi
from hardball.methods import registry
from hardball.methods.pretexts.infomax import infomax as cross_entropy
from hardball.methods.pretexts.infomax import logits, readout
from hardball.studies.encoders import infomax
from hardball.studies.encoders.descent import Trained, chunks
from hardball.studies.encoders.descent_torch import descend, indices
from hardball.studies.encoders.infomax import BILINEAR, Settings, Task


def train(task: Task, seed: int, how: Settings) -> Trained:
    """Takes `how.steps` steps of Adam from `infomax.start`; words are named by (seed, step).

    A step draws B nodes and a shuffle p of all nodes. h_i = log0 E(X_MB(i)) encodes the features of
    node i's blanket, h'_i = log0 E(X_p(MB(i))) the same blanket with the features of others, and
        loss = (sum_i softplus(-z_i) + sum_i softplus(z'_i)) / 2B,  z_i = h_i^T W s,
    z' with h', where s = sigmoid(mean_i h_i) sums up the batch.
    Raises HardballError on an unknown manifold.
    Source: Veličković et al. 2019, Deep Graph Infomax, sections 3.4 and 4.2; Kingma & Ba 2015.
    """
    module = _module(how)
    params = _params(module, how, infomax.start(seed, how))
    nodes = len(task.inputs)
    drawn = (infomax.step_words(seed, how, nodes, *chunk) for chunk in chunks(how.steps))
    loss = partial(_loss, how, module)
    params, measured = descend(loss, params, _data(task, how), drawn, how.lr)
    arrays = {BILINEAR: params[BILINEAR].detach().numpy(), **to_arrays(params["encoder"])}
    return Trained(arrays, *measured)


def encodings(
    task: Task, how: Settings, arrays: Mapping[str, np.ndarray], order: np.ndarray
) -> np.ndarray:
    """log0 of the encoding of each node's blanket, node j with the features of order[j]; (N, D)."""
    module = _module(how)
    params = _params(module, how, arrays)
    return _encoded(how, module, params, _data(task, how), indices(order)).numpy()


def verdicts(
    task: Task, how: Settings, arrays: Mapping[str, np.ndarray], order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Logits of being true (N,), of all nodes: with their features, and shuffled by `order`.

    The summary is that of all true encodings.
    """
    module = _module(how)
    params, data = _params(module, how, arrays), _data(task, how)
    true, shuffled = (
        _encoded(how, module, params, data, indices(o)) for o in (np.arange(len(order)), order)
    )
    with torch.no_grad():
        summary = readout(xp, true, torch.ones(len(true), dtype=true.dtype))
        z, z_shuffled = (logits(xp, h, summary, params[BILINEAR]) for h in (true, shuffled))
    return z.numpy(), z_shuffled.numpy()


def _module(how: Settings) -> nn.Module:
    sizes = {"heads": how.heads, "hidden": how.hidden, "layers": how.layers}
    hgat = registry.load("encoder", "hgat", "torch")
    return hgat(how.dim, **sizes, manifold=how.manifold, c=how.c)


def _params(module: nn.Module, how: Settings, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    encoder = from_arrays(module, infomax.encoder_arrays(arrays), how.dtype)
    dtype = getattr(torch, how.dtype)
    return {
        BILINEAR: torch.tensor(arrays[BILINEAR], dtype=dtype, requires_grad=True),
        "encoder": encoder,
    }


def _data(task: Task, how: Settings) -> dict[str, Tensor]:
    members, kinds, mask, _ = task.blankets
    space = registry.load("manifold", how.manifold, "torch")
    inputs = torch.tensor(task.inputs, dtype=getattr(torch, how.dtype))
    points = space.project(space.exp0(inputs, how.c), how.c)
    arrays = {"members": members, "kinds": kinds, "mask": mask}
    return {"points": points, **{name: indices(array) for name, array in arrays.items()}}


def _loss(
    how: Settings, module: nn.Module, params: Any, data: dict[str, Tensor], words: Tensor,
    order: Tensor,
) -> Tensor:  # fmt: skip
    nodes = mulhi(words, order.shape[0])
    members = data["members"][nodes]
    both = torch.stack([members, order[members]], dim=1)
    views = _views(how, module, params, data, nodes, both)
    ones = torch.ones(len(nodes), dtype=views.dtype)
    z = logits(xp, views, readout(xp, views[:, 0], ones), params[BILINEAR])
    return cross_entropy(xp, z[:, 0], z[:, 1], ones, ones)


def _views(
    how: Settings, module: nn.Module, params: Any, data: dict[str, Tensor], nodes: Tensor,
    given: Tensor,
) -> Tensor:  # fmt: skip
    """log0 of the nodes' encodings (B, V, D), their members with features of `given` (B, V, W)."""
    kinds, mask = (
        torch.broadcast_to(data[name][nodes][:, None], given.shape) for name in ("kinds", "mask")
    )
    ends = encode(module, params["encoder"], data["points"][given], kinds, mask)
    return registry.load("manifold", how.manifold, "torch").log0(ends, how.c)


@torch.no_grad()
def _encoded(
    how: Settings, module: nn.Module, params: Any, data: dict[str, Tensor], order: Tensor
) -> Tensor:
    given = order[data["members"]][:, None]
    return _views(how, module, params, data, torch.arange(len(order)), given)[:, 0]
