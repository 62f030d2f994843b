"""Hyperbolic graph attention over a node's Markov blanket, the node itself hidden."""

import importlib
from math import sqrt
from typing import Any

import numpy as np

from hardball.arrays.namespace import Namespace
from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.blankets import KINDS, SELF
from hardball.methods import registry
from hardball.methods.declare import encoder
from hardball.methods.parameter import whole
from hardball.methods.sources import CHAMI_2019, VELICKOVIC_2018, ZHANG_2021

Arrays = dict[str, np.ndarray]


def start(seed: int, dim: int, heads: int = 4, hidden: int = 8, layers: int = 2) -> Arrays:
    """Parameters by name, float64: maps and attention vectors uniform, biases zero.

    Layer l, named layers_l: weight (in, H, F) and, an entry for each head, query and key (H, F),
    kind (4, H), value (4, H, F), bias (H, F); in = dim, then H F. Last out (H F, dim) and out_bias
    (dim,). Entries of a map lie within sqrt(6 / (in + out)), those of kind and value within 1.
    Words are named by (seed, hgat/<name>). Raises HardballError on a size below 1.
    Source: Glorot & Bengio 2010, Understanding the Difficulty of Training, Eq. 16.
    """
    for name, value in (("dim", dim), ("heads", heads), ("hidden", hidden), ("layers", layers)):
        if value < 1:
            raise HardballError(f"hgat: {name}={value}, allowed is 1 or more")
    wide = heads * hidden
    out: Arrays = {}
    for layer in range(layers):
        fan_in = dim if layer == 0 else wide
        shapes = {
            "weight": ((fan_in, heads, hidden), sqrt(6 / (fan_in + wide))),
            "query": ((heads, hidden), sqrt(6 / (hidden + 1))),
            "key": ((heads, hidden), sqrt(6 / (hidden + 1))),
            "kind": ((len(KINDS), heads), 1.0),
            "value": ((len(KINDS), heads, hidden), 1.0),
        }
        for name, (shape, limit) in shapes.items():
            full = f"layers_{layer}.{name}"
            out[full] = limit * random_bits.symmetric(seed, f"hgat/{full}", shape)
        out[f"layers_{layer}.bias"] = np.zeros((heads, hidden))
    out["out"] = sqrt(6 / (wide + dim)) * random_bits.symmetric(seed, "hgat/out", (wide, dim))
    out["out_bias"] = np.zeros(dim)
    return out


@encoder(
    summary="attention over a node's Markov blanket in the tangent space",
    source=f"{ZHANG_2021}; {CHAMI_2019}; {VELICKOVIC_2018}",
    parameters={
        "heads": whole(4, "heads of every layer", at_least=1),
        "hidden": whole(8, "numbers a head", at_least=1),
        "layers": whole(2, "layers", at_least=1),
    },
    build=start,
)
def hgat(
    xp: Namespace,
    dim: int,
    *,
    heads: int,
    hidden: int,
    layers: int,
    manifold: str = "tangent",
    c: float = 1.0,
) -> Any:
    """The encoder: (points (..., W, D), kinds (..., W), mask (..., W)) -> point (..., D).

    Features are tangent vectors at the origin, h_j = log0(x_j); the node i whose blanket it is
    stays hidden: h_i = 0. In each layer and head, over the members j of the blanket and i itself,
        z_j = W h_j + v_kind(j),  e_j = LeakyReLU_0.2(q . z_i + k . z_j + b_kind(j)),
        a = softmax(e),
        h_i' = ELU(sum_j a_j z_j + bias),  h_j' = ELU(z_j + bias),
    the heads side by side. At the end exp0(h_i out + out_bias), projected. kinds: `KINDS`; a member
    with mask=False takes no part, and a blanket without any gives one and the same point.
    Leading axes broadcast, so that many views of one blanket share its maps. The module and what
    it is called with are those of `arrays.on_jax.attention` or `arrays.on_torch.attention`.
    Source: Zhang et al. 2021, Hyperbolic Graph Attention Network (maps through log0 and exp0);
    Chami et al. 2019, Hyperbolic Graph Convolutional Neural Networks, sections 4.2 and 4.3;
    attention: Veličković et al. 2018, Graph Attention Networks, Eqs. 1 to 5; v and b, what a member
    is added to what it holds: after Shaw et al. 2018, Self-Attention with Relative Position
    Representations, Eqs. 3 and 4.
    """
    space = registry.load("manifold", manifold, xp.NAME)
    made = importlib.import_module(f"{xp.__name__}.attention").Attention
    return made(dim, heads, hidden, layers, len(KINDS), SELF, space, c)
