"""Graph attention over a node's neighbours of several kinds, the node itself hidden.

Two texts, since a module with parameters of its own is written in Flax in one way and in torch.nn
in another; `methods.encoders.hgat` has the formulas. Parameters go in and out as NumPy arrays of
the same names and shapes in both.
"""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import Array

from hardball.arrays.on_jax.scalars import product


def from_arrays(module: nn.Module, arrays: Mapping[str, np.ndarray], dtype: str) -> dict[str, Any]:
    """Parameters of `encode`, as `dtype`, from the arrays of `hgat.start` or of `to_arrays`."""
    cast = {name: jnp.asarray(array, dtype) for name, array in arrays.items()}
    return unflatten_dict(cast, sep=".")


def to_arrays(params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """NumPy arrays by name, the same names and shapes in both frameworks."""
    return {name: np.asarray(array) for name, array in flatten_dict(params, sep=".").items()}


def encode(
    module: nn.Module, params: Mapping[str, Any], points: Array, kinds: Array, mask: Array
) -> Array:
    """What the module gives with these parameters; (..., D)."""
    return jnp.asarray(module.apply({"params": params}, points, kinds, mask))


def _flat(z: Array) -> Array:
    return z.reshape(*z.shape[:-2], -1)


class _Layer(nn.Module):
    heads: int
    hidden: int
    kinds: int
    own: int

    @nn.compact
    def __call__(
        self, centre: Array, members: Array, kinds: Array, mask: Array
    ) -> tuple[Array, Array]:
        shape = self.heads, self.hidden
        zeros = nn.initializers.zeros
        weight = self.param("weight", zeros, (members.shape[-1], *shape))
        query, key = self.param("query", zeros, shape), self.param("key", zeros, shape)
        kind = self.param("kind", zeros, (self.kinds, self.heads))
        value = self.param("value", zeros, (self.kinds, *shape))
        bias = self.param("bias", zeros, shape)

        own = jnp.einsum("...i,ihf->...hf", centre, weight, precision="highest") + value[self.own]
        others = jnp.einsum("...wi,ihf->...whf", members, weight, precision="highest")
        others = others + value[kinds]
        asked = (own * query).sum(-1)
        own_logit = asked + (own * key).sum(-1) + kind[self.own]
        logits = asked[..., None, :] + (others * key).sum(-1) + kind[kinds]
        together = jnp.concatenate([own_logit[..., None, :], logits], axis=-2)
        present = jnp.concatenate([jnp.ones_like(mask[..., :1]), mask], axis=-1)
        scores = jnp.where(present[..., None], nn.leaky_relu(together, 0.2), -jnp.inf)
        share = nn.softmax(scores, axis=-2)[..., None]
        mixed = share[..., 0, :, :] * own + (share[..., 1:, :, :] * others).sum(-3)
        return _flat(nn.elu(mixed + bias)), _flat(nn.elu(others + bias))


class Attention(nn.Module):
    """The encoder: (points (..., W, D), kinds (..., W), mask (..., W)) -> point (..., D).

    kinds: how many kinds of members there are; own: the kind of the node itself; space: a manifold.
    """

    dim: int
    heads: int
    hidden: int
    layers: int
    kinds: int
    own: int
    space: Any
    c: float

    @nn.compact
    def __call__(self, points: Array, kinds: Array, mask: Array) -> Array:
        members = self.space.log0(points, self.c)
        centre = jnp.zeros((*mask.shape[:-1], members.shape[-1]), members.dtype)
        for layer in range(self.layers):
            name = f"layers_{layer}"
            attention = _Layer(self.heads, self.hidden, self.kinds, self.own, name=name)
            centre, members = attention(centre, members, kinds, mask)
        zeros = nn.initializers.zeros
        out = self.param("out", zeros, (self.heads * self.hidden, self.dim))
        out_bias = self.param("out_bias", zeros, (self.dim,))
        end = self.space.exp0(product(centre, out) + out_bias, self.c)
        return self.space.project(end, self.c)
