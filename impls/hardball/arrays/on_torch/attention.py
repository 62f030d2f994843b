"""Graph attention over a node's neighbours of several kinds, the node itself hidden.

Two texts, since a module with parameters of its own is written in Flax in one way and in torch.nn
in another; `methods.encoders.hgat` has the formulas. Parameters go in and out as NumPy arrays of
the same names and shapes in both.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import elu, leaky_relu


def from_arrays(module: nn.Module, arrays: Mapping[str, np.ndarray], dtype: str) -> dict[str, Any]:
    """Parameters of `encode`, as `dtype`, from the arrays of `hgat.start` or of `to_arrays`."""
    cast = {name: torch.tensor(a, dtype=getattr(torch, dtype)) for name, a in arrays.items()}
    module.to(getattr(torch, dtype)).load_state_dict(cast)
    return dict(module.named_parameters())


def to_arrays(params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """NumPy arrays by name, the same names and shapes in both frameworks."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in params.items()}


def encode(
    module: nn.Module, params: Mapping[str, Any], points: Tensor, kinds: Tensor, mask: Tensor
) -> Tensor:
    """What the module gives with these parameters; (..., D)."""
    return functional_call(module, dict(params), (points, kinds, mask))


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int, kinds: int, own: int) -> None:
        super().__init__()
        self.own = own
        self.weight = nn.Parameter(torch.zeros(width, heads, hidden))
        self.query = nn.Parameter(torch.zeros(heads, hidden))
        self.key = nn.Parameter(torch.zeros(heads, hidden))
        self.kind = nn.Parameter(torch.zeros(kinds, heads))
        self.value = nn.Parameter(torch.zeros(kinds, heads, hidden))
        self.bias = nn.Parameter(torch.zeros(heads, hidden))

    def forward(
        self, centre: Tensor, members: Tensor, kinds: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        own = torch.einsum("...i,ihf->...hf", centre, self.weight) + self.value[self.own]
        others = torch.einsum("...wi,ihf->...whf", members, self.weight) + self.value[kinds]
        asked = (own * self.query).sum(-1)
        own_logit = asked + (own * self.key).sum(-1) + self.kind[self.own]
        logits = asked[..., None, :] + (others * self.key).sum(-1) + self.kind[kinds]
        together = torch.cat([own_logit[..., None, :], logits], dim=-2)
        present = torch.cat([torch.ones_like(mask[..., :1]), mask], dim=-1)
        scores = torch.where(present[..., None], leaky_relu(together, 0.2), -torch.inf)
        share = torch.softmax(scores, dim=-2)[..., None]
        mixed = share[..., 0, :, :] * own + (share[..., 1:, :, :] * others).sum(-3)
        return elu(mixed + self.bias).flatten(-2), elu(others + self.bias).flatten(-2)


class Attention(nn.Module):
    """The encoder: (points (..., W, D), kinds (..., W), mask (..., W)) -> point (..., D).

    kinds: how many kinds of members there are; own: the kind of the node itself; space: a manifold.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        hidden: int,
        layers: int,
        kinds: int,
        own: int,
        space: Any,
        c: float,
    ) -> None:
        super().__init__()
        self.layers, self.space, self.c = layers, space, c
        for layer in range(layers):
            width = dim if layer == 0 else heads * hidden
            self.add_module(f"layers_{layer}", _Layer(width, heads, hidden, kinds, own))
        self.out = nn.Parameter(torch.zeros(heads * hidden, dim))
        self.out_bias = nn.Parameter(torch.zeros(dim))

    def forward(self, points: Tensor, kinds: Tensor, mask: Tensor) -> Tensor:
        members = self.space.log0(points, self.c)
        centre = members.new_zeros(*mask.shape[:-1], members.shape[-1])
        for layer in range(self.layers):
            attention = self.get_submodule(f"layers_{layer}")
            centre, members = attention(centre, members, kinds, mask)
        end = self.space.exp0(centre @ self.out + self.out_bias, self.c)
        return self.space.project(end, self.c)
