"""Host arrays of the uniform and the structural samplers: four bounds a node.

`relative_to` and `replace` choose how the engine draws; `replace=False` makes every ring hold at
least `negatives` nodes.
"""

from typing import Literal

import numpy as np

from hardball.hierarchy import rings
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy

Index = dict[str, np.ndarray]

_BOUNDS = ("lo", "hi", "xlo", "xhi")


def uniform_index(h: Hierarchy, known: Csr, *, negatives: int) -> Index:
    """n_nodes, int32 scalar. Source: Nickel & Kiela 2017, section 3.2."""
    return {"n_nodes": np.array(h.n_nodes, np.int32)}


def siblings_index(
    h: Hierarchy, known: Csr, *, negatives: int, relative_to: str = "anchor", replace: bool = True
) -> Index:
    """Bounds lo, hi, xlo, xhi int32 (N,) and widened bool (N,) of each node's siblings.

    Source: hardball, level order and rings.
    """
    return _index(rings.siblings(h, minimum=_minimum(negatives, replace)))


def cousins_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    k: int = 1,
    relative_to: str = "anchor",
    replace: bool = True,
) -> Index:
    """Bounds lo, hi, xlo, xhi int32 (N,) and widened bool (N,) of each node's k-th cousins.

    Raises HardballError when k is not allowed. Source: hardball, level order and rings.
    """
    return _index(rings.cousins(h, k, minimum=_minimum(negatives, replace)))


def depth_matched_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    where: Literal["branch", "tree"] = "branch",
    relative_to: str = "anchor",
    replace: bool = True,
) -> Index:
    """Bounds lo, hi, xlo, xhi int32 (N,) and widened bool (N,) of each node's level elsewhere.

    where: in another top "branch" or in another "tree". Source: hardball, level order and rings.
    """
    return _index(rings.depth_matched(h, where=where, minimum=_minimum(negatives, replace)))


def tightening_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    k: int = 3,
    relative_to: str = "anchor",
    replace: bool = True,
) -> Index:
    """Bounds lo, hi, xlo, xhi int32 (k + 1, N) of k-th cousins, ..., first cousins, siblings.

    widened bool (N,): that of the siblings, where the training ends. Raises HardballError when k is
    not allowed. Source: hardball, level order and rings.
    """
    minimum = _minimum(negatives, replace)
    found = [rings.cousins(h, j, minimum=minimum) for j in range(k, 0, -1)]
    found.append(rings.siblings(h, minimum=minimum))
    stacked = {name: np.stack([getattr(ring, name) for ring in found]) for name in _BOUNDS}
    return {**stacked, "widened": found[-1].widened}


def _minimum(negatives: int, replace: bool) -> int:
    return 1 if replace else negatives


def _index(ring: rings.Ring) -> Index:
    return dict(ring._asdict())
