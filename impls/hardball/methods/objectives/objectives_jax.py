"""How a loss and its regularisers share a step: a factor for each of T terms.

A step goes along sum_i f_i grad L_i, the factors held fixed; L_0 is the main loss, the others are
the regularisers in the order of the run, their weights included. An objective is handed what it
names: values (T,), the terms' means over a batch, or products (T, T), the inner products of their
gradients. It gives f (T,).
"""

import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.scalars import product


def weighted_sum(values: Array) -> Array:
    """f_i = 1: the terms add up by their own weights; (T,) -> (T,).

    Source: Caruana 1997, Multitask Learning.
    """
    return jnp.ones_like(values)


def balanced(values: Array, share: float = 0.1, floor: float = 1e-3) -> Array:
    """f_0 = 1, f_i = share |L_0| / max(|L_i|, floor); (T,) -> (T,).

    Every regulariser weighs `share` of the main loss, whatever its own weight, unless it is below
    `floor`. Source: Chennupati et al. 2019, MultiNet++, Geometric Loss Strategy, whose geometric
    mean of the terms has this direction at share 1; share and floor are hardball's.
    """
    size = jnp.abs(values)
    factors = share * size[0] / jnp.maximum(size, floor)
    return jnp.where(jnp.arange(len(values)) == 0, 1, factors)


def pcgrad(products: Array) -> Array:
    """Each gradient less what conflicts with the others, and their sum; (T, T) -> (T,).

    g_i' = g_i; then for each j != i, where <g_i', g_j> < 0: g_i' -= <g_i', g_j> / |g_j|^2 g_j. The
    step goes along sum_i g_i', which is linear in the gradients: their products suffice. Source: Yu
    et al. 2020, Gradient Surgery for Multi-Task Learning, Algorithm 1, which takes the j in random
    order; here it is that of the terms, so that runs repeat.
    """
    count = len(products)
    kept = jnp.eye(count, dtype=products.dtype)
    for j in range(count):
        other = jnp.arange(count) != j
        conflict = jnp.minimum(product(kept, products[:, j]), 0) * other
        # Nothing conflicts with a gradient of length 0.
        square = jnp.where(products[j, j] > 0, products[j, j], 1)
        kept = kept - jnp.outer(conflict / square, ~other)
    return jnp.sum(kept, axis=0)


def schedule(progress: Array, name: str) -> Array:
    """What multiplies a term at progress p, 0 at a run's first step and 1 at its last; () -> ().

    constant: 1; decay: 1 - p; ramp: p; late_ramp: max(0, 2 p - 1). Source: Bengio et al. 2009,
    Curriculum Learning, for terms that come in by and by.
    """
    if name == "decay":
        return 1 - progress
    if name == "ramp":
        return progress
    if name == "late_ramp":
        return jnp.maximum(2 * progress - 1, 0)
    return jnp.ones_like(progress)
