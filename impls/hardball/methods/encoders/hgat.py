"""Numbers that both halves of the graph attention encoder begin with."""

from math import sqrt

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.blankets import KINDS

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
