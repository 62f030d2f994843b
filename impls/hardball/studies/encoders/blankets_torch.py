"""Trains a table and its encoder to tell whole Markov blankets from broken ones."""

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
from hardball.methods.losses.infonce import infonce
from hardball.methods.samplers.blanket import broken
from hardball.studies.encoders import blankets
from hardball.studies.encoders.blankets import TABLE, Distances, Settings, Task
from hardball.studies.encoders.descent import Trained, chunks
from hardball.studies.encoders.descent_torch import descend, indices


def train(task: Task, seed: int, how: Settings) -> Trained:
    """Takes `how.steps` steps of Adam from `blankets.start`; words are named by (seed, step).

    An anchor is the row of a node, its positive the encoding of the node's blanket, which does not
    hold the node; negatives are encodings of that blanket without one member (`how.drop`) and, if
    `how.others`, the blankets of the batch's other nodes, equal blankets masked:
        loss = mean_B log(1 + sum_k w_k e^((d(x, E(MB)) - d(x, E_k)) / T)).
    Raises HardballError on an unknown manifold.
    Source: van den Oord, Li & Vinyals 2018, Eq. 4; Kingma & Ba 2015; hardball.
    """
    module = _module(how)
    params = _params(module, how, blankets.start(task, seed, how))
    drawn = (blankets.step_words(seed, how, *chunk) for chunk in chunks(how.steps))
    params, measured = descend(partial(_loss, how, module), params, _data(task), drawn, how.lr)
    arrays = {TABLE: params[TABLE].detach().numpy(), **to_arrays(params["encoder"])}
    return Trained(arrays, *measured)


def distances(
    task: Task,
    how: Settings,
    arrays: Mapping[str, np.ndarray],
    anchors: np.ndarray,
    owners: np.ndarray,
    words: np.ndarray,
) -> Distances:
    """From the rows of `anchors` to the blankets of `owners`, whole and broken.

    anchors, owners int (n,), words uint32 (n, 1): which member of the kind `how.drop` is lost;
    the broken distance is NaN where there is none.
    """
    module = _module(how)
    params = _params(module, how, arrays)
    with torch.no_grad():
        own, views, valid = _views(
            params, module, how, _data(task), *map(indices, (anchors, owners, words))
        )
        d = registry.load("manifold", how.manifold, "torch").dist(own[:, None], views, how.c)
    return Distances(d[:, 0].numpy(), np.where(valid[:, 0], d[:, 1], np.nan))


def _module(how: Settings) -> nn.Module:
    sizes = {"heads": how.heads, "hidden": how.hidden, "layers": how.layers}
    hgat = registry.load("encoder", "hgat", "torch")
    return hgat(how.dim, **sizes, manifold=how.manifold, c=how.c)


def _params(module: nn.Module, how: Settings, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    encoder = from_arrays(module, blankets.encoder_arrays(arrays), how.dtype)
    table = torch.tensor(arrays[TABLE], dtype=getattr(torch, how.dtype), requires_grad=True)
    return {TABLE: table, "encoder": encoder}


def _data(task: Task) -> dict[str, Tensor]:
    members, kinds, mask, _ = task.blankets
    trained = ~np.isin(np.arange(len(members)), task.unbroken)
    arrays = {"members": members, "kinds": kinds, "mask": mask, "alike": task.alike}
    arrays |= {"anchors": task.anchors, "broken": trained}
    return {name: indices(array) for name, array in arrays.items()}


def _loss(
    how: Settings, module: nn.Module, params: Any, data: dict[str, Tensor], words: Tensor,
    lost: Tensor,
) -> Tensor:  # fmt: skip
    anchors = data["anchors"][mulhi(words, data["anchors"].shape[0])]
    own, views, valid = _views(params, module, how, data, anchors, anchors, lost)
    space = registry.load("manifold", how.manifold, "torch")
    d = space.dist(own[:, None], views, how.c)
    d_neg, weight = d[:, 1:], valid & data["broken"][anchors][:, None]
    if how.others:
        alike = data["alike"][anchors]
        d_neg = torch.cat([d_neg, space.dist_matrix(own, views[:, 0], how.c)], dim=1)
        weight = torch.cat([weight, alike[:, None] != alike], dim=1)
    return infonce(xp, d[:, 0], d_neg, weight.to(d.dtype), temperature=how.temperature).mean()


def _views(
    params: Any, module: nn.Module, how: Settings, data: dict[str, Tensor], anchors: Tensor,
    owners: Tensor, words: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """The anchors' points (B,D); whole and broken blankets' (B,1+K,D); valid (B,K)."""
    space = registry.load("manifold", how.manifold, "torch")
    table, kinds, mask = params[TABLE], data["kinds"][owners], data["mask"][owners]
    masks, valid = broken(xp, kinds, mask, words, drop=how.drop)
    own, members = (
        space.project(space.exp0(table[nodes], how.c), how.c)
        for nodes in (anchors, data["members"][owners])
    )
    masks = torch.cat([mask[:, None], masks], dim=1)
    views = encode(module, params["encoder"], members[:, None], kinds[:, None], masks)
    return own, views, valid
