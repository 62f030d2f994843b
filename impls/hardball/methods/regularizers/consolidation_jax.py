"""Elastic weight consolidation: what mattered to an earlier training is held where it was."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array


def ewc(
    params: Mapping[str, Array],
    start: Mapping[str, Array],
    fisher: Mapping[str, Array],
    weights: Mapping[str, float],
) -> Array:
    """sum over layers n of weights[n] / 2 sum_i F_ni (p_ni - p*_ni)^2, of named arrays; -> ().

    params: a model's arrays, such as those of `hgat`'s `to_arrays`; start: the same p* at the end
    of the earlier training; fisher: F, the mean squared gradient there, of the same shapes. A name
    that weights lacks is left free. Raises KeyError on a weight without its arrays.
    Source: Kirkpatrick et al. 2017, Overcoming catastrophic forgetting, Eq. 3; its lambda is the
    weight, here one a layer.
    """
    layers = [
        jnp.sum(_energy(params[name], start[name], fisher[name], weight))
        for name, weight in weights.items()
    ]
    return sum(layers, jnp.zeros(()))


def ewc_rows(vectors: Array, start: Array, fisher: Array, weight: float = 1.0) -> Array:
    """weight / 2 sum_k F_k (t_k - t*_k)^2 of each row; three times (m, dim) -> (m,).

    `ewc` of the table of points, for the rows of a batch, a node as often as it occurs. vectors t
    and start t*: tangent vectors at the origin, now and when the run began; fisher: F, times the
    number of nodes, so that a mean over rows stands for the sum over nodes.
    Source: Kirkpatrick et al. 2017, Overcoming catastrophic forgetting, Eq. 3.
    """
    return jnp.sum(_energy(vectors, start, fisher, weight), axis=-1)


def _energy(values: Array, start: Array, fisher: Array, weight: float) -> Array:
    """weight / 2 F (p - p*)^2."""
    off = values - start
    return weight / 2 * fisher * off * off
