"""A point for a node that was not there: below its parents, apart from everything else."""

import numpy as np
from scipy import optimize

from hardball.metrics.polar import Polar

STEPS = 200


def place(polar: Polar, above: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """A tangent vector at the origin, (d,), in units of 1/sqrt(c); in R^d the point itself.

    It minimises mean_a log(1 + sum_w e^(d(x, a) - d(x, w))) over the ancestors a in `above`, w all
    other nodes: the softmax loss of one node against all, everything else held where it is. The
    descent begins a little farther out than each of `parents`, and between them; the best of its
    ends is taken. Source: Nickel & Kiela 2017, Eq. 6, of one row.
    """
    others = np.setdiff1d(np.arange(polar.n_nodes), above)

    def loss(vector: np.ndarray) -> float:
        d = _distances(polar, vector)
        nearest = d[others].min(initial=np.inf)
        log_far = np.log(np.exp(nearest - d[others]).sum()) - nearest if len(others) else -np.inf
        return float(np.logaddexp(0, d[above] + log_far).mean())

    ends = [
        optimize.minimize(loss, begin, method="L-BFGS-B", options={"maxiter": STEPS})
        for begin in _beginnings(polar, parents)
    ]
    return np.asarray(min(ends, key=lambda end: float(end.fun)).x, np.float64)


def _beginnings(polar: Polar, parents: np.ndarray) -> list[np.ndarray]:
    at = polar.radius[parents, None] * polar.direction[parents]
    farther = at + polar.direction[parents] * 1.0
    # At the origin there is no way outwards: any will do.
    farther[polar.radius[parents] == 0] = np.eye(at.shape[1])[0]
    return [*farther, farther.mean(axis=0)] if len(parents) > 1 else [*farther]


def _distances(polar: Polar, vector: np.ndarray) -> np.ndarray:
    """From a new point to all nodes, in units of 1/sqrt(c), by the key of `polar.keys`."""
    if not polar.hyperbolic:
        return np.linalg.norm(polar.radius[:, None] * polar.direction - vector, axis=1)
    radius = float(np.linalg.norm(vector))
    direction = vector / radius if radius > 0 else np.zeros_like(vector)
    chord = np.square(polar.direction - direction).sum(axis=1)
    half = np.sinh((polar.radius - radius) / 2)
    key = half * half + np.sinh(polar.radius) * np.sinh(radius) * chord / 4
    return 2 * np.arcsinh(np.sqrt(key))
