"""What training hands over to be written: a row, and the arrays beside it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hardball.runs.row import Row


@dataclass(frozen=True, eq=False)
class Result:
    """points (N, D) in level order and in the manifold's coordinates, the row, the curves.

    c: the space's curvature is -c; heads: what terms own, "<term>.<array>".
    """

    points: np.ndarray
    row: Row
    curves: pd.DataFrame
    c: float
    heads: dict[str, np.ndarray]
