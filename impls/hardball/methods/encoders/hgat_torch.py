"""Hyperbolic graph attention over a node's Markov blanket, the node itself hidden."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import elu, leaky_relu

from hardball.hierarchy.blankets import KINDS, SELF
from hardball.methods import registry


def hgat(
    dim: int,
    heads: int = 4,
    hidden: int = 8,
    layers: int = 2,
    manifold: str = "tangent",
    c: float = 1.0,
) -> nn.Module:
    """The encoder: (points (..., W, D), kinds (..., W), mask (..., W)) -> point (..., D).

    Features are tangent vectors at the origin, h_j = log0(x_j); the node i whose blanket it is
    stays hidden: h_i = 0. In each layer and head, over the members j of the blanket and i itself,
        z_j = W h_j + v_kind(j),  e_j = LeakyReLU_0.2(q . z_i + k . z_j + b_kind(j)),
        a = softmax(e),
        h_i' = ELU(sum_j a_j z_j + bias),  h_j' = ELU(z_j + bias),
    the heads side by side. At the end exp0(h_i out + out_bias), projected. kinds: `KINDS`; a member
    with mask=False takes no part, and a blanket without any gives one and the same point.
    Leading axes broadcast, so that many views of one blanket share its maps.
    Source: Zhang et al. 2021, Hyperbolic Graph Attention Network (maps through log0 and exp0);
    Chami et al. 2019, Hyperbolic Graph Convolutional Neural Networks, sections 4.2 and 4.3;
    attention: Veličković et al. 2018, Graph Attention Networks, Eqs. 1 to 5; v and b, what a member
    is added to what it holds: after Shaw et al. 2018, Self-Attention with Relative Position
    Representations, Eqs. 3 and 4.
    """
    return _Hgat(dim, heads, hidden, layers, manifold, c)


def from_arrays(module: nn.Module, arrays: Mapping[str, np.ndarray], dtype: str) -> dict[str, Any]:
    """Parameters of `encode` from the arrays of `hgat.start` or `to_arrays`, as `dtype`."""
    cast = {name: torch.tensor(a, dtype=getattr(torch, dtype)) for name, a in arrays.items()}
    module.to(getattr(torch, dtype)).load_state_dict(cast)
    return dict(module.named_parameters())


def to_arrays(params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """NumPy arrays by name, the same names and shapes in both frameworks."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in params.items()}


def encode(
    module: nn.Module, params: Mapping[str, Any], points: Tensor, kinds: Tensor, mask: Tensor
) -> Tensor:
    """What the module of `hgat` gives with these parameters; (..., D)."""
    return functional_call(module, dict(params), (points, kinds, mask))


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width, heads, hidden))
        self.query = nn.Parameter(torch.zeros(heads, hidden))
        self.key = nn.Parameter(torch.zeros(heads, hidden))
        self.kind = nn.Parameter(torch.zeros(len(KINDS), heads))
        self.value = nn.Parameter(torch.zeros(len(KINDS), heads, hidden))
        self.bias = nn.Parameter(torch.zeros(heads, hidden))

    def forward(
        self, centre: Tensor, members: Tensor, kinds: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        own = torch.einsum("...i,ihf->...hf", centre, self.weight) + self.value[SELF]
        others = torch.einsum("...wi,ihf->...whf", members, self.weight) + self.value[kinds]
        asked = (own * self.query).sum(-1)
        own_logit = asked + (own * self.key).sum(-1) + self.kind[SELF]
        logits = asked[..., None, :] + (others * self.key).sum(-1) + self.kind[kinds]
        together = torch.cat([own_logit[..., None, :], logits], dim=-2)
        present = torch.cat([torch.ones_like(mask[..., :1]), mask], dim=-1)
        scores = torch.where(present[..., None], leaky_relu(together, 0.2), -torch.inf)
        share = torch.softmax(scores, dim=-2)[..., None]
        mixed = share[..., 0, :, :] * own + (share[..., 1:, :, :] * others).sum(-3)
        return elu(mixed + self.bias).flatten(-2), elu(others + self.bias).flatten(-2)


class _Hgat(nn.Module):
    def __init__(
        self, dim: int, heads: int, hidden: int, layers: int, manifold: str, c: float
    ) -> None:
        super().__init__()
        self.layers, self.c = layers, c
        self.space = registry.load("manifold", manifold, "torch")
        for layer in range(layers):
            width = dim if layer == 0 else heads * hidden
            self.add_module(f"layers_{layer}", _Layer(width, heads, hidden))
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
