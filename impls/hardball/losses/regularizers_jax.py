"""Terms added to a loss, whatever its negatives."""

import jax
from jax import Array


def radius_penalty(radii: Array, weight: float = 0.01, free: float = 0.0) -> Array:
    """weight max(0, r - free)^2 of each hyperbolic radius r; radii (B,) -> (B,).

    Holds points off the largest radius, leaving those within `free` alone.
    """
    beyond = jax.nn.relu(radii - free)
    return weight * beyond * beyond
