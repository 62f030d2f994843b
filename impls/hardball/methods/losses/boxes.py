"""Boxes: a node's box lies in the boxes of its ancestors, and in no other's."""

from typing import Any

import numpy as np

from hardball.arrays import on_numpy
from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.methods.declare import loss
from hardball.methods.losses.common import mean_over_negatives
from hardball.methods.manifolds.boxes import outside
from hardball.methods.parameter import real
from hardball.metrics.polar import Polar, tangent


def energy(polar: Polar, pairs: np.ndarray, **_: Any) -> np.ndarray:
    """`boxes.outside` of pairs (node, ancestor), on the host: float64 (L,)."""
    points = tangent(polar)
    return outside(on_numpy, points[pairs[:, 0]], points[pairs[:, 1]])


def flat_and_even(spec: Any, **_: Any) -> None:
    """Raises HardballError in curved spaces and in an odd number of dimensions."""
    flat = registry.load("manifold", spec.manifold.name, spec.framework).FLAT
    if not flat or spec.dim % 2:
        raise HardballError(
            f"loss {spec.loss.name} with manifold {spec.manifold.name}, dim {spec.dim}: a box of k "
            "dimensions is 2 k coordinates of R^d; allowed are euclidean and an even dim"
        )


@loss(
    summary="a node's box in those of its ancestors: cross-entropy of the share that lies there",
    source="Vilnis et al. 2018, Probabilistic Embedding of Knowledge Graphs with Box Lattice "
    "Measures, section 4; Dasgupta et al. 2020, Improving Local Identifiability",
    parameters={"against": real(1.0, "factor of the negatives' mean", above=0)},
    energy=energy,
    fits=flat_and_even,
)
def boxes(xp, box_pos, box_neg, weight, *, against):
    """E+ - against sum_k w_k log(1 - e^-E_k) / sum_k w_k, per example (B,).

    The cross-entropy of the probabilities e^-E that a node is below its positive, and below its
    negatives. E: see `manifolds.boxes.outside`, whose boxes are read from points of R^d. box_pos
    (B,), box_neg (B, K); weight (B, K): a multiplicity, 0 masks. Without negatives it is E+.

    A box that lies half in its positive's, and one that lies half in a negative's, cost as much:

    >>> import math, torch
    >>> from hardball.methods import registry
    >>> half = torch.tensor([math.log(2)])
    >>> registry.load("loss", "boxes", "torch")(half, half[:, None], torch.ones(1, 1))
    tensor([1.3863])
    """
    far = xp.where(weight > 0, box_neg, 1)
    return box_pos + against * mean_over_negatives(xp, -xp.log(-xp.expm1(-far)), weight)
