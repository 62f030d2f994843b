"""What training hands to the builders of methods, and what they hand back."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split


class Settings(Protocol):
    """The settings of a run that builders read; task and pairs are printed in errors alone.

    manifold, loss: each a `method.Method`.
    """

    @property
    def dataset(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def dim(self) -> int: ...
    @property
    def manifold(self) -> Any: ...
    @property
    def task(self) -> Any: ...
    @property
    def pairs(self) -> Any: ...
    @property
    def loss(self) -> Any: ...
    @property
    def losses(self) -> Any: ...
    @property
    def regularizers(self) -> Any: ...


class Problem(Protocol):
    """What a run trains on.

    positives: int32 (P, 2), the training pairs, node and ancestor, ascending. known_indptr (N+1,),
    known_indices: the same as rows, the longest of length known_width. hops: (P,) edges of the
    shortest path from the node of each pair to its ancestor. total_steps: of the whole run.
    shared: what runs on one hierarchy share, `shared.features(kind, file)` for one.
    """

    @property
    def spec(self) -> Settings: ...
    @property
    def hierarchy(self) -> Hierarchy: ...
    @property
    def split(self) -> Split: ...
    @property
    def shared(self) -> Any: ...
    @property
    def positives(self) -> np.ndarray: ...
    @property
    def known_indptr(self) -> np.ndarray: ...
    @property
    def known_indices(self) -> np.ndarray: ...
    @property
    def known_width(self) -> int: ...
    @property
    def hops(self) -> np.ndarray: ...
    @property
    def n_nodes(self) -> int: ...
    @property
    def total_steps(self) -> int: ...


class Head(NamedTuple):
    """The arrays that a regulariser owns.

    start: what is trained, before training: float64 by name, as its body calls them. nodes: what
    it is told of every node, (N, ...) by name: reals, or int32. A step hands it both under their
    names, of `nodes` the rows of both ends of the batch's pairs.
    """

    start: Mapping[str, np.ndarray]
    nodes: Mapping[str, np.ndarray]
