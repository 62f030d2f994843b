"""Hyperbolic graph attention over a node's Markov blanket, the node itself hidden."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import Array

from hardball.arrays.on_jax.scalars import product
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
    cast = {name: jnp.asarray(array, dtype) for name, array in arrays.items()}
    return unflatten_dict(cast, sep=".")


def to_arrays(params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """NumPy arrays by name, the same names and shapes in both frameworks."""
    return {name: np.asarray(array) for name, array in flatten_dict(params, sep=".").items()}


def encode(
    module: nn.Module, params: Mapping[str, Any], points: Array, kinds: Array, mask: Array
) -> Array:
    """What the module of `hgat` gives with these parameters; (..., D)."""
    return jnp.asarray(module.apply({"params": params}, points, kinds, mask))


def _flat(z: Array) -> Array:
    return z.reshape(*z.shape[:-2], -1)


class _Layer(nn.Module):
    heads: int
    hidden: int

    @nn.compact
    def __call__(
        self, centre: Array, members: Array, kinds: Array, mask: Array
    ) -> tuple[Array, Array]:
        shape = self.heads, self.hidden
        zeros = nn.initializers.zeros
        weight = self.param("weight", zeros, (members.shape[-1], *shape))
        query, key = self.param("query", zeros, shape), self.param("key", zeros, shape)
        kind = self.param("kind", zeros, (len(KINDS), self.heads))
        value = self.param("value", zeros, (len(KINDS), *shape))
        bias = self.param("bias", zeros, shape)

        own = jnp.einsum("...i,ihf->...hf", centre, weight, precision="highest") + value[SELF]
        others = jnp.einsum("...wi,ihf->...whf", members, weight, precision="highest")
        others = others + value[kinds]
        asked = (own * query).sum(-1)
        own_logit = asked + (own * key).sum(-1) + kind[SELF]
        logits = asked[..., None, :] + (others * key).sum(-1) + kind[kinds]
        together = jnp.concatenate([own_logit[..., None, :], logits], axis=-2)
        present = jnp.concatenate([jnp.ones_like(mask[..., :1]), mask], axis=-1)
        scores = jnp.where(present[..., None], nn.leaky_relu(together, 0.2), -jnp.inf)
        share = nn.softmax(scores, axis=-2)[..., None]
        mixed = share[..., 0, :, :] * own + (share[..., 1:, :, :] * others).sum(-3)
        return _flat(nn.elu(mixed + bias)), _flat(nn.elu(others + bias))


class _Hgat(nn.Module):
    dim: int
    heads: int
    hidden: int
    layers: int
    manifold: str
    c: float

    @nn.compact
    def __call__(self, points: Array, kinds: Array, mask: Array) -> Array:
        space = registry.load("manifold", self.manifold, "jax")
        members = space.log0(points, self.c)
        centre = jnp.zeros((*mask.shape[:-1], members.shape[-1]), members.dtype)
        for layer in range(self.layers):
            attention = _Layer(self.heads, self.hidden, name=f"layers_{layer}")
            centre, members = attention(centre, members, kinds, mask)
        zeros = nn.initializers.zeros
        out = self.param("out", zeros, (self.heads * self.hidden, self.dim))
        out_bias = self.param("out_bias", zeros, (self.dim,))
        end = space.exp0(product(centre, out) + out_bias, self.c)
        return space.project(end, self.c)
