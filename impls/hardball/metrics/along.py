"""What a run was like on its way: figures of its curves at parts of the training."""

from collections.abc import Mapping, Sequence

import numpy as np

from hardball.metrics.declare import Metric, declares
from hardball.metrics.depth import correlations
from hardball.metrics.polar import to_polar

PARTS = (10, 50, 100)
# Following the radii of more nodes than these would take as long as a pass.
MOST = 150_000


@declares(
    *(Metric(f"stalled_at_{part}", "none", 0, 1,
             f"share of negatives without gradient at {part} % of training",
             "weight of negatives with a gradient below 1e-4 / weight of all, of that stretch")
      for part in PARTS),
    *(Metric(f"depth_spearman_at_{part}", "none", -1, 1,
             f"rank correlation of radius with depth at {part} % of training",
             "depth_spearman of the points of that moment")
      for part in PARTS[:-1]),
    *(Metric(f"projected_at_{part}", "none", 0, 1,
             f"share of nodes that projection put back at the largest radius, at {part} %",
             "nodes whose last step until then ended at the largest radius / N")
      for part in PARTS),
)  # fmt: skip
def along(curves: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """A run's stalled negatives, projected nodes and depth correlation at parts of its epochs.

    A part is read at the first stretch of the curves that ends at it or later. What a curve does
    not have is left out. Source: hardball.
    """
    epochs = np.asarray(curves.get("epoch", ()), float)
    if not epochs.size:
        return {}
    out = {}
    for part in PARTS:
        place = int(np.searchsorted(epochs, part / 100 * epochs[-1] - 1e-9))
        read = {"stalled": "negative_gradient_stalled", "projected": "projected"}
        read |= {"depth_spearman": "depth_spearman"} if part < 100 else {}
        for name, column in read.items():
            value = float(curves[column][place]) if column in curves else np.nan
            if np.isfinite(value):
                out[f"{name}_at_{part}"] = value
    return out


def depth_correlation(points: np.ndarray, manifold: str, c: float, depth: np.ndarray) -> float:
    """`depth_spearman` of points (N, D) in training; NaN of too many, of none that is defined."""
    if len(points) > MOST or not np.isfinite(points).all():
        return float("nan")
    return correlations(to_polar(points, manifold, c), depth).get("depth_spearman", float("nan"))
