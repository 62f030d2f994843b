"""What the trainer hands to the builders of pairs and of batches."""

from typing import Any, Protocol

import numpy as np

from hardball.hierarchy.dag import Hierarchy


class Settings(Protocol):
    """The settings of a run that builders read; task and pairs are printed in errors alone."""

    @property
    def dataset(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def task(self) -> Any: ...
    @property
    def pairs(self) -> Any: ...


class Problem(Protocol):
    """What a run trains on.

    positives: int32 (P, 2), the training pairs, node and ancestor, ascending. known_indptr (N+1,),
    known_indices: the same as rows, the longest of length known_width. hops: (P,) edges of the
    shortest path from the node of each pair to its ancestor. total_steps: of the whole run.
    """

    @property
    def spec(self) -> Settings: ...
    @property
    def hierarchy(self) -> Hierarchy: ...
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
